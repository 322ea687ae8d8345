import type { SqlValue } from '../warehouses/statement.ts';
import type { QueryResult } from '../warehouses/warehouse.ts';
import { drawTable, formatCount, plural } from './format.ts';
import { printable, printableJson } from './printable.ts';

const ROWS_DRAWN = 1_000;

/**
 * A query's result as a table for people, CSV (RFC 4180, with a header, `\n` between rows) or JSON, piece by piece. CSV
 * is the data, to the byte, but on a terminal, which data must not drive.
 */
export function formatAnswer(
  answer: QueryResult,
  format: 'table' | 'csv' | 'json',
  isTerminal: boolean,
): AsyncGenerator<string> {
  if (format === 'csv') return formatCsv(answer, isTerminal ? printable : (text) => text);
  return format === 'json' ? formatJson(answer) : formatTable(answer);
}

async function* formatTable({ columns, batches }: QueryResult): AsyncGenerator<string> {
  const rows: (readonly SqlValue[])[] = [];
  let count = 0;
  for await (const batch of batches) {
    count += batch.length;
    rows.push(...batch.slice(0, Math.max(0, ROWS_DRAWN - rows.length)));
  }
  const isNumeric = columns.map((_, at) =>
    rows.every((row) => row[at] === null || typeof row[at] === 'number'),
  );
  const shown = rows.map((row) => row.map((value) => (value === null ? 'NULL' : printable(String(value)))));
  const left = count - rows.length;
  const foot = left > 0 ? `, ${formatCount(left)} of them not shown; all with --format csv` : '';
  yield `${drawTable(columns.map(printable), shown, isNumeric)}\n\n${plural(count, 'row')}${foot}\n`;
}

async function* formatCsv(
  { columns, batches }: QueryResult,
  shown: (text: string) => string,
): AsyncGenerator<string> {
  const field = (value: SqlValue): string => (value === null ? '' : csvField(shown(String(value))));
  yield `${columns.map(field).join(',')}\n`;
  for await (const batch of batches) {
    yield batch.map((row) => `${row.map(field).join(',')}\n`).join('');
  }
}

async function* formatJson({ columns, batches }: QueryResult): AsyncGenerator<string> {
  let before = '[';
  for await (const batch of batches) {
    for (const row of batch) {
      yield `${before}\n  ${printableJson(Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null])))}`;
      before = ',';
    }
  }
  yield before === '[' ? '[]\n' : '\n]\n';
}

/** An empty text is quoted, so that it differs from null. */
function csvField(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
