import type { DuckDBConnection } from '@duckdb/node-api';
import { lowerCase } from '../sql-tokens.ts';
import { systemViews } from './functions.ts';

/** What statements can name in a database, each name as it may be written there, without regard to case. */
export interface Catalogue {
  /**
   * What a table, a view or one of DuckDB's own views reads or computes, as a SELECT: '' for nothing that is to be judged;
   * null: no such table.
   */
  selectBehind(...nameParts: readonly string[]): string | null;
  macros(name: string): readonly Macro[];
  /** What the macros do whose name in lower case is one of these, as SELECTs. */
  macrosOver(isOne: (name: string) => boolean): string[];
  readonly tableNames: readonly string[];
}

/** One definition of a macro; a name may have several. */
interface Macro {
  /** What it does. */
  readonly select: string;
  /** How many values it takes, with those that have a default. */
  readonly parameters: number;
}

/** Of tables with columns that are computed when they are read, the expressions; defaults are among them. */
const CATALOGUE = `
  select 'table', current_database(), schema_name, table_name, computed, 0 from duckdb_tables()
  left join (
    select table_oid, 'select ' || string_agg(column_default, ', ') as computed from duckdb_columns()
    where database_name = current_database() group by table_oid
  ) using (table_oid)
  where database_name = current_database() and contains(sql, 'GENERATED ALWAYS AS(')
  union all select 'table', current_database(), schema_name, table_name, null, 0 from duckdb_tables()
  where database_name = current_database() and not contains(sql, 'GENERATED ALWAYS AS(')
  union all select 'view', current_database(), schema_name, view_name, sql, 0 from duckdb_views()
  where database_name = current_database()
  union all select function_type, current_database(), schema_name, function_name, macro_definition, len(parameters)
  from duckdb_functions() where database_name = current_database()`;

/** Schemas that need not be named. */
const SEARCHED = ['main', 'pg_catalog'];
const IDENTIFIER = String.raw`(?:"(?:[^"]|"")*"|\w+)`;
/** A view's text as DuckDB keeps it, up to its SELECT. */
const CREATE_VIEW = new RegExp(
  String.raw`^CREATE VIEW ${IDENTIFIER}(?:\.${IDENTIFIER})*(?: \(${IDENTIFIER}(?:, ${IDENTIFIER})*\))? AS `,
);

/** Reads what the connection's database holds. */
export async function readCatalogue(connection: DuckDBConnection): Promise<Catalogue> {
  const tables = new Map<string, string>();
  const macros = new Map<string, Macro[]>();
  const tableNames: string[] = [];
  for (const view of systemViews) {
    const [schema = '', name = ''] = view.split('.');
    for (const key of keysOf('system', schema, name)) tables.set(key, '');
  }
  const reader = await connection.runAndReadAll(CATALOGUE);
  for (const row of reader.getRowsJS()) {
    const [kind, database, schema, name, text, parameters] = row.map((value) => String(value ?? '')) as Row;
    if (kind === 'table' || kind === 'view') {
      tableNames.push(schema === 'main' ? name : `${schema}.${name}`);
      for (const key of keysOf(database, schema, name))
        tables.set(key, kind === 'view' ? selectOf(text) : text);
    } else {
      const select = kind === 'macro' ? `select ${text}` : text;
      const others = macros.get(lowerCase(name)) ?? [];
      macros.set(lowerCase(name), [...others, { select, parameters: Number(parameters) }]);
    }
  }
  return {
    selectBehind: (...nameParts) => tables.get(keyOf(nameParts)) ?? null,
    macros: (name) => macros.get(lowerCase(name)) ?? [],
    macrosOver: (isOne) =>
      [...macros].flatMap(([name, known]) => (isOne(name) ? known.map(({ select }) => select) : [])),
    tableNames,
  };
}

type Row = [kind: string, database: string, schema: string, name: string, text: string, parameters: string];

/** All ways to name a table. */
function keysOf(database: string, schema: string, name: string): string[] {
  const short = SEARCHED.includes(schema) ? [[name], [database, name]] : [];
  return [[database, schema, name], [schema, name], ...short].map(keyOf);
}

/** No name holds the character between the parts, since no statement with it is taken. */
function keyOf(nameParts: readonly string[]): string {
  return lowerCase(nameParts.join('\0'));
}

/** The SELECT of a view; a text that cannot be judged, and so is refused, where it is in no known form. */
function selectOf(text: string): string {
  const head = CREATE_VIEW.exec(text)?.[0];
  return head === undefined ? text : text.slice(head.length);
}
