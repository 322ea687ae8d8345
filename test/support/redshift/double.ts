import { randomInt } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import pg from 'pg';
import { type BackendResult, type ObjectStore, ServerError } from './copy/copy-session.ts';
import { type FaultDesk, type Faults, faultDesk } from './faults.ts';
import { openBackend, type PostgresAddress } from './session/backend.ts';
import { quoteString } from './session/cursor.ts';
import { Front } from './session/front.ts';
import { failure, Session } from './session/session.ts';
import { type SignedIn, signIn } from './session/sign-in.ts';
import { errorMessage, int32, message } from './session/wire.ts';
import { catalogSql } from './tables/catalog.sql.ts';
import type { Login, World } from './world.ts';

/** What a double stands before, and what it is like. */
export interface RedshiftDoubleOptions {
  /** A superuser's, of a fresh database: the double makes its own objects there. */
  readonly postgres: PostgresAddress;
  /** What an IAM role reaches of S3; without it COPY and UNLOAD reach nothing. */
  readonly open?: (roleArn: string) => ObjectStore;
  readonly isolation?: 'snapshot' | 'serializable';
  /** TLS is then required, as on clusters with require_ssl. */
  readonly tls?: { readonly cert: string; readonly key: string } | null;
  readonly logins: Record<string, Login>;
  readonly slices?: number;
  readonly serverless?: boolean;
}

/** A test double of Amazon Redshift: see rules.ts for what it keeps to and what it leaves out. */
export interface RedshiftDouble {
  readonly host: string;
  readonly port: number;
  /** Every statement received, of all sessions, in order. */
  readonly statements: string[];
  readonly faults: Faults;
  sessions(): number;
  /** The process of every session that there was. */
  readonly pids: readonly number[];
  /** Bytes on the wire to all clients so far, encrypted ones as they are. */
  bytesSent(): number;
  setLogin(user: string, login: Login | null): void;
  /** What has_…_privilege() denies from now on, as `create` or `temp`; whoever does it all the same may. */
  deny(kind: 'table' | 'schema' | 'database', privilege: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts a double on a free port of this machine. */
export async function startRedshiftDouble(options: RedshiftDoubleOptions): Promise<RedshiftDouble> {
  const { postgres, isolation = 'snapshot', slices = 2, serverless = false } = options;
  const pool = new pg.Pool({ ...postgres, max: 2, types: { getTypeParser: () => asWritten } });
  pool.on('error', () => {});
  const { rows } = await pool.query("select to_regnamespace('redshift_double') as there");
  // A double that takes over from another, as a cluster that restarts.
  if (rows[0]?.there === null) await pool.query(catalogSql({ isolation, slices, serverless }));
  const faults: FaultDesk = faultDesk();
  let transactions = 40_000;
  const world: World = {
    postgres,
    isolation,
    tls: options.tls ?? null,
    logins: options.logins,
    faults,
    statements: [],
    open: options.open ?? refuseStore,
    outside: (sql) => outside(pool, sql),
    backends: new Map(),
    pids: [],
    nextTransaction: () => {
      transactions += 2;
      return transactions;
    },
  };
  const fronts = new Map<Front, Promise<void>>();
  const sockets: Socket[] = [];
  const server = createServer((socket: Socket) => {
    sockets.push(socket);
    socket.setNoDelay(true);
    const front = new Front(socket);
    const served = serve(front, world).finally(() => fronts.delete(front));
    fronts.set(front, served);
  });
  await listen(server);
  const { port } = server.address() as { port: number };
  return {
    host: '127.0.0.1',
    port,
    statements: world.statements,
    faults,
    sessions: () => world.backends.size,
    pids: world.pids,
    bytesSent: () => sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0),
    setLogin(user, login) {
      if (login === null) delete world.logins[user];
      else world.logins[user] = login;
    },
    async deny(kind, privilege) {
      await world.outside(
        `insert into redshift_double.denied values (${quoteString(kind)}, ${quoteString(privilege)})`,
      );
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const front of fronts.keys()) front.cut();
      await Promise.all(fronts.values());
      await closed;
      await pool.end();
    },
  };
}

const asWritten = (text: string): string => text;

function refuseStore(): never {
  throw new Error('The double was started without an object store (option open).');
}

async function outside(pool: pg.Pool, sql: string): Promise<BackendResult> {
  const { fields, rows } = await pool.query({ text: sql, rowMode: 'array' });
  return { columns: fields.map(({ name }) => name), rows };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}

/** One client, from its first byte to its last. */
async function serve(front: Front, world: World): Promise<void> {
  try {
    const signedIn = await signIn(front, world);
    if (signedIn !== null) await answer(front, world, signedIn);
  } catch (error) {
    const { code, message: text } = error as pg.DatabaseError;
    const full =
      code === '53300' ? new ServerError('53300', `too many connections: ${text}`) : failure(error);
    front.send(errorMessage(full, 'FATAL'));
    front.end();
  }
}

async function answer(front: Front, world: World, { user, parameters }: SignedIn): Promise<void> {
  const backend = await openBackend(world.postgres);
  const secret = randomInt(2 ** 31);
  const key = `${backend.pid} ${secret}`;
  world.backends.set(key, backend);
  world.pids.push(backend.pid);
  void front.closed.then(() => backend.close());
  let left = false;
  void backend.closed.then(() => {
    if (front.gone || left) return;
    front.send(
      errorMessage(new ServerError('57P01', 'terminating connection due to administrator command'), 'FATAL'),
    );
    front.end();
  });
  try {
    const userId = await begin(world, backend.pid, user);
    await backend.query(sessionSql(world, user, parameters));
    front.send(
      Buffer.concat([message('R', int32(0)), ...statuses(parameters), greeting(backend.pid, secret)]),
    );
    await new Session(front, backend, world, user, userId).run();
  } finally {
    left = true;
    world.backends.delete(key);
    backend.close();
    await backend.closed;
    front.end();
    await world.outside(`delete from redshift_double.sessions where pid = ${backend.pid}`);
  }
}

async function begin(world: World, pid: number, user: string): Promise<number> {
  const name = quoteString(user);
  await world.outside(`select redshift_double.add_login(${name})`);
  await world.outside(`insert into redshift_double.sessions values (${pid}, ${name}, statement_timestamp() at time zone 'UTC')
    on conflict (pid) do update set login = excluded.login, started = excluded.started`);
  const { rows } = await world.outside(`select id from redshift_double.logins where name = ${name}`);
  return Number(rows[0]?.[0]);
}

function sessionSql(world: World, user: string, parameters: ReadonlyMap<string, string>): string {
  const level = world.isolation === 'snapshot' ? 'repeatable read' : 'serializable';
  const application = parameters.get('application_name') ?? '';
  return `set default_transaction_isolation to '${level}';
    set datestyle to 'ISO, MDY'; set timezone to 'UTC'; set intervalstyle to 'postgres';
    set client_encoding to 'UTF8'; set extra_float_digits to 0; set lock_timeout to 0; set statement_timeout to 0;
    set application_name to ${quoteString(application)};
    set jit to off;
    select set_config('redshift_double.login', ${quoteString(user)}, false)`;
}

function statuses(parameters: ReadonlyMap<string, string>): Buffer[] {
  const all: Readonly<Record<string, string>> = {
    server_version: '8.0.2',
    client_encoding: 'UNICODE',
    server_encoding: 'UNICODE',
    datestyle: 'ISO, MDY',
    timezone: 'UTC',
    integer_datetimes: 'on',
    is_superuser: 'on',
    session_authorization: parameters.get('user') ?? '',
  };
  const written: Readonly<Record<string, string>> = { datestyle: 'DateStyle', timezone: 'TimeZone' };
  return Object.entries(all).map(([name, value]) => message('S', written[name] ?? name, value));
}

function greeting(pid: number, secret: number): Buffer {
  return Buffer.concat([message('K', int32(pid), int32(secret)), message('Z', Buffer.from('I'))]);
}
