import type { Answer, SqlValue } from '../warehouses/warehouse.ts';
import { drawTable, plural, printable } from './format.ts';

const ROWS_DRAWN = 1_000;

/** A query's result as a table for people, or as CSV (RFC 4180, with a header, `\n` between rows). */
export function formatAnswer(answer: Answer, format: 'table' | 'csv'): string {
  return format === 'csv' ? formatCsv(answer) : formatTable(answer);
}

function formatTable({ columns, rows }: Answer): string {
  const isNumeric = columns.map((_, at) =>
    rows.every((row) => row[at] === null || typeof row[at] === 'number'),
  );
  const shown = rows
    .slice(0, ROWS_DRAWN)
    .map((row) => row.map((value) => (value === null ? 'NULL' : printable(textOf(value)))));
  const left = rows.length - shown.length;
  const foot =
    left > 0
      ? `${plural(rows.length, 'row')}, ${plural(left, 'row')} not shown; all with --format csv`
      : plural(rows.length, 'row');
  return `${drawTable(columns.map(printable), shown, isNumeric)}\n\n${foot}`;
}

function formatCsv({ columns, rows }: Answer): string {
  const lines = [
    columns.map(csvField),
    ...rows.map((row) => row.map((value) => (value === null ? '' : csvField(textOf(value))))),
  ];
  return lines.map((fields) => `${fields.join(',')}\n`).join('');
}

/** An empty text is quoted, so that it differs from null. */
function csvField(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function textOf(value: Exclude<SqlValue, null>): string {
  if (value instanceof Date) return value.toISOString().replace('T', ' ').replace('Z', '');
  return String(value);
}
