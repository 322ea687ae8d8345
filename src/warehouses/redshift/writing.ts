import { LoadError } from '../../errors.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import type { LeaseOptions } from '../lease.ts';
import type { TransactionOptions } from '../warehouse.ts';
import type { BulkInserter } from './bulk-insert.ts';
import type { RedshiftConnection, RedshiftSessions } from './connection.ts';
import { type JsonPaths, jsonPathsOf } from './json-paths.ts';
import { timeoutStatement } from './lease.ts';
import type { ObjectReads } from './object-reads.ts';
import type { RedshiftServer } from './server.ts';
import { beginLocked, HELD, type Session } from './session.ts';
import type { StagingArea } from './staging-prefix.ts';

/** Statistics are renewed when a table grew by this share. */
const ANALYZE_SHARE = 0.1;

/** A cluster's database, and what one command brings to write to it. */
export interface WritingOn {
  readonly name: string;
  readonly server: RedshiftServer;
  readonly lease: LeaseOptions;
  readonly sessions: RedshiftSessions;
  readonly staging: StagingArea;
}

/** What a writer knows from one statement to the next. */
export interface Writing {
  readonly on: WritingOn;
  readonly inserter: BulkInserter;
  session: Session;
  /** Another session, outside any transaction; null until it is needed. */
  aside: Promise<RedshiftConnection> | null;
  inTransaction: boolean;
  /** LOG_JSONPATH as it was read; undefined until a log needs it. */
  jsonPaths: JsonPaths | null | undefined;
  /** Rows that came to each table since its statistics were looked at. */
  readonly grown: Map<string, number>;
  readonly reads: ObjectReads;
}

/** The session outside any transaction, opened when it is first needed. */
export function openAside(writing: Writing): Promise<RedshiftConnection> {
  writing.aside ??= writing.on.sessions.open('aside').catch((error) => {
    writing.aside = null;
    throw error;
  });
  return writing.aside;
}

/** LOG_JSONPATH, read once. */
export async function logPathsOf(writing: Writing, table: Table): Promise<JsonPaths | null> {
  const { server, staging } = writing.on;
  // Null is an answer, too: none to go by.
  if (writing.jsonPaths === undefined)
    writing.jsonPaths = await jsonPathsOf(server.logJsonPath, table, staging);
  return writing.jsonPaths;
}

/** Lines of logs are read by their declared keys; where LOG_JSONPATH names others, only the cluster can read them. */
export async function assertReadable(writing: Writing, table: Table, rows: readonly object[]): Promise<void> {
  const { server } = writing.on;
  const ofLogs =
    (table.schema === 'staging' && table.name === 'events') ||
    (table.name === 'rejects' && rows.some((row) => (row as { kind?: string }).kind === 'log'));
  if (!ofLogs || server.logJsonPath === null) return;
  if (writing.jsonPaths === undefined) {
    if (table.name !== 'events') return;
    await logPathsOf(writing, table);
  }
  if (writing.jsonPaths === null) return;
  throw new LoadError(
    `Logs must be read line by line here, which LOG_JSONPATH (${server.logJsonPath}) does not allow: it names other keys.`,
    {
      hint: 'Only the cluster reads by it: logs in S3, [REDSHIFT] LOAD_BY = cluster, and no object with a broken record. Nothing was committed.',
    },
  );
}

/** All or nothing; the tables that will be written are locked first, if the settings say so. */
export async function transaction<T>(
  writing: Writing,
  work: () => Promise<T>,
  { writes = [], beforeCommit }: TransactionOptions,
): Promise<T> {
  const { inserter, on } = writing;
  await inserter.flush();
  const { main, holder } = writing.session;
  const restoreTemporary = main.temporary.save();
  try {
    await begin(writing, writes);
    writing.inTransaction = true;
    const result = await work();
    await inserter.flush();
    // Whoever lost the lease may not be the only writer any more.
    await holder.rows(HELD);
    beforeCommit?.();
    await main.commit();
    return result;
  } catch (error) {
    await inserter.discard();
    await main.rollback().catch(() => {});
    await main.run(timeoutStatement(timeoutOf(on.server))).catch(() => {});
    restoreTemporary();
    writing.grown.clear();
    throw error;
  } finally {
    writing.inTransaction = false;
    writing.reads.forget();
    await on.staging.clear().catch(() => {});
  }
}

async function begin(writing: Writing, writes: readonly Table[]): Promise<void> {
  const { name, server, lease } = writing.on;
  const { main } = writing.session;
  const names = writes.map(qualifiedName).sort();
  if (!server.locksTables || names.length === 0) {
    await main.begin();
    return;
  }
  const isLocked = await beginLocked(main, names, {
    timeoutMs: timeoutOf(server),
    aside: () => openAside(writing),
  });
  lease.signal?.throwIfAborted();
  if (!isLocked)
    lease.onWait?.(`Readers hold tables of ${name}; loading beside them, without locking the tables first.`);
}

function timeoutOf({ statementTimeoutSeconds }: RedshiftServer): number {
  return Math.round(statementTimeoutSeconds * 1000);
}

/** Notes that rows came to a table; of a temporary one that a query made, the cluster has statistics from there (r_ANALYZE). */
export function noteGrowth({ session, grown }: Writing, table: string, addedRows: number): void {
  if (session.main.temporary.has(table)) return;
  grown.set(table, (grown.get(table) ?? 0) + addedRows);
}

/** After the commit: it may not hold up readers, and the load is done, whatever becomes of the statistics. */
export async function renewStatistics({ session, grown, on }: Writing): Promise<void> {
  try {
    for (const [table, added] of grown) {
      const [row] = await session.main.rows({
        name: 'statistics: rows of a table',
        sql: `select count(*) as known from ${table}`,
      });
      if (added > 0 && added >= Number(row?.known) * ANALYZE_SHARE)
        await session.main.run({ name: 'statistics: of a table', sql: `analyze ${table}` });
    }
  } catch (error) {
    on.lease.onWait?.(
      `Statistics were not renewed: ${(error as Error).message} The cluster does it by itself later.`,
    );
  }
  grown.clear();
}
