import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseS3Address } from '../../src/sources/s3-address.ts';
import { sparkify } from '../support/command.ts';
import { play } from '../support/records.ts';
import { startS3Server } from '../support/s3-server.ts';
import { env, server, useS3Server } from '../support/s3-world.ts';
import { sampleOneIn } from '../support/sample.ts';
import { simulated } from '../support/simulated.ts';
import { freshFolder } from '../support/warehouse.ts';

sampleOneIn(2);

useS3Server();

describe('what people meet in S3', () => {
  test('small packed objects are fetched once, and explain finds a play in a key of any characters', async () => {
    const record = (item: number) => JSON.stringify(play(item));
    server.put('odd', 'log_data/what? a+b*%.json', record(0));
    server.put('odd', 'log_data/small.json.gz', gzipSync(record(1)));
    const cwd = freshFolder();
    const flags = ['--log-data', 's3://odd/log_data'];
    expect((await sparkify(['etl', ...flags], { cwd, env: env() })).code).toBe(0);
    expect(server.requests.filter((request) => request.startsWith('GET')).length).toBe(2);
    for (const [id, name] of [
      ['1-0', 'what? a+b*%.json'],
      ['1-1', 'small.json.gz'],
    ] as const) {
      const { stdout, code } = await sparkify(['explain', id, '--json'], { cwd, env: env() });
      expect(code).toBe(0);
      const { provenance } = JSON.parse(stdout);
      expect(provenance[0]).toMatchObject({ path: `s3://odd/log_data/${name}`, line: 1 });
    }
  });

  test.each([
    ['no such bucket', 's3://nowhere-at-all/log_data', {}, 'there is no such bucket'],
    [
      'wrong secret',
      's3://known/log_data',
      { AWS_SECRET_ACCESS_KEY: 'wrong' },
      'the credentials were refused (SignatureDoesNotMatch)',
    ],
    [
      'wrong key',
      's3://known/log_data',
      { AWS_ACCESS_KEY_ID: 'AKWRONG' },
      'the credentials were refused (InvalidAccessKeyId)',
    ],
    ['nothing there', 's3://known/elsewhere', {}, 'No JSON files under s3://known/elsewhere'],
    [
      'no server',
      's3://known/log_data',
      { SPARKIFY_S3_ENDPOINT: 'http://127.0.0.1:9' },
      'nothing answers (ECONNREFUSED)',
    ],
    ['a pattern', 's3://known/log_data/*.json', {}, 'S3 knows prefixes only'],
    ['no bucket', 's3://', {}, 'is not an S3 address'],
    ['a slash too few', 's3:/known/log_data', {}, 'is not an S3 address'],
  ])('%s: the message says what to do', async (_, place, change, message) => {
    server.put('known', 'log_data/a.json', '{}');
    const cwd = freshFolder();
    const { code, stderr } = await sparkify(['etl', '--log-data', place], {
      cwd,
      env: { ...env(), ...change },
    });
    expect(stderr).toContain(message);
    expect([1, 2]).toContain(code);
    expect(stderr).not.toContain(server.secretAccessKey);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('a missing permission is named, with bucket or key, by etl and doctor', async () => {
    server.put('locked', 'log_data/a.json', '{}');
    const cwd = freshFolder();
    const flags = ['--log-data', 's3://locked/log_data'];
    server.denied = (request) => request.startsWith('LIST');
    const list = await sparkify(['etl', ...flags], { cwd, env: env() });
    expect(list.stderr).toContain('The credentials need s3:ListBucket on bucket locked.');
    server.denied = (request) => request.startsWith('GET');
    for (const command of ['etl', 'doctor']) {
      const { stdout, stderr, code } = await sparkify([command, ...flags], { cwd, env: env() });
      expect(`${stdout}${stderr}`).toContain(
        'The credentials need s3:GetObject on s3://locked/log_data/a.json.',
      );
      expect(code).toBe(1);
    }
    // What is refused is not tried again.
    expect(server.requests.filter((request) => request.startsWith('GET')).length).toBe(2);
  });

  test('a public bucket is read without credentials', async () => {
    const open = await startS3Server({ anonymous: true });
    const folder = await simulated();
    for (const name of readdirSync(join(folder, 'log_data/2018/11'))) {
      open.put('public', `log_data/${name}`, readFileSync(join(folder, 'log_data/2018/11', name)));
    }
    const cwd = freshFolder();
    const { code, stderr } = await sparkify(['etl', '--log-data', 's3://public/log_data'], {
      cwd,
      env: { SPARKIFY_S3_ENDPOINT: open.endpoint, SPARKIFY_S3_ANONYMOUS: 'yes' },
    });
    expect(`${code} ${stderr}`).toMatch(/^0 /);
    await open.close();
  });

  test('addresses are taken apart as people write them', () => {
    expect(parseS3Address('s3://b-1.x/log_data/')).toEqual({ bucket: 'b-1.x', key: 'log_data' });
    expect(parseS3Address('S3A://bucket')).toEqual({ bucket: 'bucket', key: '' });
    expect(parseS3Address('s3://bucket/a//b')).toEqual({ bucket: 'bucket', key: 'a//b' });
  });
});
