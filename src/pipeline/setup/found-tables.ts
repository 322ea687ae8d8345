import { allTables, starTables } from '../../models/book.ts';
import type { ColumnType } from '../../schema/column.ts';
import { columnNames, qualifiedName, type Table } from '../../schema/table.ts';
import { literal } from '../../warehouses/sql.ts';
import type { ReadOnlyWarehouse } from '../../warehouses/warehouse.ts';

/** A table as the database describes it: its columns and their types; null is a type that no declaration uses. */
interface FoundTable {
  readonly columns: ReadonlyMap<string, ColumnType | null>;
  /** A view, or anything else under the name that is not a table. */
  readonly isView: boolean;
}

/** The tables that have our names, as far as the user may see them. */
export interface FoundTables {
  /** The table in the place where ours belongs. */
  of(table: Pick<Table, 'schema' | 'name'>): FoundTable | undefined;
  /** The schema in which the star belongs. */
  readonly starSchema: string;
  /** Whether a table that was not found is missing: false where it may be hidden from the role. */
  readonly isComplete: boolean;
  /**
   * The tables that are there, but not to be read by this role; taken as declared, since their columns cannot be seen.
   */
  readonly hidden: ReadonlySet<string>;
  /** Other schemas that hold tables like those of the star. */
  readonly otherSchemas: readonly string[];
}

/** How a found table differs from its declaration. */
export interface Difference {
  readonly table: Table;
  readonly missing: readonly string[];
  /** Columns of another type than declared. */
  readonly mistyped: readonly string[];
  /** Columns that no declaration names: the user's own. */
  readonly extra: readonly string[];
}

/** How the engines name the types in their information_schema. */
const TYPE_NAMES: Readonly<Record<string, ColumnType>> = {
  text: 'text',
  varchar: 'text',
  'character varying': 'text',
  integer: 'integer',
  bigint: 'bigint',
  double: 'double',
  'double precision': 'double',
  timestamp: 'timestamp',
  'timestamp without time zone': 'timestamp',
  boolean: 'boolean',
};

/** The schemas of tables that are not in the star. */
const ownSchemas: readonly string[] = [
  ...new Set(allTables.map(({ schema }) => schema).filter((schema) => schema !== 'star')),
];

/** Asks the database once for all columns of all tables that have one of our names. */
export async function findTables(
  warehouse: Pick<ReadOnlyWarehouse, 'rows' | 'dialect' | 'unreadable'>,
): Promise<FoundTables> {
  // information_schema hides what a role has no right on: tables, or single columns.
  const unreadable = await warehouse.unreadable?.(allTables);
  const hidden = new Set(unreadable?.tables);
  const rows = await warehouse.rows({
    name: 'set up: columns of our names',
    sql: `select current_schema() as star, table_schema, table_name, column_name, data_type
     from information_schema.columns
     where table_schema in (${ownSchemas.map(literal).join(', ')})
       or table_name in (${starTables.map(({ name }) => literal(name)).join(', ')})
     order by table_schema, table_name, ordinal_position`,
  });
  const others = await warehouse.rows({
    name: 'set up: views of our names',
    sql: `select table_schema, table_name from information_schema.tables where table_type <> 'BASE TABLE'
     and (table_schema in (${ownSchemas.map(literal).join(', ')})
       or table_name in (${starTables.map(({ name }) => literal(name)).join(', ')}))`,
  });
  const views = new Set(others.map(({ table_schema: schema, table_name: name }) => `${schema}.${name}`));
  const star = warehouse.dialect.starSchema ?? String(rows[0]?.star);
  const tables = new Map<string, Map<string, ColumnType | null>>();
  for (const { table_schema: schema, table_name: name, column_name: column, data_type: type } of rows) {
    const key = `${schema}.${name}`;
    const columns = tables.get(key) ?? new Map<string, ColumnType | null>();
    tables.set(key, columns.set(String(column), TYPE_NAMES[String(type).toLowerCase()] ?? null));
  }
  const inSchema = (schema: string, name: string): FoundTable | undefined => {
    const columns = tables.get(`${schema}.${name}`);
    return columns === undefined ? undefined : { columns, isView: views.has(`${schema}.${name}`) };
  };
  const schemas = new Set(rows.map(({ table_schema: schema }) => String(schema)));
  return {
    of({ schema, name }) {
      const declared = allTables.find((table) => table.schema === schema && table.name === name);
      if (declared !== undefined && hidden.has(qualifiedName(declared))) return asDeclared(declared);
      return inSchema(schema === 'star' ? star : schema, name);
    },
    starSchema: star,
    isComplete: unreadable !== null,
    hidden,
    otherSchemas: [...schemas].filter(
      (schema) =>
        schema !== star &&
        !ownSchemas.includes(schema) &&
        starTables.some((table) => {
          const found = inSchema(schema, table.name);
          return found !== undefined && isLike(table, found);
        }),
    ),
  };
}

function asDeclared(table: Table): FoundTable {
  return {
    columns: new Map(columnNames(table).map((name) => [name, table.columns[name]?.type ?? null])),
    isView: false,
  };
}

/**
 * Whether a found table can be ours, changed by hand perhaps: it has the key and most of the columns that are declared,
 * and where some are missing, no others. A complete table may have columns of the user's own.
 */
export function isLike(table: Table, standing: Pick<FoundTable, 'columns'>): boolean {
  const names = columnNames(table);
  const { missing, mistyped, extra } = differenceOf(table, standing) ?? {
    missing: [],
    mistyped: [],
    extra: [],
  };
  const known = names.length - missing.length - mistyped.length;
  const isPartOfOther = missing.length > 0 && mistyped.length + extra.length > 0;
  return table.key.every((name) => standing.columns.has(name)) && known * 2 >= names.length && !isPartOfOther;
}

/** What differs between a declaration and the table that was found; null where nothing does. */
export function differenceOf(table: Table, { columns }: Pick<FoundTable, 'columns'>): Difference | null {
  const names = columnNames(table);
  const missing = names.filter((name) => !columns.has(name));
  const mistyped = names.filter(
    (name) => columns.has(name) && columns.get(name) !== table.columns[name]?.type,
  );
  const extra = [...columns.keys()].filter((name) => !(name in table.columns));
  return missing.length + mistyped.length + extra.length === 0 ? null : { table, missing, mistyped, extra };
}

/** The columns that no declaration names, with their tables: the user's own, which are left alone. */
export async function extraColumns(
  warehouse: Pick<ReadOnlyWarehouse, 'rows' | 'dialect' | 'unreadable'>,
): Promise<string[]> {
  const found = await findTables(warehouse);
  return allTables.flatMap((table) => {
    const standing = found.of(table);
    const extra = standing === undefined ? [] : (differenceOf(table, standing)?.extra ?? []);
    return extra.map((column) => `${qualifiedName(table)}.${column}`);
  });
}
