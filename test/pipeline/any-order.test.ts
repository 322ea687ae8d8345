import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectedStar } from '../support/expected-star.ts';
import { useSeed } from '../support/random.ts';
import {
  type EventRecord,
  eventRecord,
  jsonLines,
  pageRecord,
  type SongRecord,
  songRecord,
  writeFiles,
} from '../support/records.ts';
import { runsAll } from '../support/sample.ts';
import { deliver, freshFolder, readStar, type Star, withWarehouse } from '../support/warehouse.ts';

fc.configureGlobal({ seed: useSeed() });

// Few values, so that keys repeat, contents conflict, levels flip and plays meet their songs.
const artists = ['Björk', 'Sigur Rós', 'Elena', 'Elena ', 'BjÃ\u0083Â¶rk'];
const titles = ['Undo', 'Ágætis byrjun', 'Intro', 'Intro  '];
const lengths = [200.5, 269.58322, 0];

const event: fc.Arbitrary<EventRecord> = fc
  .record({
    sessionId: fc.integer({ min: 1, max: 4 }),
    itemInSession: fc.integer({ min: 0, max: 4 }),
    ts: fc.integer({ min: 0, max: 6 }).map((step) => 1541106106796 + step * 1000),
    level: fc.constantFrom('free', 'paid'),
    userId: fc.constantFrom('7', '8', '9'),
    artist: fc.constantFrom(...artists),
    song: fc.constantFrom(...titles),
    length: fc.constantFrom(...lengths),
    location: fc.constantFrom('Lansing, MI', '', null),
    firstName: fc.constantFrom('Ada', 'Ida'),
    isPlay: fc.boolean(),
    isLoggedIn: fc.boolean(),
  })
  .map(({ isPlay, isLoggedIn, ...change }) =>
    isPlay
      ? eventRecord(change)
      : pageRecord('Home', {
          ...change,
          artist: null,
          song: null,
          length: null,
          userId: isLoggedIn ? change.userId : '',
        }),
  );

const song: fc.Arbitrary<SongRecord> = fc
  .record({
    song_id: fc.constantFrom('SOA', 'SOB', 'SOC'),
    artist_id: fc.constantFrom('ARA', 'ARB'),
    artist_name: fc.constantFrom('Björk', 'Sigur Rós', 'Elena', 311),
    title: fc.constantFrom('Undo', 'Ágætis byrjun', 'Intro', 4.6),
    duration: fc.constantFrom(...lengths),
    year: fc.constantFrom(0, 1999),
    artist_location: fc.constantFrom('', 'Reykjavík', null),
    artist_latitude: fc.constantFrom(null, 64.1),
    artist_longitude: fc.constantFrom(null, -21.9),
  })
  .map((change) => songRecord(change));

const scenario = fc.record({
  logFiles: fc.array(fc.array(event, { maxLength: 8 }), { minLength: 1, maxLength: 5 }),
  songFiles: fc.array(fc.array(song, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  seed: fc.integer(),
  /** Whether each file comes by itself, in this order, or all in one load. */
  order: fc.array(fc.nat(), { minLength: 10, maxLength: 10 }),
  refresh: fc.boolean(),
});

const runs = Number(process.env.SPARKIFY_PROPERTY_RUNS ?? (runsAll ? 10 : 4));

test('any order and any grouping of the same files gives the star that their set must give', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ logFiles, songFiles, order, refresh }) => {
      const folder = freshFolder();
      const logs = writeFiles(join(folder, 'logs'), named(logFiles));
      const songs = writeFiles(join(folder, 'songs'), named(songFiles));
      const atOnce = await withWarehouse(join(folder, 'a.duckdb'), async (warehouse) => {
        await deliver(warehouse, { logs, songs });
        return readStar(warehouse);
      });
      assertIsExpected(atOnce, logFiles.flat(), songFiles.flat());

      const single = [
        ...logFiles.map((_, at) => ({ logs: join(logs, `${at}.json`) })),
        ...songFiles.map((_, at) => ({ songs: join(songs, `${at}.json`) })),
      ];
      const inOrder = single
        .map((delivery, at) => ({ delivery, place: order[at] ?? 0 }))
        .sort((a, b) => a.place - b.place)
        .map(({ delivery }) => delivery);
      const oneByOne = await withWarehouse(join(folder, 'b.duckdb'), async (warehouse) => {
        for (const delivery of inOrder) await deliver(warehouse, delivery);
        if (refresh) await deliver(warehouse, { logs, songs, options: { fullRefresh: true } });
        return readStar(warehouse);
      });
      expect(oneByOne).toEqual(atOnce);
    }),
    { numRuns: runs },
  );
}, 300_000);

test('files that are delivered again with other contents leave only what stands in them at the end', async () => {
  const deliveries = fc.array(
    fc.record({ name: fc.constantFrom('a', 'b', 'c'), records: fc.array(event, { maxLength: 6 }) }),
    { minLength: 2, maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(deliveries, fc.array(song, { minLength: 1, maxLength: 3 }), async (all, songRecords) => {
      const folder = freshFolder();
      const logs = join(folder, 'logs');
      const songs = writeFiles(join(folder, 'songs'), named([songRecords]));
      const standing = new Map<string, EventRecord[]>();
      const star = await withWarehouse(join(folder, 'w.duckdb'), async (warehouse) => {
        for (const { name, records } of all) {
          standing.set(name, records);
          writeFiles(logs, { [`${name}.json`]: jsonLines(records) });
          await deliver(warehouse, { logs, songs });
        }
        return readStar(warehouse);
      });
      assertIsExpected(star, [...standing.values()].flat(), songRecords);
    }),
    { numRuns: runs },
  );
}, 300_000);

function named(files: readonly (readonly unknown[])[]): Record<string, string> {
  return Object.fromEntries(files.map((records, at) => [`${at}.json`, jsonLines(records)]));
}

function assertIsExpected(star: Star, events: readonly EventRecord[], songs: readonly SongRecord[]): void {
  const expected = expectedStar(events, songs);
  expect(star.songplays).toEqual(expected.songplays);
  expect(star.users).toEqual(expected.users);
  expect(star.songs).toEqual(expected.songs);
  expect(star.artists.map(({ artist_id }) => artist_id)).toEqual(expected.artistIds);
  expect(star.time.map(({ start_time }) => (start_time as Date).getTime())).toEqual(expected.times);
  expect(star.user_levels).toEqual(expected.levels);
}
