import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { allChecks, runChecks } from '../../src/pipeline/check/check.ts';
import type { LoadSummary } from '../../src/pipeline/record/load-summary.ts';
import { openSource } from '../../src/sources/open.ts';
import type { Warehouse } from '../../src/warehouses/warehouse.ts';
import { rowsOf } from '../support/ad-hoc.ts';
import { usePostgres } from '../support/postgres.ts';
import { randomNumbers } from '../support/random.ts';
import { eventRecord, jsonLines, songRecord, writeFiles } from '../support/records.ts';
import { freshCluster, useRedshift, withRedshift } from '../support/redshift-world.ts';
import { server, useS3Server } from '../support/s3-world.ts';
import { sampleOneIn } from '../support/sample.ts';
import { deliver, freshFolder, readStar, type Star, withWarehouse } from '../support/warehouse.ts';

sampleOneIn(5);

usePostgres();
useS3Server();
useRedshift();

type Files = Readonly<Record<string, string | Buffer>>;

function put(bucket: string, files: Files): void {
  for (const key of server.keys(bucket)) server.remove(bucket, key);
  for (const [key, content] of Object.entries(files)) server.put(bucket, key, content);
}

function load(warehouse: Warehouse, bucket: string, prefix = 'logs'): Promise<LoadSummary> {
  const s3 = { endpoint: server.endpoint, region: 'us-east-1' };
  return deliver(warehouse, { options: { logs: openSource(`s3://${bucket}/${prefix}`, Date.now, s3) } });
}

/** The star that DuckDB makes of the same files. */
function starOf(files: Files): Promise<Star> {
  const folder = freshFolder();
  mkdirSync(join(folder, 'logs'), { recursive: true });
  writeFiles(folder, files as Record<string, string>);
  return withWarehouse(join(folder, 'w.duckdb'), async (duckDb) => {
    await deliver(duckDb, { logs: join(folder, 'logs') });
    return readStar(duckDb);
  });
}

const day = (session: number, plays = 3): string =>
  jsonLines(
    Array.from({ length: plays }, (_, at) =>
      eventRecord({
        sessionId: session,
        itemInSession: at,
        ts: 1541106106796 + session * 1e6 + at,
        userId: `${session}`,
      }),
    ),
  );

describe('objects that were read in one batch', () => {
  const before = { 'logs/a.json': day(1), 'logs/b.json': day(2), 'logs/c.json': day(3) };

  test('share an id; one that changes is replaced with its batch, the others are read again', async () => {
    put('changes', before);
    await withRedshift(await freshCluster(), async (warehouse) => {
      await load(warehouse, 'changes');
      const ids = await rowsOf(warehouse, 'select distinct file_id from ops.files');
      expect(ids).toHaveLength(1);
      const after = { ...before, 'logs/b.json': day(2, 1) };
      put('changes', after);
      const report = await load(warehouse, 'changes');
      expect(report.files).toMatchObject({ new: 0, changed: 1, unchanged: 2, vanished: 0 });
      expect(report.tables.songplays).toEqual({ rows: 7, inserted: 0, updated: 0, deleted: 2 });
      expect(await readStar(warehouse)).toEqual(await starOf(after));
      const [files] = await rowsOf(
        warehouse,
        'select count(*) as names, count(distinct file_id) as ids, min(staged) as staged from ops.files',
      );
      expect(files).toEqual({ names: 3, ids: 1, staged: 7 });
      expect((await load(warehouse, 'changes')).status).toBe('unchanged');
    });
  });

  test('keep their rows under new names, copies and names that vanish', async () => {
    put('names', before);
    await withRedshift(await freshCluster(), async (warehouse) => {
      await load(warehouse, 'names');
      const { 'logs/a.json': a, ...others } = before;
      put('names', { ...others, 'logs/moved.json': a, 'logs/copy.json': before['logs/b.json'] });
      const moved = await load(warehouse, 'names');
      expect(moved.files).toMatchObject({ new: 0, changed: 0, moved: 1, duplicate: 1, vanished: 0 });
      expect(moved.tables.songplays.rows).toBe(9);
      // Then the original of the copy changes: what the copy holds stays.
      const after = {
        ...others,
        'logs/moved.json': a,
        'logs/copy.json': before['logs/b.json'],
        'logs/b.json': day(9),
      };
      put('names', after);
      const report = await load(warehouse, 'names');
      expect(report.files).toMatchObject({ changed: 1, vanished: 0 });
      expect(await readStar(warehouse)).toEqual(await starOf(after));
      put('names', { 'logs/b.json': day(9) });
      const gone = await load(warehouse, 'names');
      expect(gone.files.vanished).toBe(3);
      expect(await readStar(warehouse)).toEqual(await starOf(after));
    });
  });

  test('lose no row of one that has gone while another one changed: the load says so and stops', async () => {
    put('gone', before);
    await withRedshift(await freshCluster(), async (warehouse) => {
      await load(warehouse, 'gone');
      put('gone', { 'logs/b.json': day(2, 1), 'logs/c.json': day(3) });
      await expect(load(warehouse, 'gone')).rejects.toThrow(
        /gone\/logs\/a.json is gone, and was loaded in one batch with a file that has changed/,
      );
      expect(await readStar(warehouse)).toEqual(await starOf(before));
    });
  });

  test('hold a broken record each on its own account: that object alone is read line by line', async () => {
    const broken = `${day(4, 2)}\n{"broken": \n${day(5, 2)}`;
    put('broken', { ...before, 'logs/d.json': broken });
    server.sent.clear();
    await withRedshift(await freshCluster(), async (warehouse) => {
      const report = await load(warehouse, 'broken');
      expect(report.events).toEqual({ lines: 14, staged: 13, rejected: 1, blank: 0 });
      expect(server.sent.get('other broken')).toBe(Buffer.byteLength(broken));
      const [reject] = await rowsOf(warehouse, 'select path, line, rule from ops.rejects');
      expect(reject).toEqual({ path: 's3://broken/logs/d.json', line: 3, rule: 'malformed_json' });
      expect(await readStar(warehouse)).toEqual(await starOf({ ...before, 'logs/d.json': broken }));
      // It changes alone, and the batch stays.
      const after = { ...before, 'logs/d.json': day(4, 2) };
      put('broken', after);
      await load(warehouse, 'broken');
      expect(await readStar(warehouse)).toEqual(await starOf(after));
      const [files] = await rowsOf(warehouse, 'select count(distinct file_id) as ids from ops.files');
      expect(files).toEqual({ ids: 2 });
    });
  });

  test('are read as they are packed, and a second load of other days adds only them', async () => {
    const packed = { 'logs/a.json': day(1), 'logs/b.json.gz': gzipSync(day(2)), 'logs/empty.json': '' };
    put('packed', packed);
    await withRedshift(await freshCluster(), async (warehouse) => {
      const first = await load(warehouse, 'packed');
      expect(first.events.staged).toBe(6);
      put('packed', { ...packed, 'logs/c.json': day(3) });
      const second = await load(warehouse, 'packed');
      expect(second.tables.songplays).toEqual({ rows: 9, inserted: 3, updated: 0, deleted: 0 });
      expect(await readStar(warehouse)).toEqual(
        await starOf({ 'logs/a.json': day(1), 'logs/b.json': day(2), 'logs/c.json': day(3) }),
      );
    });
  });
});

/** What a person may do to a bucket, one thing at a time; the bucket's files afterwards. */
function disturb(files: Files, random: () => number, nth: number): Files {
  const names = Object.keys(files);
  const pick = (): string => names[Math.floor(random() * names.length)] as string;
  const [one, other] = [pick(), pick()];
  const content = files[one] as string;
  const { [one]: _, ...others } = files;
  const kinds: readonly (() => Files)[] = [
    () => ({ ...files, [one]: day(100 + nth, 2) }),
    () => ({ ...files, [one]: files[other] as string }),
    () => ({ ...others, [`logs/renamed-${nth}.json`]: content }),
    () => ({ ...files, [`logs/copy-${nth}.json`]: content }),
    () => (names.length > 2 ? others : files),
    () => ({
      ...others,
      [`logs/renamed-${nth}.json`]: content,
      [other === one ? `logs/${nth}.json` : other]: day(200 + nth, 2),
    }),
    () => ({ ...files, [one]: '' }),
    () => ({ ...files, [`logs/new-${nth}.json`]: `${day(300 + nth, 2)}\n{"broken": ` }),
    () => ({ ...files, [`logs/new-${nth}.json`]: day(400 + nth, 1) }),
  ];
  return (kinds[Math.floor(random() * kinds.length)] as () => Files)();
}

describe('whatever is done to the objects, and whoever reads them,', () => {
  const seeds = Array.from({ length: Number(process.env.SPARKIFY_PROPERTY_RUNS ?? 2) }, (_, at) => at + 1);

  test.each(seeds)('seed %i: the star is that of DuckDB after every load', async (seed) => {
    const random = randomNumbers(seed);
    const bucket = `random${seed}`;
    const cluster = await freshCluster();
    const s3 = { endpoint: server.endpoint, region: 'us-east-1' };
    const source = () => openSource(`s3://${bucket}/logs`, Date.now, s3);
    let files: Files = { 'logs/a.json': day(1), 'logs/b.json': day(2), 'logs/c.json': day(3) };
    await withWarehouse(join(freshFolder(), 'w.duckdb'), async (duckDb) => {
      for (let step = 0; step < 7; step += 1) {
        const next = step === 0 ? files : disturb(files, random, step);
        put(bucket, next);
        const loadBy = random() < 0.7 ? 'cluster' : 'client';
        const fullRefresh = random() < 0.15;
        const place = { ...cluster.place, server: { ...cluster.place.server, loadBy } } as const;
        const what = `step ${step} by ${loadBy}: ${JSON.stringify(Object.keys(next))}`;
        try {
          await withRedshift({ ...cluster, place }, async (warehouse) => {
            await deliver(warehouse, { options: { logs: source(), fullRefresh } });
            await deliver(duckDb, { options: { logs: source(), fullRefresh } });
            expect(await readStar(warehouse), what).toEqual(await readStar(duckDb));
            const again = await deliver(warehouse, { options: { logs: source() } });
            expect(again.status, what).toBe('unchanged');
            const checks = await runChecks(
              allChecks('title, artist, duration', warehouse.dialect),
              warehouse,
            );
            expect(
              checks.filter(({ status }) => status === 'failed'),
              what,
            ).toEqual([]);
          });
          files = next;
        } catch (error) {
          // The one thing that a batch cannot do: lose a name for good while another one changes.
          if (!(error as Error).message.includes('is gone, and was loaded in one batch')) throw error;
        }
      }
    });
  });

  test('a name that is written over with a copy of another one of its batch takes its own events away', async () => {
    put('over', { 'logs/a.json': day(1), 'logs/b.json': day(2), 'logs/c.json': day(3) });
    await withRedshift(await freshCluster(), async (warehouse) => {
      await load(warehouse, 'over');
      put('over', { 'logs/a.json': day(1), 'logs/b.json': day(1), 'logs/c.json': day(3) });
      const report = await load(warehouse, 'over');
      expect(report.tables.songplays.rows).toBe(6);
    });
  });

  test('a record that never ends costs no other one, however much stands behind it', async () => {
    const lines = `{"artist": "x",\n${day(1, 12_000)}`;
    put('endless', { 'logs/a.json': lines, 'logs/b.json': day(2) });
    await withRedshift(await freshCluster(), async (warehouse) => {
      const report = await load(warehouse, 'endless');
      expect(report.events).toEqual({ lines: 12_004, staged: 12_003, rejected: 1, blank: 0 });
    });
  });
});

describe('LOG_JSONPATH', () => {
  const usual = [
    'artist',
    'auth',
    'firstName',
    'gender',
    'itemInSession',
    'lastName',
    'length',
    'level',
    'location',
    'method',
    'page',
    'registration',
    'sessionId',
    'song',
    'status',
    'ts',
    'userAgent',
    'userId',
  ];
  const pathsOf = (keys: readonly string[]): string =>
    JSON.stringify({ jsonpaths: keys.map((key) => `$['${key}']`) });
  const address = 's3://paths/log_json_path.json';

  test('that names the declared keys in their order changes nothing: new keys are still seen', async () => {
    put('paths', {
      'log_json_path.json': pathsOf(usual),
      'logs/a.json': JSON.stringify({ ...eventRecord(), fresh: 1 }),
    });
    const cluster = await freshCluster({ server: { logJsonPath: address } });
    await withRedshift(cluster, async (warehouse) => {
      const report = await load(warehouse, 'paths');
      expect(report.drift).toMatchObject([{ change: 'new', key: 'fresh', records: 1 }]);
    });
    expect(cluster.double.statements.some((text) => text.includes("json 'noshred'"))).toBe(true);
  });

  test('that names other keys is what the cluster reads by, with the same rules', async () => {
    const renamed = ({ userId, ...others }: Record<string, unknown>): string =>
      JSON.stringify({ ...others, user: userId });
    const records = [
      { ...eventRecord() },
      { ...eventRecord({ itemInSession: 1 }), level: 'gold' },
      { ...eventRecord({ itemInSession: 2 }), ts: '1541106106796' },
    ];
    put('paths', {
      'log_json_path.json': pathsOf(usual.map((key) => (key === 'userId' ? 'user' : key))),
      'logs/a.json': records.map(renamed).join('\n'),
    });
    const cluster = await freshCluster({ server: { logJsonPath: address } });
    await withRedshift(cluster, async (warehouse) => {
      const report = await load(warehouse, 'paths');
      expect(report.events).toEqual({ lines: 3, staged: 1, rejected: 2, blank: 0 });
      expect(await rowsOf(warehouse, 'select user_id from songplays')).toEqual([{ user_id: '7' }]);
      expect(await rowsOf(warehouse, 'select rule, field, value from ops.rejects order by rule')).toEqual([
        { rule: 'not_accepted', field: 'level', value: '"gold"' },
        { rule: 'wrong_type', field: 'ts', value: '"1541106106796"' },
      ]);
    });
    expect(cluster.double.statements.some((text) => text.includes(`json '${address}'`))).toBe(true);
  });

  test('that names other keys lets nobody read lines by the declared ones', async () => {
    put('paths', {
      'log_json_path.json': pathsOf(usual.map((key) => (key === 'userId' ? 'user' : key))),
      'logs/a.json': `${day(1)}\n{"broken": `,
    });
    for (const loadBy of ['cluster', 'client'] as const) {
      const cluster = await freshCluster({ server: { logJsonPath: address, loadBy } });
      await expect(withRedshift(cluster, (warehouse) => load(warehouse, 'paths'))).rejects.toThrow(
        /must be read line by line here, which LOG_JSONPATH .* does not allow/,
      );
    }
  });

  test('that is none is told before anything is read', async () => {
    put('paths', { 'logs/a.json': day(1), 'other.json': '{"jsonpaths": ["$.a"]}' });
    for (const [path, message] of [
      [address, /which is not there/],
      ['s3://paths/other.json', /no JSONPaths file of 18 paths/],
    ] as const) {
      const cluster = await freshCluster({ server: { logJsonPath: path } });
      await expect(withRedshift(cluster, (warehouse) => load(warehouse, 'paths'))).rejects.toThrow(message);
    }
  });
});

describe('what this program carries to the cluster', () => {
  test('goes in packed parts, one for each slice where it is worth it, and is gone afterwards', async () => {
    const folder = writeFiles(freshFolder(), { 'logs/a.json': day(1, 12_000) });
    const cluster = await freshCluster({ slices: 3 });
    const parts = new Set<string>();
    cluster.double.faults.on((statement) => {
      if (/^copy staging\.events/.test(statement))
        for (const key of server.keys('staging')) if (key.endsWith('.json.gz')) parts.add(key);
      return null;
    });
    const report = await withRedshift(cluster, (warehouse) =>
      deliver(warehouse, { logs: join(folder, 'logs') }),
    );
    expect(report.tables.songplays.rows).toBe(12_000);
    expect(parts.size).toBe(3);
    expect(server.keys('staging')).toEqual(['README']);
  });

  test('are swarms of small objects, too', async () => {
    const files: Record<string, string> = {};
    for (let at = 0; at < 1_200; at += 1) files[`logs/${at}.json`] = day(at + 1, 1);
    put('swarm', files);
    const cluster = await freshCluster();
    const report = await withRedshift(cluster, (warehouse) => load(warehouse, 'swarm'));
    expect(report.tables.songplays.rows).toBe(1_200);
    expect(cluster.double.statements.filter((text) => text.startsWith('copy')).length).toBeLessThan(4);
  });

  test('needs a staging prefix, a role and songs that fit, each told by name', async () => {
    const folder = writeFiles(freshFolder(), {
      'songs/a.json': jsonLines([songRecord()]),
      'logs/a.json': day(1, 500),
    });
    const delivery = { logs: join(folder, 'logs'), songs: join(folder, 'songs') };
    for (const [missing, message] of [
      [{ stagingPlace: null }, /No prefix in S3 is set/],
      [{ roleArn: null }, /No IAM role is set/],
    ] as const) {
      const cluster = await freshCluster({ server: missing });
      await expect(withRedshift(cluster, (warehouse) => deliver(warehouse, delivery))).rejects.toThrow(
        message,
      );
    }
  });
});
