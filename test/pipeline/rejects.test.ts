import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { LoadError } from '../../src/errors.ts';
import { events } from '../../src/models/staging/events.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { recover } from '../../src/pipeline/setup/setup.ts';
import { silent } from '../../src/telemetry/observer.ts';
import { rowsOf } from '../support/ad-hoc.ts';
import { jsonLines, play, writeFiles } from '../support/records.ts';
import { deliver, inFolder, withWarehouse } from '../support/warehouse.ts';

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
      const [found] = await rowsOf(
        warehouse,
        'select line, rule, field, value, reason, raw from ops.rejects',
      );
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
        '2 of 3 records were refused (malformed_json 2), more than the limit of 1',
      );
      for (const table of ['songplays', 'staging.events', 'ops.files', 'ops.rejects', 'ops.runs']) {
        expect(await rowsOf(warehouse, `select * from ${table}`)).toEqual([]);
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
      expect(await rowsOf(warehouse, 'select rule from ops.rejects')).toEqual([{ rule: 'unreadable_file' }]);
    });
  });
});

describe('after a load that was killed', () => {
  test('what it brought into staging is gone before anything else is decided', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0), 'broken']) });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      const [event] = await rowsOf(warehouse, 'select * from staging.events');
      // As a killed load leaves it: an earlier event under the same key, of a content that no manifest knows.
      await warehouse.append(events, [{ ...event, file_id: 2, ts: Number(event?.ts) - 5000 }]);
      await recover(warehouse);
      const raw = JSON.stringify(play(1));
      const replayed = await replay([{ rejectId: '1:2', raw }], warehouse, Date.now, silent);
      expect(replayed).toMatchObject({ status: 'committed', accepted: 1 });
      expect(
        (await rowsOf(warehouse, 'select ts from staging.events order by ts')).map(({ ts }) => ts),
      ).toEqual([play(0).ts, play(1).ts]);
    });
  });

  test('numbers of contents are never given twice, so an old export cannot hit another file', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0)]), 'b.json': 'broken' });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      writeFiles(logs, { 'b.json': jsonLines([play(0)]), 'c.json': 'broken too' });
      await deliver(warehouse, { logs });
      expect(await rowsOf(warehouse, 'select reject_id from ops.rejects')).toEqual([{ reject_id: '3:1' }]);
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
    expect(await rowsOf(warehouse, 'select extra from staging.events where extra is not null')).toEqual([
      { extra: '{"Auth":"Logged In","device":{"id":1.5}}' },
    ]);
  });
});
