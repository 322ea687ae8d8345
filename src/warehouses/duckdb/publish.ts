import { spawn } from 'node:child_process';
import { chmod, type FileHandle, open, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { onStop } from '../../stopping.ts';
import { asidePath, sweepAside } from './aside.ts';

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
 * synced: after a power cut a copy that did not reach the disk is shorter than its warehouse, and made again. Whoever
 * may read the warehouse may read the copy, and nobody is asked to write it: a program that opens it to write fails.
 * `held` is the warehouse's file, which this process keeps open until it gives up the lease.
 */
export async function publish(file: string, held: FileHandle, signal?: AbortSignal): Promise<void> {
  const target = publishedPath(file);
  const aside = asidePath(target, 'tmp');
  try {
    const { atime, mtime, mode, size } = await stat(file);
    if (size > SMALL_BYTES) await copyElsewhere(file, aside, signal);
    else await copyHeld(held, aside, size, signal);
    await utimes(aside, atime, mtime);
    // Windows renames nothing over a file that is read-only; some file systems have no modes.
    if (process.platform !== 'win32') await chmod(aside, mode & 0o444).catch(() => {});
    // A program that opened the copy to write may have left a log, which would not fit the new one.
    await rm(`${target}.wal`, { force: true });
    await rename(aside, target);
  } finally {
    await rm(aside, { force: true });
  }
}

/** Removes what killed writers and readers left; only the holder of the lease may. */
export async function sweepUnpublished(file: string): Promise<void> {
  const target = publishedPath(file);
  await sweepAside(target, 'tmp', 'all');
  await sweepAside(target, 'copy', 'of the dead');
  await sweepAside(target, 'spill', 'of the dead');
}

/** A larger file is worth a process of its own, which can make a reflink of it and takes 45 ms to start. */
const SMALL_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 4 * 1024 * 1024;

/** Copies a file by a handle that stays open as long as the lease; so that no attempt fills the disk for others, there must be room. */
async function copyHeld(held: FileHandle, to: string, bytes: number, signal?: AbortSignal): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(to));
  if (bavail * bsize < bytes) throw new Error('no space left on device');
  const copy = await open(to, 'wx');
  try {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, bytes));
    for (let at = 0; at < bytes; ) {
      const { bytesRead } = await held.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) throw new Error('the warehouse ended while it was being copied');
      signal?.throwIfAborted();
      await copy.writeFile(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await copy.close();
  }
}

/** A reflink costs no room; for a copy there must be enough, so that no attempt fills the disk for others. */
const COPY = `
  const { constants, copyFileSync, statfsSync, statSync } = require('node:fs');
  const [, from, to] = process.argv;
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
  } catch {
    const { bavail, bsize } = statfsSync(require('node:path').dirname(to));
    if (bavail * bsize < statSync(from).size) throw new Error('no space left on device');
    copyFileSync(from, to, constants.COPYFILE_EXCL);
  }`;

/**
 * Copies a file in a process of its own, out of reach of Ctrl-C. This process must not close a file that is the warehouse's: the
 * kernel would take all its locks on that file away, and the lease with them.
 */
function copyElsewhere(from: string, to: string, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-e', COPY, from, to], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    let told = '';
    child.stderr.on('data', (piece) => {
      told += piece;
    });
    const forget = onStop(signal, () => child.kill('SIGKILL'));
    child.once('error', reject);
    child.once('close', (code, killedBy) => {
      forget();
      if (code === 0) return resolve();
      if (signal?.aborted) return reject(signal.reason);
      const why = /^Error: (.*)$/m.exec(told)?.[1] ?? `the copying process ended with ${killedBy ?? code}`;
      reject(new Error(`Cannot copy ${from}: ${why}`));
    });
  });
}

/** File systems keep times to different grains; utimes keeps milliseconds. */
function sameTime(aMs: number, bMs: number): boolean {
  return Math.abs(aMs - bMs) < 2;
}
