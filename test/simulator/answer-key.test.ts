import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AnswerKey, parseAnswerKey } from '../../src/answer-key/answer-key.ts';
import { compareWith } from '../../src/answer-key/compare.ts';
import { allChecks, runChecks } from '../../src/pipeline/check/check.ts';
import { defaultRates } from '../../src/simulator/faults.ts';
import { runOn } from '../support/ad-hoc.ts';
import { sparkify } from '../support/command.ts';
import { sampleOneIn } from '../support/sample.ts';
import { settingsWith, simulate, simulated } from '../support/simulated.ts';
import { deliver, freshFolder, withWarehouse } from '../support/warehouse.ts';

sampleOneIn(4);

const runs = Number(process.env.SPARKIFY_PROPERTY_RUNS ?? 2);

/** Many times the usual faults, so that they meet each other. */
const hostile = {
  ...Object.fromEntries(Object.entries(defaultRates).map(([name, rate]) => [name, rate * 8])),
  'duplicate-file': 0.3,
  'redelivered-file': 0.7,
};

async function keyOf(folder: string): Promise<AnswerKey> {
  const key = parseAnswerKey(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  if (key === null) throw new Error(`${folder} has no answer key.`);
  return key;
}

function loaded<T>(
  folder: string,
  work: (
    differences: () => ReturnType<typeof compareWith>,
    deliverAgain: () => Promise<unknown>,
    run: (sql: string) => Promise<unknown>,
  ) => Promise<T>,
): Promise<T> {
  return withWarehouse(join(freshFolder(), 'w.duckdb'), async (warehouse) => {
    const give = () =>
      deliver(warehouse, { logs: join(folder, 'log_data'), songs: join(folder, 'song_data') });
    await give();
    return work(
      async () => compareWith(await keyOf(folder), warehouse),
      give,
      (sql) => runOn(warehouse, sql),
    );
  });
}

describe('a warehouse into which a simulated data set was loaded', () => {
  test('agrees with the answer key to the row: clean, of both profiles', async () => {
    for (const profile of ['classic', 'full'] as const) {
      await loaded(await simulated({ users: [150], profile, growth: 3 }), async (compare) => {
        expect((await compare()).differences).toEqual([]);
      });
    }
  });

  test.each(Array.from({ length: runs }, (_, nth) => nth + 1))(
    'agrees with it for hostile data of seed %i, before and after files come again',
    async (seed) => {
      const folder = await simulated({
        seed,
        users: [70 + 40 * (seed % 3)],
        days: 8,
        profile: seed % 2 === 0 ? 'full' : 'classic',
        format: seed % 3 === 0 ? 'ndjson' : 'app',
        gzip: seed % 3 === 1,
        growth: 5,
        attrition: 0.5,
        rates: hostile,
      });
      const { faults, events } = await keyOf(folder);
      expect(events.rejected).toBeGreaterThan(10);
      expect(new Set(faults.map(({ fault }) => fault)).size).toBeGreaterThanOrEqual(8);
      await loaded(folder, async (compare, deliverAgain) => {
        expect((await compare()).differences).toEqual([]);
        cpSync(join(folder, 'redelivery'), folder, { recursive: true });
        expect((await compare()).differences).not.toEqual([]);
        await deliverAgain();
        expect((await compare()).differences).toEqual([]);
      });
    },
  );

  test.each([
    ['every event is late', { users: [30], days: 5, rates: { late: 1 } }],
    ['days have one event or none', { users: [2], days: 90, seed: 2, rates: defaultRates }],
    ['first deliveries have one line', { users: [1], days: 90, seed: 4, rates: { 'redelivered-file': 1 } }],
    ['every last line is cut off', { users: [20], days: 6, rates: { truncated: 1, late: 0.3 } }],
    ['no play matches', { users: [40], matchShare: 0, rates: defaultRates }],
    ['records lack keys, as eventsim’s do', { users: [80], format: 'eventsim', profile: 'full' }],
  ] as const)('agrees with it where %s', async (_, change) => {
    const folder = await simulated(change);
    await loaded(folder, async (compare) => {
      expect((await compare()).differences).toEqual([]);
    });
  });

  test('agrees with it when days and users were added to dirty data', async () => {
    const folder = await simulated({ users: [60], days: 4, rates: hostile });
    await loaded(folder, async (compare, deliverAgain) => {
      expect((await compare()).differences).toEqual([]);
      await simulate(folder, settingsWith({ users: [110], days: 6, rates: hostile }));
      await deliverAgain();
      expect((await compare()).differences).toEqual([]);
    });
  });

  test('passes every check of its own as well', async () => {
    const folder = await simulated({ users: [100], rates: hostile });
    await withWarehouse(join(freshFolder(), 'w.duckdb'), async (warehouse) => {
      await deliver(warehouse, { logs: join(folder, 'log_data'), songs: join(folder, 'song_data') });
      const results = await runChecks(allChecks('title, artist, duration', warehouse.dialect), warehouse);
      expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
    });
  });

  test.each([
    [
      'a play is lost',
      'delete from songplays where songplay_id = (select min(songplay_id) from songplays)',
      ['table', 'day'],
    ],
    [
      'a level is wrong',
      "update songplays set level = case level when 'paid' then 'free' else 'paid' end where songplay_id = (select min(songplay_id) from songplays)",
      ['day'],
    ],
    [
      'a time is wrong',
      'update songplays set start_time = start_time + interval 1 second where songplay_id = (select min(songplay_id) from songplays)',
      ['day'],
    ],
    [
      'a user is on the other level',
      "update users set level = 'paid' where user_id = (select min(user_id) from users where level = 'free')",
      ['table'],
    ],
    [
      'all matched plays name one song',
      'update songplays set song_id = (select min(song_id) from songs) where song_id is not null',
      ['day'],
    ],
    [
      'two users have swapped their plays',
      `update songplays set user_id = case songplays.user_id when two.a then two.b else two.a end
       from (select min(user_id) as a, max(user_id) as b from songplays) as two
       where songplays.user_id in (two.a, two.b)`,
      ['day'],
    ],
    ['a place is lost', "update songplays set location = null where location like 'New%'", ['day']],
    [
      'a user has another name',
      "update users set first_name = 'Nobody' where user_id = (select min(user_id) from users)",
      ['table'],
    ],
    [
      'a song has another year',
      'update songs set year = 1900 where song_id = (select min(song_id) from songs)',
      ['table'],
    ],
    [
      'an artist moved',
      "update artists set location = 'Nowhere' where artist_id = (select min(artist_id) from artists)",
      ['table'],
    ],
    [
      'a match is lost',
      'update songplays set song_id = null where songplay_id = (select min(songplay_id) from songplays where song_id is not null)',
      ['day'],
    ],
    [
      'a reject is forgotten',
      'delete from ops.rejects where reject_id = (select min(reject_id) from ops.rejects)',
      ['reject'],
    ],
    [
      'a reject has another reason',
      "update ops.rejects set rule = 'too_deep' where reject_id = (select min(reject_id) from ops.rejects)",
      ['reject'],
    ],
    [
      'a repeat is forgotten',
      'delete from ops.repeated_events where session_id = (select min(session_id) from ops.repeated_events)',
      ['repeat'],
    ],
    [
      'a key’s drift is forgotten',
      'delete from ops.drift where file_id = (select min(file_id) from ops.drift)',
      ['drift'],
    ],
    [
      'a file is forgotten',
      "delete from ops.files where path = (select min(path) from ops.files where kind = 'song')",
      ['file'],
    ],
    [
      'a file is too many',
      "update ops.files set path = 'elsewhere.json' where path = (select min(path) from ops.files where kind = 'song')",
      ['file', 'file'],
    ],
  ])('differs, by name, where %s', async (_, sql, kinds) => {
    await loaded(await hostileData, async (compare, _again, run) => {
      await run(sql);
      const { differences } = await compare();
      expect([...new Set(differences.map(({ kind }) => kind))].sort()).toEqual([...new Set(kinds)].sort());
      for (const { where, expected, found } of differences) {
        expect(where).not.toBe('');
        expect(expected).not.toBe(found);
      }
    });
  });
});

const hostileData = simulated({ users: [90], rates: hostile });

describe('sparkify check --against', () => {
  test('names each difference and exits with 3; agrees with 0; knows what is not an answer key', async () => {
    const cwd = freshFolder();
    const out = ['--out', 'made', '--users', '120', '--days', '3', '--songs', '80', '--dirty'];
    const check = ['check', '--against', 'made/manifest.json'];
    expect((await sparkify(['simulate', ...out], { cwd })).code).toBe(0);
    const load = ['etl', '--log-data', 'made/log_data', '--song-data', 'made/song_data'];
    expect((await sparkify(load, { cwd })).code).toBe(0);
    const agrees = await sparkify(check, { cwd });
    expect(`${agrees.code} ${agrees.stdout}`).toMatch(
      /^0 [\s\S]*every good event once, \d+ planted faults accounted for/,
    );
    // A line that nobody announced.
    const file = join(cwd, 'made/log_data/2018/11/2018-11-02-events.json');
    writeFileSync(file, `${readFileSync(file, 'utf8')}\n{"page":"Home"}`);
    await sparkify(load, { cwd });
    const differs = await sparkify([...check, '--json'], { cwd });
    expect(differs.code).toBe(3);
    const { status, differences } = JSON.parse(differs.stdout);
    expect(status).toBe('differs');
    expect(
      differences.map(({ kind, where }: { kind: string; where: string }) => `${kind} ${where}`),
    ).toContain('file log_data/2018/11/2018-11-02-events.json');
    expect(
      differences.some(
        ({ kind, expected }: { kind: string; expected: string }) =>
          kind === 'reject' && expected === 'nothing',
      ),
    ).toBe(true);
    writeFileSync(join(cwd, 'other.json'), '{"files": []}');
    const none = await sparkify(['check', '--against', 'other.json'], { cwd });
    expect(`${none.code} ${none.stderr}`).toContain('2 ');
    expect(none.stderr).toContain('is not an answer key');
    expect((await sparkify(['check', '--against', 'nowhere.json'], { cwd })).stderr).toContain(
      'Cannot read the answer key',
    );
  });
});
