import { join } from 'node:path';
import pc from 'picocolors';
import type { LoadSummary } from '../pipeline/record/load-summary.ts';
import type { Report } from '../reports/report.ts';
import type { MadeDataSet } from '../simulator/data-set.ts';
import type { SqlRow } from '../warehouses/statement.ts';
import { formatSeconds, plural } from './format.ts';
import { drawLoadSummary } from './load-summary.ts';
import { printable } from './printable.ts';
import { drawReport } from './report.ts';
import { shellWord } from './shell.ts';

export interface DemoOutcome {
  readonly made: MadeDataSet;
  readonly report: LoadSummary;
  readonly answers: readonly { readonly report: Report; readonly rows: readonly SqlRow[] }[];
  readonly folder: string;
  readonly data: string;
  readonly file: string;
  readonly seconds: number;
  readonly columns: number;
  /** How this program is called. */
  readonly program: string;
}

/** The demo from end to end: the data, the load, first insights, where everything is and what to try next. */
export function drawDemo({
  made,
  report,
  answers,
  folder,
  data,
  file,
  seconds,
  columns,
  program,
}: DemoOutcome): string {
  const events = plural(made.key?.events.lines ?? 0, 'event');
  const songs = plural(made.key?.songs.lines ?? 0, 'song');
  const first =
    made.status === 'unchanged'
      ? `${pc.green('Ready.')} ${events} and ${songs} are in ${printable(data)} already.`
      : `${pc.green('Made')} ${events} of one month and ${songs} in ${printable(data)}.`;
  return [
    first,
    section('The load'),
    drawLoadSummary(report, {
      isVerbose: false,
      program,
      flags: ` --warehouse ${shellWord(`duckdb:${file}`)}`,
    }),
    section('First insights'),
    answers.map((answer) => drawReport(answer.report, answer.rows, columns)).join('\n\n'),
    section('Next'),
    next(made, folder, file, program),
    `${pc.dim(`All of it took ${formatSeconds(seconds)}.`)}`,
  ].join('\n\n');
}

function section(title: string): string {
  return pc.cyan(`── ${title} ${'─'.repeat(Math.max(0, 72 - title.length))}`);
}

function next(made: MadeDataSet, folder: string, file: string, program: string): string {
  const data = join(folder, 'data');
  const warehouse = `--warehouse ${shellWord(`duckdb:${file}`)}`;
  const manifest = join(data, 'manifest.json');
  const steps: [string, string][] = [
    ['Ask in SQL', `${program} query "select * from songplays limit 5" ${warehouse}`],
    ['See what was refused, and why', `${program} rejects list ${warehouse}`],
    [
      'Compare every number with what must be there',
      `${program} check ${warehouse} --against ${shellWord(manifest)}`,
    ],
    ['Load files of your own', `${program} init, then ${program} etl`],
    ['Remove all of this', `rm -r ${shellWord(folder)}`],
  ];
  const planted = plural(made.key?.faults.length ?? 0, 'fault');
  const where = [
    ['logs and songs', data],
    ['the warehouse', file],
    ['what must be in it', `${manifest} (${planted} planted)`],
  ].map(([what, place]) => `${pc.dim((what as string).padEnd(20))}${printable(place as string)}`);
  return [...where, '', ...steps.flatMap(([what, how]) => [what, `  ${pc.cyan(how)}`])].join('\n');
}
