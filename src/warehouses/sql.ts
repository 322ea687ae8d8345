import type { Column } from '../schema/column.ts';
import { columnNames, qualifiedName, type Table } from '../schema/table.ts';
import type { Dialect } from './warehouse.ts';

/** A text as an SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** `$1, $2, …` for so many values. */
export function placeholders(count: number): string {
  return Array.from({ length: count }, (_, at) => `$${at + 1}`).join(', ');
}

/** Column names that an engine reserves, and that must be quoted. */
const RESERVED: ReadonlySet<string> = new Set(['raw']);

/** A column's name as SQL takes it on every engine. */
export function columnName(name: string): string {
  return RESERVED.has(name) ? `"${name}"` : name;
}

/** CREATE TABLE from a table's declaration; staging takes nulls, its rules are checked by the reader. */
export function createTableSql(table: Table, dialect: Dialect): string {
  const columns = Object.entries(table.columns).map(([name, column]) => {
    const notNull = column.nullable || table.schema === 'staging' ? '' : ' not null';
    return `    ${columnSql(table, name, dialect)}${notNull}`;
  });
  return `create table ${qualifiedName(table)} (\n${columns.join(',\n')}\n)${dialect.storage?.table(table) ?? ''}`;
}

/** A column's name and type, as CREATE TABLE and ALTER TABLE take them; it takes nulls. */
export function columnSql(table: Table, name: string, dialect: Dialect): string {
  const type = dialect.type(table.columns[name] as Column);
  return `${columnName(name)} ${type}${dialect.storage?.column(table, name) ?? ''}`;
}

/** A model's SELECT for an engine: its inputs bound to relations, our functions in the engine's words. */
export function bindModel(sql: string, inputs: Readonly<Record<string, string>>, dialect: Dialect): string {
  let bound = sql.replaceAll(/^\s*--.*\n/gm, '').trim();
  for (const [input, relation] of Object.entries(inputs)) {
    bound = bound.replaceAll(new RegExp(`\\b${input}\\b`, 'g'), () => relation);
  }
  return inDialect(bound, dialect);
}

/** Our functions in the engine's words. */
export function inDialect(sql: string, dialect: Dialect): string {
  let translated = sql;
  for (const [name, expression] of Object.entries(dialect.functions)) {
    const call = new RegExp(`\\b${name}\\(([^()]*)\\)`, 'g');
    translated = translated.replaceAll(call, (_, argument: string) => expression(argument));
  }
  return translated;
}

/** `a.x = b.x and …` over columns, for joins and EXISTS. */
export function equalOn(columns: readonly string[], left: string, right: string): string {
  return columns.map((column) => `${left}.${column} = ${right}.${column}`).join(' and ');
}

/** A table's columns, listed in their declared order. */
export function listColumns(table: Pick<Table, 'columns'>, of = ''): string {
  return columnNames(table)
    .map((name) => (of === '' ? columnName(name) : `${of}.${columnName(name)}`))
    .join(', ');
}
