import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allTables } from '../../../src/models/book.ts';
import { columnNames, qualifiedName } from '../../../src/schema/table.ts';
import { columnName, createTableSql, literal } from '../../../src/warehouses/sql.ts';
import type { SqlValue } from '../../../src/warehouses/statement.ts';
import type { Dialect, Warehouse } from '../../../src/warehouses/warehouse.ts';
import { rowsOf, runOn } from '../ad-hoc.ts';

/** How a frozen layout's tables are written: by engine. */
export type Engine = 'duckdb' | 'postgres' | 'redshift';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const END = ';\n\n';
/** Stands for the folder that the files lay in. */
const PLACE = '{folder}';

/** The layouts that are frozen, in order. */
export const frozenLayouts: readonly number[] = readdirSync(FOLDER)
  .map(Number)
  .filter((layout) => layout > 0)
  .sort((a, b) => a - b);

/** The tables of today's declarations, as statements; Redshift has no layout 1 of its own making. */
export function declaredTables(dialect: Dialect): string[] {
  return allTables.map((table) => createTableSql(table, dialect));
}

/** The statements that make a frozen layout's tables. */
export function frozenTables(layout: number, engine: Engine): string[] {
  return statementsOf(join(FOLDER, String(layout), `${engine}.sql`));
}

/** Makes a warehouse of a frozen layout, as if an older version had loaded the deliveries of a folder into it. */
export async function thaw(
  layout: number,
  engine: Engine,
  folder: string,
  on: Pick<Warehouse, 'run'>,
): Promise<void> {
  const run = (sql: string): Promise<number> => runOn(on, sql);
  for (const schema of ['staging', 'ops']) await run(`create schema if not exists ${schema}`);
  for (const statement of frozenTables(layout, engine)) await run(statement);
  for (const statement of statementsOf(join(FOLDER, String(layout), 'rows.sql'))) {
    const text = statement.replaceAll(PLACE, folder.replaceAll("'", "''"));
    // In a literal of Redshift's, a backslash escapes what follows it.
    await run(engine === 'redshift' ? text.replaceAll('\\', '\\\\') : text);
  }
}

/** Writes the tables of today's declarations as a frozen layout; with `rows`, what a warehouse holds as well. */
export async function freeze(
  layout: number,
  dialects: Readonly<Partial<Record<Engine, Dialect>>>,
  { warehouse, folder }: { warehouse: Warehouse; folder: string },
): Promise<void> {
  const to = join(FOLDER, String(layout));
  mkdirSync(to, { recursive: true });
  for (const [engine, dialect] of Object.entries(dialects))
    writeFileSync(join(to, `${engine}.sql`), `${declaredTables(dialect).join(END)}${END}`);
  const rows: string[] = [];
  for (const table of allTables) {
    const names = columnNames(table);
    const columns = names.map(columnName).join(', ');
    const found = await rowsOf(warehouse, `select ${columns} from ${qualifiedName(table)}`);
    const texts = found.map((row) =>
      names.map((name) => valueText(name === 'fingerprint' ? null : (row[name] ?? null), folder)).join(', '),
    );
    for (const text of texts.sort())
      rows.push(`insert into ${qualifiedName(table)} (${columns}) values (${text})`);
  }
  writeFileSync(join(to, 'rows.sql'), `${rows.join(END)}${END}`);
}

function valueText(value: SqlValue, folder: string): string {
  if (value === null) return 'null';
  if (value instanceof Date) return `timestamp '${value.toISOString().replace('T', ' ').replace('Z', '')}'`;
  return typeof value === 'string' ? literal(value.replaceAll(folder, PLACE)) : String(value);
}

function statementsOf(file: string): string[] {
  if (!existsSync(file)) throw new Error(`${file} is not there.`);
  return readFileSync(file, 'utf8')
    .split(END)
    .filter((statement) => statement.trim() !== '');
}
