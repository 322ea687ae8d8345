import pc from 'picocolors';
import type { Chart, Report, ReportColumn } from '../reports/report.ts';
import type { SqlRow, SqlValue } from '../warehouses/statement.ts';
import { drawTable, formatCount, formatShare } from './format.ts';
import { printable } from './printable.ts';

const LONGEST_BAR = 24;
const ENOUGH_BAR = 14;
const SHORTEST_BAR = 8;
const LONGEST_TEXT = 34;
const SHORTEST_TEXT = 16;
const CHART_HEIGHT = 6;
const eighths = ' ▁▂▃▄▅▆▇█';
const barEighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A report's answer under its title, not wider than `width` if it can: a table with bars, or a chart of columns. */
export function drawReport(
  { title, note, columns, chart }: Report,
  rows: readonly SqlRow[],
  width: number,
): string {
  const head = pc.bold(title);
  if (rows.length === 0) return `${head}\n${pc.dim('nothing yet')}`;
  const body = chart.kind === 'bars' ? drawBars(columns, chart.of, rows, width) : drawColumns(chart, rows);
  return `${head}\n${body}${note === undefined ? '' : `\n${pc.dim(note)}`}`;
}

function drawBars(
  columns: readonly ReportColumn[],
  of: string,
  rows: readonly SqlRow[],
  width: number,
): string {
  const most = Math.max(...rows.map((row) => Number(row[of])));
  let longestText = LONGEST_TEXT;
  let left = 0;
  let body: string[][] = [];
  // Texts give way before bars do.
  for (; longestText >= SHORTEST_TEXT; longestText -= 2) {
    body = rows.map((row) => columns.map((column) => shown(column, row[column.name] ?? null, longestText)));
    const widths = columns.map(({ label }, at) =>
      Math.max(label.length, ...body.map((row) => row[at]?.length ?? 0)),
    );
    left = width - widths.reduce((sum, one) => sum + one + 2, 0);
    if (left >= ENOUGH_BAR) break;
  }
  const barWidth = Math.max(SHORTEST_BAR, Math.min(LONGEST_BAR, left));
  return drawTable(
    [...columns.map(({ label }) => label), ''],
    rows.map((row, at) => [...(body[at] as string[]), bar(Number(row[of]) / most, barWidth)]),
    [...columns.map(({ shows }) => shows !== 'text'), false],
  );
}

function bar(share: number, width: number): string {
  const parts = Math.max(1, Math.round(share * width * 8));
  return pc.cyan('█'.repeat(Math.floor(parts / 8)) + barEighths[parts % 8]);
}

function shown({ shows }: ReportColumn, value: SqlValue, longestText: number): string {
  if (value === null) return 'unknown';
  if (shows === 'count') return formatCount(Number(value));
  if (shows === 'share') return formatShare(Number(value));
  const text = printable(String(value));
  return text.length > longestText ? `${text.slice(0, longestText - 1).toWellFormed()}…` : text;
}

/** A column for each row, three characters wide, with the largest number at the top. */
function drawColumns({ by, of }: Extract<Chart, { kind: 'columns' }>, rows: readonly SqlRow[]): string {
  const most = Math.max(...rows.map((row) => Number(row[of])));
  const scale = formatCount(most);
  const lines: string[] = [];
  for (let level = CHART_HEIGHT - 1; level >= 0; level -= 1) {
    const cells = rows.map((row) => {
      const height = (Number(row[of]) / most) * CHART_HEIGHT - level;
      const cell = eighths[Math.max(0, Math.min(8, Math.round(height * 8)))] as string;
      return `${cell}${cell} `;
    });
    const edge = level === CHART_HEIGHT - 1 ? scale : '';
    lines.push(`${pc.dim(edge.padStart(scale.length))} ${pc.cyan(cells.join(''))}`.trimEnd());
  }
  const names = rows.map((row) => String(row[by]).padStart(2, '0').padEnd(3)).join('');
  lines.push(`${' '.repeat(scale.length)} ${pc.dim(names)}`.trimEnd());
  return lines.join('\n');
}
