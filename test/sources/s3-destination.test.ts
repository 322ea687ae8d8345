import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sparkify } from '../support/command.ts';
import { randomNumbers } from '../support/random.ts';
import { gateway, whyNoGateway } from '../support/s3-gateway.ts';
import { type S3Server, type S3Trouble, startS3Server } from '../support/s3-server.ts';
import { sampleOneIn } from '../support/sample.ts';
import { hashesIn } from '../support/simulated.ts';
import { freshFolder } from '../support/warehouse.ts';

sampleOneIn(8);

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());

const small = ['--users', '60', '--days', '3', '--songs', '200'];

function env(): Record<string, string> {
  return {
    SPARKIFY_S3_ENDPOINT: server.endpoint,
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_REGION: 'us-east-1',
  };
}

/** A bucket that nothing else uses, with nothing in it. */
function freshBucket(): string {
  const bucket = `made-${randomUUID().slice(0, 8)}`;
  server.put(bucket, 'other/file.txt', 'another team has files here too');
  return bucket;
}

function simulate(out: string, ...flags: string[]) {
  return sparkify(['simulate', '--out', out, ...flags], { cwd: freshFolder(), env: env() });
}

/** Every object below a prefix, as the SHA-256 of its bytes. */
function objectsIn(bucket: string, prefix: string): Record<string, string> {
  const keys = server.keys(bucket).filter((key) => key.startsWith(prefix));
  return Object.fromEntries(
    keys.map((key) => [
      key.slice(prefix.length),
      createHash('sha256')
        .update(server.get(bucket, key) ?? '')
        .digest('hex'),
    ]),
  );
}

async function inFolder(...flags: string[]): Promise<Record<string, string>> {
  const cwd = freshFolder();
  const { code, stderr } = await sparkify(['simulate', '--out', 'made', ...flags], { cwd });
  if (code !== 0) throw new Error(stderr);
  return hashesIn(join(cwd, 'made'));
}

describe('simulate --out s3://bucket/prefix', () => {
  test.each([
    ['clean'],
    ['dirty, and packed', '--dirty', 'redelivered-file=0.5,late=0.02', '--gzip', '--song-files', 'packed'],
  ])('writes the bytes that it writes to a folder: %s', async (_, ...flags) => {
    const bucket = freshBucket();
    const { code, stderr } = await simulate(`s3://${bucket}/made`, ...small, ...flags);
    expect(`${code} ${stderr}`).toMatch(/^0 /);
    expect(objectsIn(bucket, 'made/')).toEqual(await inFolder(...small, ...flags));
    expect(server.openUploads()).toBe(0);
  });

  test('a second run writes nothing; more days are added; what is gone is made again', async () => {
    const bucket = freshBucket();
    const out = `s3://${bucket}/a/b`;
    await simulate(out, ...small);
    server.requests.length = 0;
    const again = await simulate(out, ...small);
    expect(again.stdout).toContain('Unchanged.');
    expect(server.requests.filter((request) => !/^(GET|HEAD|LIST)/.test(request))).toEqual([]);
    const song = server.keys(bucket).find((key) => key.includes('song_data')) as string;
    server.remove(bucket, song);
    const longer = small.map((word, at) => (small[at - 1] === '--days' ? '5' : word));
    expect((await simulate(out, ...longer)).stdout).toContain('Extended');
    expect(objectsIn(bucket, 'a/b/')).toEqual(await inFolder(...longer));
  });

  test('parts made by several machines are the whole', async () => {
    const bucket = freshBucket();
    const parts = ['1/3', '3/3', '2/3'];
    await Promise.all(parts.map((part) => simulate(`s3://${bucket}/p`, ...small, '--part', part)));
    expect(objectsIn(bucket, 'p/')).toEqual(await inFolder(...small));
  });

  test('large files go in parts', async () => {
    const bucket = freshBucket();
    server.requests.length = 0;
    const flags = ['--users', '20000', '--days', '1', '--songs', '100'];
    expect((await simulate(`s3://${bucket}/large`, ...flags)).code).toBe(0);
    const log = server.requests.filter((request) => request.includes('log_data'));
    expect(log[0]).toMatch(/^POST /);
    expect(log.filter((request) => request.startsWith('PUT ')).length).toBeGreaterThan(1);
    expect(objectsIn(bucket, 'large/')).toEqual(await inFolder(...flags));
  });

  test('another data set is refused, and so is a prefix with something else', async () => {
    const bucket = freshBucket();
    const out = `s3://${bucket}/one`;
    await simulate(out, ...small);
    const before = objectsIn(bucket, '');
    const other = await simulate(out, ...small, '--seed', '8');
    expect(`${other.code} ${other.stderr}`).toContain('2 error');
    expect(other.stderr).toContain('--seed 8');
    const foreign = await simulate(`s3://${bucket}/`, ...small);
    expect(`${foreign.code} ${foreign.stderr}`).toContain('holds something else, for example "o');
    expect(objectsIn(bucket, '')).toEqual(before);
    const live = await simulate(out, '--live');
    expect(`${live.code} ${live.stderr}`).toContain('2 error --live writes to a folder');
  });

  test('without the right to write, nothing is written, and the permission is named', async () => {
    const bucket = freshBucket();
    server.denied = (request) => request.startsWith(`PUT ${bucket}`) || request.startsWith(`POST ${bucket}`);
    try {
      const { code, stderr } = await simulate(`s3://${bucket}/denied`, ...small);
      expect(code).toBe(1);
      expect(stderr).toContain('access is denied');
      expect(stderr).toContain(`s3:PutObject on s3://${bucket}/denied/`);
    } finally {
      server.denied = () => false;
    }
    expect(Object.keys(objectsIn(bucket, 'denied/'))).toEqual([]);
  });

  test('a large file whose later parts are refused ends at once, and leaves no part', async () => {
    const bucket = freshBucket();
    let parts = 0;
    server.denied = (request) => request.startsWith('PUT') && request.includes('log_data') && ++parts > 1;
    try {
      const flags = ['--users', '60000', '--days', '1', '--songs', '100', '--workers', '1'];
      const { code, stderr } = await simulate(`s3://${bucket}/refused`, ...flags);
      expect(`${code} ${stderr}`).toContain('access is denied.\n      The credentials need s3:PutObject on');
      expect(stderr).not.toContain('A fault in sparkify');
    } finally {
      server.denied = () => false;
    }
    expect(server.openUploads()).toBe(0);
  });

  test('Ctrl-C ends uploads whose parts the server takes its time with', async () => {
    const bucket = freshBucket();
    server.trouble = (request) =>
      request.startsWith('PUT') && request.includes('log_data') ? 'silent' : null;
    let stoppedMs = 0;
    try {
      const flags = ['--users', '60000', '--days', '1', '--songs', '100'];
      const { code } = await sparkify(['simulate', '--out', `s3://${bucket}/slow`, ...flags], {
        cwd: freshFolder(),
        env: env(),
        onStart(child) {
          const timer = setInterval(() => {
            if (!server.requests.some((request) => request.startsWith(`PUT ${bucket}/slow/log_data`))) return;
            clearInterval(timer);
            stoppedMs = Date.now();
            child.kill('SIGINT');
          }, 5);
        },
      });
      expect(code).toBe(130);
      expect(Date.now() - stoppedMs).toBeLessThan(4_000);
    } finally {
      server.trouble = () => null;
    }
    expect(server.openUploads()).toBe(0);
  });

  test('an answer key that breaks off is read again', async () => {
    const bucket = freshBucket();
    await simulate(`s3://${bucket}/key`, ...small);
    let broken = 0;
    server.trouble = (request) =>
      request.startsWith('GET') && request.includes('manifest') && ++broken < 3 ? 'truncated' : null;
    const again = await simulate(`s3://${bucket}/key`, ...small);
    server.trouble = () => null;
    expect(again.stdout).toContain('Unchanged.');
    expect(broken).toBe(3);
  });

  test('stopped by a signal or killed, it leaves no part of a file, and the same command finishes it', async () => {
    const bucket = freshBucket();
    const flags = ['--users', '20000', '--days', '2', '--songs', '100'];
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      let stopped = false;
      const { code } = await sparkify(['simulate', '--out', `s3://${bucket}/stop`, ...flags], {
        cwd: freshFolder(),
        env: env(),
        onStart(child) {
          const timer = setInterval(() => {
            if (stopped || server.openUploads() === 0) return;
            stopped = true;
            clearInterval(timer);
            child.kill(signal);
          }, 1);
        },
      });
      expect(stopped).toBe(true);
      if (signal === 'SIGINT') {
        expect(code).toBe(130);
        expect(server.openUploads()).toBe(0);
      }
      expect(server.get(bucket, 'stop/manifest.json')).toBeUndefined();
      const other = await simulate(`s3://${bucket}/stop`, ...flags, '--seed', '8');
      expect(other.code).toBe(2);
    }
    expect((await simulate(`s3://${bucket}/stop`, ...flags)).code).toBe(0);
    expect(objectsIn(bucket, 'stop/')).toEqual(await inFolder(...flags));
  });

  test('a server that fails now and then makes no difference', async () => {
    const random = randomNumbers(7);
    const kinds: S3Trouble[] = ['503', '500', 'reset'];
    server.trouble = () =>
      random() < 0.05 ? (kinds[Math.floor(random() * kinds.length)] as S3Trouble) : null;
    const bucket = freshBucket();
    const flags = ['--users', '12000', '--days', '1', '--songs', '300'];
    try {
      const { code, stderr } = await simulate(`s3://${bucket}/t`, ...flags);
      expect(`${code} ${stderr}`).toMatch(/^0 /);
    } finally {
      server.trouble = () => null;
    }
    expect(objectsIn(bucket, 't/')).toEqual(await inFolder(...flags));
  });
});

describe('with everything in S3', () => {
  async function roundTrip(bucket: string, env: Readonly<Record<string, string>>): Promise<void> {
    const cwd = freshFolder();
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await sparkify(args, { cwd, env });
      return { code, stdout, talk: `${stdout}\n${stderr}` };
    };
    const at = `s3://${bucket}/all`;
    const made = await run('simulate', '--out', at, ...small, '--dirty', 'broken-json=0.02,late=0.02');
    expect(made.talk).toContain(`--against ${at}/manifest.json --warehouse duckdb:all.duckdb`);
    await run(
      'etl',
      '--log-data',
      `${at}/log_data`,
      '--song-data',
      `${at}/song_data`,
      '--max-rejects',
      '50%',
    );
    const compared = await run('check', '--against', `${at}/manifest.json`);
    expect(`${compared.code} ${compared.talk}`).toMatch(/^0 /);
    const exported = await run('rejects', 'export', '-o', `s3://${bucket}/mend/rejects.jsonl`);
    expect(exported.talk).toContain(`to s3://${bucket}/mend/rejects.jsonl`);
    const replayed = await run('rejects', 'replay', `s3://${bucket}/mend/rejects.jsonl`, '--json');
    const listed = await run('rejects', 'list', '--json', '--limit', '1000');
    const refused = JSON.parse(listed.stdout) as unknown[];
    expect(refused.length).toBeGreaterThan(3);
    expect(JSON.parse(replayed.stdout).stillRefused).toHaveLength(refused.length);
    expect((await run('check', '--against', `${at}/nowhere.json`)).talk).toContain(
      `There is no object s3://${bucket}/all/nowhere.json.`,
    );
    for (const place of [`s3://${bucket}`, `s3://${bucket}/folder/`]) {
      expect((await run('rejects', 'export', '-o', place)).talk).toContain('names no object');
    }
  }

  test('data is made, loaded, compared; rejects go there and come back', async () => {
    const bucket = freshBucket();
    await roundTrip(bucket, env());
  });

  test.skipIf(gateway === null)(
    `the same on a real server${gateway === null ? ` (${whyNoGateway})` : ''}`,
    async () => {
      const bucket = `made-${randomUUID().slice(0, 8)}`;
      await gateway?.makeBucket(bucket);
      await roundTrip(bucket, gateway?.env ?? {});
      const cwd = freshFolder();
      const flags = ['--users', '20000', '--days', '1', '--songs', '100'];
      const large = await sparkify(['simulate', '--out', `s3://${bucket}/large`, ...flags], {
        cwd,
        env: gateway?.env ?? {},
      });
      expect(`${large.code} ${large.stderr}`).toMatch(/^0 /);
    },
  );
});
