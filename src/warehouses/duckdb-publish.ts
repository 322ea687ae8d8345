import { constants } from 'node:fs';
import { copyFile, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Where readers look: a copy that is replaced by rename, so that no reader ever meets a half-written file. */
export function publishedPath(file: string): string {
  return file.endsWith('.duckdb') ? file.replace(/\.duckdb$/, '.published.duckdb') : `${file}.published`;
}

/** Whether readers see what was last committed: the copy carries the warehouse's own time, and no log is open. */
export async function isPublished(file: string): Promise<boolean> {
  const statOf = (path: string) => stat(path).catch(() => null);
  const [warehouse, copy, log] = [
    await statOf(file),
    await statOf(publishedPath(file)),
    await statOf(`${file}.wal`),
  ];
  if (!warehouse || !copy) return false;
  return (
    copy.size === warehouse.size &&
    sameTime(copy.mtimeMs, warehouse.mtimeMs) &&
    (log === null || log.size === 0)
  );
}

/**
 * Copies a checkpointed file aside (as a reflink where the file system can) and renames it into place. It is not
 * synced: after a power cut a copy that did not reach the disk is shorter than its warehouse, and made again.
 */
export async function publish(file: string): Promise<void> {
  const target = publishedPath(file);
  const aside = `${target}.${process.pid}.tmp`;
  try {
    const { atime, mtime } = await stat(file);
    await copyFile(file, aside, constants.COPYFILE_FICLONE);
    await utimes(aside, atime, mtime);
    await rename(aside, target);
  } finally {
    await rm(aside, { force: true });
  }
}

/** Removes copies that a killed writer left; only the holder of the lease may. */
export async function sweepUnpublished(file: string): Promise<void> {
  const target = publishedPath(file);
  const names = await readdir(dirname(target));
  for (const name of names) {
    if (name.startsWith(`${basename(target)}.`) && name.endsWith('.tmp'))
      await rm(join(dirname(target), name), { force: true });
  }
}

/** File systems keep times to different grains; utimes keeps milliseconds. */
function sameTime(aMs: number, bMs: number): boolean {
  return Math.abs(aMs - bMs) < 2;
}
