import { WarehouseError } from '../../errors.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import type { SqlRow } from '../warehouse.ts';

const LONGEST_INDEXED = 1_100;

/** What has the names of indexes that a table needs: as a rule, those that went along with a table that was renamed. */
export function namesTaken(name: string, table: string, taken: readonly SqlRow[]): WarehouseError {
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
export function indexesOf(table: Table): { name: string; sql: string }[] {
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
