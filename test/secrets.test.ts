import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { secretKeeper, withoutSecrets } from '../src/secrets.ts';
import { sparkify } from './support/command.ts';
import { jsonLines, writeFiles } from './support/records.ts';
import { freshFolder } from './support/warehouse.ts';

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
    "select a::int from t where mail = 'me@corp'",
  ])('and one without a secret stays as it is: %s', (given) => {
    expect(withoutSecrets(given)).toBe(given);
  });
});

describe('a keeper of secrets', () => {
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
