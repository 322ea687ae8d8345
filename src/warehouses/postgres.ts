import type pg from 'pg';
import { ConfigError, WarehouseError } from '../errors.ts';
import { qualifiedName, type Table } from '../schema/table.ts';
import type { LeaseOptions } from './lease.ts';
import { answer, writeAnswer } from './postgres-answer.ts';
import { connect, type PostgresConnection, type PostgresServer, serverName } from './postgres-connection.ts';
import { copyRows } from './postgres-copy.ts';
import { postgresError } from './postgres-errors.ts';
import { takeLease } from './postgres-lease.ts';
import type { Dialect, ReadOnlyWarehouse, Warehouse } from './warehouse.ts';

/** Memory for a sort or a hash of a load; PostgreSQL's own default is meant for many small sessions. */
const WORK_MEMORY = '128MB';
const MAINTENANCE_MEMORY = '256MB';
/** Statistics are made anew when a table grew by this share, as autovacuum does. */
const ANALYZE_SHARE = 0.1;
const LONGEST_INDEXED = 1_100;
/** How closely the planner looks at a table; at temporary ones hardly, since they serve one join or two. */
const LASTING_TARGET = 100;
const PASSING_TARGET = 10;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** How long a server may be away before a load gives it up. */
const RECONNECT_MS = 60_000;

export const postgresDialect: Dialect = {
  type({ type }) {
    // Compared byte by byte, as the other engines do; the database's own collation orders texts in other ways.
    if (type === 'text') return 'text collate "C"';
    return type === 'double' ? 'double precision' : type;
  },
  functions: {
    utc_timestamp: (milliseconds) =>
      `(timestamp '1970-01-01' + (${milliseconds}) * interval '1 millisecond')`,
    iso_weekday: (moment) => `extract(isodow from ${moment})`,
    byte_length: (text) => `octet_length(${text})`,
    md5_number: (text) => `cast(cast('x' || substr(md5(${text}), 1, 7) as bit(28)) as bigint)`,
    ms_of_day: (moment) => `cast(extract(epoch from cast(${moment} as time)) * 1000 as bigint)`,
  },
  temporary: (name) => `pg_temp.${name}`,
};

/** Opens a database for its only writer; the lease is an advisory lock. */
export async function openPostgres(server: PostgresServer, lease: LeaseOptions): Promise<Warehouse> {
  const name = serverName(server);
  let session = await openSession(server, name, lease);
  const indexed = new Set<string>();
  let isStopped = false;

  async function settle(table: Table): Promise<void> {
    for (const { name: index, sql } of indexesOf(table)) {
      if (indexed.has(index)) continue;
      const [found] = await session.connection.rows(
        `select 1 as found from pg_index
         join pg_class on pg_class.oid = pg_index.indexrelid
         where pg_index.indrelid = to_regclass($1) and pg_class.relname = $2`,
        [qualifiedName(table), index],
      );
      // Where something else has the name, this fails and says so.
      if (found === undefined) await session.connection.run(sql);
      indexed.add(index);
    }
  }

  return {
    name,
    dialect: postgresDialect,
    bringsApart: false,
    starSchema: server.schema,
    rows: (sql, parameters) => session.connection.rows(sql, parameters),
    run: (sql, parameters) => session.connection.run(sql, parameters),
    append: (table, rows) => copyRows(session.connection, name, table, rows),
    async transaction(work) {
      const { connection } = session;
      await connection.run('begin isolation level repeatable read read write');
      try {
        const result = await work();
        await commit(connection, name);
        return result;
      } catch (error) {
        indexed.clear();
        await connection.run('rollback').catch(() => {});
        throw error;
      }
    },
    async analyze(target, addedRows) {
      if (target.startsWith('pg_temp.')) {
        await session.connection.run(`analyze ${target}`);
        return;
      }
      const [row] = await session.connection.rows(
        'select reltuples as known from pg_class where oid = to_regclass($1)',
        [target],
      );
      if (addedRows > Math.max(0, Number(row?.known)) * ANALYZE_SHARE)
        await session.connection.run(
          `set default_statistics_target = ${LASTING_TARGET}; analyze ${target}; set default_statistics_target = ${PASSING_TARGET}`,
        );
    },
    settle,
    async reconnect() {
      const lost = session;
      await lost.connection.close();
      indexed.clear();
      session = await reopen(server, name, lease, lost, () => isStopped);
    },
    publish: async () => {},
    interrupt() {
      isStopped = true;
      // Only another session can end what this one is at.
      void cancel(server, session.connection.pid);
    },
    close: () => session.connection.close(),
  };
}

interface Session {
  readonly connection: PostgresConnection;
  /** Together with the PID it tells this session from any other. */
  readonly since: string;
}

async function openSession(server: PostgresServer, name: string, lease: LeaseOptions): Promise<Session> {
  const connection = await connect(server, lease.command);
  try {
    await takeLease(connection, name, lease);
    await connection.run(`set work_mem = '${WORK_MEMORY}'`);
    await connection.run(`set default_statistics_target = ${PASSING_TARGET}`);
    await connection.run(`set maintenance_work_mem = '${MAINTENANCE_MEMORY}'`);
    const [row] = await connection.rows(
      'select cast(backend_start as text) as since from pg_stat_activity where pid = pg_backend_pid()',
    );
    return { connection, since: String(row?.since) };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** A new session in place of one that was lost; tries for a while, since a server that restarts takes some time. */
async function reopen(
  server: PostgresServer,
  name: string,
  lease: LeaseOptions,
  lost: Session,
  isStopped: () => boolean,
): Promise<Session> {
  const until = lease.nowMs() + RECONNECT_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      await endLost(server, lost);
      return await openSession(server, name, lease);
    } catch (error) {
      if (lease.nowMs() >= until || isStopped() || error instanceof ConfigError) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random() / 2)));
  }
}

/** The server may not have noticed yet that a session was lost; until it does, that session holds the lease. */
async function endLost(server: PostgresServer, { connection, since }: Session): Promise<void> {
  const other = await connect(server, 'reconnect');
  try {
    await other.rows(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where pid = ${connection.pid} and cast(backend_start as text) = $1`,
      [since],
    );
  } finally {
    await other.close();
  }
}

/** Ends what a session is at; where that fails, it ends by itself. */
async function cancel(server: PostgresServer, pid: number): Promise<void> {
  try {
    const other = await connect(server, 'cancel');
    await other.rows(`select pg_cancel_backend(${pid})`);
    await other.close();
  } catch {
    // The statement runs to its end then.
  }
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

/** The indexes of a table: its key, and what the declaration names. */
function indexesOf(table: Table): { name: string; sql: string }[] {
  const on = qualifiedName(table);
  // A B-tree refuses values of more than some 2,700 bytes.
  const indexable = (column: string): string =>
    (table.columns[column]?.maxBytes ?? 0) > LONGEST_INDEXED ? `md5(${column})` : column;
  // Repeats stand in staging until they are set aside.
  const unique = table.schema === 'staging' ? '' : 'unique ';
  const key = { name: `${table.name}_key`, columns: table.key, unique };
  const others = (table.indexes ?? []).map((columns) => ({
    name: `${table.name}_${columns.join('_')}`,
    columns,
    unique: '',
  }));
  // Rows of a file lie together in staging: there the smallest and largest id of a few pages at a time is enough.
  const how = ([column]: readonly string[]): string =>
    column === 'file_id' && table.schema === 'staging' ? 'using brin ' : '';
  return [key, ...others]
    .filter(({ columns }) => columns.length > 0)
    .map(({ name, columns, unique: kind }) => ({
      name,
      sql: `create ${kind}index ${name} on ${on} ${how(columns)}(${columns.map(indexable).join(', ')})`,
    }));
}

/** Opens a database for a reader: one read-only transaction, so that everything it sees is of one load. */
export async function openPublishedPostgres(server: PostgresServer): Promise<ReadOnlyWarehouse> {
  const name = serverName(server);
  const connection = await connect(server, 'reader');
  const { client } = connection;
  await connection.run('begin isolation level repeatable read read only').catch(async (error) => {
    await connection.close();
    throw error;
  });
  return {
    name,
    dialect: postgresDialect,
    starSchema: server.schema,
    rows: connection.rows,
    answer: (sql) => answer(client, sql),
    writeParquet: (sql, path) => writeAnswer(client, sql, path),
    // A server ends what nobody waits for any more.
    interrupt: () => void connection.close(),
    close: connection.close,
  };
}
