import type { ChildProcess } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { s3Source } from '../../src/sources/s3.ts';
import { parseS3Address } from '../../src/sources/s3-address.ts';
import type { SourceFile } from '../../src/sources/source.ts';
import { sparkify } from '../support/command.ts';
import { randomNumbers } from '../support/random.ts';
import { realData, whySkipped } from '../support/real-data.ts';
import { play } from '../support/records.ts';
import { gateway, whyNoGateway } from '../support/s3-gateway.ts';
import { type S3Server, type S3Trouble, startS3Server } from '../support/s3-server.ts';
import { simulated } from '../support/simulated.ts';
import { type Delivery, deliver, freshFolder, readStar, withWarehouse } from '../support/warehouse.ts';

const runs = Number(process.env.SPARKIFY_S3_RUNS ?? 4);
let server: S3Server;
beforeAll(async () => {
  server = await startS3Server();
  process.env.AWS_ACCESS_KEY_ID = server.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = server.secretAccessKey;
});
afterEach(() => {
  server.trouble = () => null;
  server.denied = () => false;
  server.onGet = () => {};
  server.requests.length = 0;
});
afterAll(() => server.close());

/** Puts a folder's files into a bucket under their names. */
function upload(folder: string, bucket: string, prefix: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (statSync(join(folder, name)).isFile())
      server.put(bucket, `${prefix}/${name}`, readFileSync(join(folder, name)));
  }
}

function env(): Record<string, string> {
  return {
    SPARKIFY_S3_ENDPOINT: server.endpoint,
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_REGION: 'eu-central-1',
  };
}

function etl(cwd: string, bucket: string) {
  const flags = ['--log-data', `s3://${bucket}/log_data`, '--song-data', `s3://${bucket}/song_data`];
  mkdirSync(join(cwd, 'tmp'), { recursive: true });
  return sparkify(['etl', ...flags], { cwd, env: { ...env(), TMPDIR: join(cwd, 'tmp') } });
}

/** What loads left in their spools. */
function spooled(tmp: string): string[] {
  const root = join(tmp, `sparkify-spool-${process.getuid?.() ?? 'user'}`);
  return existsSync(root) ? readdirSync(root) : [];
}

describe('a load from S3', () => {
  test('gives the same star as from the folder; a second run reads no object', async () => {
    const folder = await simulated({ users: [250], days: 5, songs: 120 });
    upload(join(folder, 'log_data'), 'same', 'log_data');
    upload(join(folder, 'song_data'), 'same', 'song_data');
    server.put('same', 'log_data/', '');
    server.put('same', 'log_data_old/2018-11-01-events.json', 'not to be read');
    const cwd = freshFolder();
    const first = await etl(cwd, 'same');
    expect(`${first.code} ${first.stderr}`).toMatch(/^0 /);
    const gets = server.requests.filter((request) => request.startsWith('GET'));
    expect(gets.length).toBe(125);
    await sparkify(
      [
        'etl',
        '--log-data',
        join(folder, 'log_data'),
        '--song-data',
        join(folder, 'song_data'),
        '--warehouse',
        'duckdb:local.duckdb',
      ],
      { cwd },
    );
    const starOf = (name: string) => withWarehouse(join(cwd, name), readStar);
    expect(await starOf('sparkify.duckdb')).toEqual(await starOf('local.duckdb'));
    server.requests.length = 0;
    const second = await etl(cwd, 'same');
    expect(second.stdout).toContain('Unchanged');
    expect(server.requests.filter((request) => !request.startsWith('LIST'))).toEqual([]);
    expect(spooled(join(cwd, 'tmp'))).toEqual([]);
  });

  test.skipIf(realData === null)(
    `of the real data gives the same star as from the folder (${whySkipped})`,
    async () => {
      upload(realData?.logs ?? '', 'real', 'log_data');
      upload(realData?.songs ?? '', 'real', 'song_data');
      const cwd = freshFolder();
      expect((await etl(cwd, 'real')).code).toBe(0);
      await sparkify(
        [
          'etl',
          '--log-data',
          realData?.logs ?? '',
          '--song-data',
          realData?.songs ?? '',
          '--warehouse',
          'duckdb:local.duckdb',
        ],
        { cwd },
      );
      const starOf = (name: string) => withWarehouse(join(cwd, name), readStar);
      const star = await starOf('sparkify.duckdb');
      expect(star.songplays.length).toBe(6_820);
      expect(star).toEqual(await starOf('local.duckdb'));
    },
  );

  test.each(Array.from({ length: runs }, (_, nth) => [nth + 1]))(
    'seed %i: with trouble of every kind in one request of twenty ends right, or fails cleanly and ends right once it is over',
    async (seed) => {
      const folder = await simulated({ users: [150], days: 4, songs: 100, seed });
      const bucket = `trouble-${seed}`;
      upload(join(folder, 'log_data'), bucket, 'log_data');
      upload(join(folder, 'song_data'), bucket, 'song_data');
      const random = randomNumbers(seed);
      const kinds: S3Trouble[] = ['503', '500', 'reset', 'truncated', 'slow', 'wrong checksum'];
      server.trouble = () =>
        random() < 0.05 ? (kinds[Math.floor(random() * kinds.length)] as S3Trouble) : null;
      const cwd = freshFolder();
      const under = await etl(cwd, bucket);
      if (under.code !== 0) expect(under.stderr).toMatch(/error Cannot (read|list) s3:/);
      server.trouble = () => null;
      expect((await etl(cwd, bucket)).code).toBe(0);
      await sparkify(
        [
          'etl',
          '--log-data',
          join(folder, 'log_data'),
          '--song-data',
          join(folder, 'song_data'),
          '--warehouse',
          'duckdb:local.duckdb',
        ],
        { cwd },
      );
      const starOf = (name: string) => withWarehouse(join(cwd, name), readStar);
      expect(await starOf('sparkify.duckdb')).toEqual(await starOf('local.duckdb'));
      expect(spooled(join(cwd, 'tmp'))).toEqual([]);
    },
  );

  test('needs no more disk than it may take: what has no room in the spool is fetched again in its turn', async () => {
    const folder = await simulated({ users: [300], days: 6, songs: 71 });
    upload(join(folder, 'log_data'), 'narrow', 'log_data');
    const spoolBytes = 200_000;
    const source = s3Source('s3://narrow/log_data', { endpoint: server.endpoint, spoolBytes });
    const bytes = (await source.list()).files.reduce((sum, file) => sum + file.bytes, 0);
    expect(bytes).toBeGreaterThan(8 * spoolBytes);
    const starWith = (logs: Delivery) =>
      withWarehouse(join(freshFolder(), 'w.duckdb'), async (warehouse) => {
        await deliver(warehouse, logs);
        return readStar(warehouse);
      });
    const star = await starWith({ options: { logs: source } });
    expect(star).toEqual(await starWith({ logs: join(folder, 'log_data') }));
    expect(server.requests.filter((request) => request.startsWith('GET')).length).toBeGreaterThan(6);
    const own = spooled(tmpdir()).filter((name) => name.startsWith(`${process.pid}-`));
    expect(
      own.flatMap((name) =>
        readdirSync(join(tmpdir(), `sparkify-spool-${process.getuid?.() ?? 'user'}`, name)),
      ),
    ).toEqual([]);
    await source.close();
  });

  test('is stopped at once by Ctrl-C, also while a server sends nothing, and leaves nothing behind', async () => {
    const folder = await simulated({ users: [400], days: 3, songs: 71 });
    upload(join(folder, 'log_data'), 'stalled', 'log_data');
    server.trouble = (request) => (request.startsWith('GET') ? 'stall' : null);
    const cwd = freshFolder();
    mkdirSync(join(cwd, 'tmp'));
    const began = Date.now();
    const { code, stderr } = await sparkify(['etl', '--log-data', 's3://stalled/log_data'], {
      cwd,
      env: { ...env(), TMPDIR: join(cwd, 'tmp') },
      onStart: (child) => setTimeout(() => child.kill('SIGINT'), 1_500),
    });
    expect(`${code} ${stderr}`).toMatch(/^130 [\s\S]*Stopped by SIGINT; nothing was committed/);
    expect(Date.now() - began).toBeLessThan(8_000);
    expect(spooled(join(cwd, 'tmp'))).toEqual([]);
  });

  test('killed leaves copies behind, which the next load removes', async () => {
    const folder = await simulated({ users: [400], days: 6, songs: 71 });
    upload(join(folder, 'log_data'), 'killed', 'log_data');
    upload(join(folder, 'song_data'), 'killed', 'song_data');
    const cwd = freshFolder();
    const tmp = join(cwd, 'tmp');
    mkdirSync(tmp);
    let gets = 0;
    let child: ChildProcess | null = null;
    server.onGet = (key) => {
      if (!key.startsWith('log_data')) return;
      gets += 1;
      if (gets === 4) child?.kill('SIGKILL');
    };
    const flags = ['--log-data', 's3://killed/log_data', '--song-data', 's3://killed/song_data'];
    await sparkify(['etl', ...flags], {
      cwd,
      env: { ...env(), TMPDIR: tmp },
      onStart: (started) => {
        child = started;
      },
    });
    expect(spooled(tmp).length).toBe(1);
    server.onGet = () => {};
    expect((await etl(cwd, 'killed')).code).toBe(0);
    expect(spooled(tmp)).toEqual([]);
  });

  test('notices an object that changes under it, lists again and loads what is there now', async () => {
    const [before, after] = [
      await simulated({ users: [150], seed: 1 }),
      await simulated({ users: [150], seed: 2 }),
    ];
    upload(join(before, 'log_data'), 'moving', 'log_data');
    upload(join(before, 'song_data'), 'moving', 'song_data');
    let gets = 0;
    server.onGet = (key) => {
      gets += 1;
      if (key.startsWith('log_data') && gets > 72) {
        server.onGet = () => {};
        upload(join(after, 'log_data'), 'moving', 'log_data');
      }
    };
    const cwd = freshFolder();
    const { code, stderr } = await etl(cwd, 'moving');
    expect(`${code} ${stderr}`).toMatch(/^0 [\s\S]*changed while it was being read/);
    const flags = [
      '--log-data',
      join(after, 'log_data'),
      '--song-data',
      join(before, 'song_data'),
      '--warehouse',
      'duckdb:local.duckdb',
    ];
    await sparkify(['etl', ...flags], { cwd });
    const starOf = (name: string) => withWarehouse(join(cwd, name), readStar);
    expect(await starOf('sparkify.duckdb')).toEqual(await starOf('local.duckdb'));
  });
});

describe('a real S3 server', () => {
  test.skipIf(gateway === null)(
    `gives the same star as the folder, and as itself again (${whyNoGateway})`,
    async () => {
      const real = gateway as NonNullable<typeof gateway>;
      const bucket = `load-${randomUUID()}`;
      await real.makeBucket(bucket);
      const folder = await simulated({ users: [400], days: 4, songs: 300, gzip: false });
      for (const kind of ['log_data', 'song_data']) {
        const names = readdirSync(join(folder, kind), { recursive: true, encoding: 'utf8' });
        const files = names.filter((name) => statSync(join(folder, kind, name)).isFile());
        await Promise.all(
          files.map((name) => real.put(bucket, `${kind}/${name}`, readFileSync(join(folder, kind, name)))),
        );
      }
      await real.put(bucket, 'log_data/', '');
      await real.put(bucket, 'log_data_old/2018-11-01-events.json', '{}');
      const cwd = freshFolder();
      const load = () =>
        sparkify(
          ['etl', '--log-data', `s3://${bucket}/log_data`, '--song-data', `s3://${bucket}/song_data`],
          { cwd, env: real.env },
        );
      const first = await load();
      expect(`${first.code} ${first.stderr}`).toMatch(/^0 /);
      expect((await load()).stdout).toContain('Unchanged');
      const flags = ['--log-data', join(folder, 'log_data'), '--song-data', join(folder, 'song_data')];
      await sparkify(['etl', ...flags, '--warehouse', 'duckdb:local.duckdb'], { cwd });
      const starOf = (name: string) => withWarehouse(join(cwd, name), readStar);
      expect(await starOf('sparkify.duckdb')).toEqual(await starOf('local.duckdb'));
      const wrong = await sparkify(['etl', '--log-data', `s3://${bucket}/log_data`], {
        cwd: freshFolder(),
        env: { ...real.env, AWS_SECRET_ACCESS_KEY: 'wrong' },
      });
      expect(wrong.stderr).toContain('the credentials were refused');
    },
  );
});

describe('S3', () => {
  test('lists thousands of keys page by page, in an order of its own', async () => {
    const keys = Array.from(
      { length: 2_500 },
      (_, nth) =>
        `many/${createHash('md5').update(String(nth)).digest('hex')}${nth % 3 === 0 ? 'é😀' : ''}.json`,
    );
    for (const key of keys) server.put('pages', key, '{}');
    const { files } = await s3Source('s3://pages/many', { endpoint: server.endpoint }).list();
    expect(files.map(({ path }) => path)).toEqual(
      keys.map((key) => `s3://pages/${key}`).sort((a, b) => (a < b ? -1 : 1)),
    );
    expect(server.requests.length).toBe(3);
  });

  test('resumes a body that broke off by a range, and gives every byte once', async () => {
    const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => 33 + ((at * 7919) % 90)));
    server.put('resume', 'a.json', content);
    let broken = 0;
    server.trouble = (request) => {
      if (!request.startsWith('GET') || broken === 3) return null;
      broken += 1;
      return 'truncated';
    };
    const source = s3Source('s3://resume/a.json', { endpoint: server.endpoint });
    const [file] = (await source.list()).files;
    const hash = createHash('sha256');
    for await (const chunk of source.open(file as SourceFile)) hash.update(chunk);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'));
    expect(server.requests.filter((request) => request.startsWith('GET')).length).toBe(4);
    await source.close();
  });

  test('takes a resumed body for what it is only if all of it gives the ETag', async () => {
    server.put('corrupt', 'a.json', Buffer.alloc(400_000, 'a'));
    let gets = 0;
    server.trouble = (request) => {
      if (!request.startsWith('GET')) return null;
      gets += 1;
      return gets === 1 ? 'truncated' : 'other bytes';
    };
    const source = s3Source('s3://corrupt/a.json', { endpoint: server.endpoint });
    const [file] = (await source.list()).files as [SourceFile];
    await expect(source.bring([file])).rejects.toThrow(/came with other bytes than its ETag tells of/);
    expect(source.localPath(file)).toBeNull();
    server.trouble = () => null;
    await source.bring([file]);
    expect(readFileSync(source.localPath(file) as string).equals(Buffer.alloc(400_000, 'a'))).toBe(true);
    await source.close();
  });

  test('asks a server again that says nothing, before and within an answer', async () => {
    server.put('silent', 'log/a.json', Buffer.alloc(400_000, 'a'));
    const asked = new Map<string, number>();
    server.trouble = (request) => {
      const nth = (asked.get(request) ?? 0) + 1;
      asked.set(request, nth);
      return nth === 1 ? 'silent' : nth === 2 && request.startsWith('GET') ? 'stall' : null;
    };
    const source = s3Source('s3://silent/log', { endpoint: server.endpoint, stallMs: 300 });
    const [file] = (await source.list()).files as [SourceFile];
    await source.bring([file]);
    expect([...asked.values()]).toEqual([2, 3]);
    await source.close();
  });

  test('reserves room in the spool before it fills it', async () => {
    for (const name of ['a', 'b', 'c', 'd']) server.put('room', `${name}.json`, Buffer.alloc(90_000, name));
    const source = s3Source('s3://room', { endpoint: server.endpoint, spoolBytes: 100_000 });
    const { files } = await source.list();
    await Promise.all(
      files.map(async (file) => {
        for await (const _chunk of source.open(file));
      }),
    );
    expect(files.filter((file) => source.localPath(file) !== null).length).toBe(1);
    await source.close();
  });

  test('removes nothing from the folder for passing files but dead spools of its own', async () => {
    const folder = await simulated({ days: 1, users: [200] });
    upload(join(folder, 'log_data'), 'tidy', 'log_data');
    const cwd = freshFolder();
    const root = `sparkify-spool-${process.getuid?.() ?? 'user'}`;
    mkdirSync(join(cwd, 'tmp', root, 'docs'), { recursive: true, mode: 0o700 });
    mkdirSync(join(cwd, 'tmp', root, '99999999-0'));
    mkdirSync(join(cwd, 'tmp', root, `${process.pid}-7`));
    const load = (tmp: string) =>
      sparkify(['etl', '--log-data', 's3://tidy/log_data'], {
        cwd,
        env: { ...env(), TMPDIR: join(cwd, tmp) },
      });
    expect((await load('tmp')).code).toBe(0);
    expect(spooled(join(cwd, 'tmp')).sort()).toEqual([`${process.pid}-7`, 'docs'].sort());
    // A link that somebody laid there leads nowhere.
    mkdirSync(join(cwd, 'other'));
    mkdirSync(join(cwd, 'victim/99999999-0'), { recursive: true });
    symlinkSync(join(cwd, 'victim'), join(cwd, 'other', root));
    server.put(
      'tidy',
      'log_data/new.json',
      readFileSync(join(folder, 'log_data/2018/11/2018-11-01-events.json')),
    );
    expect((await load('other')).code).toBe(0);
    expect(readdirSync(join(cwd, 'victim'))).toEqual(['99999999-0']);
    expect(readdirSync(join(cwd, 'other'))).toEqual([root]);
  });

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
