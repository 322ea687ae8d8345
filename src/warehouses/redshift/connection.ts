import pg from 'pg';
import { atStatement, ConfigError, WarehouseError } from '../../errors.ts';
import { unlessStopped } from '../../stopping.ts';
import { applicationName, connectClient, dropAfter, endClient } from '../pg-wire/client.ts';
import { connectError } from '../pg-wire/errors.ts';
import { readPem } from '../pg-wire/pem.ts';
import { getTypeParser, utcText } from '../pg-wire/values.ts';
import { reportStatement, type SqlRow, type Statement } from '../statement.ts';
import { redshiftError } from './errors.ts';
import { type Login, redshiftLogins } from './login.ts';
import type { RedshiftServer } from './server.ts';
import { type TemporaryTables, temporaryTables } from './temporary-tables.ts';

/** One session on the cluster. Its methods reject with WarehouseErrors. */
export interface RedshiftConnection {
  /** The cluster's process of this session. */
  readonly pid: number;
  rows(statement: Statement): Promise<SqlRow[]>;
  run(statement: Statement): Promise<number>;
  begin(): Promise<void>;
  /** Commits; rejects with a CommitUnknownError where nobody knows whether it took effect. */
  commit(): Promise<void>;
  rollback(): Promise<void>;
  readonly temporary: TemporaryTables;
  close(): Promise<void>;
}

/** A session with the driver's own client, for cursors. */
interface DriverConnection extends RedshiftConnection {
  readonly client: pg.Client;
}

/** Opens sessions on one cluster, each with a login that is still good. */
export interface RedshiftSessions {
  open(purpose: string): Promise<RedshiftConnection>;
  close(): void;
}

interface DriverSessions extends RedshiftSessions {
  open(purpose: string): Promise<DriverConnection>;
}

/** The login was refused: wrong, or expired. */
const REFUSED = /^(28P01|28000)$/;

/** What people call a cluster or workgroup. */
export function redshiftName({ host, port, database }: RedshiftServer): string {
  return `redshift://${host}${port === 5439 ? '' : `:${port}`}/${database}`;
}

/** What our SQL relies on, whatever cluster, user or database say; names as the Database Developer Guide has them. */
export function sessionSettings(server: RedshiftServer): readonly Statement[] {
  const settings = [
    "set timezone to 'UTC'",
    "set datestyle to 'ISO, YMD'",
    // Doubles are written with all their digits (r_extra_float_digits).
    'set extra_float_digits to 2',
    // The keys of the logs are of mixed case (super-configurations).
    'set enable_case_sensitive_identifier to true',
    'set enable_case_sensitive_super_attribute to true',
    // What is not there is NULL, what does not fit is NULL, what is no JSON is an error, and nothing is cut.
    "set navigate_super_null_on_error to 'on'",
    "set cast_super_null_on_error to 'on'",
    "set parse_super_null_on_error to 'off'",
    "set json_parse_truncate_strings to 'off'",
    "set query_group to 'sparkify'",
    `set statement_timeout to ${Math.round(server.statementTimeoutSeconds * 1000)}`,
    ...(server.schema === null ? [] : [`set search_path to "${server.schema}"`]),
  ];
  return settings.map((sql) => ({ name: 'session: settings', sql }));
}

/** Sessions on a cluster or workgroup, always over TLS that makes sure of it; the signal ends those that it finds. */
export function redshiftSessions(
  server: RedshiftServer,
  nowMs: () => number,
  stopping?: AbortSignal,
): DriverSessions {
  const name = redshiftName(server);
  const logins = redshiftLogins(server.auth, {
    region: server.region,
    database: server.database,
    nowMs,
    ...(server.endpoint === null ? {} : { endpoint: server.endpoint }),
  });

  async function open(purpose: string): Promise<DriverConnection> {
    // What is opened after the signal puts away what was begun before it.
    const signal = stopping?.aborted === true ? undefined : stopping;
    const login = (): Promise<Login> => unlessStopped(logins.next(), signal);
    const client = await openClient(server, purpose, await login(), signal).catch(async (cause) => {
      signal?.throwIfAborted();
      if (!REFUSED.test((cause as pg.DatabaseError).code ?? '')) throw failure(name, cause);
      // It may have expired, or been changed, since it was given: once more with a new one.
      logins.refused();
      return openClient(server, purpose, await login(), signal).catch((again) => {
        signal?.throwIfAborted();
        throw failure(name, again);
      });
    });
    return connectionOf(client, name, sessionSettings(server), signal);
  }

  return { open, close: logins.close };
}

function failure(name: string, cause: unknown): Error {
  if (cause instanceof ConfigError) return cause;
  if (REFUSED.test((cause as pg.DatabaseError).code ?? '')) {
    return new ConfigError(`${name} refused the login: ${(cause as Error).message}.`, {
      cause,
      hint: 'Check DB_USER and DB_PASSWORD below [CLUSTER], or the IAM identity; with IAM credentials, the clock too.',
    });
  }
  return connectError(name, cause);
}

async function connectionOf(
  client: pg.Client,
  name: string,
  settings: readonly Statement[],
  signal: AbortSignal | undefined,
): Promise<DriverConnection> {
  const keep = dropAfter(signal, client);
  const close = (): Promise<void> => endClient(client).finally(keep);
  const query = async (statement: Statement, isCommitting = false): Promise<pg.QueryResult<SqlRow>> => {
    const { sql, parameters = [] } = statement;
    reportStatement(statement);
    try {
      // Without parameters by the simple protocol, as the driver does where it is given none.
      return await (parameters.length === 0
        ? client.query<SqlRow>(sql)
        : client.query<SqlRow>(
            sql,
            parameters.map((value) => (value instanceof Date ? utcText(value) : value)),
          ));
    } catch (cause) {
      throw atStatement(redshiftError(name, cause, isCommitting), statement.name);
    }
  };
  try {
    for (const setting of settings) await query(setting);
    const own = await query({ name: 'session: its process', sql: 'select pg_backend_pid() as pid' });
    const temporary = temporaryTables();
    return {
      client,
      pid: Number(own.rows[0]?.pid),
      temporary,
      rows: async (statement) => (await query(statement)).rows,
      async run(statement) {
        if (temporary.dropsOther(statement)) return 0;
        const changed = (await query(statement)).rowCount ?? 0;
        temporary.note(statement);
        return changed;
      },
      begin: async () => void (await query({ name: 'begin', sql: 'begin' })),
      async commit() {
        const result = await query({ name: 'commit', sql: 'commit' }, true);
        // COMMIT of a transaction that had failed rolls it back without an error, which must not pass for success.
        if (result.command !== 'COMMIT')
          throw new WarehouseError(`${name}: the transaction had failed before.`);
      },
      rollback: async () => void (await query({ name: 'rollback', sql: 'rollback' })),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openClient(
  server: RedshiftServer,
  purpose: string,
  login: Login,
  signal: AbortSignal | undefined,
): Promise<pg.Client> {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    database: server.database,
    user: login.user,
    password: login.password,
    ssl: { rejectUnauthorized: true, ...(await authority(server.sslRootCert)) },
    application_name: applicationName(purpose),
    connectionTimeoutMillis: server.connectTimeoutSeconds * 1000,
    keepAlive: true,
    types: { getTypeParser },
  });
  // A session that dies says so here as well as in the query that it dies in; unheard, it would end the process.
  client.on('error', () => {});
  await connectClient(client, signal);
  return client;
}

/** A statement may take so long before another session cancels it: whether statement_timeout counts waiting for locks, no guide says. */
export async function withDeadline<T>(
  { pid }: RedshiftConnection,
  other: () => Promise<RedshiftConnection>,
  ms: number,
  work: () => Promise<T>,
): Promise<T> {
  let cancelling: Promise<unknown> = Promise.resolve();
  const timer = setTimeout(() => {
    cancelling = other()
      .then((connection) => connection.rows(cancelStatement(pid)))
      .catch(() => {});
  }, ms);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    await cancelling;
  }
}

/** Ends what a session is at, from another one. */
export function cancelStatement(pid: number): Statement {
  return { name: 'cancel: end what a session is at', sql: `select pg_cancel_backend(${pid})` };
}

/** The certificates to trust; without any, Node's own, which hold Amazon's. */
async function authority(path: string | null): Promise<{ ca?: string }> {
  if (path === null || path === 'system') return {};
  const hint = 'Check SSLROOTCERT below [WAREHOUSE], or PGSSLROOTCERT.';
  return { ca: await readPem('the authority’s certificate', path, hint) };
}
