import { LoadError } from '../../errors.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import type { S3Options } from '../../sources/s3-client.ts';
import type { LeaseOptions } from '../lease.ts';
import type { Warehouse } from '../warehouse.ts';
import { carrier } from './bulk-insert.ts';
import {
  type RedshiftConnection,
  type RedshiftSessions,
  redshiftName,
  redshiftSessions,
} from './connection.ts';
import { redshiftDialect } from './dialect.ts';
import { type JsonPaths, jsonPathsOf } from './json-paths.ts';
import { objectReads } from './object-reads.ts';
import { accessOf, stagingOf } from './s3-access.ts';
import type { RedshiftServer } from './server.ts';
import { beginLocked, cancel, openSession, reopen } from './session.ts';
import type { StagingArea } from './staging-prefix.ts';

/** Statistics are made anew when a table grew by this share. */
const ANALYZE_SHARE = 0.1;

/** Opens a database of a cluster or workgroup for its only writer. */
export function openRedshift(server: RedshiftServer, lease: LeaseOptions, s3: S3Options): Promise<Warehouse> {
  const sessions = redshiftSessions(server, lease.nowMs);
  return redshiftWarehouse(server, lease, s3, sessions, stagingOf(server, s3));
}

/** The same on given sessions and a given staging prefix. */
export async function redshiftWarehouse(
  server: RedshiftServer,
  lease: LeaseOptions,
  s3: S3Options,
  sessions: RedshiftSessions,
  staging: StagingArea,
): Promise<Warehouse> {
  const name = redshiftName(server);
  const access = (): string => accessOf(server, s3);
  let session = await openSession(sessions, server, name, lease).catch((error) => {
    sessions.close();
    throw error;
  });
  let aside: Promise<RedshiftConnection> | null = null;
  let isStopped = false;
  let inTransaction = false;
  let jsonPaths: JsonPaths | null | undefined;
  const grown = new Map<string, number>();
  const timeoutMs = Math.round(server.statementTimeoutSeconds * 1000);
  const dialect = redshiftDialect(server.distribution);
  const { collect, flush, discard } = carrier(name, dialect, () => session, staging, access);
  await staging.removeLeftovers().catch(() => {});

  const openAside = (): Promise<RedshiftConnection> => {
    aside ??= sessions.open('aside').catch((error) => {
      aside = null;
      throw error;
    });
    return aside;
  };

  /** Lines of logs are read by their declared keys; where LOG_JSONPATH names others, only the cluster can read them. */
  async function assertReadable(table: Table, rows: readonly object[]): Promise<void> {
    const ofLogs =
      (table.schema === 'staging' && table.name === 'events') ||
      (table.name === 'rejects' && rows.some((row) => (row as { kind?: string }).kind === 'log'));
    if (!ofLogs || server.logJsonPath === null) return;
    if (jsonPaths === undefined) {
      if (table.name !== 'events') return;
      jsonPaths = await jsonPathsOf(server.logJsonPath, table, staging);
    }
    if (jsonPaths === null) return;
    throw new LoadError(
      `Logs must be read line by line here, which LOG_JSONPATH (${server.logJsonPath}) does not allow: it names other keys.`,
      {
        hint: 'Only the cluster reads by it: logs in S3, [REDSHIFT] LOAD_BY = cluster, and no object with a broken record. Nothing was committed.',
      },
    );
  }

  const reads = objectReads(server.loadBy, async ({ kind, table }) => {
    await flush();
    if (kind === 'log' && jsonPaths === undefined)
      jsonPaths = await jsonPathsOf(server.logJsonPath, table, staging);
    const { main } = session;
    return {
      name,
      main,
      aside: openAside,
      staging,
      access: access(),
      jsonPaths: jsonPaths ?? null,
      nowMs: lease.nowMs,
    };
  });

  async function begin(writes: readonly Table[]): Promise<void> {
    const names = writes.map(qualifiedName).sort();
    if (!server.locksTables || names.length === 0) {
      await session.main.run('begin');
      return;
    }
    const isLocked = await beginLocked(session.main, names, timeoutMs, openAside, () => isStopped);
    if (!isLocked)
      lease.onWait?.(
        `Readers hold tables of ${name}; loading beside them, without locking the tables first.`,
      );
  }

  return {
    name,
    dialect,
    bringsApart: false,
    starSchema: server.schema,
    async rows(sql, parameters) {
      await flush();
      return session.main.rows(sql, parameters);
    },
    async run(sql, parameters) {
      await flush();
      return session.main.run(sql, parameters);
    },
    async append(table, rows) {
      if (rows.length === 0) return;
      await assertReadable(table, rows);
      await collect(table, rows);
      if (!inTransaction) await flush();
    },
    async transaction(work, writes = []) {
      await flush();
      const { main } = session;
      const before = main.temporary;
      try {
        await begin(writes);
        inTransaction = true;
        const result = await work();
        await flush();
        // Whoever lost the lease may not be the only writer any more.
        await session.holder.rows('select 1 as held');
        await main.commit();
        return result;
      } catch (error) {
        await discard();
        await main.run('rollback').catch(() => {});
        await main.run(`set statement_timeout to ${timeoutMs}`).catch(() => {});
        main.temporary = before;
        grown.clear();
        throw error;
      } finally {
        inTransaction = false;
        reads.forget();
        await staging.clear().catch(() => {});
      }
    },
    engineReads: reads,
    async analyze(target, addedRows) {
      // A temporary table that a query made has its statistics from there (r_ANALYZE).
      if (session.main.temporary.has(target)) return;
      grown.set(target, (grown.get(target) ?? 0) + addedRows);
    },
    async reconnect() {
      const lost = session;
      await discard();
      await Promise.all([lost.main.close(), lost.holder.close()]);
      if (aside !== null) await (await aside).close();
      aside = null;
      reads.forget();
      session = await reopen(sessions, server, name, lease, lost, () => isStopped);
    },
    async publish() {
      // After the commit: it may not hold up readers, and the load is done, whatever becomes of the statistics.
      try {
        for (const [target, added] of grown) {
          const [row] = await session.main.rows(`select count(*) as known from ${target}`);
          if (added > 0 && added >= Number(row?.known) * ANALYZE_SHARE)
            await session.main.run(`analyze ${target}`);
        }
      } catch (error) {
        lease.onWait?.(
          `Statistics were not renewed: ${(error as Error).message} The cluster does it by itself later.`,
        );
      }
      grown.clear();
    },
    interrupt() {
      isStopped = true;
      void cancel(openAside, session.main.pid);
    },
    async close() {
      await discard();
      await staging.clear().catch(() => {});
      await staging.close().catch(() => {});
      await Promise.all([session.main.close(), session.holder.close()]);
      if (aside !== null) await aside.then((connection) => connection.close()).catch(() => {});
      sessions.close();
    },
  };
}
