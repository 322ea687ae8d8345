import { TransientError } from '../../errors.ts';
import type { LeaseOptions } from '../lease.ts';
import { reconnect } from '../pg-wire/reconnect.ts';
import type { Statement } from '../statement.ts';
import { cancelStatement, type RedshiftConnection, type RedshiftSessions } from './connection.ts';
import { takeRedshiftLease, timeoutStatement, tryLock } from './lease.ts';
import type { RedshiftServer } from './server.ts';

/** A load waits so long for readers to let go of its tables. */
const LOCK_MS = 5_000;
/** Idle transactions end after 6 hours, idle sessions after 4 (the management guide's quotas). */
const KEEP_ALIVE_MS = 300_000;
/** Of a cluster that does not tell: Serverless has no STV_SLICES. */
const DEFAULT_SLICES = 8;

/** Shows that a session is there, and so what it holds. */
export const HELD: Statement = { name: 'lease: whether it is still held', sql: 'select 1 as held' };

/** What one session of work holds open. */
export interface Session {
  readonly main: RedshiftConnection;
  readonly holder: RedshiftConnection;
  readonly slices: number;
}

interface LockOptions {
  /** What a statement may take afterwards. */
  readonly timeoutMs: number;
  readonly aside: () => Promise<RedshiftConnection>;
}

/** Where a session is opened, and for whom. */
interface OpenOn {
  readonly name: string;
  readonly server: RedshiftServer;
  readonly lease: LeaseOptions;
  readonly sessions: RedshiftSessions;
}

/**
 * Begins, and locks first what will be written, everywhere in the same order, before there is a snapshot (r_LOCK). False
 * where readers did not let go of it in time: then it began without, and what another writer does meanwhile is a conflict.
 */
export async function beginLocked(
  main: RedshiftConnection,
  names: readonly string[],
  { timeoutMs, aside }: LockOptions,
): Promise<boolean> {
  // Whoever asks for a table after this waits behind it, so it may not wait long.
  await main.run(timeoutStatement(LOCK_MS));
  const isLocked = await tryLock(main, aside, names, 2 * LOCK_MS);
  await main.run(timeoutStatement(timeoutMs));
  if (!isLocked) await main.begin();
  return isLocked;
}

/** Two sessions: one that works, one that holds the lease. */
export async function openSession({ name, server, lease, sessions }: OpenOn): Promise<Session> {
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
  const timer = setInterval(() => void holder.rows(HELD).catch(() => {}), KEEP_ALIVE_MS);
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
    const [row] = await main.rows({
      name: 'session: slices of the cluster',
      sql: 'select count(*) as slices from stv_slices',
    });
    return Number(row?.slices) || DEFAULT_SLICES;
  } catch (error) {
    if (error instanceof TransientError) throw error;
    return DEFAULT_SLICES;
  }
}

/** New sessions in place of lost ones. */
export function reopen(on: OpenOn, lost: Session): Promise<Session> {
  const connectAgain = async (): Promise<Session> => {
    await endLost(on.sessions, lost);
    return openSession(on);
  };
  return reconnect(connectAgain, on.lease);
}

/** The cluster may not have noticed yet that a session was lost; until it does, that session holds its locks. */
async function endLost(sessions: RedshiftSessions, { main, holder }: Session): Promise<void> {
  const other = await sessions.open('reconnect');
  try {
    for (const { pid } of [main, holder]) {
      // PIDs are given again: only one that is still a session of this user's is ended, and it may be gone by then.
      // Where the view may not be read, the cluster has to notice by itself.
      const found = await other
        .rows({
          name: 'reconnect: whether the lost session is there',
          sql: `select process from stv_sessions where process = ${pid} and trim(user_name) = current_user`,
        })
        .catch(() => []);
      if (found.length === 0) continue;
      await other
        .rows({ name: 'reconnect: end the lost session', sql: `select pg_terminate_backend(${pid})` })
        .catch(() => {});
    }
  } finally {
    await other.close();
  }
}

export async function cancel(openAside: () => Promise<RedshiftConnection>, pid: number): Promise<void> {
  try {
    await (await openAside()).rows(cancelStatement(pid));
  } catch {
    // The statement runs to its end then.
  }
}
