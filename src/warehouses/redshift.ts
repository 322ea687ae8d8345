import { ConfigError, LoadError, PassingError, WarehouseError } from '../errors.ts';
import { columnNames, qualifiedName, type Table } from '../schema/table.ts';
import type { S3Options } from '../sources/s3-client.ts';
import type { LeaseOptions } from './lease.ts';
import {
  type RedshiftConnection,
  type RedshiftSessions,
  redshiftName,
  redshiftSessions,
  withDeadline,
} from './redshift-connection.ts';
import { redshiftDialect } from './redshift-dialect.ts';
import { isCancelled } from './redshift-errors.ts';
import { type JsonPaths, jsonPathsOf } from './redshift-json-paths.ts';
import { takeRedshiftLease } from './redshift-lease.ts';
import { type CopiedBatch, copyObjects, judgeObjects } from './redshift-read.ts';
import type { RedshiftServer } from './redshift-server.ts';
import {
  arrayPathsJson,
  manifestJson,
  openStaging,
  type PartsWriter,
  type StagingArea,
} from './redshift-staging.ts';
import { listColumns, literal } from './sql.ts';
import type { Warehouse } from './warehouse.ts';

/** Rows up to here go in by INSERT: a COPY costs some requests to S3 and a plan on every node. */
const ROWS_BY_INSERT = 100;
/** Values in one statement; the protocol counts them in 16 bits. */
const VALUES_PER_INSERT = 30_000;
/** A load waits so long for readers to let go of its tables. */
const LOCK_MS = 5_000;
const RECONNECT_MS = 60_000;
/** Idle transactions end after 6 hours, idle sessions after 4 (the management guide's quotas). */
const KEEP_ALIVE_MS = 300_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** Of a cluster that does not tell: Serverless has no STV_SLICES. */
const USUAL_SLICES = 8;
/** A swarm of small files: so many, and smaller than this on average, are packed by this program first. */
const SWARM = 1_000;
const SMALL_BYTES = 1024 * 1024;
/** Statistics are made anew when a table grew by this share. */
const ANALYZE_SHARE = 0.1;

/** Rows that wait for the next statement: few in memory, many on their way to S3. */
interface Pending {
  readonly table: Table;
  held: object[];
  parts: PartsWriter | null;
}

/** What one session of work holds open. */
interface Session {
  readonly main: RedshiftConnection;
  readonly holder: RedshiftConnection;
  readonly slices: number;
}

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
  const pending = new Map<string, Pending>();
  const grown = new Map<string, number>();
  const copied = new Map<number, CopiedBatch>();
  const timeoutMs = Math.round(server.statementTimeoutSeconds * 1000);
  let copies = 0;
  await staging.removeLeftovers().catch(() => {});

  const openAside = (): Promise<RedshiftConnection> => {
    aside ??= sessions.open('aside').catch((error) => {
      aside = null;
      throw error;
    });
    return aside;
  };

  /** Brings in what was appended; every statement may rely on it. */
  async function flush(): Promise<void> {
    for (const [key, rows] of [...pending]) {
      pending.delete(key);
      if (rows.parts !== null) await copyParts(rows.table, rows.parts);
      else await insertRows(rows.table, rows.held);
    }
  }

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

  /** Keeps rows for the next statement: a few in memory, more on the staging prefix. */
  async function collect(table: Table, rows: readonly object[]): Promise<void> {
    const key = qualifiedName(table);
    const waiting = pending.get(key) ?? { table, held: [], parts: null };
    pending.set(key, waiting);
    const fitting = rows.map((row) => fit(table, row));
    if (waiting.parts === null && waiting.held.length + rows.length <= ROWS_BY_INSERT) {
      waiting.held.push(...fitting);
      return;
    }
    if (waiting.parts === null) {
      waiting.parts = staging.parts(table, session.slices);
      const first = waiting.held;
      waiting.held = [];
      await waiting.parts.write(first);
    }
    await waiting.parts.write(fitting);
  }

  async function insertRows(table: Table, rows: readonly object[]): Promise<void> {
    const columns = columnNames(table);
    const types = Object.values(table.columns).map((column) => warehouse.dialect.type(column));
    // A parameter that is no text says of what type it is: nobody else may guess it from a list of rows.
    const typed = (parameter: string, type: string): string =>
      type.startsWith('varchar') ? parameter : `cast(${parameter} as ${type})`;
    const most = Math.floor(VALUES_PER_INSERT / columns.length);
    for (let start = 0; start < rows.length; start += most) {
      const some = rows.slice(start, start + most) as readonly Record<string, never>[];
      const values = some.flatMap((row) => columns.map((column) => row[column] ?? null));
      const tuple = (at: number): string =>
        `(${types.map((type, column) => typed(`$${at * columns.length + column + 1}`, type)).join(', ')})`;
      await session.main.run(
        `insert into ${qualifiedName(table)} (${listColumns(table)}) values ${some.map((_, at) => tuple(at)).join(', ')}`,
        values,
      );
    }
  }

  /** Rows that were carried to S3: COPY of arrays by our own JSONPaths, which takes all of them or fails. */
  async function copyParts(table: Table, parts: PartsWriter): Promise<void> {
    const objects = await parts.end();
    copies += 1;
    const manifest = await staging.put(`${table.name}-${copies}.manifest`, manifestJson(objects));
    const paths = await staging.put(
      `jsonpaths/${table.name}-${copies}.json`,
      arrayPathsJson(columnNames(table).length),
    );
    await session.main.run(
      `copy ${qualifiedName(table)} (${listColumns(table)}) from ${literal(manifest)} ${access()} format json ${literal(paths)} manifest gzip timeformat 'auto' maxerror 1 compupdate off statupdate off`,
    );
    const [last] = await session.main.rows('select pg_last_copy_count() as records');
    if (Number(last?.records) !== parts.rows) {
      throw new WarehouseError(`${name}: ${parts.rows} rows were sent, but COPY loaded ${last?.records}.`, {
        hint: 'Nothing was committed; run again.',
      });
    }
  }

  async function discardPending(): Promise<void> {
    for (const { parts } of pending.values()) await parts?.end().catch(() => {});
    pending.clear();
  }

  /**
   * Begins, and locks first what will be written, everywhere in the same order, before there is a snapshot (r_LOCK). Where
   * readers do not let go of it in time, it goes on without: what another writer does meanwhile makes it begin again.
   */
  async function begin(writes: readonly Table[]): Promise<void> {
    const { main } = session;
    const names = writes.map(qualifiedName).sort();
    if (server.locksTables && names.length > 0) {
      // Whoever asks for a table after this waits behind it, so it may not wait long.
      await main.run(`set statement_timeout to ${LOCK_MS}`);
      const isLocked = await tryLock(main, openAside, names, () => isStopped);
      await main.run(`set statement_timeout to ${timeoutMs}`);
      if (isLocked) return;
      lease.onWait?.(
        `Readers hold tables of ${name}; loading beside them, without locking the tables first.`,
      );
    }
    await main.run('begin');
  }

  const warehouse: Warehouse = {
    name,
    dialect: redshiftDialect(server.distribution),
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
        await discardPending();
        await main.run('rollback').catch(() => {});
        await main.run(`set statement_timeout to ${timeoutMs}`).catch(() => {});
        main.temporary = before;
        grown.clear();
        throw error;
      } finally {
        inTransaction = false;
        copied.clear();
        await staging.clear().catch(() => {});
      }
    },
    objects: {
      suits: (objects, bytes) =>
        server.loadBy === 'cluster' ||
        (server.loadBy === 'auto' && (objects <= SWARM || bytes / objects >= SMALL_BYTES)),
      async copy(batch) {
        await flush();
        if (batch.kind === 'log' && jsonPaths === undefined)
          jsonPaths = await jsonPathsOf(server.logJsonPath, batch.table, staging);
        const reading = { name, main: session.main, aside: openAside, staging, access: access() };
        copied.set(
          batch.fileId,
          await copyObjects(batch, { ...reading, jsonPaths: jsonPaths ?? null, nowMs: lease.nowMs }),
        );
      },
      async read(batch) {
        await flush();
        const found = copied.get(batch.fileId);
        if (found === undefined) throw new Error(`Batch ${batch.fileId} was not copied.`);
        return judgeObjects(batch, found, session.main);
      },
    },
    async analyze(target, addedRows) {
      // A temporary table that a query made has its statistics from there (r_ANALYZE).
      if (session.main.temporary.has(target)) return;
      grown.set(target, (grown.get(target) ?? 0) + addedRows);
    },
    async reconnect() {
      const lost = session;
      await discardPending();
      await Promise.all([lost.main.close(), lost.holder.close()]);
      if (aside !== null) await (await aside).close();
      aside = null;
      copied.clear();
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
      await discardPending();
      await staging.clear().catch(() => {});
      await staging.close().catch(() => {});
      await Promise.all([session.main.close(), session.holder.close()]);
      if (aside !== null) await aside.then((connection) => connection.close()).catch(() => {});
      sessions.close();
    },
  };
  return warehouse;
}

/** Begins with tables locked; false, and nothing begun, where that takes too long. */
async function tryLock(
  main: RedshiftConnection,
  aside: () => Promise<RedshiftConnection>,
  names: readonly string[],
  isStopped: () => boolean,
): Promise<boolean> {
  await main.run('begin');
  try {
    await withDeadline(main, aside, 2 * LOCK_MS, () => main.run(`lock ${names.join(', ')}`));
    return true;
  } catch (error) {
    if (error instanceof PassingError || !isCancelled(error) || isStopped()) throw error;
    await main.run('rollback');
    return false;
  }
}

/** Two sessions: one that works, one that holds the lease. */
async function openSession(
  sessions: RedshiftSessions,
  server: RedshiftServer,
  name: string,
  lease: LeaseOptions,
): Promise<Session> {
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
  const timer = setInterval(() => void holder.rows('select 1 as held').catch(() => {}), KEEP_ALIVE_MS);
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
    const [row] = await main.rows('select count(*) as slices from stv_slices');
    return Number(row?.slices) || USUAL_SLICES;
  } catch (error) {
    if (error instanceof PassingError) throw error;
    return USUAL_SLICES;
  }
}

/** New sessions in place of lost ones; tries for a while, since a cluster that restarts or resizes takes some time. */
async function reopen(
  sessions: RedshiftSessions,
  server: RedshiftServer,
  name: string,
  lease: LeaseOptions,
  lost: Session,
  isStopped: () => boolean,
): Promise<Session> {
  const until = lease.nowMs() + RECONNECT_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      await endLost(sessions, lost);
      return await openSession(sessions, server, name, lease);
    } catch (error) {
      if (lease.nowMs() >= until || isStopped() || error instanceof ConfigError) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random() / 2)));
  }
}

/** The cluster may not have noticed yet that a session was lost; until it does, that session holds its locks. */
async function endLost(sessions: RedshiftSessions, { main, holder }: Session): Promise<void> {
  const other = await sessions.open('reconnect');
  try {
    for (const { pid } of [main, holder]) {
      // PIDs are given again: only one that is still a session of this user's is ended, and it may be gone by then.
      // Where the view may not be read, the cluster has to notice by itself.
      const found = await other
        .rows(`select process from stv_sessions where process = ${pid} and trim(user_name) = current_user`)
        .catch(() => []);
      if (found.length > 0) await other.rows(`select pg_terminate_backend(${pid})`).catch(() => {});
    }
  } finally {
    await other.close();
  }
}

async function cancel(openAside: () => Promise<RedshiftConnection>, pid: number): Promise<void> {
  try {
    await (await openAside()).rows(`select pg_cancel_backend(${pid})`);
  } catch {
    // The statement runs to its end then.
  }
}

/** Texts of the ops tables are cut to their columns: a reason or a raw record may be longer than VARCHAR can be. */
function fit(table: Table, row: object): object {
  if (table.schema !== 'ops') return row;
  const fitting: Record<string, unknown> = { ...row };
  for (const [column, value] of Object.entries(fitting)) {
    const most = table.columns[column]?.maxBytes;
    if (typeof value !== 'string' || most === undefined || Buffer.byteLength(value) <= most) continue;
    const cut = Buffer.from(value).subarray(0, most).toString('utf8');
    fitting[column] = cut.replace(/\ufffd+$/, '');
  }
  return fitting;
}

/** `iam_role …` and `region …` of every COPY and UNLOAD; ConfigError where no role is named. */
export function accessOf({ roleArn, region, host }: RedshiftServer, s3: S3Options): string {
  if (roleArn === null) {
    throw new ConfigError(`No IAM role is named with which ${host} reads and writes S3.`, {
      hint: 'Set ARN below [IAM_ROLE] in dwh.cfg, or SPARKIFY_ROLE_ARN; `default` is the cluster’s default role.',
    });
  }
  const role = roleArn === 'default' ? 'default' : literal(roleArn);
  const bucketRegion = s3.region ?? region;
  return `iam_role ${role}${bucketRegion === null ? '' : ` region ${literal(bucketRegion)}`}`;
}

/** The staging prefix; ConfigError, once it is needed, where none is named. */
export function stagingOf(server: RedshiftServer, s3: S3Options): StagingArea {
  const { stagingPlace, host, port, database, schema } = server;
  if (stagingPlace !== null)
    return openStaging(stagingPlace, `${host}:${port}/${database}/${schema ?? ''}`, s3);
  const missing = (): never => {
    throw new ConfigError('No prefix in S3 is named on which sparkify can put what the cluster is to read.', {
      hint: 'Set STAGING below [S3] in dwh.cfg, or SPARKIFY_STAGING: s3://bucket/prefix, in the Region of the data.',
    });
  };
  return {
    put: async () => missing(),
    parts: missing,
    clear: async () => {},
    removeLeftovers: async () => {},
    read: async () => missing(),
    close: async () => {},
  };
}
