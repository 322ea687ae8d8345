import { PassingError, WarehouseError } from '../../errors.ts';
import type { LeaseOptions } from '../lease.ts';
import { reconnect } from '../pg-wire/reconnect.ts';
import type { RedshiftConnection, RedshiftSessions } from './connection.ts';
import { takeRedshiftLease, tryLock } from './lease.ts';
import type { RedshiftServer } from './server.ts';

/** A load waits so long for readers to let go of its tables. */
const LOCK_MS = 5_000;
/** Idle transactions end after 6 hours, idle sessions after 4 (the management guide's quotas). */
const KEEP_ALIVE_MS = 300_000;
/** Of a cluster that does not tell: Serverless has no STV_SLICES. */
const USUAL_SLICES = 8;

/** What one session of work holds open. */
export interface Session {
  readonly main: RedshiftConnection;
  readonly holder: RedshiftConnection;
  readonly slices: number;
}

/**
 * Begins, and locks first what will be written, everywhere in the same order, before there is a snapshot (r_LOCK). False
 * where readers did not let go of it in time: then it began without, and what another writer does meanwhile is a conflict.
 */
export async function beginLocked(
  main: RedshiftConnection,
  names: readonly string[],
  timeoutMs: number,
  aside: () => Promise<RedshiftConnection>,
  isStopped: () => boolean,
): Promise<boolean> {
  // Whoever asks for a table after this waits behind it, so it may not wait long.
  await main.run(`set statement_timeout to ${LOCK_MS}`);
  const isLocked = await tryLock(main, aside, names, 2 * LOCK_MS);
  if (!isLocked && isStopped()) throw new WarehouseError('The load was stopped while it waited for a lock.');
  await main.run(`set statement_timeout to ${timeoutMs}`);
  if (!isLocked) await main.run('begin');
  return isLocked;
}

/** Two sessions: one that works, one that holds the lease. */
export async function openSession(
  sessions: RedshiftSessions,
  server: RedshiftServer,
  name: string,
  lease: LeaseOptions,
): Promise<Session> {
  const main = await sessions.open(lease.command);
  let holder: RedshiftConnection | null = null;
  try {
    holder = await sessions.open(`${lease.command}, lease`);
    await takeRedshiftLease(holder, main, name, lease);
    return {
      main,
      holder: keptAlive(holder),
      slices: server.slices ?? (await slicesOf(main)),
    };
  } catch (error) {
    await Promise.all([main.close(), holder?.close()]);
    throw error;
  }
}

/** A session that says something now and then: the cluster ends those that are idle for hours. */
function keptAlive(holder: RedshiftConnection): RedshiftConnection {
  const timer = setInterval(() => void holder.rows('select 1 as held').catch(() => {}), KEEP_ALIVE_MS);
  timer.unref();
  return {
    ...holder,
    close() {
      clearInterval(timer);
      return holder.close();
    },
  };
}

async function slicesOf(main: RedshiftConnection): Promise<number> {
  try {
    const [row] = await main.rows('select count(*) as slices from stv_slices');
    return Number(row?.slices) || USUAL_SLICES;
  } catch (error) {
    if (error instanceof PassingError) throw error;
    return USUAL_SLICES;
  }
}

/** New sessions in place of lost ones. */
export function reopen(
  sessions: RedshiftSessions,
  server: RedshiftServer,
  name: string,
  lease: LeaseOptions,
  lost: Session,
  isStopped: () => boolean,
): Promise<Session> {
  const connectAgain = async (): Promise<Session> => {
    await endLost(sessions, lost);
    return openSession(sessions, server, name, lease);
  };
  return reconnect(connectAgain, lease.nowMs, isStopped);
}

/** The cluster may not have noticed yet that a session was lost; until it does, that session holds its locks. */
async function endLost(sessions: RedshiftSessions, { main, holder }: Session): Promise<void> {
  const other = await sessions.open('reconnect');
  try {
    for (const { pid } of [main, holder]) {
      // PIDs are given again: only one that is still a session of this user's is ended, and it may be gone by then.
      // Where the view may not be read, the cluster has to notice by itself.
      const found = await other
        .rows(`select process from stv_sessions where process = ${pid} and trim(user_name) = current_user`)
        .catch(() => []);
      if (found.length > 0) await other.rows(`select pg_terminate_backend(${pid})`).catch(() => {});
    }
  } finally {
    await other.close();
  }
}

export async function cancel(openAside: () => Promise<RedshiftConnection>, pid: number): Promise<void> {
  try {
    await (await openAside()).rows(`select pg_cancel_backend(${pid})`);
  } catch {
    // The statement runs to its end then.
  }
}
