import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { LoadSummary } from '../src/pipeline/record/load-summary.ts';
import { shuffled } from './support/random.ts';
import { realData, whySkipped } from './support/real-data.ts';
import {
  type Delivery,
  deliver,
  freshFolder,
  readStar,
  type Star,
  starAfter,
  withWarehouse,
} from './support/warehouse.ts';

const { logs, songs, expected: expectedFile } = realData ?? { logs: '', songs: '', expected: '' };
if (!realData) console.warn(`The known answers of the real data are skipped: ${whySkipped}`);

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(folder, name));
}

describe.skipIf(!realData)('the real data', () => {
  let star: Star;
  let report: LoadSummary;
  let second: LoadSummary;
  let expected: ReturnType<typeof JSON.parse>;

  beforeAll(async () => {
    expected = JSON.parse(readFileSync(expectedFile, 'utf8'));
    await withWarehouse(join(freshFolder(), 'w.duckdb'), async (warehouse) => {
      report = await deliver(warehouse, { logs, songs });
      star = await readStar(warehouse);
      second = await deliver(warehouse, { logs, songs });
    });
  });

  test('balances: every line is staged', () => {
    const rows = expected.log.rows;
    expect(report.events).toEqual({ lines: rows, staged: rows, rejected: 0, blank: 0 });
    expect(report.songs).toMatchObject({ lines: 71, staged: 71, rejected: 0 });
    expect(report.files).toMatchObject({ new: 101, changed: 0, duplicate: 0, vanished: 0 });
  });

  test('has the known numbers of rows', () => {
    const { sample71 } = expected;
    expect(Object.fromEntries(Object.entries(star).map(([name, rows]) => [name, rows.length]))).toMatchObject(
      {
        songplays: sample71.songplays,
        users: sample71.users,
        songs: sample71.songs,
        artists: sample71.artists,
        time: sample71.time,
      },
    );
    expect(report.tables.songplays.rows).toBe(6820);
  });

  test('matches the one play that has a song', () => {
    const row = expected.sample71.matched_row;
    const matched = star.songplays.filter(({ song_id }) => song_id !== null);
    expect(matched).toEqual([
      expect.objectContaining({
        songplay_id: '818-5',
        song_id: row.song_id,
        artist_id: row.artist_id,
        user_id: row.user_id,
        level: row.level,
        session_id: row.session_id,
        start_time: new Date(row.ts),
      }),
    ]);
    expect(report.match).toMatchObject({ plays: 6820, matched: 1 });
    const { artistUnknown, titleUnknown, durationDiffers } = report.match.misses;
    expect(artistUnknown + titleUnknown + durationDiffers).toBe(6819);
  });

  test('knows every user’s level at the end', () => {
    const paid = star.users.filter(({ level }) => level === 'paid').map(({ user_id }) => user_id);
    expect(paid.map(Number).sort((a, b) => a - b)).toEqual(expected.log.paid_at_end.map(Number));
    expect(star.users.length - paid.length).toBe(expected.log.final_level_all.free);
    expect(star.users.map(({ user_id }) => user_id)).toContain(expected.log.user_only_on_other_pages);
  });

  test('keeps the level history: eight users change, user 15 twice', () => {
    const steps = groupByUser(star);
    const changing = [...steps].filter(([, rows]) => rows.length > 1).map(([user]) => String(user));
    expect(changing.map(Number).sort((a, b) => a - b)).toEqual(
      expected.log.users_with_both_levels.map(Number),
    );
    const history = star.user_levels.filter(({ user_id }) => user_id === '15');
    expect(history.map(({ level }) => level)).toEqual(['paid', 'free', 'paid']);
    // His one free play began at 11:11:22; the pages around it, which count too, say when the level changed.
    expect(history[1]?.valid_from).toEqual(new Date('2018-11-21T11:08:57.796Z'));
    expect(history[1]?.valid_to).toEqual(new Date('2018-11-21T11:13:32.796Z'));
    const onTheDay = star.songplays.filter((row) => row.user_id === '15' && row.level === 'free');
    expect(onTheDay.map(({ start_time }) => start_time)).toEqual([new Date('2018-11-21T11:11:22.796Z')]);
  });

  test('has the known plays by level and gender, and the known artists', () => {
    const count = (level: string): number => star.songplays.filter((row) => row.level === level).length;
    expect({ paid: count('paid'), free: count('free') }).toEqual(expected.plays.by_level);
    const genders = new Map(star.users.map(({ user_id, gender }) => [user_id, gender]));
    const byGender = (gender: string): number =>
      star.songplays.filter((row) => genders.get(row.user_id) === gender).length;
    expect({ F: byGender('F'), M: byGender('M') }).toEqual(expected.plays.by_gender);
    expect(new Set(star.songplays.map(({ location }) => location)).size).toBe(
      expected.plays.distinct_locations,
    );
    expect(star.artists.filter(({ latitude }) => latitude !== null).length).toBe(
      expected.sample71.artists_with_lat,
    );
    expect(star.artists.filter(({ location }) => location !== null).length).toBe(
      expected.sample71.artists_with_location,
    );
    expect(star.songs.filter(({ year }) => year === null).length).toBe(expected.sample71.year_zero);
  });

  test('has times in UTC with their milliseconds', () => {
    const first = star.time[0];
    expect(first).toEqual({
      start_time: new Date(expected.log.nextsong_ts_min),
      hour: 21,
      day: 1,
      week: 44,
      month: 11,
      year: 2018,
      weekday: 4,
    });
  });

  test('is unchanged by a second run, which writes nothing', () => {
    expect(second).toMatchObject({ status: 'unchanged', runId: null, files: { new: 0, unchanged: 101 } });
    expect(second.tables.songplays).toEqual({ rows: 6820, inserted: 0, updated: 0, deleted: 0 });
  });

  const groupings: [string, () => Delivery[]][] = [
    ['logs before songs', () => [{ logs }, { songs }]],
    ['songs before logs', () => [{ songs }, { logs }]],
    [
      'a full refresh after',
      () => [
        { logs, songs },
        { logs, songs, options: { fullRefresh: true } },
      ],
    ],
    [
      'log files one by one, shuffled, songs in their midst',
      () => {
        const deliveries: Delivery[] = shuffled(filesIn(logs), 7).map((file) => ({ logs: file }));
        return [...deliveries.slice(0, 17), { songs }, ...deliveries.slice(17)];
      },
    ],
    [
      'log files one by one, from the last to the first',
      () => [
        { songs },
        ...filesIn(logs)
          .sort()
          .reverse()
          .map((file) => ({ logs: file })),
      ],
    ],
    [
      'song folders one by one, after the logs',
      () => [
        { logs },
        ...shuffled(
          readdirSync(join(songs, 'A')).flatMap((b) =>
            readdirSync(join(songs, 'A', b)).map((c) => join(songs, 'A', b, c)),
          ),
          3,
        ).map((folder) => ({ songs: folder })),
      ],
    ],
  ];

  test.each(groupings)('gives the same star for %s', async (_, deliveries) => {
    expect(await starAfter(deliveries())).toEqual(star);
  });
});

function groupByUser(star: Star): Map<unknown, Star['user_levels']> {
  const groups = new Map<unknown, Star['user_levels']>();
  for (const row of star.user_levels) groups.set(row.user_id, [...(groups.get(row.user_id) ?? []), row]);
  return groups;
}
