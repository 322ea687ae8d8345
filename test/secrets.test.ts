import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { allTables } from '../src/models/book.ts';
import { columnNames } from '../src/schema/table.ts';
import { isPath, secretKeeper, withoutSecrets } from '../src/secrets.ts';
import { sparkify } from './support/command.ts';
import { jsonLines, writeFiles } from './support/records.ts';
import { sampleOneIn } from './support/sample.ts';
import { freshFolder } from './support/warehouse.ts';

sampleOneIn(4);

describe('an address is safe to print, whatever is wrong with it', () => {
  test.each([
    ['postgres://me:hush@h/db', 'postgres://me:***@h/db'],
    ['me:hush@h/db', 'me:***@h/db'],
    ['m:hush@h/db', 'm:***@h/db'],
    ['postgres:/me:hush@h/db', 'postgres:/me:***@h/db'],
    ['postgres:me:hush@h/db', 'postgres:me:***@h/db'],
    ['mysql:/me:hush@h/db', 'mysql:***@h/db'],
    ['duckdb:postgres://me:hush@h/db', 'duckdb:postgres://me:***@h/db'],
    ['jdbc:redshift:iam://me:hush@h:5439/db', 'jdbc:redshift:iam://me:***@h:5439/db'],
    ['jdbc:redshift://h:5439/db;UID=me;PWD=hush', 'jdbc:redshift://h:5439/db;UID=me;PWD=***'],
    ['postgres://me:hush/hush@h/db', 'postgres://me:***@h/db'],
    ['postgres://me:hush?hush#hush@hush@h/db', 'postgres://me:***@h/db'],
    ['postgres://me:1234/hush@h/db', 'postgres://me:***@h/db'],
    ['postgres://me:hush', 'postgres://me:***'],
    ['postgres://me:hush hush@h/db', 'postgres://me:***@h/db'],
    ['me:hush hush@h/db', 'me:***@h/db'],
    ['postgres://me:hush@[::1]:5432/db', 'postgres://me:***@[::1]:5432/db'],
    ['http://KEY:hush@127.0.0.1:9000', 'http://KEY:***@127.0.0.1:9000'],
    ['https://hush@host/x', 'https://***@host/x'],
    ['s3://KEY:hush/hu+sh@bucket/logs', 's3://KEY:***@bucket/logs'],
    ['s3://KEY:hush/bucket', 's3://KEY:***'],
    [
      'postgres://h/db?user=me&password=hush&sslmode=require',
      'postgres://h/db?user=me&password=***&sslmode=require',
    ],
    ['postgres://h/db?sslpassword=hush&hush;hush', 'postgres://h/db?sslpassword=***'],
    ['host=h user=me password=hush dbname=db', 'host=h user=me password=*** dbname=db'],
    ["host=h password='hush hush' dbname=db", 'host=h password=*** dbname=db'],
    [
      'https://b.s3.amazonaws.com/k?X-Amz-Credential=hush%2Fx&X-Amz-Expires=60&X-Amz-Security-Token=hush&X-Amz-Signature=hush',
      'https://b.s3.amazonaws.com/k?X-Amz-Credential=***&X-Amz-Expires=60&X-Amz-Security-Token=***&X-Amz-Signature=***',
    ],
    [' postgres://me:hush@h/db', ' postgres://me:***@h/db'],
    ['postgres//me:hush@h/db', 'postgres//me:***@h/db'],
    ['--warehouse=postgres//me:hush@h/db', '--warehouse=postgres//me:***@h/db'],
    ['duckdb:postgres//me:hush@h/db', 'duckdb:postgres//me:***@h/db'],
    ['duckdb:psql;//me:hush@h/db', 'duckdb:psql;//me:***@h/db'],
    ['psql 1postgres://me:hush@h/db', 'psql 1postgres://me:***@h/db'],
    ['postgres/me:hush@h/db', 'postgres/me:***@h/db'],
    ['postgres ://me:hush@h/db', 'postgres ://me:***@h/db'],
    ['psql postgres://me:hush@h/db', 'psql postgres://me:***@h/db'],
    ['psql postgres://me:hush hush@h/db', 'psql postgres://me:***@h/db'],
    ['psql me:hush@h/db', 'psql me:***@h/db'],
    ["'postgres://me:hush@h/db'", "'postgres:***@h/db'"],
    ['/data/postgres:/me:hush@h/db', '/data/postgres:/me:***@h/db'],
    ['/data/postgres:me:hush@h/db', '/data/postgres:me:***@h/db'],
    ['../postgres//me:hush@h/db', '../postgres//me:***@h/db'],
    ['--password=hush', '--password=***'],
    ['--warehouse=postgres://me:hush@h/db', '--warehouse=postgres://me:***@h/db'],
  ])('%s', (given, shown) => {
    expect(withoutSecrets(given)).toBe(shown);
    expect(withoutSecrets(shown)).toBe(shown);
  });

  test.each([
    'sparkify.duckdb',
    ':memory:',
    'duckdb:/data/10:30@home.duckdb',
    './10:30@home',
    'logs/10:30@home.json',
    's3://bucket/logs/10:30@home.json',
    's3://arn:aws:s3:eu-central-1:123456789012:accesspoint/logs',
    'postgres://me@h:5432/db?user=me@corp',
    'postgres://h:5432/db?passfile=/home/me/.pgpass&sslkey=key.pem',
    'postgres://[::1]:5432/db',
    'http://127.0.0.1:9000',
    'C:\\data\\logs',
    '/data/my logs/10:30@home',
    's3://bucket//logs/10:30@home.json',
    '/data//logs',
    "select a::int from t where mail = 'me@corp'",
  ])('and one without a secret stays as it is: %s', (given) => {
    expect(withoutSecrets(given)).toBe(given);
  });
});

describe('a path may have the form of an address', () => {
  const exists = (path: string): boolean => ['10:30@home', 'a:b@c'].includes(path);

  test.each(['10:30@home', '--log-data=10:30@home', '10:30@home/*.json', 'duckdb:a:b@c/y.duckdb'])(
    '%s is one where it exists, or a folder that it names',
    (given) => {
      expect(isPath(given, exists)).toBe(true);
      expect(isPath(given, () => false)).toBe(false);
    },
  );

  test.each(['postgres://me:hush@h/db', 'postgres:me:hush@h/db', 'a postgres://me:hush@h/db', 's3://a:b@c'])(
    '%s is none, whatever exists',
    (given) => expect(isPath(given, () => true)).toBe(false),
  );
});

describe('a keeper of secrets', () => {
  test('hides a given address where it became a path, however short its password is', () => {
    const keeper = secretKeeper();
    keeper.heed(' postgres://me:PW@h/db ');
    expect(keeper.hide('no file /data/postgres:/me:PW@h/db, no postgres://me:PW@h/db')).toBe(
      'no file /data/postgres:/me:***@h/db, no postgres://me:***@h/db',
    );
  });

  test('shows the names of schemas, tables and columns, though a password is the same or a part', () => {
    for (const name of allTables.flatMap((table) => [table.schema, table.name, ...columnNames(table)])) {
      const keeper = secretKeeper();
      keeper.heedSecret(name);
      keeper.heedSecret(name.slice(0, 4));
      keeper.heedSecret('hush');
      expect(keeper.hide(`6,820 ${name}, no ${name}hush`)).toMatch(new RegExp(`^6,820 ${name}, no `));
    }
  });

  test('hides what it was told of, decoded too, and addresses that it was not told of', () => {
    const keeper = secretKeeper();
    keeper.heed('postgres://me:hu%40sh-hush@h/db');
    keeper.heedSecret('other secret');
    expect(keeper.hide('hu@sh-hush and hu%40sh-hush and other secret at x://u:unknown@h')).toBe(
      '*** and *** and *** at x://u:***@h',
    );
    expect(keeper.hideAddresses('other secret in postgres://me:hu%40sh-hush@h/db')).toBe(
      'other secret in postgres://me:***@h/db',
    );
  });

  test('takes no long time for a long text', () => {
    const keeper = secretKeeper();
    keeper.heedSecret('song');
    const started = performance.now();
    const text = `${'x'.repeat(300_000)} ${'song '.repeat(20_000)}`;
    keeper.heed(text);
    expect(keeper.hide(text)).toBe(text);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test('leaves words that are no secret where they stand, though a weak password is the same', () => {
    const keeper = secretKeeper();
    keeper.heedSecret('sparkify');
    keeper.heedSecret('loader');
    keeper.heedOpen('loader');
    keeper.heedSecret('db');
    expect(keeper.hide('sparkify: no role loader in db')).toBe('sparkify: no role loader in db');
  });
});

describe('the command shows no secret of an address, well-formed or not', () => {
  const cwd = writeFiles(freshFolder(), { 'logs/a.json': jsonLines([]) });
  const warehouses = [
    'me:hushhush@host/db',
    'm:hushhush@host/db',
    'postgres:/me:hushhush@127.0.0.1:1/db',
    'duckdb:postgres://me:hushhush@h/db',
    'postgres://me:hushhush@127.0.0.1:1/db',
    'postgres://me:12/hushhush@127.0.0.1:1/db',
    'postgres://127.0.0.1:1/db?user=me&password=hushhush',
    'postgres://127.0.0.1:1/db?sslpassword=hushhush',
    'redshift://me:hushhush@127.0.0.1:1/db',
    'host=h user=me password=hushhush',
    ' postgres://me:hushhush@h/db',
    'postgres//me:hushhush@h/db',
    'psql postgres://me:hushhush@h/db',
    'psql me:hushhush@h/db',
  ];
  const sources = [
    's3://KEY:hushhush/x@bucket/logs',
    'https://me:hushhush@host/logs',
    'https://b.s3.amazonaws.com/k?X-Amz-Credential=hushhush&X-Amz-Signature=hushhush&X-Amz-Security-Token=hushhush',
    'me:hushhush@host/logs',
  ];
  const runs = [
    ...warehouses.flatMap((address) => [
      ['status', '--verbose', '--warehouse', address],
      ['doctor', '--json', `--warehouse=${address}`],
    ]),
    ...sources.flatMap((address) => [
      ['etl', '--json', '--verbose', '--log-data', address],
      ['doctor', '--log-data', address],
    ]),
    ['check', '--against', 'https://me:hushhush@host/manifest.json'],
    ['export', '--parquet', 'https://me:hushhush@host/star'],
    ['rejects', 'replay', 'me:hushhush@host/rejects.jsonl'],
    ['etl', '--password=hushhush'],
    ['postgres://me:hushhush@h/db'],
  ];

  test.each(runs)('sparkify %s %s %s %s', async (...args) => {
    const { code, stdout, stderr } = await sparkify(args, { cwd });
    expect([1, 2]).toContain(code);
    expect(`${stdout}${stderr}`).not.toContain('hush');
    expect(stderr).not.toMatch(/A fault in sparkify/);
  });

  test.each([
    ['SPARKIFY_S3_ENDPOINT', 'http://KEY:hushhush@127.0.0.1:1'],
    ['SPARKIFY_S3_ENDPOINT', 'ftp://KEY:hushhush@127.0.0.1:1'],
    ['SPARKIFY_WAREHOUSE', 'me:hushhush@host/db'],
    ['SPARKIFY_WAREHOUSE', ' postgres://me:hushhush@127.0.0.1:1/db'],
    ['SPARKIFY_LOG_DATA', 'me:hushhush@host/logs'],
  ])('nor of %s=%s', async (name, value) => {
    const logs =
      name === 'SPARKIFY_LOG_DATA' ? [] : ['--log-data', name.includes('S3') ? 's3://bucket/logs' : 'logs'];
    const env = { AWS_ACCESS_KEY_ID: 'KEY', AWS_SECRET_ACCESS_KEY: 'hushhush', [name]: value };
    const { code, stdout, stderr } = await sparkify(['etl', '--json', '--verbose', ...logs], { cwd, env });
    expect([1, 2]).toContain(code);
    expect(`${stdout}${stderr}`).not.toContain('hush');
  });

  test('takes a password out of what other users see of the process, and warns of it', async (context) => {
    if (!existsSync('/proc/self/cmdline')) return context.skip('/proc shows command lines on Linux only');
    const password = `hush${'x'.repeat(2_000)}hush`;
    // A server that never answers keeps the command waiting.
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    let seen = '';
    const { stdout, stderr } = await sparkify(
      ['status', '--json', '--warehouse', `postgres://me:${password}@127.0.0.1:${port}/db?connect_timeout=1`],
      {
        cwd,
        onTalk: (child) => {
          seen ||= readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
        },
      },
    );
    server.close();
    expect(seen.replaceAll('\0', '')).toBe(
      `sparkify status --json --warehouse postgres://me:***@127.0.0.1:${port}/db?connect_timeout=1`,
    );
    expect(stderr).toMatch(/warning --warehouse holds a password or a key\..*~\/\.pgpass/);
    expect(JSON.parse(stdout).warnings).toEqual([expect.stringContaining('--warehouse holds a password')]);
  });
});

describe('the command takes for no secret', () => {
  const cwd = writeFiles(freshFolder(), { '10:30@home/a.json': jsonLines([]), 'a:b@c/x.txt': '' });

  test('a path that exists, or where a result goes', async () => {
    const logs = await sparkify(['etl', '--log-data', '10:30@home', '--song-data', '10:30@home'], { cwd });
    expect(logs.stderr).not.toMatch(/holds a password|\*\*\*/);
    const file = 'duckdb:a:b@c/y.duckdb';
    const made = await sparkify(['create-tables', '--warehouse', file], { cwd });
    expect(made).toMatchObject({ code: 0 });
    expect(`${made.stdout}${made.stderr}`).not.toMatch(/holds a password|\*\*\*/);
    for (const output of [['-o', 'q:1@x.csv'], ['-os:1@x.csv'], ['--output=r:1@x.csv']]) {
      const asked = await sparkify(['query', 'select 1 as one', '--warehouse', file, ...output], { cwd });
      expect(asked).toMatchObject({ code: 0, stdout: expect.stringMatching(/[qrs]:1@x\.csv/) });
      expect(asked.stderr).not.toMatch(/(The statement|--warehouse) holds a password/);
    }
  });

  test('what SQL compares, or names of the warehouse', async () => {
    await sparkify(['create-tables'], { cwd });
    const sql = "select * from nowhere where mail = 'a:b@c' and password='abc def'";
    const wrong = await sparkify(['query', '--json', sql], { cwd });
    expect(wrong.code).not.toBe(0);
    expect(`${wrong.stdout}${wrong.stderr}`).not.toMatch(/holds a password|\*\*\*/);
    const env = { PGPASSWORD: 'songplays' };
    const near = await sparkify(['query', 'select * from songplay'], { cwd, env });
    expect(near.stderr).toContain('songplays');
    expect((await sparkify(['status'], { cwd, env })).stdout).toContain('songplays');
  });

  test('but the address of a server in SQL is hidden, and a warehouse is never SQL', async () => {
    const sql = "select * from 'https://me:hushhush@127.0.0.1:1/x.csv'";
    for (const args of [
      ['--json', sql],
      ['select 1', '--warehouse', 'psql postgres://me:hushhush@h/db'],
    ]) {
      const { stdout, stderr } = await sparkify(['query', ...args], { cwd });
      expect(`${stdout}${stderr}`).not.toContain('hush');
      expect(stderr).toMatch(/(The statement|--warehouse) holds a password/);
    }
  });
});
