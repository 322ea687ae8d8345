import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { s3Source } from '../../src/sources/s3.ts';
import { spoolRoom } from '../../src/sources/spool.ts';
import { sparkify } from '../support/command.ts';
import { randomNumbers } from '../support/random.ts';
import { realData, whySkipped } from '../support/real-data.ts';
import { gateway, whyNoGateway } from '../support/s3-gateway.ts';
import type { S3Trouble } from '../support/s3-server.ts';
import { env, etl, server, spooled, upload, useS3Server } from '../support/s3-world.ts';
import { runsAll } from '../support/sample.ts';
import { simulated } from '../support/simulated.ts';
import { type Delivery, deliver, freshFolder, readStar, withWarehouse } from '../support/warehouse.ts';

useS3Server();
const runs = Number(process.env.SPARKIFY_S3_RUNS ?? (runsAll ? 4 : 2));

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
      if (under.code !== 0)
        expect(under.stderr).toMatch(/error (Cannot (read|list) s3:|The bytes of .* do not match)/);
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
    const source = s3Source('s3://narrow/log_data', {
      endpoint: server.endpoint,
      room: spoolRoom(spoolBytes),
    });
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
