import { ConfigError, TransientError } from '../../errors.ts';
import { type LeaseOptions, waitForLease } from '../lease.ts';
import { codeOf } from '../pg-wire/errors.ts';
import { heldBy } from '../pg-wire/held-lease.ts';
import type { PostgresConnection } from './connection.ts';

const POLL_MS = 200;
const TRIES = 5;
const LOCK_NOT_AVAILABLE = '55P03';
/** Another session made it first: a unique key of the catalogue, a schema, a table, a type. */
const MADE_MEANWHILE = /^(23505|42P06|42P07|42710)$/;

/** The sessions of a writer: one that works, one that holds the lease. */
export interface WriterSessions {
  readonly main: PostgresConnection;
  readonly holder: PostgresConnection;
}

/**
 * Takes the database for its only writer: `holder` locks a table that holds no rows, in a transaction that stays open;
 * the server ends it with the session. A role that may only read cannot lock it.
 */
export async function takeLease(sessions: WriterSessions, name: string, lease: LeaseOptions): Promise<void> {
  const { main, holder } = sessions;
  await makeTable(main, name);
  let isTaken = false;
  await waitForLease(name, lease, POLL_MS, async () => {
    // Asked for first, since each refusal is an error in the server's log.
    let by = await holderOf(main, holder.pid);
    if (by === null && !isTaken) {
      isTaken = await tryLease(holder);
      // A session that lost the lease, or whose program is gone, may still be writing.
      by = await holderOf(main, holder.pid);
    }
    return isTaken && by === null ? { taken: true } : heldBy(name, by);
  });
}

/** Who holds the lease or writes under it, apart from one session; null if nobody does. */
export async function holderOf(connection: PostgresConnection, ownPid = 0): Promise<string | null> {
  const [row] = await connection.rows({
    name: 'lease: who holds it',
    sql: `select activity.pid, activity.application_name, activity.usename,
       cast(extract(epoch from clock_timestamp() - activity.backend_start) as integer) as seconds
     from pg_catalog.pg_locks as locks
     join pg_catalog.pg_database as databases on databases.oid = locks.database
     join pg_catalog.pg_class as tables on tables.oid = locks.relation
     join pg_catalog.pg_namespace as schemas on schemas.oid = tables.relnamespace
     join pg_catalog.pg_stat_activity as activity on activity.pid = locks.pid
     where locks.locktype = 'relation' and locks.granted and databases.datname = current_database()
       and schemas.nspname = 'ops' and locks.pid <> ${ownPid}
       and (tables.relname = 'lease' and locks.mode <> 'AccessShareLock'
         or tables.relname = 'warehouse' and locks.mode = 'ShareRowExclusiveLock')
     order by tables.relname
     limit 1`,
  });
  if (row === undefined) return null;
  const since = row.seconds === null ? '' : `, for ${row.seconds} s`;
  return `${row.application_name || 'another program'} as ${row.usename} (PID ${row.pid} of the server${since})`;
}

/**
 * Begins a transaction that writes. Whoever lost the lease since it looked into the warehouse must not write on what it
 * saw. Two locks make sure of that: with ops.warehouse locked nobody else can commit, and the lease that is still held
 * after that proves that nobody did.
 */
export async function beginWriting({ main, holder }: WriterSessions, name: string): Promise<void> {
  const [warehouse] = await main.rows({
    name: 'lease: whether there is a warehouse',
    sql: "select to_regclass('ops.warehouse') is not null as there",
  });
  await main.run({ name: 'begin', sql: 'begin isolation level repeatable read read write' });
  // Before the first SELECT, whose snapshot must hold all that others committed before.
  if (warehouse?.there === true)
    await main.run({
      name: 'lease: lock ops.warehouse',
      sql: 'lock table ops.warehouse in share row exclusive mode',
    });
  const held = await holder.rows({
    name: 'lease: whether it is still held',
    sql: `select 1 as held from pg_catalog.pg_locks
     where pid = pg_backend_pid() and relation = to_regclass('ops.lease') and mode = 'ExclusiveLock'`,
  });
  if (held.length === 0) {
    throw new TransientError(`${name}: the lease was lost.`, { hint: 'Nothing was committed; run again.' });
  }
}

/** Whether the lease could be taken at once. EXCLUSIVE and no more: it needs no transaction id, and SELECT goes on. */
async function tryLease(holder: PostgresConnection): Promise<boolean> {
  await holder.run({ name: 'lease: begin', sql: 'begin isolation level read committed read write' });
  try {
    await holder.run({ name: 'lease: take it', sql: 'lock table ops.lease in exclusive mode nowait' });
    return true;
  } catch (error) {
    await holder.run({ name: 'lease: rollback', sql: 'rollback' }).catch(() => {});
    if (codeOf(error) === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

async function makeTable(connection: PostgresConnection, name: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const [found] = await connection.rows({
      name: 'lease: its table',
      sql: `select schemas.nspname as schema,
         (select string_agg(attname, ',') from pg_catalog.pg_attribute
          where attrelid = tables.oid and attnum > 0 and not attisdropped) as columns
       from pg_catalog.pg_namespace as schemas
       left join pg_catalog.pg_class as tables on tables.relnamespace = schemas.oid and tables.relname = 'lease'
       where schemas.nspname = 'ops'`,
    });
    const columns = found?.columns ?? null;
    if (columns === 'locked') return;
    if (columns !== null) {
      throw new ConfigError(
        `${name} holds a table ops.lease that sparkify did not make; nothing was touched.`,
        {
          hint: 'Choose another database.',
        },
      );
    }
    try {
      // Whatever default_transaction_read_only says of this role.
      await connection.run({
        name: 'lease: begin its table',
        sql: 'begin isolation level read committed read write',
      });
      // Asked for first: where the schema was made for the loading role, it may lack the right to make more.
      if (found === undefined)
        await connection.run({ name: 'lease: make its schema', sql: 'create schema if not exists ops' });
      await connection.run({
        name: 'lease: make its table',
        sql: 'create table if not exists ops.lease (locked boolean)',
      });
      await connection.run({
        name: 'lease: say what its table is for',
        sql: "comment on table ops.lease is 'Holds no rows. Whoever loads has it locked, by a session that does nothing else.'",
      });
      await connection.run({ name: 'lease: commit its table', sql: 'commit' });
      return;
    } catch (error) {
      await connection.run({ name: 'lease: rollback', sql: 'rollback' }).catch(() => {});
      if (attempt >= TRIES || !MADE_MEANWHILE.test(codeOf(error))) throw error;
    }
  }
}
