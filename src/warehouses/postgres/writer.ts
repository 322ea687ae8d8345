import type pg from 'pg';
import { WarehouseError } from '../../errors.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import type { LeaseOptions } from '../lease.ts';
import { postgresError } from '../pg-wire/errors.ts';
import type { SqlRow, Warehouse } from '../warehouse.ts';
import type { PostgresConnection } from './connection.ts';
import { copyRows } from './copy.ts';
import { postgresDialect } from './dialect.ts';
import { indexesOf, namesTaken } from './indexes.ts';
import { beginWriting } from './lease.ts';
import { type PostgresServer, serverName } from './server.ts';
import { cancel, closeSessions, openSessions, PASSING_TARGET, reopen } from './session.ts';

/** Statistics are made anew when a table grew by this share, as autovacuum does. */
const ANALYZE_SHARE = 0.1;

/** How closely the planner looks at a table that lasts. */
const LASTING_TARGET = 100;

/** Opens a database for its only writer. */
export async function openPostgres(server: PostgresServer, lease: LeaseOptions): Promise<Warehouse> {
  const name = serverName(server);
  let sessions = await openSessions(server, lease);
  const indexed = new Set<string>();
  let isStopped = false;

  async function settle(table: Table): Promise<void> {
    const taken: SqlRow[] = [];
    for (const { name: index, sql } of indexesOf(table)) {
      if (indexed.has(index)) continue;
      const [found] = await sessions.main.rows(
        `select named.relname as index, pg_index.indrelid = to_regclass($1) as is_ours, cast(named.oid as regclass) as named,
           cast(pg_index.indrelid as regclass) as indexed
         from pg_class as named
         left join pg_index on pg_index.indexrelid = named.oid
         where named.relname = $2
           and named.relnamespace = (select relnamespace from pg_class where oid = to_regclass($1))`,
        [qualifiedName(table), index],
      );
      if (found === undefined) await sessions.main.run(sql);
      else if (found.is_ours !== true) taken.push(found);
      indexed.add(index);
    }
    if (taken.length > 0) throw namesTaken(name, qualifiedName(table), taken);
  }

  return {
    name,
    dialect: postgresDialect,
    bringsApart: false,
    starSchema: server.schema,
    rows: (sql, parameters) => sessions.main.rows(sql, parameters),
    run: (sql, parameters) => sessions.main.run(sql, parameters),
    append: (table, rows) => copyRows(sessions.main, name, table, rows),
    async transaction(work) {
      const { main } = sessions;
      try {
        await beginWriting(sessions, name);
        const result = await work();
        await commit(main, name);
        return result;
      } catch (error) {
        indexed.clear();
        await main.run('rollback').catch(() => {});
        throw error;
      }
    },
    async analyze(target, addedRows) {
      if (target.startsWith('pg_temp.')) {
        await sessions.main.run(`analyze ${target}`);
        return;
      }
      const [row] = await sessions.main.rows(
        'select reltuples as known from pg_class where oid = to_regclass($1)',
        [target],
      );
      if (addedRows > Math.max(0, Number(row?.known)) * ANALYZE_SHARE)
        await sessions.main.run(
          `set default_statistics_target = ${LASTING_TARGET}; analyze ${target}; set default_statistics_target = ${PASSING_TARGET}`,
        );
    },
    settle,
    async reconnect() {
      const lost = sessions;
      await closeSessions(lost);
      indexed.clear();
      sessions = await reopen(server, lease, lost, () => isStopped);
    },
    publish: async () => {},
    interrupt() {
      isStopped = true;
      // Only another session can end what this one is at.
      void cancel(server, sessions.main.pid);
    },
    close: () => closeSessions(sessions),
  };
}

/** Commits; a transaction that had failed is rolled back by COMMIT without an error, which must not pass for success. */
async function commit({ client }: PostgresConnection, name: string): Promise<void> {
  let result: pg.QueryResult;
  try {
    result = await client.query('commit');
  } catch (cause) {
    throw postgresError(name, cause, true);
  }
  if (result.command !== 'COMMIT') throw new WarehouseError(`${name}: the transaction had failed before.`);
}
