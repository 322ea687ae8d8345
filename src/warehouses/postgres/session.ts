import type { LeaseOptions } from '../lease.ts';
import { reconnect } from '../pg-wire/reconnect.ts';
import { connect, openConnection, type PostgresConnection, SINCE } from './connection.ts';
import { takeLease, type WriterSessions } from './lease.ts';
import { type PostgresServer, serverName } from './server.ts';

/** Memory for a sort or a hash of a load; PostgreSQL's own default is meant for many small sessions. */
const WORK_MEMORY = '128MB';
const MAINTENANCE_MEMORY = '256MB';
/** How closely the planner looks at temporary tables: hardly, since they serve one join or two. */
export const PASSING_TARGET = 10;

/** Two sessions: one that works, one that holds the lease. */
export async function openSessions(server: PostgresServer, lease: LeaseOptions): Promise<WriterSessions> {
  const main = await connect(server, lease.command, lease.signal);
  let holder: PostgresConnection | null = null;
  try {
    holder = await connect(server, lease.command, lease.signal);
    await takeLease({ main, holder }, serverName(server), lease);
    for (const setting of [
      `work_mem = '${WORK_MEMORY}'`,
      `default_statistics_target = ${PASSING_TARGET}`,
      `maintenance_work_mem = '${MAINTENANCE_MEMORY}'`,
    ])
      await main.run({ name: 'session: a setting of loads', sql: `set ${setting}` });
    return { main, holder };
  } catch (error) {
    await Promise.all([main.close(), holder?.close()]);
    throw error;
  }
}

/** Ends both; the one that writes first. */
export async function closeSessions({ main, holder }: WriterSessions): Promise<void> {
  await main.close();
  await holder.close();
}

/** New sessions in place of lost ones. */
export function reopen(
  server: PostgresServer,
  lease: LeaseOptions,
  lost: WriterSessions,
): Promise<WriterSessions> {
  const connectAgain = async (): Promise<WriterSessions> => {
    await endLost(server, lost, lease.signal);
    return openSessions(server, lease);
  };
  return reconnect(connectAgain, lease);
}

/** The server may not have noticed yet that a session was lost; until it does, that session holds its locks. */
async function endLost(
  server: PostgresServer,
  { main, holder }: WriterSessions,
  signal: AbortSignal | undefined,
): Promise<void> {
  const other = await openConnection(server, 'reconnect', signal);
  try {
    for (const { pid, since } of [main, holder]) {
      await other.rows({
        name: 'reconnect: end the lost session',
        sql: `select pg_terminate_backend(pid) from pg_stat_activity
         where pid = ${pid} and ${SINCE} = $1`,
        parameters: [since],
      });
    }
  } finally {
    await other.close();
  }
}

/** Ends what a session is at; where that fails, it ends by itself. */
export async function cancel(server: PostgresServer, pid: number): Promise<void> {
  try {
    const other = await openConnection(server, 'cancel');
    await other.rows({
      name: 'cancel: end what a session is at',
      sql: `select pg_cancel_backend(${pid})`,
    });
    await other.close();
  } catch {
    // The statement runs to its end then.
  }
}
