import { LeaseError } from '../errors.ts';
import type { LeaseOptions } from './lease.ts';
import type { PostgresConnection } from './postgres-connection.ts';

/** The lock of a database's only writer: any two numbers that nobody else would take. */
const LOCK = { class: 1_936_747_883, object: 1 } as const;
const POLL_MS = 200;

/** Takes the database for its only writer: an advisory lock, which the server ends with the session. */
export async function takeLease(
  connection: PostgresConnection,
  name: string,
  lease: LeaseOptions,
): Promise<void> {
  const until = lease.nowMs() + lease.waitMs;
  let told = false;
  for (;;) {
    const [row] = await connection.rows(
      `select pg_try_advisory_lock(${LOCK.class}, ${LOCK.object}) as taken`,
    );
    if (row?.taken === true) return;
    const holder = await holderOf(connection);
    if (lease.nowMs() >= until) {
      throw new LeaseError(`${name} is being written by ${holder ?? 'another session'}.`, {
        hint: 'Wait for it to end, or give --wait-seconds SECONDS; if it hangs: select pg_terminate_backend(PID).',
      });
    }
    if (!told)
      lease.onWait?.(`Waiting for ${name}, which is being written by ${holder ?? 'another session'}.`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Who writes to the database now; null if nobody does. */
export async function holderOf(connection: PostgresConnection): Promise<string | null> {
  const [row] = await connection.rows(
    `select activity.pid, activity.application_name, activity.usename,
       cast(extract(epoch from clock_timestamp() - activity.backend_start) as integer) as seconds
     from pg_locks as locks
     join pg_database as databases on databases.oid = locks.database
     join pg_stat_activity as activity on activity.pid = locks.pid
     where locks.locktype = 'advisory' and locks.granted and databases.datname = current_database()
       and locks.classid = ${LOCK.class} and locks.objid = ${LOCK.object}`,
  );
  if (row === undefined) return null;
  const since = row.seconds === null ? '' : `, for ${row.seconds} s`;
  return `${row.application_name || 'another program'} as ${row.usename} (PID ${row.pid} of the server${since})`;
}
