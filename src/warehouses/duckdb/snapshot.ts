import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { constants, copyFile, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { DiskFullError, SparkifyError, WarehouseError } from '../../errors.ts';
import { asidePath, sweepAside } from './aside.ts';
import { quoted, refuse } from './errors.ts';
import { describeLock, isLockError } from './lease.ts';

/** What a reader reads: one published state, which stays as it is while it is open. */
export interface Snapshot {
  readonly instance: DuckDBInstance;
  /** Removes the copy, if this is one; the instance is closed before. */
  release(): Promise<void>;
}

/**
 * Opens a published copy. Another program that has it open to write, or left a log beside it, locks nobody out: then
 * a copy of the copy is read, which goes with its reader.
 */
export async function openSnapshot(
  published: string,
  note: (message: string) => void,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const log = await stat(`${published}.wal`).catch(() => null);
  const held = log !== null && log.size > 0 ? 'changed by another program, which left a log' : null;
  if (held === null) {
    try {
      return { instance: await openReadOnly(published), release: async () => {} };
    } catch (cause) {
      if (!isLockError(cause)) refuse(published, cause, republish(published));
      return openCopy(published, { held: describeLock(cause as Error), remedy: '' }, note, signal);
    }
  }
  const remedy = ` Once no program has it open, remove the log: rm -f ${quoted(`${published}.wal`)}`;
  return openCopy(published, { held, remedy }, note, signal);
}

/** Opens a database file only to read it. */
function openReadOnly(file: string): Promise<DuckDBInstance> {
  return DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
}

async function openCopy(
  published: string,
  { held, remedy }: { held: string; remedy: string },
  note: (message: string) => void,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const copy = await copyForReader(published, held, signal);
  const tidy = (): void => rmSync(copy, { force: true });
  process.on('exit', tidy);
  const release = async (): Promise<void> => {
    tidy();
    process.off('exit', tidy);
  };
  try {
    const instance = await openReadOnly(copy);
    note(`${published} is ${held}; reading a copy of it.${remedy}`);
    return { instance, release };
  } catch (cause) {
    await release();
    return refuse(published, cause, republish(published));
  }
}

function republish(published: string): string {
  return `Remove it; the next command publishes it again: rm -f ${quoted(published)}`;
}

/** Copies the file beside itself, or into the folder for temporary files where that cannot be. */
async function copyForReader(published: string, held: string, signal?: AbortSignal): Promise<string> {
  let failed: unknown = null;
  for (const folder of [dirname(published), tmpdir()]) {
    const name = join(folder, basename(published));
    try {
      await sweepAside(name, 'copy', 'of the dead');
      return await copyStill(published, asidePath(name, 'copy'), signal);
    } catch (cause) {
      signal?.throwIfAborted();
      failed = cause;
    }
  }
  const why = failed instanceof SparkifyError ? failed.message : (failed as Error).message;
  throw new WarehouseError(`${published} is ${held}, and no copy of it can be made: ${why}`, {
    cause: failed,
    hint: 'Close it there, or open it there read-only (duckdb -readonly, read_only=True).',
  });
}

const TRIES = 3;

/** Copies a file that did not change meanwhile. */
async function copyStill(from: string, to: string, signal?: AbortSignal): Promise<string> {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const before = await stat(from);
    try {
      await cloneOrCopy(from, to, before.size, signal);
      const after = await stat(from);
      if (after.mtimeMs === before.mtimeMs && after.size === before.size) return to;
    } catch (cause) {
      await rm(to, { force: true });
      throw cause;
    }
    await rm(to, { force: true });
  }
  throw new WarehouseError('It changes all the time.');
}

/** A reflink costs no room; for a copy there must be enough. */
async function cloneOrCopy(from: string, to: string, bytes: number, signal?: AbortSignal): Promise<void> {
  const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE } = constants;
  try {
    await copyFile(from, to, COPYFILE_EXCL | COPYFILE_FICLONE_FORCE);
  } catch {
    const { bavail, bsize } = await statfs(dirname(to));
    if (bavail * bsize < bytes) throw new DiskFullError(`No space left for it in ${dirname(to)}.`);
    await pipeline(createReadStream(from), createWriteStream(to, { flags: 'wx' }), {
      ...(signal === undefined ? {} : { signal }),
    });
  }
}
