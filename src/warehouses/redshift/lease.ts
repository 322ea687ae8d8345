import { hostname } from 'node:os';
import { TransientError } from '../../errors.ts';
import { type LeaseOptions, waitForLease } from '../lease.ts';
import { heldBy } from '../pg-wire/held-lease.ts';
import type { Statement } from '../statement.ts';
import { type RedshiftConnection, withDeadline } from './connection.ts';
import { isCancelled } from './errors.ts';

/** One try for the lock takes so long at most; then it is said who holds it, and tried again. */
const FIRST_TRY_MS = 500;
const TRY_MS = 2_000;
const GRACE_MS = 1_000;
const LONGEST_HOLDER = 256;

/**
 * Takes a cluster's database for its only writer. Redshift has no advisory locks: a session of its own holds the lock
 * on a table that nobody reads, in a transaction that stays open; the cluster ends it with the session. Who it is stands
 * in a second table, since nobody can look into the first. `holder` is that session, `other` any other one.
 */
export async function takeRedshiftLease(
  holder: RedshiftConnection,
  other: RedshiftConnection,
  name: string,
  lease: LeaseOptions,
): Promise<void> {
  await makeTables(other);
  await waitForLease(name, lease, 0, async (nth) => {
    const tryMs = nth === 1 ? FIRST_TRY_MS : TRY_MS;
    await holder.run(timeoutStatement(tryMs));
    const isTaken = await tryLock(holder, async () => other, ['ops.lease'], tryMs + GRACE_MS);
    return isTaken ? { taken: true } : heldBy(name, await holderOfRedshift(other));
  });
  await holder.run(timeoutStatement(0));
  const host = hostname().replace(/[^ -~]/g, '');
  const who = `sparkify ${lease.command} (process ${process.pid} on ${host}), PID ${holder.pid} of the cluster`;
  await other.run({ name: 'lease: forget who held it', sql: 'delete from ops.lease_holder' });
  await other.run({
    name: 'lease: say who holds it',
    sql: 'insert into ops.lease_holder (holder, since) values ($1, $2)',
    parameters: [who.slice(0, LONGEST_HOLDER), new Date(lease.nowMs())],
  });
}

/** How long a statement of a session may take, in milliseconds; 0 is for ever. */
export function timeoutStatement(ms: number): Statement {
  return { name: 'session: time allowed for a statement', sql: `set statement_timeout to ${ms}` };
}

/** Who took the lease last, and when. */
export async function holderOfRedshift(connection: RedshiftConnection): Promise<string | null> {
  const [row] = await connection.rows({
    name: 'lease: who holds it',
    sql: 'select holder, since from ops.lease_holder',
  });
  return row === undefined ? null : `${row.holder}, since ${(row.since as Date).toISOString()}`;
}

async function makeTables(connection: RedshiftConnection): Promise<void> {
  const found = await connection.rows({
    name: 'lease: its tables',
    sql: "select table_name from information_schema.tables where table_schema = 'ops' and table_name in ('lease', 'lease_holder')",
  });
  if (found.length === 2) return;
  const [schema] = await connection.rows({
    name: 'lease: its schema',
    sql: "select 1 as found from pg_namespace where nspname = 'ops'",
  });
  if (schema === undefined)
    await connection.run({ name: 'lease: make its schema', sql: 'create schema if not exists ops' });
  await connection.run({
    name: 'lease: make the table to lock',
    sql: 'create table if not exists ops.lease (locked boolean) diststyle all',
  });
  await connection.run({
    name: 'lease: make the table of its holder',
    sql: `create table if not exists ops.lease_holder (holder varchar(${LONGEST_HOLDER}) not null, since timestamp not null) diststyle all`,
  });
}

/** Begins with tables locked; false, and nothing begun, where that takes too long. `other` cancels it after so many ms. */
export async function tryLock(
  main: RedshiftConnection,
  other: () => Promise<RedshiftConnection>,
  tables: readonly string[],
  ms: number,
): Promise<boolean> {
  await main.begin();
  try {
    await withDeadline(main, other, ms, () =>
      main.run({ name: 'lock tables', sql: `lock ${tables.join(', ')}` }),
    );
    return true;
  } catch (error) {
    if (error instanceof TransientError) throw error;
    await main.rollback();
    if (isCancelled(error)) return false;
    throw error;
  }
}
