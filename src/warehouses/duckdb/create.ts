import { link, rename, rm, stat } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { asidePath, sweepAside } from './aside.ts';
import { refuse } from './errors.ts';

/** How a database is stored, for every version that may read it. */
export const STORAGE = { storage_compatibility_version: 'v1.4.0' } as const;

/**
 * Makes an empty database where there is no file, or an empty one. DuckDB writes its header in three steps, and cannot
 * open a file that has one or two of them: so the database is made aside and gets its name when it is complete.
 */
export async function createIfMissing(file: string): Promise<void> {
  // Looked for first: a log that was there before no database was is of one that was removed, and fits no other.
  const log = await sizeOf(`${file}.wal`);
  const before = await sizeOf(file);
  if (before !== null && before > 0) return;
  if (log !== null) await rm(`${file}.wal`, { force: true });
  await sweepAside(file, 'tmp', 'of the dead');
  const aside = asidePath(file, 'tmp');
  try {
    await makeDatabase(aside);
    if (before === 0) await removeEmpty(file);
    await giveName(aside, file);
  } catch (cause) {
    refuse(file, cause);
  } finally {
    await rm(aside, { force: true });
  }
}

async function makeDatabase(file: string): Promise<void> {
  const instance = await DuckDBInstance.create(file, STORAGE);
  instance.closeSync();
}

/** Takes the name, unless another maker was faster: then its database is the warehouse. */
async function giveName(aside: string, target: string): Promise<void> {
  try {
    await link(aside, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isTaken = (await sizeOf(target)) !== null;
    // ENOENT: the other maker holds the lease already, and has swept this one's.
    if (isTaken && (code === 'EEXIST' || code === 'ENOENT')) return;
    if (isTaken) throw error;
    // A file system without hard links.
    await rename(aside, target);
  }
}

/** Removes an empty file; moved first, so that what another maker puts there meanwhile is not removed. */
async function removeEmpty(target: string): Promise<void> {
  if ((await sizeOf(target)) !== 0) return;
  const moved = asidePath(target, 'empty');
  await rename(target, moved);
  if ((await sizeOf(moved)) !== 0) await link(moved, target);
  await rm(moved, { force: true });
}

/** Null only for what is certainly not there: the log of a database that cannot be looked at must stay. */
async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
