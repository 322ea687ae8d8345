import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodedAgain } from '../../src/pipeline/build/song-keys.ts';
import { allChecks, runChecks } from '../../src/pipeline/check/check.ts';
import { rowsOf, runOn } from '../support/ad-hoc.ts';
import { jsonLines, pageRecord, play, songRecord, writeFiles } from '../support/records.ts';
import {
  type Delivery,
  deliver,
  inFolder,
  readStar,
  starAfter,
  withWarehouse,
} from '../support/warehouse.ts';

describe('repeats', () => {
  test('are counted: an exact repeat is a duplicate, another content under the key a conflict', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, {
      'a.json': jsonLines([play(0), play(0), play(1)]),
      'b.json': jsonLines([play(1, { ts: 1541106106000 }), play(0)]),
    });
    await withWarehouse(file, async (warehouse) => {
      const report = await deliver(warehouse, { logs });
      expect(report.duplicates.events).toBe(2);
      expect(report.conflicts.events).toBe(1);
      expect(report.events).toEqual({ lines: 5, staged: 5, rejected: 0, blank: 0 });
      const star = await readStar(warehouse);
      expect(
        star.songplays.map(({ songplay_id, start_time }) => [songplay_id, (start_time as Date).getTime()]),
      ).toEqual([
        ['1-0', 1541106106796],
        ['1-1', 1541106106000],
      ]);
      expect(await rowsOf(warehouse, "select ts from ops.repeated_events where repeat = 'conflict'")).toEqual(
        [{ ts: 1541106107796 }],
      );
    });
  });
});

describe('matching', () => {
  test('finds songs that come after their plays, doubly encoded names and trailing blanks', async () => {
    const { logs, songs, file } = inFolder();
    const twice = encodedAgain(encodedAgain('Björk'));
    expect(twice).toBe('BjÃ\u0083Â¶rk');
    writeFiles(logs, {
      'a.json': jsonLines([
        play(0),
        play(1, { artist: twice }),
        play(2, { song: 'Undo  ' }),
        play(3, { length: 200.51 }),
        play(4, { song: 'Jóga' }),
        play(5, { artist: 'Nobody' }),
      ]),
    });
    writeFiles(songs, { 'a.json': JSON.stringify(songRecord()) });
    await withWarehouse(file, async (warehouse) => {
      expect((await deliver(warehouse, { logs })).match).toMatchObject({ plays: 6, matched: 0 });
      const report = await deliver(warehouse, { songs });
      expect(report.tables.songplays).toEqual({ rows: 6, inserted: 0, updated: 3, deleted: 0 });
      expect(report.match).toEqual({
        plays: 6,
        matched: 3,
        rate: 0.5,
        misses: { artistUnknown: 1, titleUnknown: 1, durationDiffers: 1 },
      });
    });
  });

  test('finds a doubly encoded name that ends in a blank of another alphabet', async () => {
    const { logs, songs } = inFolder();
    const name = 'Ces Gens Là';
    const encoded = encodedAgain(encodedAgain(name));
    expect(encoded.endsWith('\u00a0')).toBe(true);
    writeFiles(logs, { 'a.json': jsonLines([play(0, { song: encoded, artist: 'Elena' })]) });
    writeFiles(songs, { 'a.json': JSON.stringify(songRecord({ title: name, artist_name: 'Elena' })) });
    expect((await starAfter([{ logs, songs }])).songplays).toMatchObject([{ song_id: 'SOUNDO' }]);
  });

  test('on title and artist alone finds more, and the choice stays until it is changed', async () => {
    const { logs, songs, file } = inFolder();
    writeFiles(logs, {
      'a.json': jsonLines([play(0, { length: 1 })]),
      'b.json': jsonLines([play(1, { length: 2 })]),
    });
    writeFiles(songs, { 'a.json': JSON.stringify(songRecord()) });
    await withWarehouse(file, async (warehouse) => {
      const first: Delivery = { logs: join(logs, 'a.json'), songs };
      expect((await deliver(warehouse, first)).match.matched).toBe(0);
      expect(
        (await deliver(warehouse, { ...first, options: { matchOn: 'title, artist' } })).match.matched,
      ).toBe(1);
      expect((await deliver(warehouse, { logs })).match.matched).toBe(2);
      expect(
        (await deliver(warehouse, { logs, options: { matchOn: 'title, artist, duration' } })).match.matched,
      ).toBe(0);
    });
  });
});

test('sparkify check finds a star that is not what its models make of staging', async () => {
  const { logs, file } = inFolder();
  writeFiles(logs, { 'a.json': jsonLines([play(0), play(1)]) });
  await withWarehouse(file, async (warehouse) => {
    await deliver(warehouse, { logs });
    const failing = async (): Promise<string[]> => {
      const results = await runChecks(allChecks('title, artist, duration', warehouse.dialect), warehouse);
      return results.filter(({ status }) => status === 'failed').map(({ name }) => name);
    };
    expect(await failing()).toEqual([]);
    await runOn(warehouse, "update songplays set level = 'paid' where songplay_id = '1-0'");
    expect(await failing()).toEqual(['songplays model']);
    await deliver(warehouse, { logs, options: { fullRefresh: true } });
    expect(await failing()).toEqual([]);
  });
});

describe('the dimensions', () => {
  test('keep numeric titles in their own digits, unknown years and places as null', async () => {
    const { songs } = inFolder();
    const text = JSON.stringify(songRecord({ title: 'T', artist_name: 'N', year: 0 }))
      .replace('"T"', '4.60')
      .replace('"N"', '1e3');
    const star = await starAfter([{ songs: writeFiles(songs, { 'a.json': text }) }]);
    expect(star.songs[0]).toMatchObject({ title: '4.60', year: null });
    expect(star.artists[0]).toMatchObject({ name: '1e3', location: null });
  });

  test('choose an artist’s name and place by what most songs say, and never mix coordinates', async () => {
    const { songs } = inFolder();
    const song = (id: string, change: object) => JSON.stringify(songRecord({ song_id: id, ...change }));
    writeFiles(songs, {
      '1.json': song('1', {
        artist_name: 'Snoop Dogg featuring Kid Cudi',
        artist_latitude: 9,
        artist_longitude: null,
      }),
      '2.json': song('2', {
        artist_name: 'Snoop Dogg',
        artist_location: 'Chicago, IL',
        artist_latitude: 1,
        artist_longitude: 2,
      }),
      '3.json': song('3', { artist_name: 'Snoop', artist_latitude: 9, artist_longitude: null }),
      '4.json': song('4', { artist_name: 'Snoop Dogg' }),
    });
    const star = await starAfter([{ songs }]);
    expect(star.artists).toEqual([
      { artist_id: 'ARBJORK', name: 'Snoop Dogg', location: 'Chicago, IL', latitude: 1, longitude: 2 },
    ]);
  });

  test('take a user’s level from the latest event by event time, whatever came last', async () => {
    const { logs } = inFolder();
    writeFiles(logs, {
      'late.json': jsonLines([pageRecord('Home', { itemInSession: 9, ts: 1541106200000, level: 'paid' })]),
      'early.json': jsonLines([play(0)]),
    });
    const star = await starAfter([{ logs: join(logs, 'late.json') }, { logs: join(logs, 'early.json') }]);
    expect(star.users).toMatchObject([{ user_id: '7', level: 'paid' }]);
    expect(star.user_levels.map(({ level, valid_to }) => [level, valid_to === null])).toEqual([
      ['free', false],
      ['paid', true],
    ]);
  });
});
