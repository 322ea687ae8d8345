import type pg from 'pg';
import { atStatement, WarehouseError } from '../../errors.ts';
import type { LeaseOptions } from '../lease.ts';
import { postgresError } from '../pg-wire/errors.ts';
import { reportStatement } from '../statement.ts';
import { stoppable } from '../stoppable.ts';
import type { TransactionOptions, Warehouse } from '../warehouse.ts';
import type { PostgresConnection } from './connection.ts';
import { copyRows } from './copy.ts';
import { postgresDialect } from './dialect.ts';
import { makeMissingIndexes } from './indexes.ts';
import { beginWriting, type WriterSessions } from './lease.ts';
import { type PostgresServer, serverName } from './server.ts';
import { cancel, closeSessions, openSessions, PASSING_TARGET, reopen } from './session.ts';

/** Statistics are made anew when a table grew by this share, as autovacuum does. */
const ANALYZE_SHARE = 0.1;

/** How closely the planner looks at a table that lasts. */
const LASTING_TARGET = 100;

/** A database's only writer. */
interface Writer {
  readonly name: string;
  sessions: WriterSessions;
  /** Indexes that are sure to stand. */
  readonly indexed: Set<string>;
}

/** Opens a database for its only writer. */
export async function openPostgres(server: PostgresServer, lease: LeaseOptions): Promise<Warehouse> {
  const name = serverName(server);
  const writer: Writer = {
    name,
    sessions: await openSessions(server, lease),
    indexed: new Set(),
  };
  const warehouse: Warehouse = {
    name,
    dialect: postgresDialect(server.schema),
    rows: (statement) => writer.sessions.main.rows(statement),
    run: (statement) => writer.sessions.main.run(statement),
    append: (table, rows) => copyRows(writer.sessions.main, name, table, rows),
    transaction: (work, options = {}) => transaction(writer, work, options),
    afterWrite: (table, addedRows) => renewStatistics(writer.sessions.main, table, addedRows),
    async reconnect() {
      const lost = writer.sessions;
      await closeSessions(lost);
      writer.indexed.clear();
      writer.sessions = await reopen(server, lease, lost);
    },
    publish: async () => {},
    close: () => closeSessions(writer.sessions),
  };
  // Only another session can end what this one is at.
  return stoppable(warehouse, lease.signal, { interrupt: () => cancel(server, writer.sessions.main.pid) });
}

/** All or nothing; the tables of the options get the indexes that they lack once the work is done. */
async function transaction<T>(
  writer: Writer,
  work: () => Promise<T>,
  { writes = [], makes = [], beforeCommit }: TransactionOptions,
): Promise<T> {
  const { name, sessions, indexed } = writer;
  const { main } = sessions;
  try {
    await beginWriting(sessions, name);
    const result = await work();
    await makeMissingIndexes(main, name, [...writes, ...makes], indexed);
    beforeCommit?.();
    await commit(main, name);
    return result;
  } catch (error) {
    indexed.clear();
    await main.run({ name: 'rollback', sql: 'rollback' }).catch(() => {});
    throw error;
  }
}

/** ANALYZE of a temporary table, or of one that grew much. */
async function renewStatistics(main: PostgresConnection, table: string, addedRows: number): Promise<void> {
  if (table.startsWith('pg_temp.')) {
    await main.run({ name: 'statistics: of a temporary table', sql: `analyze ${table}` });
    return;
  }
  const [row] = await main.rows({
    name: 'statistics: rows known of a table',
    sql: 'select reltuples as known from pg_class where oid = to_regclass($1)',
    parameters: [table],
  });
  if (addedRows > Math.max(0, Number(row?.known)) * ANALYZE_SHARE)
    await main.run({
      name: 'statistics: of a table',
      sql: `set default_statistics_target = ${LASTING_TARGET}; analyze ${table}; set default_statistics_target = ${PASSING_TARGET}`,
    });
}

/** Commits; a transaction that had failed is rolled back by COMMIT without an error, which must not pass for success. */
async function commit({ client }: PostgresConnection, name: string): Promise<void> {
  const statement = { name: 'commit', sql: 'commit' };
  reportStatement(statement);
  let result: pg.QueryResult;
  try {
    result = await client.query(statement.sql);
  } catch (cause) {
    throw atStatement(postgresError(name, cause, true), statement.name);
  }
  if (result.command !== 'COMMIT') throw new WarehouseError(`${name}: the transaction had failed before.`);
}
