import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RedshiftDouble, startRedshiftDouble } from './double.ts';
import { freshPostgres, refusal, useDouble } from './double-world.ts';

const world = useDouble();
afterEach(() => world().double.faults.clear());

describe('signing in', () => {
  test('a wrong password and a user that is not there are refused alike', async () => {
    for (const config of [{ password: 'wrong' }, { user: 'nobody' }, { user: 'constructor' }])
      expect(await refusal(world().connect(config))).toEqual({
        code: '28000',
        message: `password authentication failed for user "${config.user ?? 'analyst'}"`,
      });
  });

  test('credentials expire', async () => {
    const { double, connect } = world();
    double.setLogin('IAM:etl', { password: 'short', validUntil: new Date(Date.now() + 60_000) });
    const client = await connect({ user: 'IAM:etl', password: 'short' });
    expect((await client.query('select current_user as who')).rows).toEqual([{ who: 'IAM:etl' }]);
    double.setLogin('IAM:etl', { password: 'short', validUntil: new Date(Date.now() - 1) });
    expect(await refusal(connect({ user: 'IAM:etl', password: 'short' }))).toMatchObject({ code: '28000' });
    expect((await client.query('select 1 as still')).rows).toEqual([{ still: 1 }]);
  });

  test('another database is refused', async () => {
    expect(await refusal(world().connect({ database: 'nowhere' }))).toMatchObject({ code: '3D000' });
  });

  test('drivers learn of version 8.0.2 and of UNICODE', async () => {
    const client = new pg.Client({ ...address(), user: 'analyst', password: 'secret' });
    const seen = new Map<string, string>();
    (client as unknown as { connection: NodeJS.EventEmitter }).connection.on('parameterStatus', (status) =>
      seen.set(status.parameterName, status.parameterValue),
    );
    await client.connect();
    await client.end();
    expect(seen.get('server_version')).toBe('8.0.2');
    expect(seen.get('client_encoding')).toBe('UNICODE');
    expect([...seen.keys()]).not.toContain('standard_conforming_strings');
  });

  test('sessions are counted, and end with their client', async () => {
    const before = world().double.sessions();
    const client = await world().connect();
    expect(world().double.sessions()).toBe(before + 1);
    await client.end();
    await until(() => world().double.sessions() === before);
  });
});

function address() {
  const { double, database } = world();
  return { host: double.host, port: double.port, database };
}

async function until(done: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !done(); i += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(done()).toBe(true);
}

describe('TLS', () => {
  let folder: string;
  let cert: string;
  let secured: RedshiftDouble;
  let config: pg.ClientConfig;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sparkify-tls-'));
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    execFileSync('openssl', ['req', '-x509', ...key, '-nodes', '-days', '2', ...files, ...subject], {
      stdio: 'pipe',
    });
    cert = readFileSync(join(folder, 'cert.pem'), 'utf8');
    const postgres = await freshPostgres();
    secured = await startRedshiftDouble({
      postgres,
      logins: { analyst: { password: 'secret' } },
      tls: { cert, key: readFileSync(join(folder, 'key.pem'), 'utf8') },
    });
    config = { host: 'localhost', port: secured.port, database: postgres.database };
  });
  afterAll(async () => {
    await secured.close();
    rmSync(folder, { recursive: true });
  });

  test('is required where it is on', async () => {
    expect(await refusal(world().connect(config))).toMatchObject({
      code: '28000',
      message: expect.stringContaining('SSL off'),
    });
  });

  test('carries queries, and the client can check the certificate', async () => {
    const client = await world().connect({ ...config, ssl: { ca: cert } });
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await expect(world().connect({ ...config, ssl: true })).rejects.toThrow(/self.signed/);
  });

  test('is refused where it is off', async () => {
    await expect(world().connect({ ssl: { rejectUnauthorized: false } })).rejects.toThrow(
      'does not support SSL',
    );
  });
});

test('privileges are there, until they are denied', async () => {
  const { double, ask } = world();
  const sql = `select has_schema_privilege('public', 'create'), has_schema_privilege(current_user, 'public', 'usage'),
    has_database_privilege(current_database(), 'temporary'), has_table_privilege('pg_class', 'select')`;
  expect(await ask(sql)).toEqual([[true, true, true, true]]);
  await double.deny('schema', 'create');
  await double.deny('database', 'temp');
  expect(await ask(sql)).toEqual([[false, true, false, true]]);
  expect(await refusal(ask("select has_schema_privilege('nowhere', 'create')"))).toMatchObject({
    code: '3F000',
  });
});

describe('cancelling', () => {
  test('a request stops the statement that runs, not the session', async () => {
    const [client, other] = [await world().connect(), await world().connect()];
    await other.query('create table held (n int)');
    await other.query('begin');
    await other.query('lock held');
    const waiting = refusal(client.query('insert into held values (1)'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    cancel(client);
    expect(await waiting).toMatchObject({
      code: '57014',
      message: expect.stringContaining('cancelled on user'),
    });
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await other.query('rollback');
  });

  test('pg_terminate_backend ends another session', async () => {
    const [client, other] = [await world().connect(), await world().connect()];
    const { rows } = await client.query('select pg_backend_pid() as pid');
    const ended = new Promise((resolve) => client.once('end', resolve));
    await other.query(`select pg_terminate_backend(${rows[0].pid})`);
    await ended;
  });
});

function cancel(client: pg.Client): void {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const canceller = new pg.Client(address());
  const { connection } = canceller as unknown as {
    connection: {
      connect(port: number, host: string): void;
      on(event: string, done: () => void): void;
      cancel(pid: number, key: number): void;
    };
  };
  connection.connect(world().double.port, world().double.host);
  connection.on('connect', () => connection.cancel(processID, secretKey));
}

describe('faults', () => {
  test('the connection is cut before the statement, which is then not done', async () => {
    const { double, connect, ask } = world();
    await ask('create table before_cut (n int)');
    double.faults.on((sql) => (sql.startsWith('insert') ? { kind: 'drop', when: 'before' } : null));
    const client = await connect();
    await expect(client.query('insert into before_cut values (1)')).rejects.toThrow(/terminated|ECONNRESET/);
    double.faults.clear();
    expect(await ask('select count(*) from before_cut')).toEqual([['0']]);
  });

  test('the connection is cut after the commit: its outcome is unclear to the client', async () => {
    const { double, connect, ask } = world();
    await ask('create table after_cut (n int)');
    double.faults.on((sql) => (sql === 'commit' ? { kind: 'drop', when: 'after' } : null));
    const client = await connect();
    await client.query('begin');
    await client.query('insert into after_cut values ($1)', [1]);
    await expect(client.query('commit')).rejects.toThrow(/terminated|ECONNRESET/);
    double.faults.clear();
    expect(await ask('select count(*) from after_cut')).toEqual([['1']]);
  });

  test('the connection is cut while the statement runs, which is then undone', async () => {
    const { double, connect, ask } = world();
    await ask('create table cut_within (n int)');
    const [client, other] = [await connect(), await connect()];
    await other.query('begin');
    await other.query('lock cut_within');
    double.faults.on((sql) => (sql.startsWith('insert') ? { kind: 'drop', when: 'during', ms: 50 } : null));
    await expect(client.query('insert into cut_within values (1)')).rejects.toThrow(/terminated|ECONNRESET/);
    await other.query('rollback');
    double.faults.clear();
    expect(await ask('select count(*) from cut_within')).toEqual([['0']]);
  });

  test('the nth commit fails with 1023, and its transaction is undone', async () => {
    const { double, connect, ask } = world();
    await ask('create table retried (n int)');
    const detail =
      'Serializable isolation violation on table - 1, transactions forming the cycle are: 1, 2 (pid:3)';
    double.faults.on((sql, nth) =>
      sql === 'commit' && nth === 2 ? { kind: 'error', code: 'XX000', message: '1023', detail } : null,
    );
    const client = await connect();
    const write = async (n: number) => {
      await client.query('begin');
      await client.query(`insert into retried values (${n})`);
      await client.query('commit');
    };
    await write(1);
    expect(await refusal(write(2))).toEqual({ code: 'XX000', message: '1023', detail });
    await client.query('rollback');
    await write(3);
    expect(await ask('select n from retried order by 1')).toEqual([[1], [3]]);
  });

  test('a statement stalls, or waits until it may go on', async () => {
    const { double, connect } = world();
    let release = () => {};
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    double.faults.on((sql) => (sql === 'select 1' ? { kind: 'pause', until } : null));
    const client = await connect();
    let done = false;
    const waiting = client.query('select 1').then(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(done).toBe(false);
    release();
    await waiting;
  });

  test('every statement is noted as it was sent', async () => {
    const { double, connect } = world();
    const client = await connect();
    const from = double.statements.length;
    await client.query('select 1 -- first');
    await client.query('select $1::int', [2]);
    await refusal(client.query('select 1 limit limit'));
    expect(double.statements.slice(from)).toEqual([
      'select 1 -- first',
      'select $1::int',
      'select 1 limit limit',
    ]);
  });
});
