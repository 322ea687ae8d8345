import { columnNames, qualifiedName, type Table } from '../../schema/table.ts';
import { literal } from '../sql.ts';
import type { Statement } from '../statement.ts';
import { duckdbDialect } from './dialect.ts';

const ROWS_PER_APPEND = 5_000;

/** Characters in one statement; a row may have more. */
const TEXT_PER_APPEND = 16 * 1024 * 1024;

/**
 * Rows go in as JSON lines in one parameter a statement, parsed by the engine with the declared types. A line at a
 * time costs 7 µs a row of events; as one JSON array it was 12.
 */
export async function append(
  run: (statement: Statement) => Promise<number>,
  table: Table,
  rows: readonly object[],
): Promise<void> {
  const names = columnNames(table);
  const types = Object.fromEntries(
    Object.entries(table.columns).map(([name, column]) => [name, duckdbDialect.type(column)]),
  );
  const sql =
    `insert into ${qualifiedName(table)} (${names.join(', ')}) ` +
    `select ${names.map((name) => `record.${name}`).join(', ')} ` +
    `from (select json_transform(line, ${literal(JSON.stringify(types))}) as record ` +
    'from (select unnest(string_split($1, chr(10))) as line))';
  let lines: string[] = [];
  let length = 0;
  for (const [at, row] of rows.entries()) {
    const line = JSON.stringify(row);
    lines.push(line);
    length += line.length;
    if (lines.length < ROWS_PER_APPEND && length < TEXT_PER_APPEND && at < rows.length - 1) continue;
    const text = lines.join('\n');
    lines = [];
    length = 0;
    await run({ name: `append: ${qualifiedName(table)}`, sql, parameters: [text] });
  }
}
