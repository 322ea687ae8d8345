import pc from 'picocolors';
import type { Chart, Report, ReportColumn } from '../reports/report.ts';
import type { SqlRow, SqlValue } from '../warehouses/warehouse.ts';
import { drawTable, formatCount, formatShare } from './format.ts';
import { printable } from './printable.ts';

const BAR_WIDTH = 24;
const LONGEST_TEXT = 34;
const CHART_HEIGHT = 6;
const eighths = ' ▁▂▃▄▅▆▇█';
const barEighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A report's answer under its title: a table with a bar to each row, or a chart of columns. */
export function drawReport({ title, columns, chart }: Report, rows: readonly SqlRow[]): string {
  const head = pc.bold(title);
  if (rows.length === 0) return `${head}\n${pc.dim('nothing yet')}`;
  return `${head}\n${chart.kind === 'bars' ? drawBars(columns, chart.of, rows) : drawColumns(chart, rows)}`;
}

function drawBars(columns: readonly ReportColumn[], of: string, rows: readonly SqlRow[]): string {
  const most = Math.max(...rows.map((row) => Number(row[of])));
  const body = rows.map((row) => [
    ...columns.map((column) => shown(column, row[column.name] ?? null)),
    bar(Number(row[of]) / most),
  ]);
  return drawTable([...columns.map(({ label }) => label), ''], body, [
    ...columns.map(({ shows }) => shows !== 'text'),
    false,
  ]);
}

function bar(share: number): string {
  const parts = Math.max(1, Math.round(share * BAR_WIDTH * 8));
  return pc.cyan('█'.repeat(Math.floor(parts / 8)) + barEighths[parts % 8]);
}

function shown({ shows }: ReportColumn, value: SqlValue): string {
  if (value === null) return pc.dim('unknown');
  if (shows === 'count') return formatCount(Number(value));
  if (shows === 'share') return formatShare(Number(value));
  const text = printable(String(value));
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1).toWellFormed()}…` : text;
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
