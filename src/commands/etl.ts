import type { Config } from '../config/config.ts';
import { ConfigError, NothingLoadedError } from '../errors.ts';
import { USUAL_REJECT_LIMIT } from '../pipeline/guards.ts';
import type { LoadOptions } from '../pipeline/run.ts';
import type { Listing, Source } from '../sources/source.ts';
import type { Place } from '../warehouses/open.ts';
import type { Command, Context, Flags, Result } from './command.ts';
import { warehouseFlag } from './command.ts';
import { type OpenPlace, withSources } from './sources-of.ts';
import { placeOf, withPublished, withWriter } from './warehouse-of.ts';

export const command: Command = {
  define(etl) {
    etl
      .option('--log-data <place>', 'activity logs: a folder, one file, a glob or s3://bucket/prefix')
      .option('--song-data <place>', 'song files: a folder, one file, a glob or s3://bucket/prefix')
      .option('--full-refresh', 'read every file again and build the star anew from staging')
      .option('--max-rejects <limit>', 'commit nothing beyond so many refused records: 100 or 1%')
      .option(
        '--match-on <fields>',
        'what play and song must share: "title, artist, duration" or "title, artist"',
      )
      .option('--wait-seconds <seconds>', 'how long to wait for another writer (default: 60)')
      .option('--dry-run', 'print what would be loaded (on Redshift, every statement of it), change nothing');
    warehouseFlag(etl);
    etl.addHelpText(
      'after',
      '\nExample:\n  sparkify etl --log-data log_data --song-data song_data\n\nExit codes: 0 done, 1 failed and nothing committed, 2 wrong usage, 3 committed, but a check failed or\na file could not be read: it is named and passed over, and the next load tries it again.',
    );
  },
  async run(context, flags) {
    const config = await context.config(flags);
    return withSources(context, config, (open) => {
      const options = loadOptions(context, flags, config, open);
      return flags.dryRun === true ? dryRun(context, flags, config, options) : etl(context, config, options);
    });
  },
};

async function etl(context: Context, config: Config, asked: LoadOptions): Promise<Result> {
  let options = asked;
  const { missingWarehouse } = await import('../warehouses/open.ts');
  if (missingWarehouse(placeOf(config)) !== null) {
    // A mistake in a path must not leave an empty warehouse behind.
    options = {
      ...options,
      songs: options.songs && (await listedAlready(options.songs, context)),
      logs: options.logs && (await listedAlready(options.logs, context)),
    };
  }
  const { load } = await import('../pipeline/run.ts');
  const { drawLoadReport } = await import('../terminal/load-report.ts');
  const report = await withWriter(context, config, { command: 'etl', defaultWaitSeconds: 60 }, (warehouse) =>
    load(warehouse, options, context.voice),
  );
  return {
    json: report,
    text: drawLoadReport(report, context.voice.isVerbose),
    exitCode: report.checks.failed > 0 || report.files.unreadable > 0 ? 3 : 0,
  };
}

/** A source that was listed now, and gives this listing once; a later one is new. */
async function listedAlready(source: Source, context: Context): Promise<Source> {
  context.voice.step('files', null, 'files');
  let listing: Listing | null = await source.list((files) => context.voice.advance(files));
  return {
    ...source,
    async list(onFound) {
      const first = listing;
      listing = null;
      return first ?? source.list(onFound);
    },
  };
}

async function dryRun(context: Context, flags: Flags, config: Config, options: LoadOptions): Promise<Result> {
  const place = placeOf(config);
  if (place.engine === 'redshift') return rehearse(context, place, options);
  const { missingWarehouse } = await import('../warehouses/open.ts');
  const { plan } = await import('../pipeline/run.ts');
  const { countFiles } = await import('../pipeline/load-report.ts');
  const { hasTables } = await import('../pipeline/setup.ts');
  const { drawPlan, planJson } = await import('../terminal/plan-report.ts');
  const missing = missingWarehouse(placeOf(config));
  const planFirst = async (name: string) => ({ plans: await plan(null, options, context.voice), name });
  const planned =
    missing === null
      ? await withPublished(
          context,
          flags,
          async (warehouse) => ({
            plans: await plan((await hasTables(warehouse)) ? warehouse : null, options, context.voice),
            name: warehouse.name,
          }),
          { mayBeEmpty: true },
        ).catch((error) => {
          if (error instanceof NothingLoadedError) return planFirst(error.warehouse);
          throw error;
        })
      : await planFirst(missing);
  const json = planJson(planned.plans, countFiles(planned.plans), planned.name, missing === null);
  return { json, text: drawPlan(json) };
}

/** Every statement and every object of a load into Redshift, to be reviewed or run by hand. */
async function rehearse(
  context: Context,
  { server, s3 }: Extract<Place, { engine: 'redshift' }>,
  options: LoadOptions,
): Promise<Result> {
  const { rehearseRedshift } = await import('../warehouses/redshift-dry-run.ts');
  const { load } = await import('../pipeline/run.ts');
  const { drawScript } = await import('../terminal/script.ts');
  const lease = { command: 'etl', waitMs: 0, nowMs: context.nowMs };
  const { warehouse, statements, objects } = await rehearseRedshift(server, lease, s3);
  context.onInterrupt(warehouse.interrupt);
  try {
    const { status, files } = await load(warehouse, options, context.voice);
    const isNeeded = status === 'committed';
    const json = {
      status: 'planned',
      warehouse: warehouse.name,
      files,
      objects: isNeeded ? objects : [],
      statements: isNeeded ? statements : [],
    };
    return { json, text: drawScript(json) };
  } finally {
    await warehouse.close();
  }
}

function loadOptions(context: Context, flags: Flags, config: Config, open: OpenPlace): LoadOptions {
  const { logData, songData } = config;
  if (logData === undefined && songData === undefined) {
    throw new ConfigError('There is nothing to load: neither log data nor song data is named.', {
      hint: 'Give --log-data FOLDER and --song-data FOLDER, or write them into dwh.cfg (sparkify init).',
    });
  }
  return {
    command: flags.fullRefresh === true ? 'etl --full-refresh' : 'etl',
    logs: logData === undefined ? null : open(logData),
    songs: songData === undefined ? null : open(songData),
    fullRefresh: flags.fullRefresh === true,
    matchOn: config.matchOn ?? null,
    maxRejects: config.maxRejects ?? USUAL_REJECT_LIMIT,
    nowMs: context.nowMs,
  };
}
