import { existsSync } from 'node:fs';
import { access, constants, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { dirname } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { LeaseError, WarehouseError } from '../errors.ts';
import { refuse } from './duckdb-errors.ts';
import { sweepUnpublished } from './duckdb-publish.ts';
import type { LeaseOptions } from './lease.ts';

const LEASE_POLL_MS = 200;

/**
 * Opens the file as its only writer, making it if there is none. DuckDB's own lock on the file is the lease: the
 * kernel ends it with its process. The .lease file beside it only tells others who holds it.
 */
export async function takeLease(
  file: string,
  lease: LeaseOptions,
): Promise<{ instance: DuckDBInstance; release: () => Promise<void> }> {
  await checkWritable(file);
  await checkMagic(file);
  const instance = await waitForLease(file, lease);
  await sweepUnpublished(file);
  const { command, nowMs } = lease;
  const holder = { pid: process.pid, host: hostname(), user: userName(), command, since: nowMs() };
  await writeFile(`${file}.lease`, JSON.stringify(holder)).catch(() => {});
  return { instance, release: () => rm(`${file}.lease`, { force: true }) };
}

async function waitForLease(file: string, lease: LeaseOptions): Promise<DuckDBInstance> {
  const until = lease.nowMs() + lease.waitMs;
  let told = false;
  for (;;) {
    try {
      return await DuckDBInstance.create(file, { storage_compatibility_version: 'v1.4.0' });
    } catch (cause) {
      if (!isLockError(cause)) refuse(file, cause);
      const holder = await describeHolder(file, cause as Error, lease.nowMs());
      if (lease.nowMs() >= until) {
        throw new LeaseError(`${file} is being written by ${holder}.`, {
          cause,
          hint: 'Wait for it to end, or give --wait-seconds SECONDS; if it hangs, end that process.',
        });
      }
      if (!told) lease.onWait?.(`Waiting for ${file}, which is being written by ${holder}.`);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, LEASE_POLL_MS));
    }
  }
}

async function describeHolder(file: string, cause: Error, nowMs: number): Promise<string> {
  const pid = /\(PID (\d+)\)/.exec(cause.message)?.[1];
  try {
    const holder = JSON.parse(await readFile(`${file}.lease`, 'utf8'));
    if (pid !== undefined && Number(pid) !== holder.pid) return `process ${pid}`;
    const age = Math.max(0, Math.round((nowMs - holder.since) / 1000));
    return `sparkify ${holder.command} (process ${holder.pid} of ${holder.user} on ${holder.host}, for ${age} s)`;
  } catch {
    return pid === undefined ? 'another process' : `process ${pid}`;
  }
}

function isLockError(cause: unknown): boolean {
  return /could not set lock on file|conflicting lock/i.test((cause as Error).message);
}

/** DuckDB would take some other files for data to look at, and others for an empty place to write to. */
async function checkMagic(file: string): Promise<void> {
  if (!existsSync(file)) return;
  const handle = await open(file);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(12), 0, 12, 0);
    if (bytesRead === 0 || buffer.toString('latin1', 8, 12) === 'DUCK') return;
  } finally {
    await handle.close();
  }
  refuse(file, new Error('not a valid DuckDB database file'));
}

async function checkWritable(file: string): Promise<void> {
  const folder = dirname(file);
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory()) {
    throw new WarehouseError(`The folder ${folder} of the warehouse does not exist.`, {
      hint: `mkdir -p '${folder}'`,
    });
  }
  for (const path of existsSync(file) ? [folder, file] : [folder]) {
    await access(path, constants.W_OK).catch((cause) => {
      throw new WarehouseError(`No permission to write ${path}.`, {
        cause,
        hint: 'Choose another file with --warehouse.',
      });
    });
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
