import { statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { events } from '../../src/models/staging/events.ts';
import { formChecker } from '../../src/reading/clean-form.ts';
import { recordFormat, recordParser } from '../../src/reading/parse.ts';
import { KEPT_FILE_BYTES } from '../../src/reading/survey.ts';
import type { ReadUnit } from '../../src/warehouses/engine-reads.ts';
import { rowsOf } from '../support/ad-hoc.ts';
import { useSeed } from '../support/random.ts';
import { eventRecord, jsonLines, pageRecord, writeFiles } from '../support/records.ts';
import { deliver, freshFolder, withWarehouse } from '../support/warehouse.ts';

fc.configureGlobal({ seed: useSeed() });

const line = JSON.stringify(eventRecord());

function isClean(text: string | Buffer, before = line): boolean {
  const checker = formChecker(events);
  checker.push(Buffer.concat([Buffer.from(`${before}\n`), Buffer.from(text), Buffer.from('\n')]));
  return checker.isClean;
}

describe('the clean form', () => {
  test.each([
    ['a record as the app writes it', line],
    ['an escaped slash and quote', line.replace('Björk', 'AC\\/DC \\"live\\"')],
    ['an escaped letter', line.replace('Björk', 'Bj\\u00f6rk')],
    ['a pair of surrogates', line.replace('Björk', '\\ud83d\\ude00')],
    ['a page without a play', JSON.stringify(pageRecord('Home'))],
    ['a registration as a float', line.replace('1540919166796', '1540919166796.0')],
    [
      'blanks after colons and commas',
      JSON.stringify(eventRecord()).replaceAll('":', '": ').replaceAll(',"', ', "'),
    ],
  ])('takes %s', (_, text) => expect(isClean(text)).toBe(true));

  test.each([
    ['a boolean for a number', line.replace('"status":200', '"status":true')],
    ['a fraction for a whole number', line.replace('"sessionId":1', '"sessionId":1.7')],
    ['a text for a number', line.replace('"sessionId":1', '"sessionId":"1"')],
    ['a number for a text', line.replace('"userId":"7"', '"userId":7')],
    ['an object for a text', line.replace('"Björk"', '{"name":"Björk"}')],
    ['a key in another case', line.replace('"userId"', '"userid"')],
    ['a key too many', line.replace('{', '{"device":"phone",')],
    ['a key twice', line.replace('{', '{"artist":"x",')],
    ['a missing key', line.replace('"auth":"Logged In",', '')],
    ['null where a value is required', line.replace('"level":"free"', '"level":null')],
    ['another level', line.replace('"level":"free"', '"level":"gold"')],
    ['\\u0000', line.replace('Björk', 'a\\u0000b')],
    ['half a pair of surrogates', line.replace('Björk', 'a\\ud83db')],
    ['a raw tab in a text', line.replace('Björk', 'a\tb')],
    ['a number beyond what is exact', line.replace('"sessionId":1', '"sessionId":9007199254740993')],
    ['an exponent', line.replace('"length":200.5', '"length":2e2')],
    ['minus zero', line.replace('"length":200.5', '"length":-0.0')],
    ['a leading zero', line.replace('"sessionId":1', '"sessionId":01')],
    ['a cut-off line', line.slice(0, 200)],
    ['two records on a line', line + line],
    ['a blank line', ''],
    ['bytes that are no UTF-8', Buffer.from(line.replace('Björk', 'Bj\xf6rk'), 'latin1')],
    ['a byte order mark', `\ufeff${line}`],
  ])('leaves %s to the line-by-line reader', (_, text) => expect(isClean(text)).toBe(false));

  test('is in the key order of the first line, and only in that', () => {
    const reversed = JSON.stringify(Object.fromEntries(Object.entries(eventRecord()).reverse()));
    expect(isClean(reversed, reversed)).toBe(true);
    expect(isClean(line, reversed)).toBe(false);
  });

  test('implies that the line-by-line reader finds the same form: whatever it refuses, it refuses for a rule on values', () => {
    const parser = recordParser(recordFormat(events, Date.UTC(2026, 0, 1)));
    const hostile = fc.oneof(
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('1', 'null', '"x"', '-0', '1e5', '{}', '""'),
    );
    const key = fc.constantFrom(...Object.keys(eventRecord()));
    fc.assert(
      fc.property(key, hostile, fc.nat(line.length), fc.boolean(), (name, value, at, cuts) => {
        const whole = Object.entries(eventRecord()).map(
          ([field, own]) => `"${field}":${field === name ? value : JSON.stringify(own)}`,
        );
        const text = cuts ? line.slice(0, at) + value + line.slice(at + 1) : `{${whole.join(',')}}`;
        if (text.includes('\n') || !isClean(text)) return;
        const parsed = parser.parse(text);
        const rule = 'fault' in parsed ? parsed.fault.rule : 'accepted';
        expect(['accepted', 'out_of_range', 'incomplete_play', 'text_too_long']).toContain(rule);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the engine’s own reader', () => {
  const texts = fc.oneof(
    fc.constantFrom(
      'Björk',
      'true',
      '1986',
      '4.60',
      '[Live]',
      '{}',
      'null',
      '',
      ' ',
      "O'Brien; drop table songplays; --",
      '😀',
      'a\u0019b',
      '\\',
      '"',
    ),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
  );
  const record = fc
    .record({
      artist: texts,
      song: texts,
      location: fc.option(texts),
      userAgent: fc.option(texts),
      firstName: fc.option(texts),
      length: fc.oneof(
        fc.nat(3e8).map((micro) => micro / 1e5),
        fc.integer({ min: 0, max: 9999 }),
      ),
      sessionId: fc.integer({ min: 0, max: 2 ** 40 }),
      status: fc.option(fc.integer({ min: 100, max: 599 })),
      registration: fc.option(fc.integer({ min: 0, max: 2 ** 41 })),
      userId: texts,
    })
    .filter(({ artist, song, userId }) => artist !== '' && song !== '' && userId !== '')
    // Twelve graphemes may be longer than the column.
    .filter(({ userId }) => Buffer.byteLength(userId) <= 64);

  test('stages the very same rows as the line-by-line reader', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 300, maxLength: 400 }), async (changes) => {
        const records = changes.map((change, at) => eventRecord({ ...change, itemInSession: at } as object));
        const folder = freshFolder();
        const escaped = jsonLines(records).replaceAll('/', '\\/');
        const lines = escaped.replace(
          /[\u007f-\uffff]/g,
          (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
        );
        const logs = writeFiles(folder, { 'logs/day.json': lines });
        expect(statSync(join(logs, 'logs/day.json')).size).toBeGreaterThan(KEPT_FILE_BYTES);
        const rowsBy = (name: string, forget: boolean) =>
          withWarehouse(join(folder, name), async (warehouse) => {
            let vouchedFor = 0;
            const { engineReads, ...careful } = warehouse;
            const spied = engineReads && {
              engineReads: {
                ...engineReads,
                async read(units: readonly ReadUnit[]) {
                  const results = await engineReads.read(units);
                  vouchedFor += results.filter(({ leftover }) => leftover.length === 0).length;
                  return results;
                },
              },
            };
            await deliver(forget ? careful : { ...careful, ...spied }, { logs: join(logs, 'logs') });
            if (!forget) expect(vouchedFor).toBe(1);
            return rowsOf(warehouse, 'select * from staging.events order by item_in_session');
          });
        expect(await rowsBy('clean.duckdb', false)).toEqual(await rowsBy('careful.duckdb', true));
      }),
      { numRuns: 8, endOnFailure: true },
    );
  }, 120_000);

  test('gives back a file with one record that breaks a rule, and all its rows with it', async () => {
    const folder = freshFolder();
    const good = Array.from({ length: 400 }, (_, at) =>
      eventRecord({ itemInSession: at, userAgent: 'x'.repeat(50) }),
    );
    const early = eventRecord({ itemInSession: 400, ts: Date.UTC(1999, 11, 31) });
    const logs = writeFiles(folder, { 'day.json': jsonLines([...good, early]) });
    await withWarehouse(join(folder, 'w.duckdb'), async (warehouse) => {
      const report = await deliver(warehouse, { logs });
      expect(report.events).toEqual({ lines: 401, staged: 400, rejected: 1, blank: 0 });
      expect(await rowsOf(warehouse, 'select line, rule, field from ops.rejects')).toEqual([
        { line: 401, rule: 'out_of_range', field: 'ts' },
      ]);
    });
  });
});
