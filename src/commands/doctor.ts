import pc from 'picocolors';
import type { Config } from '../config/config.ts';
import { LeaseError, SparkifyError } from '../errors.ts';
import { formatBytes, formatCount, plural } from '../terminal/format.ts';
import type { Finding } from '../warehouses/finding.ts';
import type { Place } from '../warehouses/open.ts';
import { type Command, type Context, type Flags, warehouseFlag } from './command.ts';
import { withSources } from './sources-of.ts';
import { placeOf, withPublished } from './warehouse-of.ts';

export const command: Command = {
  define(doctor) {
    doctor.option('--log-data <place>', 'activity logs').option('--song-data <place>', 'song files');
    warehouseFlag(doctor);
    doctor.addHelpText('after', '\nExit codes: 0 nothing is in the way of a load, 1 something is.');
  },
  async run(context, flags) {
    const config = await context.config(flags);
    const findings: Finding[] = [
      checkNode(),
      checkConfig(config),
      await checkSource(context, config, 'log data'),
      await checkSource(context, config, 'song data'),
      ...(await checkEngine(context, flags, config)),
    ];
    const isBad = findings.some(({ status }) => status === 'bad');
    return {
      json: { status: isBad ? 'bad' : 'good', findings },
      text: findings.map(draw).join('\n'),
      exitCode: isBad ? 1 : 0,
    };
  },
};

function draw({ what, status, detail, fix }: Finding): string {
  const mark = { good: pc.green('good'), note: pc.yellow('note'), bad: pc.red('bad ') }[status];
  return `${mark}  ${what.padEnd(14)}${detail}${fix === null ? '' : `\n${' '.repeat(20)}${fix}`}`;
}

function good(what: string, detail: string): Finding {
  return { what, status: 'good', detail, fix: null };
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return good('Node', process.versions.node);
  return { what: 'Node', status: 'bad', detail: process.versions.node, fix: 'Install Node 20.19 or later.' };
}

function checkConfig(config: Config): Finding {
  const read = Object.entries(config.origins).map(([name, origin]) => `${name} from ${origin}`);
  if (config.file === null && read.length === 0) {
    return {
      what: 'configuration',
      status: 'note',
      detail: 'no dwh.cfg, nothing in the environment',
      fix: 'sparkify init writes one.',
    };
  }
  return good('configuration', read.length === 0 ? `${config.file} sets nothing` : read.join(', '));
}

async function checkSource(
  context: Context,
  config: Config,
  what: 'log data' | 'song data',
): Promise<Finding> {
  const place = what === 'log data' ? config.logData : config.songData;
  if (place === undefined) {
    return {
      what,
      status: 'note',
      detail: 'not named',
      fix: `Set ${what === 'log data' ? 'LOG_DATA' : 'SONG_DATA'} in dwh.cfg, or give the flag.`,
    };
  }
  try {
    return await withSources(context, config, async (open) => {
      const source = open(place);
      const { files, skipped } = await source.list();
      const first = files.find((file) => file.bytes > 0);
      if (first) for await (const _chunk of source.open(first)) break;
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      const also = skipped.length > 0 ? `; ${plural(skipped.length, 'other file')} passed over` : '';
      return good(what, `${plural(files.length, 'file')}, ${formatBytes(bytes)} in ${place}${also}`);
    });
  } catch (error) {
    return badFrom(what, error);
  }
}

async function checkEngine(context: Context, flags: Flags, config: Config): Promise<Finding[]> {
  const place = placeOf(config);
  if (place.engine === 'duckdb') {
    return [await checkDisk(place), await checkWarehouse(context, flags, config, place)];
  }
  if (place.engine === 'redshift') {
    const { examineRedshift } = await import('../warehouses/redshift-doctor.ts');
    return examineRedshift(place.server, place.s3, context.nowMs, {
      logs: config.logData ?? null,
      songs: config.songData ?? null,
    }).catch((error) => [badFrom('cluster', error)]);
  }
  const { examinePostgres } = await import('../warehouses/postgres-doctor.ts');
  return examinePostgres(place.server).catch((error) => [badFrom('server', error)]);
}

/** A warehouse in a file. */
type FilePlace = Extract<Place, { engine: 'duckdb' }>;

async function checkDisk(place: FilePlace): Promise<Finding> {
  const { statfs } = await import('node:fs/promises');
  const { dirname } = await import('node:path');
  try {
    const { fileOf } = await import('../warehouses/open.ts');
    const folder = dirname(fileOf(place));
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    if (free > 1e9) return good('disk', `${formatBytes(free)} free in ${folder}`);
    return {
      what: 'disk',
      status: 'note',
      detail: `only ${formatBytes(free)} free in ${folder}`,
      fix: 'A load needs about twice the size of the warehouse.',
    };
  } catch (error) {
    return badFrom('disk', error);
  }
}

async function checkWarehouse(
  context: Context,
  flags: Flags,
  config: Config,
  place: FilePlace,
): Promise<Finding> {
  const { existsSync } = await import('node:fs');
  const { access, constants } = await import('node:fs/promises');
  const { dirname } = await import('node:path');
  try {
    const { fileOf } = await import('../warehouses/open.ts');
    const file = fileOf(place);
    await access(existsSync(file) ? file : dirname(file), constants.W_OK);
    if (!existsSync(file)) return good('warehouse', `duckdb:${file}, made by the first load`);
    const holder = await holderOf(context, config);
    if (holder !== null)
      return {
        what: 'warehouse',
        status: 'note',
        detail: holder,
        fix: 'etl waits for it, up to --wait-seconds.',
      };
    return await withPublished(context, flags, async (warehouse) => {
      const [row] = await warehouse.rows('select count(*) as plays from songplays');
      return good('warehouse', `${warehouse.name}, ${formatCount(Number(row?.plays))} songplays`);
    });
  } catch (error) {
    return badFrom('warehouse', error);
  }
}

/** Who writes to the warehouse now; null if nobody does. */
async function holderOf(context: Context, config: Config): Promise<string | null> {
  const { openWarehouse } = await import('../warehouses/open.ts');
  try {
    const lease = { command: 'doctor', waitMs: 0, nowMs: context.nowMs };
    await (await openWarehouse(placeOf(config), lease)).close();
    return null;
  } catch (error) {
    if (error instanceof LeaseError) return error.message;
    throw error;
  }
}

function badFrom(what: string, error: unknown): Finding {
  const fix = error instanceof SparkifyError ? (error.hint ?? null) : null;
  return { what, status: 'bad', detail: (error as Error).message, fix };
}
