import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import type { FaultRates } from '../simulator/faults.ts';
import { defaultSettings, type Settings } from '../simulator/settings.ts';
import { drawDemo } from '../terminal/demo.ts';
import type { Command, Context } from './shared/command.ts';
import { makeWithProgress } from './shared/make-data.ts';
import { withWriterAt } from './shared/warehouse.ts';

const MOST_THREADS = 4;
/** What the demo's folder may hold. */
const ours = /^(data|sparkify\.(published\.)?duckdb(\..*)?)$/;

/** A few faults, so that the report shows what becomes of them. */
const rates: FaultRates = {
  'duplicate-event': 0.0005,
  'broken-json': 0.00005,
  'wrong-type': 0.00005,
  'double-encoded': 0.02,
};

/** A month of a small startup: some 80,000 events, 3,000 songs. */
const settings: Settings = {
  ...defaultSettings,
  version: 1,
  users: [1_000],
  songs: 3_000,
  songFiles: 'single',
  gzip: false,
  rates,
};

export const command: Command = {
  define(demo) {
    demo.option('--out <folder>', 'where the data and the warehouse go', 'sparkify-demo');
    demo.addHelpText('after', '\nNeeds no configuration and reads none. It is safe to run it again.');
  },
  async run(context, flags) {
    const folder = String(flags.out);
    const data = join(folder, 'data');
    const began = context.nowMs();
    await assertOurs(folder);
    const threads = Math.min(MOST_THREADS, availableParallelism());
    const made = await makeWithProgress(context, settings, {
      address: { out: data, s3: {} },
      threads,
      part: null,
      note: null,
    });
    const file = join(folder, 'sparkify.duckdb');
    const { report, failure, answers } = await loadAndAsk(context, data, file);
    const seconds = (context.nowMs() - began) / 1000;
    const { columns, program } = context;
    return {
      json: {
        status: report.status,
        folder,
        load: report,
        reports: Object.fromEntries(answers.map(({ report: { name }, rows }) => [name, rows])),
        seconds,
      },
      text: drawDemo({ made, report, answers, folder, data, file, seconds, columns, program }),
      exitCode: report.checks.failed > 0 ? 3 : 0,
      failure,
    };
  },
};

/** Loads the data into a warehouse in a file, and asks it all reports. */
async function loadAndAsk(context: Context, data: string, file: string) {
  const { openSource } = await import('../sources/open.ts');
  const { withFailure } = await import('../pipeline/check/guards.ts');
  const { DEFAULT_REJECT_LIMIT } = await import('../pipeline/load-options.ts');
  const { load } = await import('../pipeline/load.ts');
  const { allReports, reportSql } = await import('../reports/book.ts');
  const { signal } = context;
  const options = {
    command: 'demo',
    logs: openSource(resolve(data, 'log_data'), context.nowMs, { signal }),
    songs: openSource(resolve(data, 'song_data'), context.nowMs, { signal }),
    fullRefresh: false,
    matchOn: null,
    maxRejects: DEFAULT_REJECT_LIMIT,
    nowMs: context.nowMs,
  };
  const lease = { command: 'demo', waitSeconds: 60 };
  return withWriterAt(context, { engine: 'duckdb', file }, lease, async (warehouse) => {
    const loaded = await withFailure(load(warehouse, options, context.console.observer));
    const answers = [];
    for (const report of allReports)
      answers.push({
        report,
        rows: await warehouse.rows({ name: `report: ${report.name}`, sql: reportSql(report) }),
      });
    return { ...loaded, answers };
  });
}

/** UsageError if the folder holds anything but a demo: its data, and the warehouse that was loaded from it. */
async function assertOurs(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const foreign = names.find((name) => !ours.test(name)) ?? (names.includes('data') ? undefined : names[0]);
  if (foreign === undefined) return;
  throw new UsageError(`${folder} holds something else, for example "${foreign}"; nothing was written.`, {
    hint: 'Name another folder with --out.',
  });
}
