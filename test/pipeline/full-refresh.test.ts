import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { allChecks, driftChecks, runChecks } from '../../src/pipeline/check/check.ts';
import type { LoadSummary } from '../../src/pipeline/record/load-summary.ts';
import { lastDrift } from '../../src/pipeline/record/totals.ts';
import { type Observer, silent } from '../../src/telemetry/observer.ts';
import type { SqlRow } from '../../src/warehouses/statement.ts';
import type { Warehouse } from '../../src/warehouses/warehouse.ts';
import { rowsOf, runOn } from '../support/ad-hoc.ts';
import { sparkify } from '../support/command.ts';
import { loadDeliveries, writeDeliveries } from '../support/layouts/deliveries.ts';
import { noting } from '../support/observers.ts';
import { freshDatabase, usePostgres, withPostgres } from '../support/postgres.ts';
import { jsonLines, play, writeFiles } from '../support/records.ts';
import { freshCluster, useRedshift, withRedshift } from '../support/redshift-world.ts';
import { useS3Server } from '../support/s3-world.ts';
import { sampleOneIn } from '../support/sample.ts';
import { readTables } from '../support/tables.ts';
import { deliver, freshFolder, inFolder, withWarehouse } from '../support/warehouse.ts';

sampleOneIn(8);

usePostgres();
useS3Server();
useRedshift();

type Open = <T>(work: (warehouse: Warehouse) => Promise<T>) => Promise<T>;

const folder = freshFolder();
let wanted: Record<string, SqlRow[]>;
const places = new Map<string, Open>();

const open: Readonly<Record<string, () => Promise<Open>>> = {
  DuckDB: async () => {
    const file = join(freshFolder(), 'w.duckdb');
    return (work) => withWarehouse(file, work);
  },
  PostgreSQL: async () => {
    const database = await freshDatabase();
    return (work) => withPostgres(database, work);
  },
  Redshift: async () => {
    const cluster = await freshCluster();
    return (work) => withRedshift(cluster, work);
  },
};

beforeAll(async () => {
  for (const [engine, make] of Object.entries(open)) {
    const place = await make();
    places.set(engine, place);
    await place(async (warehouse) => {
      await loadDeliveries(warehouse, folder, { replays: false });
      wanted = await readTables(warehouse);
    });
  }
}, 120_000);

function refresh(warehouse: Warehouse, observer: Observer = silent, songs = true): Promise<LoadSummary> {
  const sources = writeDeliveries(folder);
  return deliver(warehouse, {
    logs: sources.logs,
    ...(songs && { songs: sources.songs }),
    options: { fullRefresh: true },
    observer,
  });
}

/** The names of the checks that fail, of all or of those with one name. */
async function failing(warehouse: Warehouse, only?: string): Promise<string[]> {
  const checks = [
    ...allChecks('title, artist, duration', warehouse.dialect),
    ...driftChecks(await lastDrift(warehouse)),
  ];
  const chosen = checks.filter(({ name }) => only === undefined || name === only);
  const results = await runChecks(chosen, warehouse);
  return results.filter(({ status }) => status === 'failed').map(({ name }) => name);
}

const doubled = (table: string, where = '1 = 1') =>
  `insert into ${table} select * from ${table} where ${where}`;

/** What is done by hand, and the check that must find it. */
const damages: readonly (readonly [string, string, string])[] = [
  ['doubled plays', doubled('songplays'), 'songplays key'],
  ['doubled users', doubled('users'), 'users key'],
  ['doubled songs', doubled('songs'), 'songs key'],
  ['doubled artists', doubled('artists'), 'artists key'],
  ['doubled times', doubled('time'), 'time key'],
  ['doubled levels', doubled('ops.user_levels'), 'ops.user_levels key'],
  ['doubled song keys', doubled('ops.song_keys'), 'ops.song_keys key'],
  [
    'a play twice, once changed',
    "insert into songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent) select songplay_id, start_time, user_id, 'paid', song_id, artist_id, session_id, location, user_agent from songplays where songplay_id = '1-0'",
    'songplays key',
  ],
  ['a play that is gone', "delete from songplays where songplay_id = '1-0'", 'songplays model'],
  ['a changed user', "update users set last_name = 'Nobody' where user_id = '7'", 'users model'],
  [
    'song keys that are gone',
    "delete from ops.song_keys where spelling = 'own'",
    'song-keys-follow-the-songs',
  ],
  [
    'one spelling that is gone',
    "delete from ops.song_keys where spelling = 'encoded twice' and song_id = 'SOJOGA'",
    'song-keys-follow-the-songs',
  ],
  [
    'a staged event that is gone',
    'delete from staging.events where item_in_session = 3',
    'staged-rows-are-accounted',
  ],
  ['all staged events gone', 'delete from staging.events', 'staged-rows-are-accounted'],
  ['a staged event twice', doubled('staging.events', 'item_in_session = 3'), 'staging.events key'],
  [
    'a staged song that is gone',
    "delete from staging.songs where song_id = 'SOUNDO'",
    'staged-rows-are-accounted',
  ],
  ['staged songs twice', doubled('staging.songs'), 'staging.songs key'],
  [
    'a staged event of no file',
    "insert into staging.events (file_id, session_id, item_in_session, ts, page, level) values (3, 0, 0, 1541106106796, 'Home', 'free')",
    'staged-rows-are-accounted',
  ],
  [
    'a staged event of a file to come',
    "insert into staging.events (file_id, session_id, item_in_session, ts, page, level) values (10, 0, 0, 1541106106796, 'Home', 'free')",
    'staged-rows-are-accounted',
  ],
  ['an event of null', 'insert into staging.events (file_id) values (null)', 'staged-rows-are-accounted'],
  ['repeats that are gone', 'delete from ops.repeated_events', 'staged-rows-are-accounted'],
  ['repeats twice', doubled('ops.repeated_events'), 'staged-rows-are-accounted'],
  ['repeats of another kind', "update ops.repeated_events set repeat = 'conflict'", ''],
  ['repeated songs that are gone', 'delete from ops.repeated_songs', 'staged-rows-are-accounted'],
  ['a reject that is gone', "delete from ops.rejects where rule = 'wrong_type'", 'rejects-are-accounted'],
  ['all rejects gone', 'delete from ops.rejects', 'rejects-are-accounted'],
  ['rejects twice', doubled('ops.rejects'), 'rejects-are-accounted'],
  ['drift that is gone', "delete from ops.drift where key = 'weather'", 'drift-is-accounted'],
  ['drift twice', doubled('ops.drift'), 'drift-is-accounted'],
  ['drift of other numbers', 'update ops.drift set records = records + 1', 'drift-is-accounted'],
  [
    'counts in the manifest',
    'update ops.files set staged = staged + 1, lines = lines + 1',
    'staged-rows-are-accounted',
  ],
  [
    'rejects in the manifest',
    'update ops.files set rejected = rejected + 1, blank = blank - 1',
    'rejects-are-accounted',
  ],
  ['lines in the manifest', 'update ops.files set lines = lines + 1', 'files-balance'],
  ['a manifest twice', doubled('ops.files'), 'ops.files key'],
];

/** Keys that were changed by hand: a build that trusts them would make a star that no file holds. */
const misplaced: typeof damages = [
  [
    'repeats under another key',
    "update ops.repeated_events set session_id = 999999 where repeat = 'conflict'",
    'repeats-have-their-original',
  ],
  [
    'staged events under another key',
    'update staging.events set session_id = session_id + 100000 where session_id = 2',
    'songplays model',
  ],
  [
    'staged songs under another key',
    "update staging.songs set song_id = song_id || 'x' where song_id = 'SOJOGA'",
    'songs model',
  ],
];

/** Which key an index keeps unique on PostgreSQL, where a table cannot be doubled before it is dropped. */
const indexOf = (sql: string): string | null => {
  const table = /^insert into (\S+)/.exec(sql)?.[1];
  return table === undefined || table.startsWith('staging.') || table.includes('repeated')
    ? null
    : `drop index if exists ${table}_key`;
};

/** A part of them on each engine, all of them together on some; SPARKIFY_EVERY_DAMAGE=1 tries all on all. */
const parts: Readonly<Record<string, { every: number; from: number }>> = {
  DuckDB: { every: 2, from: 1 },
  PostgreSQL: { every: 4, from: 0 },
  Redshift: { every: 4, from: 2 },
};
const someOf = (engine: string) => {
  const { every = 1, from = 0 } = process.env.SPARKIFY_EVERY_DAMAGE === '1' ? {} : (parts[engine] ?? {});
  return damages.filter((_, at) => at % every === from);
};

describe.each(Object.keys(open))('a full refresh on %s', (engine) => {
  test.each([...someOf(engine), ...misplaced])(
    'ends in the tables of a fresh load after %s',
    async (_, damage, found) => {
      await (places.get(engine) as Open)(async (warehouse) => {
        const index = indexOf(damage);
        if (engine === 'PostgreSQL' && index !== null) await runOn(warehouse, index);
        await runOn(warehouse, damage);
        if (found !== '') expect(await failing(warehouse, found)).toEqual([found]);
        const report = await refresh(warehouse);
        expect(report.status).toBe('committed');
        expect(found === '' ? [] : await failing(warehouse, found)).toEqual([]);
        expect(await readTables(warehouse)).toEqual(wanted);
      });
    },
  );

  test('makes tables again that the files can fill', async () => {
    await (places.get(engine) as Open)(async (warehouse) => {
      for (const table of ['staging.events', 'ops.rejects', 'ops.repeated_songs', 'ops.drift', 'ops.runs'])
        await runOn(warehouse, `drop table ${table}`);
      await refresh(warehouse);
      expect(await failing(warehouse)).toEqual([]);
      expect(await readTables(warehouse)).toEqual(wanted);
    });
  });

  test.each([
    ['of a file', "path like '%logs/2.json'"],
    ['of all log files', "kind = 'log'"],
    ['of all files', '1 = 1'],
  ])('is asked for where the manifest has lost the rows %s', async (_, where) => {
    await (places.get(engine) as Open)(async (warehouse) => {
      await runOn(warehouse, `delete from ops.files where ${where}`);
      const before = await readTables(warehouse);
      await expect(deliver(warehouse, writeDeliveries(folder))).rejects.toMatchObject({
        message: expect.stringMatching(/holds rows of .* that the manifest \(ops\.files\) does not know/),
        hint: expect.stringContaining('sparkify etl --full-refresh'),
        exitCode: 1,
      });
      expect(await readTables(warehouse)).toEqual(before);
      await refresh(warehouse);
      expect(await failing(warehouse)).toEqual([]);
      expect(await rowsOf(warehouse, 'select count(*) as plays from songplays')).toEqual([{ plays: 5 }]);
      expect((await deliver(warehouse, writeDeliveries(folder))).status).toBe('unchanged');
    });
  });
});

describe('a full refresh', () => {
  let loaded: string;

  beforeAll(async () => {
    loaded = join(freshFolder(), 'loaded.duckdb');
    await withWarehouse(loaded, (warehouse) => loadDeliveries(warehouse, folder));
  });

  function withLoaded<T>(work: (warehouse: Warehouse) => Promise<T>): Promise<T> {
    const file = join(freshFolder(), 'w.duckdb');
    copyFileSync(loaded, file);
    return withWarehouse(file, work);
  }

  test('keeps what was fixed of rejects, but for files whose rows are damaged', () =>
    withLoaded(async (warehouse) => {
      const before = await readTables(warehouse);
      await runOn(warehouse, "delete from ops.rejects where kind = 'song'");
      const { observer, notes } = noting();
      await refresh(warehouse, observer);
      expect(notes).toEqual([expect.stringMatching(/^1 unchanged file is read again, since the rows/)]);
      expect(await readTables(warehouse)).toEqual(before);
      await runOn(warehouse, "delete from ops.rejects where kind = 'log'");
      await refresh(warehouse);
      expect(await readTables(warehouse)).toEqual(wanted);
    }));

  test('names the file whose rows are damaged and that is gone, and changes nothing', () =>
    withLoaded(async (warehouse) => {
      await runOn(warehouse, "delete from staging.songs where song_id = 'SOUNDO'");
      await runOn(warehouse, "delete from songplays where songplay_id = '1-0'");
      const before = await readTables(warehouse);
      const { logs, songs } = writeDeliveries(folder);
      const away = join(freshFolder(), '1.json');
      renameSync(join(songs, '1.json'), away);
      const named = {
        message: expect.stringMatching(/songs\/1\.json is not among the files of this load/),
        exitCode: 1,
      };
      for (const sources of [{ logs, songs }, { logs }])
        await expect(
          deliver(warehouse, { ...sources, options: { fullRefresh: true } }),
        ).rejects.toMatchObject(named);
      expect(await readTables(warehouse)).toEqual(before);
      renameSync(away, join(songs, '1.json'));
      expect((await refresh(warehouse)).status).toBe('committed');
      expect(await failing(warehouse)).toEqual([]);
    }));

  test('of a file that is gone keeps its rows where they are whole', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0)]), 'b.json': jsonLines([play(1), '{"broken']) });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      renameSync(join(logs, 'a.json'), join(freshFolder(), 'a.json'));
      await runOn(warehouse, 'delete from ops.rejects');
      const report = await deliver(warehouse, { logs, options: { fullRefresh: true } });
      expect(report.files.vanished).toBe(1);
      expect(report.tables.songplays.rows).toBe(2);
      expect(await rowsOf(warehouse, 'select reject_id from ops.rejects')).toEqual([{ reject_id: '2:2' }]);
    });
  });

  test('what a later load brings does not hide that a row of drift was lost before', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, {
      'a.json': jsonLines([
        { ...play(0), weather: 'fair' },
        { ...play(1), Level: 'x' },
      ]),
    });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      await runOn(warehouse, "delete from ops.drift where key = 'Level'");
      writeFiles(logs, { 'b.json': jsonLines([{ ...play(2), weather: 'fair' }]) });
      await deliver(warehouse, { logs });
      expect(await failing(warehouse)).toEqual(['drift-is-accounted']);
      writeFiles(logs, { 'b.json': jsonLines([play(2)]) });
      await deliver(warehouse, { logs });
      expect(await failing(warehouse)).toEqual(['drift-is-accounted']);
      await deliver(warehouse, { logs, options: { fullRefresh: true } });
      expect(await failing(warehouse)).toEqual([]);
      expect(await rowsOf(warehouse, 'select key from ops.drift order by key')).toEqual([
        { key: 'Level' },
        { key: 'weather' },
      ]);
    });
  });

  test('a load into staging that was emptied by hand is refused', () =>
    withLoaded(async (warehouse) => {
      await runOn(warehouse, 'delete from staging.events');
      const { logs, songs } = writeDeliveries(freshFolder());
      writeFiles(logs, { '9.json': jsonLines([play(9)]) });
      await expect(deliver(warehouse, { logs, songs })).rejects.toMatchObject({
        message: expect.stringContaining('staging.events of'),
        hint: expect.stringContaining('sparkify etl --full-refresh'),
      });
    }));
});

test('check shows the moments of failing rows as times', async () => {
  const file = join(freshFolder(), 'w.duckdb');
  await withWarehouse(file, async (warehouse) => {
    await loadDeliveries(warehouse, folder);
    await runOn(warehouse, 'update staging.events set page = null where item_in_session = 3');
  });
  const { code, stdout } = await sparkify(['check', '--warehouse', file], { cwd: folder });
  expect(code).toBe(3);
  expect(stdout).toContain('"ts":1541106109796,"ts_utc":"2018-11-01T21:01:49.796Z"');
});
