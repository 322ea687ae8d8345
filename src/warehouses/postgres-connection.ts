import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import { ConfigError } from '../errors.ts';
import { connectError, postgresError } from './postgres-errors.ts';
import type { SqlRow, SqlValue } from './warehouse.ts';

/** Where a PostgreSQL server is and how it is spoken to; as config/postgres.ts finds it. */
export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | null;
  readonly passwordFile: string;
  readonly sslMode: 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  readonly sslRootCert: string | null;
  readonly sslCert: string | null;
  readonly sslKey: string | null;
  readonly schema: string | null;
  readonly options: string | null;
  readonly connectTimeoutSeconds: number;
  readonly statementTimeoutSeconds: number;
}

/** One session on the server. Its methods reject with WarehouseErrors. */
export interface PostgresConnection {
  readonly client: pg.Client;
  /** The server's process of this session. */
  readonly pid: number;
  /** The server's version: 180004. */
  readonly version: number;
  readonly isEncrypted: boolean;
  rows(sql: string, parameters?: readonly SqlValue[]): Promise<SqlRow[]>;
  run(sql: string, parameters?: readonly SqlValue[]): Promise<number>;
  close(): Promise<void>;
}

const OLDEST_VERSION = 130_000;
const LONGEST_APPLICATION_NAME = 63;
const GOODBYE_MS = 2_000;

/** What people call a server: without the password. */
export function serverName({ user, host, port, database }: PostgresServer): string {
  const at = host.startsWith('/') || !host.includes(':') ? host : `[${host}]`;
  return `postgres://${user}@${at}${port === 5432 ? '' : `:${port}`}/${database}`;
}

/** Settings of every session: what our SQL relies on, whatever server, role or database say. */
function sessionSettings(server: PostgresServer): readonly [string, string][] {
  return [
    ['TimeZone', 'UTC'],
    ['DateStyle', 'ISO, YMD'],
    ['IntervalStyle', 'postgres'],
    ['bytea_output', 'hex'],
    ['extra_float_digits', '1'],
    ['standard_conforming_strings', 'on'],
    ['client_min_messages', 'warning'],
    ['statement_timeout', `${Math.round(server.statementTimeoutSeconds * 1000)}`],
    // Somebody's lock on a table must not hold a load up without a word.
    ['lock_timeout', '60s'],
    // A load reads files between its statements, for as long as they take.
    ['idle_in_transaction_session_timeout', '0'],
    // Compiling our many short statements costs more than it saves.
    ['jit', 'off'],
    // Disks that turn are long gone, and what a load looks up is mostly in memory.
    ['random_page_cost', '1.1'],
    ...(server.schema === null ? [] : [['search_path', `"${server.schema}"`] as [string, string]]),
  ];
}

/** Opens a session, encrypted as the settings ask. */
export async function connect(server: PostgresServer, purpose: string): Promise<PostgresConnection> {
  const name = serverName(server);
  const { client, isEncrypted } = await openClient(server, purpose).catch((cause) => {
    throw cause instanceof ConfigError ? cause : connectError(name, cause);
  });
  const ask = async <T extends pg.QueryResult>(query: () => Promise<T>): Promise<T> => {
    try {
      return await query();
    } catch (cause) {
      throw postgresError(name, cause);
    }
  };
  const parametersOf = (values: readonly SqlValue[]): unknown[] =>
    values.map((value) => (value instanceof Date ? utcText(value) : value));
  const connection: PostgresConnection = {
    client,
    pid: (client as unknown as { processID: number }).processID,
    version: 0,
    isEncrypted,
    async rows(sql, parameters = []) {
      const result = await ask(() => client.query<SqlRow>(sql, parametersOf(parameters)));
      return result.rows;
    },
    async run(sql, parameters = []) {
      return (await ask(() => client.query(sql, parametersOf(parameters)))).rowCount ?? 0;
    },
    close: () => endClient(client),
  };
  try {
    const [found] = await connection.rows(
      "select cast(current_setting('server_version_num') as integer) as version",
    );
    const version = Number(found?.version);
    if (version < OLDEST_VERSION) {
      throw new ConfigError(`${name} is PostgreSQL ${Math.floor(version / 10_000)}; 13 or later is needed.`, {
        hint: 'Upgrade the server.',
      });
    }
    // All at once: each question to a server far away takes its time.
    const settings = sessionSettings(server);
    const calls = settings.map((_, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, false)`);
    await connection.run(`select ${calls.join(', ')}`, settings.flat());
    // A loader that has gone must not go on in the server; not every server's system can tell.
    await connection.run("set client_connection_check_interval = '10s'").catch(() => {});
    // Limits of later versions, for sessions that forget what they are at; a load does not.
    await connection.run('set idle_session_timeout = 0').catch(() => {});
    await connection.run('set transaction_timeout = 0').catch(() => {});
    return { ...connection, version };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Ends a session; one whose server is out of reach cannot say goodbye, and is dropped. */
export async function endClient(client: pg.Client): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
      resolve();
    }, GOODBYE_MS);
  });
  await Promise.race([client.end().catch(() => {}), patience]);
  clearTimeout(timer);
}

async function openClient(
  server: PostgresServer,
  purpose: string,
): Promise<{ client: pg.Client; isEncrypted: boolean }> {
  const { sslMode } = server;
  const mayBePlain = sslMode === 'prefer' || sslMode === 'allow';
  const isSocket = server.host.startsWith('/');
  if (sslMode === 'disable' || isSocket) {
    return { client: await open(server, purpose, false), isEncrypted: false };
  }
  try {
    return { client: await open(server, purpose, await tlsOptions(server)), isEncrypted: true };
  } catch (error) {
    if (!mayBePlain || !/does not support SSL/i.test((error as Error).message)) throw error;
    return { client: await open(server, purpose, false), isEncrypted: false };
  }
}

async function open(
  server: PostgresServer,
  purpose: string,
  ssl: ConnectionOptions | false,
): Promise<pg.Client> {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    database: server.database,
    user: server.user,
    password: async () => server.password ?? (await passwordFrom(server)) ?? '',
    ssl,
    application_name: applicationName(purpose),
    connectionTimeoutMillis: server.connectTimeoutSeconds * 1000,
    keepAlive: true,
    types: { getTypeParser },
    ...(server.options === null ? {} : { options: server.options }),
  });
  // A session that dies says so here as well as in the query that it dies in; unheard, it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    await endClient(client);
    throw error;
  }
}

/** `sparkify etl (process 12 on host)`, as pg_stat_activity shows it: at most 63 bytes. */
export function applicationName(purpose: string): string {
  const host = hostname().replace(/[^ -~]/g, '');
  return `sparkify ${purpose} (process ${process.pid} on ${host})`.slice(0, LONGEST_APPLICATION_NAME);
}

/** libpq's modes: require encrypts, verify-ca makes sure of the authority, verify-full of the host's name too. */
async function tlsOptions(server: PostgresServer): Promise<ConnectionOptions> {
  const { sslMode, sslRootCert, sslCert, sslKey } = server;
  const verifies = sslMode.startsWith('verify') || (sslMode === 'require' && sslRootCert !== null);
  const pem = (what: string, path: string): Promise<string> =>
    readFile(path, 'utf8').catch((cause) => {
      throw new ConfigError(`Cannot read ${what} ${path}: ${(cause as Error).message}`, {
        cause,
        hint: 'Check sslrootcert, sslcert and sslkey, in the address or in the PG… variables.',
      });
    });
  return {
    rejectUnauthorized: verifies,
    ...(sslRootCert === null || sslRootCert === 'system'
      ? {}
      : { ca: await pem('the authority’s certificate', sslRootCert) }),
    ...(sslCert === null ? {} : { cert: await pem('the client’s certificate', sslCert) }),
    ...(sslKey === null ? {} : { key: await pem('the client’s key', sslKey) }),
    ...(sslMode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** The password that the password file has for a server; libpq ignores files that others can read, and so do we. */
async function passwordFrom(server: PostgresServer): Promise<string | undefined> {
  const found = await stat(server.passwordFile).catch(() => null);
  if (!found?.isFile()) return undefined;
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) {
    throw new ConfigError(`${server.passwordFile} can be read by others, so it is not used.`, {
      hint: `chmod 600 '${server.passwordFile}'`,
    });
  }
  const { default: helper } = await import('pgpass/lib/helper.js');
  const { host, port, database, user, passwordFile } = server;
  return new Promise((resolve) => {
    helper.getPassword({ host, port, database, user }, createReadStream(passwordFile), resolve);
  });
}

const { builtins } = pg.types;

/** Values as warehouses give them: whole numbers as numbers, times as Date in UTC, all else as text. */
export function getTypeParser(oid: number): (text: string) => unknown {
  switch (oid) {
    case builtins.BOOL:
      return (text) => text === 't';
    case builtins.INT2:
    case builtins.INT4:
    case builtins.FLOAT4:
    case builtins.FLOAT8:
      return Number;
    case builtins.INT8:
    case builtins.NUMERIC:
      return (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : text);
    case builtins.TIMESTAMP:
      return (text) => moment(`${text.replace(' ', 'T')}Z`, text);
    case builtins.TIMESTAMPTZ:
      return (text) => moment(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'), text);
    default:
      return (text) => text;
  }
}

/** A Date, or the text itself where a Date cannot hold it: infinity, years of five digits, years before Christ. */
function moment(iso: string, text: string): Date | string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? text : date;
}

/** A moment as PostgreSQL's timestamp without zone, in UTC. */
export function utcText(date: Date): string {
  return date.toISOString().slice(0, -1).replace('T', ' ');
}
