import type { S3Options } from '../../sources/s3-client.ts';
import type { LeaseOptions } from '../lease.ts';
import { stoppable } from '../stoppable.ts';
import type { Warehouse } from '../warehouse.ts';
import { bulkInserter } from './bulk-insert.ts';
import { redshiftName, redshiftSessions } from './connection.ts';
import { redshiftDialect } from './dialect.ts';
import { objectReads } from './object-reads.ts';
import { accessOf, stagingOf } from './s3-access.ts';
import type { RedshiftServer } from './server.ts';
import { cancel, openSession, reopen } from './session.ts';
import {
  assertReadable,
  logPathsOf,
  noteGrowth,
  openAside,
  renewStatistics,
  transaction,
  type Writing,
  type WritingOn,
} from './writing.ts';

/** Opens a database of a cluster or workgroup for its only writer. */
export function openRedshift(server: RedshiftServer, lease: LeaseOptions, s3: S3Options): Promise<Warehouse> {
  const sessions = redshiftSessions(server, lease.nowMs, lease.signal);
  const stop = lease.signal === undefined ? {} : { signal: lease.signal };
  const on = {
    name: redshiftName(server),
    server,
    lease,
    sessions,
    staging: stagingOf(server, { ...s3, ...stop }),
  };
  return redshiftWarehouse(on, () => accessOf(server, s3));
}

/** The same on given sessions and a given staging prefix. */
export async function redshiftWarehouse(on: WritingOn, access: () => string): Promise<Warehouse> {
  const { name, server, lease, sessions, staging } = on;
  const dialect = redshiftDialect(server.distribution, server.schema);
  const inserter = bulkInserter({ name, dialect, session: () => writing.session, staging, access });
  const writing: Writing = {
    on,
    inserter,
    session: await openSession(on).catch((error) => {
      sessions.close();
      throw error;
    }),
    aside: null,
    inTransaction: false,
    jsonPaths: undefined,
    grown: new Map(),
    reads: objectReads(server.loadBy, async ({ kind, table }) => {
      await inserter.flush();
      const jsonPaths = kind === 'log' ? await logPathsOf(writing, table) : (writing.jsonPaths ?? null);
      const { main } = writing.session;
      const aside = () => openAside(writing);
      return { name, main, aside, staging, access: access(), jsonPaths, nowMs: lease.nowMs };
    }),
  };
  await staging.removeLeftovers().catch(() => {});
  const warehouse: Warehouse = {
    name,
    dialect,
    async rows(statement) {
      await inserter.flush();
      return writing.session.main.rows(statement);
    },
    async run(statement) {
      await inserter.flush();
      return writing.session.main.run(statement);
    },
    async append(table, rows) {
      if (rows.length === 0) return;
      await assertReadable(writing, table, rows);
      await inserter.collect(table, rows);
      if (!writing.inTransaction) await inserter.flush();
    },
    transaction: (work, options = {}) => transaction(writing, work, options),
    engineReads: writing.reads,
    afterWrite: async (table, addedRows) => noteGrowth(writing, table, addedRows),
    async reconnect() {
      const { session: lost, aside } = writing;
      await inserter.discard();
      await Promise.all([lost.main.close(), lost.holder.close()]);
      if (aside !== null) await (await aside).close();
      writing.aside = null;
      writing.reads.forget();
      writing.session = await reopen(on, lost);
    },
    publish: () => renewStatistics(writing),
    async close() {
      const { session, aside } = writing;
      await inserter.discard();
      await staging.clear().catch(() => {});
      await staging.close().catch(() => {});
      await Promise.all([session.main.close(), session.holder.close()]);
      if (aside !== null) await aside.then((connection) => connection.close()).catch(() => {});
      sessions.close();
    },
  };
  return stoppable(warehouse, lease.signal, {
    interrupt: () => cancel(() => openAside(writing), writing.session.main.pid),
  });
}
