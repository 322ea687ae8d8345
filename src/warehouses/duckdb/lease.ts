import { type FileHandle, lstat, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { DuckDBInstance } from '@duckdb/node-api';
import { LeaseError, OtherProgramError, WarehouseError } from '../../errors.ts';
import { type Held, type LeaseOptions, waitForLease } from '../lease.ts';
import { asidePath, sweepAside } from './aside.ts';
import { createIfMissing, STORAGE } from './create.ts';
import { quoted, refuse } from './errors.ts';
import { checkDatabase, checkWritable } from './file.ts';
import { publishedPath, sweepUnpublished } from './publish.ts';

const LEASE_POLL_MS = 200;

/** The only writer's right to a file. */
interface Lease {
  readonly instance: DuckDBInstance;
  /** The file, to be read by whoever holds the lease: to close any other handle of it would give the lease up. */
  readonly held: FileHandle;
  /** Closes the instance, and gives the lease up. */
  release(): Promise<void>;
}

/**
 * Opens the file as its only writer, making it if there is none. DuckDB's own lock on the file is the lease: the
 * kernel ends it with its process. The .lease file beside it only tells others who holds it.
 */
export async function takeLease(file: string, lease: LeaseOptions): Promise<Lease> {
  await checkDatabase(file);
  await checkWritable(file);
  await refuseLinks(file);
  const instance = await waitForLease(file, lease, LEASE_POLL_MS, () => tryOpen(file, lease.nowMs));
  const held = await open(file, 'r').catch((cause) => {
    instance.closeSync();
    return refuse(file, cause);
  });
  const holderFile = `${file}.lease`;
  const { command, nowMs } = lease;
  const holder = { pid: process.pid, host: hostname(), user: userName(), command, since: nowMs() };
  await writeInPlace(holderFile, JSON.stringify(holder)).catch(() => {});
  for (const one of [file, holderFile]) await sweepAside(one, 'tmp', 'all');
  await sweepUnpublished(file);
  return {
    instance,
    held,
    async release() {
      await rm(holderFile, { force: true });
      instance.closeSync();
      await held.close();
    },
  };
}

/** DuckDB would write what is loaded into whatever file a link leads to that has a log's name. */
async function refuseLinks(file: string): Promise<void> {
  for (const log of ['wal', 'wal.checkpoint', 'wal.recovery'].map((end) => `${file}.${end}`)) {
    const found = await lstat(log).catch(() => null);
    if (!found?.isSymbolicLink()) continue;
    throw new WarehouseError(`${log} is a symbolic link; the log of a warehouse must be a file of its own.`, {
      hint: `Nothing was written. Remove the link, not the file it leads to: rm -f ${quoted(log)}`,
    });
  }
}

/** Opens the file if no other process has it open; what the other does, if one has. */
async function tryOpen(file: string, nowMs: () => number): Promise<{ taken: DuckDBInstance } | Held> {
  // Each time: DuckDB would make a file that was removed meanwhile, in steps that a kill could come between.
  await createIfMissing(file);
  try {
    return { taken: await DuckDBInstance.create(file, STORAGE) };
  } catch (cause) {
    if (!isLockError(cause)) refuse(file, cause);
    return describeHolder(file, cause as Error, nowMs());
  }
}

/** What holds a file, for "the file is …", and the error that says so; a writer of ours has left its name beside it. */
async function describeHolder(file: string, cause: Error, nowMs: number): Promise<Held> {
  const pid = lockHolder(cause)?.pid;
  const holder = await readFile(`${file}.lease`, 'utf8')
    .then(JSON.parse)
    .catch(() => null);
  if (holder !== null && (pid === undefined || pid === holder.pid)) {
    const age = Math.max(0, Math.round((nowMs - holder.since) / 1000));
    const does = `being written by sparkify ${holder.command} (process ${holder.pid} of ${holder.user} on ${holder.host}, for ${age} s)`;
    const hint = 'Wait for it to end, or give --wait-seconds SECONDS; if it hangs, end that process.';
    return { does, error: new LeaseError(`${file} is ${does}.`, { cause, hint }) };
  }
  const does = describeLock(cause);
  const hint = `Close it there. Open ${publishedPath(file)} instead, read-only (duckdb -readonly, read_only=True): that makes no load wait.`;
  return { does, error: new OtherProgramError(`${file} is ${does}.`, { cause, hint }) };
}

/** Whether DuckDB could not open a file since another process has it open. */
export function isLockError(cause: unknown): boolean {
  return /could not set lock on file|conflicting lock/i.test((cause as Error).message);
}

/** How another process holds a file, for "the file is …". DuckDB offers to open it read-only where the other only reads. */
export function describeLock(cause: Error): string {
  const way = /in read-only mode/i.test(cause.message) ? 'open for reading' : 'open for writing';
  const holder = lockHolder(cause);
  if (holder === undefined) return `${way} in another process`;
  return `${way} in process ${holder.pid}${holder.program === '' ? '' : ` (${holder.program})`}`;
}

function lockHolder(cause: Error): { program: string; pid: number } | undefined {
  const [, program = '', pid] = /held in (.*?) ?\(PID (\d+)\)/.exec(cause.message) ?? [];
  return pid === undefined ? undefined : { program, pid: Number(pid) };
}

/** Writes a file aside and renames it: a link that lies under its name is replaced, not followed. */
async function writeInPlace(file: string, text: string): Promise<void> {
  const aside = asidePath(file, 'tmp');
  try {
    await writeFile(aside, text, { flag: 'wx' });
    await rename(aside, file);
  } finally {
    await rm(aside, { force: true });
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
