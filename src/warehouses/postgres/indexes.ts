import { WarehouseError } from '../../errors.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import { literal } from '../sql.ts';
import type { SqlRow } from '../statement.ts';
import type { PostgresConnection } from './connection.ts';

const LONGEST_INDEXED = 1_100;

/**
 * Makes the indexes that tables lack; a WarehouseError where something else has the name of one. `known` are those that
 * are sure to stand, and are not looked for again.
 */
export async function makeMissingIndexes(
  { rows, run }: Pick<PostgresConnection, 'rows' | 'run'>,
  name: string,
  tables: readonly Table[],
  known: Set<string>,
): Promise<void> {
  const wanted = tables.flatMap((table) =>
    // Two tables of different schemas may have one name, and so have their indexes.
    indexesOf(table)
      .map((index) => ({
        ...index,
        table: qualifiedName(table),
        id: `${qualifiedName(table)} ${index.name}`,
      }))
      .filter(({ id }) => !known.has(id)),
  );
  if (wanted.length === 0) return;
  const standing = await rows({
    name: 'indexes: those that stand',
    sql: `select wanted.table_name || ' ' || wanted.index_name as id, wanted.index_name as index, pg_index.indrelid = tables.oid as is_ours, cast(named.oid as regclass) as named,
       cast(pg_index.indrelid as regclass) as indexed
     from (values ${wanted.map((index) => `(${literal(index.table)}, ${literal(index.name)})`).join(', ')})
       as wanted (table_name, index_name)
     join pg_class as tables on tables.oid = to_regclass(wanted.table_name)
     join pg_class as named on named.relname = wanted.index_name and named.relnamespace = tables.relnamespace
     left join pg_index on pg_index.indexrelid = named.oid`,
  });
  const found = new Map(standing.map((row) => [String(row.id), row]));
  for (const table of new Set(wanted.map((index) => index.table))) {
    const ofTable = wanted.filter((index) => index.table === table);
    for (const { id, name: index, sql } of ofTable)
      if (!found.has(id)) await run({ name: `indexes: make ${index}`, sql });
    const taken = ofTable.flatMap((index): SqlRow[] => {
      const row = found.get(index.id);
      return row === undefined || row.is_ours === true ? [] : [row];
    });
    if (taken.length > 0) throw namesTaken(name, table, taken);
  }
  for (const index of wanted) known.add(index.id);
}

/** What has the names of indexes that a table needs: as a rule, those that went along with a table that was renamed. */
function namesTaken(name: string, table: string, taken: readonly SqlRow[]): WarehouseError {
  const by = taken.map(({ index, named, indexed }) =>
    indexed === null
      ? `${index}, but ${named} has that name`
      : `${index}, but the table ${indexed} has an index of that name`,
  );
  const renames = taken.map(({ index, named, indexed }) =>
    indexed === null ? `give ${named} another name` : `alter index ${named} rename to ${index}_old`,
  );
  return new WarehouseError(`${name}: ${table} needs an index ${by.join('; ')}.`, {
    hint: `Nothing was committed. Run again after this: ${renames.join('; ')}`,
  });
}

/** The indexes of a table: its key, and what the declaration names. */
function indexesOf(table: Table): { name: string; sql: string }[] {
  const on = qualifiedName(table);
  // A B-tree refuses values of more than some 2,700 bytes.
  const indexable = (column: string): string =>
    (table.columns[column]?.maxBytes ?? 0) > LONGEST_INDEXED ? `md5(${column})` : column;
  // Repeats stand in staging until they are set aside.
  const unique = table.schema === 'staging' ? '' : 'unique ';
  const key = { name: `${table.name}_key`, columns: table.key, unique };
  const others = (table.indexes ?? []).map((columns) => ({
    name: `${table.name}_${columns.join('_')}`,
    columns,
    unique: '',
  }));
  // Rows of a file lie together in staging: there the smallest and largest id of a few pages at a time is enough.
  const how = ([column]: readonly string[]): string =>
    column === 'file_id' && table.schema === 'staging' ? 'using brin ' : '';
  return [key, ...others]
    .filter(({ columns }) => columns.length > 0)
    .map(({ name, columns, unique: kind }) => ({
      name,
      sql: `create ${kind}index ${name} on ${on} ${how(columns)}(${columns.map(indexable).join(', ')})`,
    }));
}
