import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { rowsOf } from './support/ad-hoc.ts';
import { program, sparkify } from './support/command.ts';
import { inventData } from './support/invented.ts';
import { ask, freshDatabase, usePostgres, withPostgres } from './support/postgres.ts';
import { eventRecord, jsonLines, songRecord, writeFiles } from './support/records.ts';
import { commandLineOf, freshCluster, useRedshift, withRedshift } from './support/redshift-world.ts';
import { env, server, spooled, useS3Server } from './support/s3-world.ts';
import { sampleOneIn } from './support/sample.ts';
import { type Between, startBetween } from './support/silent-server.ts';
import { type Stopped, stopped } from './support/stopped.ts';
import { deliver, freshFolder, withWarehouse } from './support/warehouse.ts';

sampleOneIn(4);

usePostgres();
useS3Server();
useRedshift();

/** A second, and what a machine that is busy with other tests takes to start and end processes. */
const STOP_MS = 1_500;
const NOTHING = 'Stopped by SIGINT; nothing was committed.';

let folder: string;
let logs: string;
let songs: string;
const opened: Between[] = [];
const times: string[] = [];

beforeAll(() => {
  folder = freshFolder();
  writeFiles(folder, { 'song/a.json': JSON.stringify(songRecord()) });
  ({ logs } = inventData(folder, { seed: 7, days: 6, eventsPerDay: 4_000 }));
  songs = join(folder, 'song');
});
afterEach(async () => {
  for (const between of opened.splice(0)) await between.close();
});
afterAll(() => {
  if (process.env.SPARKIFY_STOP_TIMES !== undefined)
    writeFileSync(process.env.SPARKIFY_STOP_TIMES, `${times.join('\n')}\n`);
});

async function between(to: number | null): Promise<Between> {
  const made = await startBetween(to);
  opened.push(made);
  return made;
}

/** Ended in time by the signal, by an exit of the process's own. */
function expectStopped(outcome: Stopped, says = NOTHING): void {
  times.push(
    `${Math.round(outcome.stopMs)} ms  ${outcome.signal ?? outcome.code}  ${expect.getState().currentTestName}`,
  );
  expect(outcome.stderr).toContain(says);
  expect(outcome.stderr).not.toContain('Warning: Possible');
  expect(outcome, outcome.stderr).toMatchObject({ code: 130, signal: null });
  expect(outcome.stopMs).toBeLessThan(STOP_MS);
}

/** Ended in time, by the signal itself: a thread was held up, and an exit would have waited for it. */
function expectKilled(outcome: Stopped): void {
  times.push(
    `${Math.round(outcome.stopMs)} ms  ${outcome.signal ?? outcome.code}  ${expect.getState().currentTestName}`,
  );
  expect(outcome.stderr).toContain('Stopped by SIGINT');
  expect(outcome, outcome.stderr).toMatchObject({ code: null, signal: 'SIGINT' });
  expect(outcome.stopMs).toBeLessThan(STOP_MS);
}

describe('Ctrl-C while S3', () => {
  const etl = ['etl', '--log-data', 's3://data/log'];
  const inS3 = () => {
    const cwd = freshFolder();
    const tmp = join(cwd, 'tmp');
    writeFiles(cwd, { 'tmp/keep': '' });
    return { cwd, tmp, env: { ...env(), TMPDIR: tmp } };
  };
  beforeAll(() => server.put('data', 'log/a.json', Buffer.alloc(400_000, jsonLines([eventRecord()]))));

  test.each([
    ['lists nothing', 'LIST', 'silent'],
    ['is overloaded, and is asked again and again', 'LIST', '503'],
    ['gives no object', 'GET', 'silent'],
    ['stops in the middle of an object', 'GET', 'stall'],
  ] as const)('%s', async (_, request, trouble) => {
    server.trouble = (asked) => (asked.startsWith(request) ? trouble : null);
    const { tmp, ...options } = inS3();
    const when = (): boolean => server.requests.some((asked) => asked.startsWith(request));
    expectStopped(await stopped(etl, { ...options, when, afterMs: trouble === '503' ? 2_000 : 300 }));
    expect(spooled(tmp)).toEqual([]);
    expect(readdirSync(options.cwd).filter((name) => /duckdb\./.test(name))).toEqual([]);
  });

  test.each([
    ['no lock', /^PUT .*lock/],
    ['no object', /^PUT .*json/],
  ])('takes %s of a data set that is made', async (_, request) => {
    server.put('lake', 'README', '');
    server.trouble = (asked) => (request.test(asked) ? 'silent' : null);
    const { tmp: _tmp, ...options } = inS3();
    const made = ['--users', '5', '--days', '2', '--songs', '71'];
    const outcome = await stopped(['simulate', '--out', 's3://lake/made', ...made], {
      ...options,
      when: () => server.requests.some((asked) => request.test(asked)),
    });
    expectStopped(outcome, 'Stopped by SIGINT; run the same command again to finish the rest.');
    expect(server.openUploads()).toBe(0);
  });
});

describe('Ctrl-C while a server', () => {
  const etl = () => ['etl', '--log-data', logs, '--song-data', songs];

  test.each(['postgres', 'redshift'] as const)(
    'of %s takes the connection and says nothing',
    async (scheme) => {
      const { port } = await between(null);
      const silent = opened.at(-1) as Between;
      const outcome = await stopped([...etl(), '--warehouse', `${scheme}://loader@127.0.0.1:${port}/d`], {
        cwd: freshFolder(),
        env: {
          ...env(),
          SPARKIFY_DB_PASSWORD: 'secret',
          PGPASSWORD: 'secret',
          SPARKIFY_STAGING: 's3://staging/x',
          SPARKIFY_ROLE_ARN: 'arn:aws:iam::123456789012:role/r',
        },
        when: () => silent.connections > 0,
      });
      expectStopped(outcome);
    },
  );

  test('of PostgreSQL falls silent in the middle of a load', async () => {
    const url = new URL(await freshDatabase());
    const proxy = await between(Number(url.port));
    const database = url.href;
    url.port = String(proxy.port);
    const outcome = await stopped([...etl(), '--warehouse', url.href], {
      cwd: freshFolder(),
      when(talk) {
        if (!talk.includes('events:')) return false;
        proxy.fallSilent();
        return true;
      },
    });
    expectStopped(outcome);
    proxy.cut();
    await withPostgres(database, async (warehouse) =>
      expect(await rowsOf(warehouse, 'select count(*) as n from ops.runs')).toEqual([{ n: 0 }]),
    );
  });

  test('of PostgreSQL is away, and is waited for', async () => {
    const url = new URL(await freshDatabase());
    const proxy = await between(Number(url.port));
    url.port = String(proxy.port);
    let isCut = false;
    const outcome = await stopped([...etl(), '--warehouse', url.href], {
      cwd: freshFolder(),
      when(talk) {
        if (talk.includes('events:') && !isCut) {
          isCut = true;
          proxy.cut();
        }
        return talk.includes('Trying again');
      },
      afterMs: 1_500,
    });
    expectStopped(outcome);
  });

  test('of PostgreSQL waits for a lock of somebody’s', async () => {
    const url = await freshDatabase();
    await withPostgres(url, (warehouse) =>
      deliver(warehouse, { logs: join(logs, '2018-11-01-events.json') }),
    );
    const holding = ask(
      url,
      'begin',
      'lock table songplays in access exclusive mode',
      "select pg_sleep(20), 'hold' as mark",
      'commit',
    ).catch(() => {});
    const locked = `select count(*) as n from pg_locks where relation = 'songplays'::regclass and not granted`;
    let waits = false;
    const poll = setInterval(
      () =>
        void ask(url, locked).then(
          ([row]) => {
            waits ||= Number(row?.n) > 0;
          },
          () => {},
        ),
      100,
    );
    const outcome = await stopped([...etl(), '--warehouse', url], { cwd: freshFolder(), when: () => waits });
    clearInterval(poll);
    await ask(
      url,
      "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(20)%' and pid <> pg_backend_pid()",
    );
    await holding;
    expectStopped(outcome);
    expect(
      await ask(
        url,
        "select count(*)::int as n from pg_stat_activity where application_name like 'sparkify%'",
      ),
    ).toEqual([{ n: 0 }]);
    expect(await ask(url, 'select count(*)::int as n from ops.runs')).toEqual([{ n: 1 }]);
  });

  test('of Redshift is at a long statement', async () => {
    const cluster = await freshCluster();
    const { flags, env: own } = commandLineOf(cluster);
    let isAt = false;
    cluster.double.faults.on((statement) => {
      if (!statement.startsWith('insert into songplays')) return null;
      isAt = true;
      return { kind: 'stall', ms: 20_000 };
    });
    const outcome = await stopped([...etl(), ...flags], { cwd: freshFolder(), env: own, when: () => isAt });
    expectStopped(outcome);
    expect(cluster.double.statements.some((sql) => sql.includes('pg_cancel_backend'))).toBe(true);
    cluster.double.faults.clear();
    await withRedshift(cluster, async (warehouse) =>
      expect(await rowsOf(warehouse, 'select count(*) as n from ops.runs')).toEqual([{ n: 0 }]),
    );
  });
});

describe('Ctrl-C while another writer', () => {
  const waiting = ['--wait-seconds', '60'];

  test('has the DuckDB file', async () => {
    const cwd = freshFolder();
    const file = join(cwd, 'sparkify.duckdb');
    const outcome = await withWarehouse(file, () =>
      stopped(['etl', '--log-data', logs, ...waiting], { cwd, when: (talk) => talk.includes('Waiting for') }),
    );
    expectStopped(outcome);
  });

  test('has the PostgreSQL database', async () => {
    const url = await freshDatabase();
    const outcome = await withPostgres(url, () =>
      stopped(['etl', '--log-data', logs, '--warehouse', url, ...waiting], {
        cwd: freshFolder(),
        when: (talk) => talk.includes('Waiting for'),
      }),
    );
    expectStopped(outcome);
  });

  test('has the Redshift database', async () => {
    const cluster = await freshCluster();
    const { flags, env: own } = commandLineOf(cluster);
    const outcome = await withRedshift(cluster, () =>
      stopped(['etl', '--log-data', logs, ...flags, ...waiting], {
        cwd: freshFolder(),
        env: own,
        when: (talk) => talk.includes('Waiting for'),
      }),
    );
    expectStopped(outcome);
  });
});

describe('Ctrl-C while a file', () => {
  test.each([
    ['of configuration', (pipe: string) => ['status', '--config', pipe]],
    ['of a statement', (pipe: string) => ['query', '-f', pipe]],
    ['of an answer key', (pipe: string) => ['check', '--against', pipe]],
  ])('%s is a pipe that nobody writes to', async (_, args) => {
    const cwd = freshFolder();
    const pipe = join(cwd, 'pipe');
    execFileSync('mkfifo', [pipe]);
    let startedAtMs = 0;
    const outcome = await stopped(args(pipe), {
      cwd,
      when() {
        startedAtMs ||= Date.now();
        return Date.now() - startedAtMs > 1_500;
      },
    });
    expectKilled(outcome);
  });

  test('is unpacked, of which very much comes', async () => {
    const cwd = freshFolder();
    const line = jsonLines([eventRecord()]);
    const text = Buffer.from(line.repeat(Math.ceil(180_000_000 / line.length)));
    const packed = gzipSync(text, { level: 1 });
    // Its end is missing, so that it is known to be bad only after all of it.
    writeFileSync(join(cwd, 'a.json.gz'), packed.subarray(0, packed.length - 4));
    const outcome = await stopped(['etl', '--log-data', 'a.json.gz'], {
      cwd,
      when: (talk) => talk.includes('reading:'),
      afterMs: 50,
    });
    expectStopped(outcome);
  }, 60_000);
});

describe('Ctrl-C while', () => {
  let cwd: string;
  const file = (): string => join(cwd, 'sparkify.duckdb');
  beforeAll(async () => {
    cwd = freshFolder();
    await withWarehouse(file(), (warehouse) =>
      deliver(warehouse, { logs: join(logs, '2018-11-01-events.json') }),
    );
  });

  test('a question is open, at a terminal, drops nothing', async () => {
    const child = spawn(
      'script',
      ['-qec', `${process.execPath} ${program} create-tables --drop`, '/dev/null'],
      {
        cwd,
        env: { PATH: process.env.PATH ?? '', HOME: cwd, NO_COLOR: '1' },
      },
    );
    let shown = '';
    let sentAtMs = 0;
    child.stdout.on('data', (piece) => {
      shown += piece;
      if (sentAtMs > 0 || !shown.includes('[y/N]')) return;
      sentAtMs = performance.now();
      child.stdin.write('\u0003');
    });
    const [code] = await once(child, 'close');
    const stopMs = performance.now() - sentAtMs;
    expectStopped({ code, signal: null, stdout: '', stderr: shown, stopMs });
    const { stdout } = await sparkify(['status', '--json'], { cwd });
    expect(JSON.parse(stdout).runs).toHaveLength(1);
  });

  test('nobody reads what a query prints', async () => {
    const child = spawn(process.execPath, [program, 'query', 'from range(10000000)', '--format', 'csv'], {
      cwd,
      env: { PATH: process.env.PATH ?? '', HOME: cwd, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (piece) => {
      stderr += piece;
    });
    await once(child.stdout, 'readable');
    await setTimeout(500);
    const sentAtMs = performance.now();
    child.kill('SIGINT');
    const [code, signal] = await once(child, 'exit');
    child.stdout.destroy();
    expectStopped({ code, signal, stdout: '', stderr, stopMs: performance.now() - sentAtMs });
  });

  test('nobody takes what a query writes to a pipe', async () => {
    const pipe = join(cwd, 'pipe');
    execFileSync('mkfifo', [pipe]);
    let startedAtMs = 0;
    const outcome = await stopped(['query', 'from range(10)', '--format', 'csv', '-o', pipe, '--overwrite'], {
      cwd,
      when() {
        startedAtMs ||= Date.now();
        return Date.now() - startedAtMs > 1_500;
      },
    });
    expectKilled(outcome);
  });
});

describe('Ctrl-C while DuckDB', () => {
  test('publishes a large file says that the load is committed, and the next command publishes it', async (context) => {
    const cwd = freshFolder();
    const file = join(cwd, 'sparkify.duckdb');
    const published = join(cwd, 'sparkify.published.duckdb');
    await withWarehouse(file, (warehouse) =>
      deliver(warehouse, { logs: join(logs, '2018-11-01-events.json') }),
    );
    const instance = await DuckDBInstance.create(file);
    const connection = await instance.connect();
    await connection.run('create table filler as select random() as a, random() as b from range(40000000)');
    connection.closeSync();
    instance.closeSync();
    const copies = (): string[] => readdirSync(cwd).filter((name) => /published.*\.tmp$/.test(name));
    const outcome = await stopped(['etl', '--log-data', logs, '--json'], {
      cwd,
      when: () => copies().length > 0,
      afterMs: 0,
    });
    if (outcome.code === 0) context.skip('this disk copies faster than a signal comes');
    expectStopped(outcome, 'The load is committed, but readers still see what was published before');
    expect(JSON.parse(outcome.stdout)).toMatchObject({ status: 'committed', exitCode: 130 });
    expect(copies()).toEqual([]);
    const status = await sparkify(['status', '--json'], { cwd });
    expect(JSON.parse(status.stdout).runs).toHaveLength(2);
    expect(readdirSync(cwd)).toContain(published.slice(cwd.length + 1));
  }, 120_000);
});
