import { join } from 'node:path';
import pc from 'picocolors';
import type { LoadReport } from '../pipeline/report.ts';
import type { Report } from '../reports/report.ts';
import type { MadeDataSet } from '../simulator/data-set.ts';
import type { SqlRow } from '../warehouses/warehouse.ts';
import { formatSeconds, plural } from './format.ts';
import { drawLoadReport } from './load-report.ts';
import { drawReport } from './report.ts';

export interface DemoOutcome {
  readonly made: MadeDataSet;
  readonly report: LoadReport;
  readonly answers: readonly { readonly report: Report; readonly rows: readonly SqlRow[] }[];
  readonly folder: string;
  readonly data: string;
  readonly file: string;
  readonly seconds: number;
}

/** The demo from end to end: the data, the load, first insights, where everything is and what to try next. */
export function drawDemo({ made, report, answers, folder, data, file, seconds }: DemoOutcome): string {
  const events = plural(made.key?.events.lines ?? 0, 'event');
  const songs = plural(made.key?.songs.lines ?? 0, 'song');
  const first =
    made.status === 'unchanged'
      ? `${pc.green('Ready.')} ${events} and ${songs} lie in ${data} already.`
      : `${pc.green('Made up')} ${events} of one month and ${songs} in ${data}.`;
  return [
    first,
    section('The load'),
    drawLoadReport(report, false, ` --warehouse duckdb:${file}`),
    section('First insights'),
    answers.map((answer) => drawReport(answer.report, answer.rows)).join('\n\n'),
    section('Next'),
    next(made, folder, data, file),
    `${pc.dim(`All of it took ${formatSeconds(seconds)}.`)}`,
  ].join('\n\n');
}

function section(title: string): string {
  return pc.cyan(`── ${title} ${'─'.repeat(Math.max(0, 72 - title.length))}`);
}

function next(made: MadeDataSet, folder: string, data: string, file: string): string {
  const warehouse = `--warehouse duckdb:${file}`;
  const steps: [string, string][] = [
    ['ask in SQL', `npx sparkify query ${warehouse} "select * from songplays limit 5"`],
    ['see what was refused', `npx sparkify rejects list ${warehouse}`],
    ['compare every number', `npx sparkify check ${warehouse} --against ${join(data, 'manifest.json')}`],
    ['load your own files', 'npx sparkify init, then npx sparkify etl'],
    ['remove all of this', `rm -r ${folder}`],
  ];
  const lines = steps.map(([what, how]) => `${what.padEnd(22)}${how}`);
  const where = [
    `${pc.dim('logs and songs'.padEnd(22))}${data}`,
    `${pc.dim('the warehouse'.padEnd(22))}${file}`,
    `${pc.dim('what must be in it'.padEnd(22))}${join(data, 'manifest.json')} ${pc.dim(`(${plural(made.key?.faults.length ?? 0, 'fault')} planted on purpose)`)}`,
  ];
  return [...where, '', ...lines].join('\n');
}
