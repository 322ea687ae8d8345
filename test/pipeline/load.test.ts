import { rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { LoadError, SourceError } from '../../src/errors.ts';
import { events } from '../../src/models/staging/events.ts';
import { allChecks, runChecks } from '../../src/pipeline/check.ts';
import { silent } from '../../src/pipeline/observer.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { recover } from '../../src/pipeline/setup.ts';
import { encodedAgain } from '../../src/pipeline/spellings.ts';
import { eventRecord, jsonLines, pageRecord, songRecord, writeFiles } from '../support/records.ts';
import {
  type Delivery,
  deliver,
  freshFolder,
  readStar,
  starAfter,
  withWarehouse,
} from '../support/warehouse.ts';

const play = (item: number, change: object = {}) =>
  eventRecord({ itemInSession: item, ts: 1541106106796 + item * 1000, ...change });

function inFolder(): { folder: string; logs: string; songs: string; file: string } {
  const folder = freshFolder();
  return { folder, logs: join(folder, 'logs'), songs: join(folder, 'songs'), file: join(folder, 'w.duckdb') };
}

describe('a file delivered again', () => {
  test('with one line cut off and one changed changes exactly its rows', async () => {
    const { logs, songs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0), play(1), play(2)]), 'b.json': jsonLines([play(3)]) });
    writeFiles(songs, { 'a.json': JSON.stringify(songRecord()) });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs, songs });
      writeFiles(logs, { 'a.json': jsonLines([play(0), play(1, { location: 'Elsewhere' })]) });
      const report = await deliver(warehouse, { logs, songs });
      expect(report.files).toMatchObject({ new: 0, changed: 1, unchanged: 2 });
      expect(report.tables.songplays).toEqual({ rows: 3, inserted: 0, updated: 1, deleted: 1 });
      expect(report.tables.time).toEqual({ rows: 3, inserted: 0, updated: 0, deleted: 1 });
      expect(report.tables.users).toEqual({ rows: 1, inserted: 0, updated: 0, deleted: 0 });
      expect(report.tables.songs).toEqual({ rows: 1, inserted: 0, updated: 0, deleted: 0 });
    });
  });

  test('empty takes its rows with it; an empty file is no error', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0)]), 'b.json': '' });
    await withWarehouse(file, async (warehouse) => {
      expect((await deliver(warehouse, { logs })).files.new).toBe(2);
      writeFiles(logs, { 'a.json': '' });
      await deliver(warehouse, { logs });
      expect((await readStar(warehouse)).songplays).toEqual([]);
      expect((await readStar(warehouse)).users).toEqual([]);
      expect((await deliver(warehouse, { logs })).status).toBe('unchanged');
    });
  });

  test('with the contents of two files swapped keeps the star, and calls neither a duplicate', async () => {
    const { logs, file } = inFolder();
    const [one, two] = [jsonLines([play(0)]), jsonLines([play(1)])];
    writeFiles(logs, { 'a.json': one, 'b.json': two });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      const before = await readStar(warehouse);
      writeFiles(logs, { 'a.json': two, 'b.json': one });
      const report = await deliver(warehouse, { logs });
      expect(report.files).toMatchObject({ changed: 2, duplicate: 0, unchanged: 0 });
      expect(await readStar(warehouse)).toEqual(before);
    });
  });
});

describe('the manifest', () => {
  test('loads the same content under a second name once, and lets the second name keep it', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0)]), 'copy.json': jsonLines([play(0)]) });
    await withWarehouse(file, async (warehouse) => {
      const first = await deliver(warehouse, { logs });
      expect(first.files).toMatchObject({ new: 1, duplicate: 1 });
      expect(first.events.staged).toBe(1);
      expect((await deliver(warehouse, { logs })).files).toMatchObject({ unchanged: 1, duplicate: 1 });
      writeFiles(logs, { 'a.json': jsonLines([play(1)]) });
      await deliver(warehouse, { logs });
      const ids = (await readStar(warehouse)).songplays.map(({ songplay_id }) => songplay_id);
      expect(ids).toEqual(['1-0', '1-1']);
    });
  });

  test('reports a vanished file, whose rows stay', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0)]), 'b.json': jsonLines([play(1)]) });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      rmSync(join(logs, 'a.json'));
      const report = await deliver(warehouse, { logs });
      expect(report.files).toMatchObject({ unchanged: 1, vanished: 1 });
      expect(report.status).toBe('unchanged');
      expect((await readStar(warehouse)).songplays.length).toBe(2);
      expect((await deliver(warehouse, { logs, options: { fullRefresh: true } })).tables.songplays.rows).toBe(
        2,
      );
    });
  });

  test('renews what it keeps of a touched file with the next load, so that it is read once', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0)]) });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      const longAgo = new Date('2020-01-02T03:04:05.500Z');
      utimesSync(join(logs, 'a.json'), longAgo, longAgo);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect((await deliver(warehouse, { logs })).status).toBe('unchanged');
      writeFiles(logs, { 'b.json': jsonLines([play(1)]) });
      await deliver(warehouse, { logs });
      const [{ fingerprint }] = (await warehouse.rows(
        "select fingerprint from ops.files where path like '%a.json'",
      )) as [{ fingerprint: string }];
      expect(fingerprint).toContain(String(longAgo.getTime()));
    });
  });

  test('names a folder without JSON files, and a path that is not there', async () => {
    const { folder, logs, file } = inFolder();
    writeFiles(logs, { 'README.md': 'nothing here' });
    await withWarehouse(file, async (warehouse) => {
      await expect(deliver(warehouse, { logs })).rejects.toThrow(
        /No JSON files under .*logs \(1 file has another ending\)/,
      );
      await expect(deliver(warehouse, { logs: join(folder, 'nowhere') })).rejects.toThrow(SourceError);
    });
  });
});

describe('rejects', () => {
  const broken: [string, string, object][] = [
    ['a broken line', jsonLines([play(0)]).slice(0, 80), { rule: 'malformed_json', field: null }],
    ['no object', '[1]', { rule: 'not_an_object' }],
    [
      'a required key missing',
      jsonLines([{ ...play(0), ts: undefined }]),
      { rule: 'missing_field', field: 'ts' },
    ],
    [
      'a required key in another case',
      jsonLines([play(0)]).replace('"ts"', '"TS"'),
      { rule: 'missing_field', field: 'ts', reason: 'ts is missing; the record has "TS", in another case' },
    ],
    [
      'null for a required value',
      jsonLines([{ ...play(0), page: null }]),
      { rule: 'missing_field', field: 'page' },
    ],
    [
      'a wrong type',
      jsonLines([{ ...play(0), sessionId: '1' }]),
      { rule: 'wrong_type', field: 'sessionId', value: '"1"' },
    ],
    [
      'a fraction',
      jsonLines([{ ...play(0), itemInSession: 1.7 }]),
      { rule: 'wrong_type', field: 'itemInSession' },
    ],
    ['true for a number', jsonLines([{ ...play(0), status: true }]), { rule: 'wrong_type', field: 'status' }],
    [
      'a time before 2000',
      jsonLines([{ ...play(0), ts: 1541106106 }]),
      { rule: 'out_of_range', field: 'ts' },
    ],
    [
      'a time in the future',
      jsonLines([{ ...play(0), ts: Date.now() + 2 * 86_400_000 }]),
      { rule: 'out_of_range', field: 'ts' },
    ],
    ['a negative length', jsonLines([{ ...play(0), length: -1 }]), { rule: 'out_of_range', field: 'length' }],
    [
      'an infinite length',
      jsonLines([play(0)]).replace('200.5', '1e999'),
      { rule: 'out_of_range', field: 'length' },
    ],
    [
      'a play without a user',
      jsonLines([{ ...play(0), userId: '' }]),
      { rule: 'incomplete_play', field: 'userId' },
    ],
    [
      'a play without a song',
      jsonLines([{ ...play(0), song: null }]),
      { rule: 'incomplete_play', field: 'song' },
    ],
    [
      'another level',
      jsonLines([{ ...play(0), level: 'gold' }]),
      { rule: 'not_accepted', field: 'level', value: '"gold"' },
    ],
    [
      'a key twice, with blanks before its colon',
      jsonLines([play(0)]).replace('{', `{"ts"${' '.repeat(100)}:1,`),
      { rule: 'duplicate_key', field: 'ts' },
    ],
    [
      'nesting without end',
      jsonLines([play(0)]).replace('{', `{"x":${'['.repeat(20_000)}${']'.repeat(20_000)},`),
      { rule: 'too_deep' },
    ],
    [
      'nesting without end for a text',
      jsonLines([play(0)]).replace('"Undo"', `${'['.repeat(20_000)}${']'.repeat(20_000)}`),
      { rule: 'wrong_type', field: 'song' },
    ],
    [
      'half a character in a key',
      jsonLines([play(0)]).replace('{', '{"\\ud800":1,'),
      { rule: 'unstorable_text' },
    ],
    [
      'a value that is cut within a character',
      jsonLines([{ ...play(0), level: `x${'😀'.repeat(150)}` }]),
      { rule: 'not_accepted', field: 'level' },
    ],
    ['a key twice', jsonLines([play(0)]).replace('{', '{"ts":1,'), { rule: 'duplicate_key', field: 'ts' }],
    [
      'a text with \\u0000',
      jsonLines([play(0)]).replace('Undo', 'a\\u0000b'),
      { rule: 'unstorable_text', field: 'song' },
    ],
  ];

  test.each(broken)('name %s with its line, and all other lines load', async (_, line, reject) => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(1), line, play(2)]) });
    await withWarehouse(file, async (warehouse) => {
      const report = await deliver(warehouse, { logs });
      expect(report.events).toEqual({ lines: 3, staged: 2, rejected: 1, blank: 0 });
      const [found] = await warehouse.rows('select line, rule, field, value, reason, raw from ops.rejects');
      expect(found).toMatchObject({ line: 2, raw: line, ...reject });
    });
  });

  test('beyond the limit let nothing be committed', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(1), 'x', 'y']) });
    await withWarehouse(file, async (warehouse) => {
      const limited = { logs, options: { maxRejects: { share: null, count: 1 } } };
      await expect(deliver(warehouse, limited)).rejects.toThrow(LoadError);
      await expect(deliver(warehouse, limited)).rejects.toThrow(
        '2 of 3 records were refused, more than the limit of 1',
      );
      for (const table of ['songplays', 'staging.events', 'ops.files', 'ops.rejects', 'ops.runs']) {
        expect(await warehouse.rows(`select * from ${table}`)).toEqual([]);
      }
      expect(
        (await deliver(warehouse, { logs, options: { maxRejects: { share: 0.7, count: null } } })).status,
      ).toBe('committed');
    });
  });

  test('of a damaged archive take the whole file, and no other', async () => {
    const { logs, file } = inFolder();
    const packed = gzipSync(jsonLines([play(0), play(1)]));
    writeFiles(logs, { 'a.json.gz': packed.subarray(0, packed.length - 12), 'b.json': jsonLines([play(2)]) });
    await withWarehouse(file, async (warehouse) => {
      const report = await deliver(warehouse, { logs });
      expect(report.events).toMatchObject({ staged: 1, rejected: 1 });
      expect(await warehouse.rows('select rule from ops.rejects')).toEqual([{ rule: 'unreadable_file' }]);
    });
  });
});

describe('files', () => {
  const records = [play(0), play(1)];
  /** Three plays as the zstd program packs them, with its content checksum. */
  const zstd = Buffer.from(
    'KLUv/WQQA70IAJbROCZgT3MwMQzDMBCUe/TucIT0y9Y6JBL+D8pOALJReuGwaQEpDQZ5DiwALQAtAPJ8x99rX7Pj+fBi/L09MHJtlZrzp0VdHSN9/H1zM3h+p5pOnMbfr5W3wpMCv+jmtud8C0JxnNJO+PiFGdpV83esQYdBa4U4Gzu/ZxU1IHZu75NKa3syLU/f2YXXnk+vWfmzZ/d+WfZcKRBV5RRO0QwHV6+Vsev5cdLJDXXk7x3h53xKRfIXiQLCAUpH/L8IDBWmSoSoUDblg1o4ZwlQbXAgQAyTIwr55e93dmTUtllzVXPO3rMNEgAAUOkB6iyAYj2ghHjtqBtsgHdAMOXrERTTteqKLgaDg9xBaDkoOTKhORxSm4UyA4WWkY8=',
    'base64',
  );
  const forms: [string, Record<string, string | Buffer>][] = [
    ['pretty-printed', { 'a.json': records.map((record) => JSON.stringify(record, null, 2)).join('\n') }],
    ['concatenated', { 'a.json': records.map((record) => JSON.stringify(record)).join('') }],
    [
      'with CRLF, blank lines and a byte order mark',
      { 'a.json': `\ufeff${records.map((record) => JSON.stringify(record)).join('\r\n\r\n')}\r\n` },
    ],
    ['gzipped, whatever the name says', { 'a.json': gzipSync(jsonLines(records)) }],
    ['with strange names', { "it's [new] *.json": jsonLines(records) }],
  ];

  test.each(forms)('%s give the same star', async (_, files) => {
    const { folder, logs } = inFolder();
    const plain = writeFiles(join(folder, 'plain'), { 'a.json': jsonLines(records) });
    writeFiles(logs, files);
    expect(await starAfter([{ logs }])).toEqual(await starAfter([{ logs: plain }]));
  });

  test('packed by zstd are read, and refused whole if a single bit is wrong', async () => {
    const { folder, logs } = inFolder();
    const plain = writeFiles(join(folder, 'plain'), { 'a.json': jsonLines([...records, play(2)]) });
    writeFiles(logs, { 'a.json.zst': zstd });
    expect(await starAfter([{ logs }])).toEqual(await starAfter([{ logs: plain }]));
    for (const at of [30, 60, zstd.length - 1]) {
      const damaged = Buffer.from(zstd);
      damaged[at] = (damaged[at] as number) ^ 1;
      writeFiles(logs, { 'a.json.zst': damaged });
      await withWarehouse(join(folder, `${at}.duckdb`), async (warehouse) => {
        const report = await deliver(warehouse, { logs });
        expect(report.events).toEqual({ lines: 1, staged: 0, rejected: 1, blank: 0 });
        expect(report.rejects).toMatchObject([{ rule: 'unreadable_file' }]);
      });
    }
  });
});

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
      expect(await warehouse.rows("select ts from ops.repeated_events where repeat = 'conflict'")).toEqual([
        { ts: 1541106107796 },
      ]);
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

describe('names of folders', () => {
  test.each(['level=paid', 'userId=99', 'ts=1', 'page=Home'])(
    'such as %s say nothing about the records in them',
    async (folder) => {
      const { logs, file } = inFolder();
      const records = Array.from({ length: 300 }, (_, at) => play(at, { userAgent: 'x'.repeat(90) }));
      writeFiles(logs, { [`${folder}/month=11/day.json`]: jsonLines(records) });
      await withWarehouse(file, async (warehouse) => {
        await deliver(warehouse, { logs });
        expect(
          await warehouse.rows(
            'select level, user_id, count(*) as plays from songplays group by level, user_id',
          ),
        ).toEqual([{ level: 'free', user_id: '7', plays: 300 }]);
      });
    },
  );
});

describe('after a load that was killed', () => {
  test('what it brought into staging is gone before anything else is decided', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0), 'broken']) });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      const [event] = await warehouse.rows('select * from staging.events');
      // As a killed load leaves it: an earlier event under the same key, of a content that no manifest knows.
      await warehouse.append(events, [{ ...event, file_id: 2, ts: Number(event?.ts) - 5000 }]);
      await recover(warehouse);
      const raw = JSON.stringify(play(1));
      const replayed = await replay([{ rejectId: '1:2', raw }], warehouse, Date.now, silent);
      expect(replayed).toMatchObject({ status: 'committed', accepted: 1 });
      expect((await warehouse.rows('select ts from staging.events order by ts')).map(({ ts }) => ts)).toEqual(
        [play(0).ts, play(1).ts],
      );
    });
  });

  test('numbers of contents are never given twice, so an old export cannot hit another file', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0)]), 'b.json': 'broken' });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      writeFiles(logs, { 'b.json': jsonLines([play(0)]), 'c.json': 'broken too' });
      await deliver(warehouse, { logs });
      expect(await warehouse.rows('select reject_id from ops.rejects')).toEqual([{ reject_id: '3:1' }]);
      const replayed = await replay(
        [{ rejectId: '2:1', raw: JSON.stringify(play(5)) }],
        warehouse,
        Date.now,
        silent,
      );
      expect(replayed).toMatchObject({ accepted: 0, unknown: ['2:1'] });
    });
  });
});

test('a reject whose text is not the file’s byte for byte is not replayed as it is', async () => {
  const { logs, file } = inFolder();
  writeFiles(logs, { 'a.json': Buffer.from(jsonLines([play(0, { artist: 'Bj\xf6rk' })]), 'latin1') });
  await withWarehouse(file, async (warehouse) => {
    await deliver(warehouse, { logs });
    expect(await replay(null, warehouse, Date.now, silent)).toMatchObject({
      accepted: 0,
      stillRefused: [{ rule: 'invalid_utf8' }],
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
    await warehouse.run("update songplays set level = 'paid' where songplay_id = '1-0'");
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

test('a changed drift is counted and named: new, missing and other-case keys, whose values are kept', async () => {
  const { logs, file } = inFolder();
  const { location: _, auth: __, ...rest } = play(0);
  writeFiles(logs, {
    'a.json': JSON.stringify({ ...rest, Auth: 'Logged In', device: { id: 1.5 } }),
    'b.json': jsonLines([play(1)]),
  });
  await withWarehouse(file, async (warehouse) => {
    const { drift } = await deliver(warehouse, { logs });
    expect(drift.map(({ change, key, records }) => [change, key, records])).toEqual(
      expect.arrayContaining([
        ['new', 'device', 1],
        ['other case', 'Auth', 1],
        ['missing', 'auth', 1],
        ['missing', 'location', 1],
      ]),
    );
    expect(await warehouse.rows('select extra from staging.events where extra is not null')).toEqual([
      { extra: '{"Auth":"Logged In","device":{"id":1.5}}' },
    ]);
  });
});
