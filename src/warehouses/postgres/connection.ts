import type pg from 'pg';
import { atStatement, ConfigError } from '../../errors.ts';
import { dropAfter, endClient } from '../pg-wire/client.ts';
import { connectError, postgresError } from '../pg-wire/errors.ts';
import { utcText } from '../pg-wire/values.ts';
import { reportStatement, type SqlRow, type Statement } from '../statement.ts';
import { openClient } from './client.ts';
import { asPoolingError, assertOwnSession } from './pooling.ts';
import { type PostgresServer, serverName } from './server.ts';

/** One session on the server. Its methods reject with WarehouseErrors. */
export interface PostgresConnection {
  readonly client: pg.Client;
  /** The server's process of this session. */
  readonly pid: number;
  /** When that process began: together with the PID it tells this session from any other. */
  readonly since: string;
  /** The server's version: 180004. */
  readonly version: number;
  readonly isEncrypted: boolean;
  /** Whether a pooler stands between: the process that answers is not the one that the client was told of at first. */
  readonly isPooled: boolean;
  rows(statement: Statement): Promise<SqlRow[]>;
  run(statement: Statement): Promise<number>;
  close(): Promise<void>;
}

const OLDEST_VERSION = 130_000;
/** When a session began, as a text that no setting changes. */
export const SINCE = "to_char(backend_start at time zone 'UTC', 'YYYYMMDDHH24MISSUS')";

/** Settings of every session: what our SQL relies on, whatever server, role or database say. Limits of time are theirs for readers. */
function sessionSettings(server: PostgresServer, isReader: boolean): readonly [string, string][] {
  return [
    ['TimeZone', 'UTC'],
    ['DateStyle', 'ISO, YMD'],
    ['IntervalStyle', 'postgres'],
    ['bytea_output', 'hex'],
    ['extra_float_digits', '1'],
    ['standard_conforming_strings', 'on'],
    ['client_min_messages', 'warning'],
    ...(isReader && server.statementTimeoutSeconds === 0
      ? []
      : [['statement_timeout', `${Math.round(server.statementTimeoutSeconds * 1000)}`] as [string, string]]),
    // Somebody's lock on a table must not hold a load up without a word.
    ['lock_timeout', '60s'],
    // A load reads files between its statements, for as long as they take.
    ...(isReader ? [] : [['idle_in_transaction_session_timeout', '0'] as [string, string]]),
    // Compiling our many short statements costs more than it saves.
    ['jit', 'off'],
    // Disks that turn are long gone, and what a load looks up is mostly in memory.
    ['random_page_cost', '1.1'],
    ...(server.schema === null ? [] : [['search_path', `"${server.schema}"`] as [string, string]]),
  ];
}

/** A client that has gone must not go on in the server; not every server's system can tell, and none before version 14. */
const CHECK_CLIENT = "client_connection_check_interval = '10s'";
/** Settings of a load that not every version or not every server's system has. */
const optionalSettings = [
  CHECK_CLIENT,
  // Limits of later versions, for sessions that forget what they are at; a load does not.
  'idle_session_timeout = 0',
  'transaction_timeout = 0',
  // A session that is silent for long must be known to routers between, and one whose client is gone to the server.
  'tcp_keepalives_idle = 60',
  'tcp_keepalives_interval = 10',
] as const;

/** Opens a session of our own, encrypted as the settings ask. */
export async function connect(
  server: PostgresServer,
  purpose: string,
  signal?: AbortSignal,
): Promise<PostgresConnection> {
  const connection = await openConnection(server, purpose, signal);
  const { run, rows } = connection;
  try {
    if (connection.isPooled) await assertOwnSession(server, rows, connection.pid);
    await applySettings(server, connection, false);
    for (const setting of optionalSettings)
      await run({ name: 'session: a setting', sql: `set ${setting}` }).catch(() => {});
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/**
 * Opens one transaction that only reads. Its settings end with it, so that it may come through a pooler that gives the
 * session to others afterwards.
 */
export async function connectToRead(
  server: PostgresServer,
  signal?: AbortSignal,
): Promise<PostgresConnection> {
  const connection = await openConnection(server, 'reader', signal);
  const { run } = connection;
  try {
    await run({
      name: 'reader: begin',
      sql: 'begin isolation level repeatable read read only',
    }).catch((error) => {
      throw asPoolingError(serverName(server), error) ?? error;
    });
    await applySettings(server, connection, true);
    // Where it is not known, that must not fail the transaction.
    await run({
      name: 'reader: a setting',
      sql: `savepoint setting; set local ${CHECK_CLIENT}; release setting`,
    }).catch(() => run({ name: 'reader: without the setting', sql: 'rollback to setting' }));
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** All at once: each question to a server far away takes its time. */
async function applySettings(
  server: PostgresServer,
  { run }: PostgresConnection,
  isReader: boolean,
): Promise<void> {
  const settings = sessionSettings(server, isReader);
  const calls = settings.map((_, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, ${isReader})`);
  await run({
    name: 'session: settings',
    sql: `select ${calls.join(', ')}`,
    parameters: settings.flat(),
  });
}

/** Opens a session with the settings of server, role and database; the signal ends it. */
export async function openConnection(
  server: PostgresServer,
  purpose: string,
  signal?: AbortSignal,
): Promise<PostgresConnection> {
  const name = serverName(server);
  const { client, isEncrypted } = await openClient(server, purpose, signal).catch((cause) => {
    signal?.throwIfAborted();
    throw cause instanceof ConfigError ? cause : connectError(name, cause);
  });
  const query = async (statement: Statement): Promise<pg.QueryResult<SqlRow>> => {
    reportStatement(statement);
    try {
      return await client.query<SqlRow>(statement.sql, parametersOf(statement));
    } catch (cause) {
      throw atStatement(postgresError(name, cause), statement.name);
    }
  };
  const rows: PostgresConnection['rows'] = async (statement) => (await query(statement)).rows;
  const run: PostgresConnection['run'] = async (statement) => (await query(statement)).rowCount ?? 0;
  const keep = dropAfter(signal, client);
  const close = (): Promise<void> => endClient(client).finally(keep);
  try {
    const [own] = await rows({
      name: 'session: its process and version',
      sql: `select pid, ${SINCE} as since,
         cast(current_setting('server_version_num') as integer) as version
       from pg_catalog.pg_stat_activity where pid = pg_backend_pid()`,
    });
    const version = Number(own?.version);
    if (version < OLDEST_VERSION) {
      throw new ConfigError(`${name} is PostgreSQL ${Math.floor(version / 10_000)}; 13 or later is needed.`, {
        hint: 'Upgrade the server.',
      });
    }
    const pid = Number(own?.pid);
    const isPooled = pid !== (client as unknown as { processID: number }).processID;
    return { client, pid, since: String(own?.since), version, isEncrypted, isPooled, rows, run, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function parametersOf({ parameters = [] }: Statement): unknown[] {
  return parameters.map((value) => (value instanceof Date ? utcText(value) : value));
}
