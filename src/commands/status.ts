import { UsageError } from '../errors.ts';
import { hintOn, mayNotRead } from '../pipeline/setup/rights.ts';
import type { Status } from '../pipeline/status.ts';
import { drawTable, formatCount, formatSeconds, plural } from '../terminal/format.ts';
import { printable } from '../terminal/printable.ts';
import type { SqlRow } from '../warehouses/statement.ts';
import { type Command, warehouseFlag } from './shared/command.ts';
import { withPublished } from './shared/warehouse.ts';

export const command: Command = {
  define(status) {
    status.option('--runs <number>', 'how many of the last runs to show', '5');
    warehouseFlag(status);
  },
  async run(context, flags) {
    const limit = /^\d+$/.test(String(flags.runs)) ? Number(flags.runs) : Number.NaN;
    if (!Number.isSafeInteger(limit))
      throw new UsageError(`--runs takes a number from 0, not "${flags.runs}".`);
    const { readStatus } = await import('../pipeline/status.ts');
    const status = await withPublished(context, flags, (warehouse) => readStatus(warehouse, limit), {
      asksWhole: true,
    });
    return { json: status, text: draw(status, context.nowMs(), context.program) };
  },
};

function draw(status: Status, nowMs: number, program: string): string {
  const latest =
    status.latestEvent === null
      ? 'none yet'
      : `${when(status.latestEvent)} UTC, ${age(nowMs - Date.parse(status.latestEvent))} ago`;
  return [
    printable(status.warehouse),
    '',
    drawTables(status.tables),
    ...drawStorage(status.storage ?? []),
    ...(status.runs === null ? [] : ['', drawRuns(status.runs, program)]),
    '',
    ...drawRest(status, latest, program),
  ].join('\n');
}

function drawTables(tables: Status['tables']): string {
  return drawTable(
    ['table', 'rows'],
    tables.map(({ name, rows }) => [name, rows === null ? 'no right' : formatCount(rows)]),
    [false, true],
  );
}

function drawStorage(tables: NonNullable<Status['storage']>): string[] {
  if (tables.length === 0) return [];
  const drawn = drawTable(
    ['table', 'distribution', 'sorted by', 'skew', 'unsorted', 'stale statistics'],
    tables.map((table) => [
      table.name,
      table.distribution,
      table.sort ?? '',
      table.skew === null ? '' : table.skew.toFixed(2),
      percent(table.unsortedPercent),
      percent(table.staleStatisticsPercent),
    ]),
    [false, false, false, true, true, true],
  );
  const legend =
    'skew: rows on the fullest slice divided by rows on the emptiest; far above 1, some slices wait for others';
  return ['', drawn, legend];
}

function drawRuns(runs: NonNullable<Status['runs']>, program: string): string {
  if (runs.length === 0) return `No load yet: ${program} etl`;
  return drawTable(
    ['last runs (UTC)', 'command', 'files', 'events', 'songs', 'rejected', 'took'],
    runs.map((run) => [
      when(run.started_at),
      String(run.command),
      number(run, 'files_loaded'),
      number(run, 'events_staged'),
      number(run, 'songs_staged'),
      number(run, 'rejected'),
      formatSeconds(Number(run.duration_seconds)),
    ]),
    [false, false, true, true, true, true, true],
  );
}

/** What a role may read of the rest, and what it lacks. */
function drawRest(
  { files, rejects, duplicates, conflicts, unreadable }: Status,
  latest: string,
  program: string,
): string[] {
  const hidden = new Set(unreadable?.tables);
  return [
    ...(hidden.has('staging.events') || hidden.has('ops.drift') ? [] : [`latest event   ${latest}`]),
    ...(files === null ? [] : [`files          ${formatCount(files)}`]),
    ...(rejects === null
      ? []
      : [`rejects        ${formatCount(rejects)}${rejects > 0 ? `; see ${program} rejects list` : ''}`]),
    ...(duplicates === null || conflicts === null
      ? []
      : [`repeats        ${plural(duplicates, 'duplicate')}, ${plural(conflicts, 'conflict')}`]),
    ...(unreadable === null ? [] : [`${mayNotRead(unreadable)}.`, hintOn(unreadable)]),
  ];
}

function percent(value: number | null): string {
  return value === null ? '' : `${value.toFixed(0)} %`;
}

function number(row: SqlRow, column: string): string {
  return formatCount(Number(row[column]));
}

function when(value: unknown): string {
  return new Date(value as string | Date).toISOString().replace('T', ' ').slice(0, 19);
}

function age(ms: number): string {
  const hours = ms / 3_600_000;
  return hours < 48 ? plural(Math.max(0, Math.round(hours)), 'hour') : plural(Math.round(hours / 24), 'day');
}
