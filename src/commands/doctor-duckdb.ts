import { basename } from 'node:path';
import type { Config } from '../config/config.ts';
import { LeaseError, NoPermissionError } from '../errors.ts';
import { formatBytes, formatCount } from '../terminal/format.ts';
import { shellWord } from '../terminal/shell.ts';
import { badFrom, type Diagnosis, good } from '../warehouses/diagnosis.ts';
import { fileOf, missingWarehouse, type Place } from '../warehouses/open.ts';
import type { Context, Flags } from './shared/command.ts';
import { withPublished } from './shared/warehouse.ts';

/** A warehouse in a file. */
type FilePlace = Extract<Place, { engine: 'duckdb' }>;

/** Looks at a warehouse in a file: its disk, what it holds and who may read it. */
export async function examineDuckDb(
  context: Context,
  flags: Flags,
  config: Config,
  place: FilePlace,
): Promise<Diagnosis[]> {
  const file = fileOf(place);
  return [
    await checkDisk(file),
    await checkWarehouse(context, flags, place),
    ...(await checkModes(file, config)),
  ];
}

async function checkDisk(file: string): Promise<Diagnosis> {
  const { statfs } = await import('node:fs/promises');
  const { dirname } = await import('node:path');
  try {
    const folder = dirname(file);
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

async function checkWarehouse(context: Context, flags: Flags, place: FilePlace): Promise<Diagnosis> {
  try {
    const missing = missingWarehouse(place);
    const denied = await whyNoLoad(fileOf(place));
    if (missing !== null) {
      if (denied !== null) throw denied;
      return good('warehouse', `${missing}, made by the first load`);
    }
    const held = denied === null ? await leaseOf(context, place) : null;
    if (held !== null)
      return { what: 'warehouse', status: 'note', detail: held.message, fix: held.hint ?? null };
    return await withPublished(
      context,
      flags,
      async (warehouse) => {
        const [row] = await warehouse.rows('select count(*) as plays from songplays');
        const detail = `${warehouse.name}, ${formatCount(Number(row?.plays))} songplays`;
        if (denied === null) return good('warehouse', detail);
        return {
          what: 'warehouse',
          status: 'note',
          detail: `${detail}; this user can read it, but not load. ${denied.message}`,
          fix: denied.hint ?? null,
        };
      },
      { asksWhole: true },
    );
  } catch (error) {
    return badFrom('warehouse', error);
  }
}

/** Why this user may not write the warehouse; null if it may. */
async function whyNoLoad(file: string): Promise<NoPermissionError | null> {
  const { checkWritable } = await import('../warehouses/duckdb/file.ts');
  try {
    await checkWritable(file);
    return null;
  } catch (error) {
    if (error instanceof NoPermissionError) return error;
    throw error;
  }
}

/** Who has the warehouse open now; null if a load could begin. */
async function leaseOf(context: Context, place: FilePlace): Promise<LeaseError | null> {
  const { assertOurs } = await import('../warehouses/duckdb/reader.ts');
  const { openWarehouse } = await import('../warehouses/open.ts');
  // To open a database for writing puts its log into it.
  await assertOurs(fileOf(place));
  try {
    const lease = { command: 'doctor', waitMs: 0, nowMs: context.nowMs };
    await (await openWarehouse(place, lease)).close();
    return null;
  } catch (error) {
    if (error instanceof LeaseError) return error;
    throw error;
  }
}

/** Files that were made before keep their modes: whoever may read more than the setting allows is told of. */
async function checkModes(file: string, config: Config): Promise<Diagnosis[]> {
  const { stat } = await import('node:fs/promises');
  const { publishedPath } = await import('../warehouses/duckdb/publish.ts');
  const isForGroup = config.fileMode === '640';
  const found: { path: string; mode: number }[] = [];
  for (const path of [file, publishedPath(file)]) {
    const mode = (await stat(path).catch(() => null))?.mode;
    if (mode !== undefined) found.push({ path, mode: mode & 0o777 });
  }
  const paths = found.map(({ path }) => shellWord(path)).join(' ');
  if (found.some(({ mode }) => (mode & (isForGroup ? 0o037 : 0o077)) !== 0)) {
    const modes = found.map(({ path, mode }) => `${basename(path)} (mode ${mode.toString(8)})`);
    const fix = `chmod ${isForGroup ? 'g-wx,o-rwx' : 'go-rwx'} ${paths}`;
    return [note(`others can read ${modes.join(' and ')}`, fix)];
  }
  if (isForGroup && found.some(({ mode }) => (mode & 0o040) === 0))
    return [note('FILE_MODE is 640, but these files were made before', `chmod g+r ${paths}`)];
  return [];
}

function note(detail: string, fix: string): Diagnosis {
  return { what: 'file modes', status: 'note', detail, fix };
}
