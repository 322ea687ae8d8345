import type { Config } from '../config/config.ts';
import { ConfigError, NothingLoadedError } from '../errors.ts';
import type { LoadOptions } from '../pipeline/load-options.ts';
import { DEFAULT_REJECT_LIMIT } from '../pipeline/load-options.ts';
import { severalSources } from '../sources/several.ts';
import type { Listing, Source } from '../sources/source.ts';
import type { DryRun } from '../warehouses/open.ts';
import type { Command, Context, Flags, Result } from './shared/command.ts';
import { EXIT_CODES, several, warehouseFlag } from './shared/command.ts';
import { type OpenSource, withSources } from './shared/sources.ts';
import { warehouseAddress, withPublished, withWriter } from './shared/warehouse.ts';

export const command: Command = {
  define(etl) {
    etl
      .option(
        '--log-data <place>',
        'activity logs: a folder, one file, a glob or s3://bucket/prefix; may be given several times',
        several,
      )
      .option('--song-data <place>', 'song files, in the same way', several)
      .option(
        '--full-refresh',
        'read every file again, load files with damaged rows again, and build the star again from staging',
      )
      .option('--max-rejects <limit>', 'commit nothing if more records than this are refused: 100 or 1%')
      .option(
        '--match-on <fields>',
        'what a play and its song must share: "title, artist, duration" or "title, artist"',
      )
      .option('--wait-seconds <seconds>', 'how long to wait for a running load (default: 60)')
      .option('--dry-run', 'print what would be loaded (on Redshift, every statement) and change nothing');
    warehouseFlag(etl);
    etl.addHelpText(
      'after',
      `\nExample:\n  sparkify etl --log-data log_data --song-data song_data\n\n${EXIT_CODES}`,
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
  const { missingWarehouse } = await import('../warehouses/open.ts');
  // A mistake in a path must not leave an empty warehouse behind.
  const isNew = missingWarehouse(warehouseAddress(config)) !== null;
  const options = isNew ? await listedAlready(asked, context) : asked;
  const { load } = await import('../pipeline/load.ts');
  const { withFailure } = await import('../pipeline/check/guards.ts');
  const { drawLoadSummary } = await import('../terminal/load-summary.ts');
  const { report, failure } = await withWriter(
    context,
    config,
    { command: 'etl', defaultWaitSeconds: 60 },
    (warehouse) => withFailure(load(warehouse, options, context.console.observer)),
  );
  return {
    json: report,
    text: drawLoadSummary(report, { isVerbose: context.console.isVerbose, program: context.program }),
    exitCode: report.checks.failed > 0 || report.files.unreadable > 0 ? 3 : 0,
    failure,
  };
}

/** The options with sources that were listed now, and give these listings once; later ones are new. */
async function listedAlready(options: LoadOptions, context: Context): Promise<LoadOptions> {
  const { listAll } = await import('../sources/several.ts');
  const kinds = (['songs', 'logs'] as const).filter((kind) => options[kind] !== null);
  const { emit } = context.console.observer;
  const listings = await listAll(
    kinds.map((kind) => async () => {
      emit({ type: 'stepStarted', step: 'files', total: null, unit: 'files' });
      return (options[kind] as Source).list((amount) => emit({ type: 'progressed', amount }));
    }),
  );
  const listed = kinds.map((kind, at) => [
    kind,
    listedOnce(options[kind] as Source, listings[at] as Listing),
  ]);
  return { ...options, ...Object.fromEntries(listed) };
}

function listedOnce(source: Source, listing: Listing): Source {
  let first: Listing | null = listing;
  return {
    ...source,
    async list(onFound) {
      const listed = first;
      first = null;
      return listed ?? source.list(onFound);
    },
  };
}

async function dryRun(context: Context, flags: Flags, config: Config, options: LoadOptions): Promise<Result> {
  const { missingWarehouse, openDryRun } = await import('../warehouses/open.ts');
  const script = await openDryRun(warehouseAddress(config), {
    command: 'etl',
    waitMs: 0,
    nowMs: context.nowMs,
    signal: context.signal,
  });
  if (script !== null) return printScript(context, script, options);
  const { plan } = await import('../pipeline/load.ts');
  const { countFiles } = await import('../pipeline/record/summarise.ts');
  const { hasTables } = await import('../pipeline/setup/setup.ts');
  const { drawPlan, planJson } = await import('../terminal/plan-report.ts');
  const missing = missingWarehouse(warehouseAddress(config));
  const planFirst = async (name: string) => ({
    plans: await plan(null, options, context.console.observer),
    name,
  });
  const planned =
    missing === null
      ? await withPublished(
          context,
          flags,
          async (warehouse) => ({
            plans: await plan(
              (await hasTables(warehouse)) ? warehouse : null,
              options,
              context.console.observer,
            ),
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

/** Every statement and every object of a load, to be reviewed or run by hand. */
async function printScript(
  context: Context,
  { warehouse, statements, objects }: DryRun,
  options: LoadOptions,
): Promise<Result> {
  const { load } = await import('../pipeline/load.ts');
  const { observerOf } = await import('../telemetry/observer.ts');
  const { drawScript } = await import('../terminal/script.ts');
  try {
    const { emit, signal } = context.console.observer;
    // Nothing is committed, so a signal never comes too late.
    const observer = observerOf(
      [(event) => (event.type === 'committing' || event.type === 'committed' ? undefined : emit(event))],
      signal,
    );
    const { status, files, upgraded, remade } = await load(warehouse, options, observer);
    const isNeeded = status === 'committed' || upgraded !== null || remade.length > 0;
    const json = {
      status: 'planned',
      warehouse: warehouse.name,
      files,
      objects: isNeeded ? objects : [],
      statements: isNeeded ? statements.map(({ sql }) => sql) : [],
      names: isNeeded ? statements.map(({ name }) => name) : [],
    };
    return { json, text: drawScript(json) };
  } finally {
    await warehouse.close();
  }
}

function loadOptions(context: Context, flags: Flags, config: Config, open: OpenSource): LoadOptions {
  const { logPlaces, songPlaces } = config;
  if (logPlaces.length + songPlaces.length === 0) {
    throw new ConfigError('There is nothing to load: neither log data nor song data is named.', {
      hint: 'Give --log-data FOLDER and --song-data FOLDER, or write them into dwh.cfg (sparkify init).',
    });
  }
  const sourceOf = (places: readonly string[]): Source | null => {
    const [first, ...more] = places.map((place) => open(place));
    return first === undefined ? null : severalSources([first, ...more]);
  };
  return {
    command: flags.fullRefresh === true ? 'etl --full-refresh' : 'etl',
    logs: sourceOf(logPlaces),
    songs: sourceOf(songPlaces),
    fullRefresh: flags.fullRefresh === true,
    matchOn: config.matchOn ?? null,
    maxRejects: config.maxRejects ?? DEFAULT_REJECT_LIMIT,
    nowMs: context.nowMs,
  };
}
