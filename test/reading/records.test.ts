import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recordSplitter } from '../../src/reading/records.ts';
import { useSeed } from '../support/random.ts';

fc.configureGlobal({ seed: useSeed() });

type Seen = [kind: 'record' | 'broken' | 'blank', line: number, text?: string];

/** What a sink sees that is full whenever it holds so much; it is emptied in each pause. */
function split(text: string | Buffer, chunkBytes = 1 << 20, most = Number.POSITIVE_INFINITY): Seen[] {
  const seen: Seen[] = [];
  let emptied = 0;
  const splitter = recordSplitter({
    record(line, record) {
      try {
        JSON.parse(record);
      } catch {
        return false;
      }
      seen.push(['record', line, record]);
      return true;
    },
    broken: (line, broken, rule) =>
      void seen.push(['broken', line, rule === 'malformed_json' ? broken : rule]),
    blank: (line) => void seen.push(['blank', line]),
    isFull: () => seen.length - emptied >= most,
  });
  const empty = (pauses: Iterable<void>): void => {
    for (const _pause of pauses) {
      // A record that is broken up, and the last of a line, come at once.
      expect(seen.length - emptied).toBeLessThanOrEqual(most + 2);
      emptied = seen.length;
    }
  };
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkBytes)
    empty(splitter.push(bytes.subarray(at, at + chunkBytes)));
  empty(splitter.end());
  return seen;
}

describe('records', () => {
  test('are one a line, with or without a last newline, CRLF or a byte order mark', () => {
    const wanted: Seen[] = [
      ['record', 1, '{"a":1}'],
      ['record', 2, '{"a":2}'],
    ];
    for (const text of [
      '{"a":1}\n{"a":2}',
      '{"a":1}\n{"a":2}\n',
      '{"a":1}\r\n{"a":2}\r\n',
      '\ufeff{"a":1}\n  {"a":2} ',
    ]) {
      expect(split(text)).toEqual(wanted);
    }
  });

  test('may be several on a line, or one over many', () => {
    expect(split('{"a":1}{"a":2} {"a":3}')).toEqual([
      ['record', 1, '{"a":1}'],
      ['record', 1, '{"a":2}'],
      ['record', 1, '{"a":3}'],
    ]);
    expect(split('{\n  "a": 1\n}\n{\n  "a": {"b": "}{"}\n}').map(([kind, line]) => [kind, line])).toEqual([
      ['record', 1],
      ['record', 4],
    ]);
    expect(split('{\n"a":1\n}{\n"a":2\n}').map(([kind, line]) => [kind, line])).toEqual([
      ['record', 1],
      ['record', 3],
    ]);
  });

  test('that are broken cost no other record', () => {
    expect(split('{"a":1}\n{"a":\n{"a":3}')).toEqual([
      ['record', 1, '{"a":1}'],
      ['broken', 2, '{"a":'],
      ['record', 3, '{"a":3}'],
    ]);
    expect(split('{"a":"x\n{"a":3}')).toEqual([
      ['broken', 1, '{"a":"x'],
      ['record', 2, '{"a":3}'],
    ]);
    expect(split('{"a":1,\n{"a":3}')).toEqual([
      ['broken', 1, '{"a":1,'],
      ['record', 2, '{"a":3}'],
    ]);
    expect(split('garbage\n{"a":3}')).toEqual([
      ['broken', 1, 'garbage'],
      ['record', 2, '{"a":3}'],
    ]);
    expect(split('{"a":1}{"a":')).toEqual([
      ['record', 1, '{"a":1}'],
      ['broken', 1, '{"a":'],
    ]);
    expect(split('{\n "a": 1,\n "b" 2\n}\n{"a":3}')).toEqual([
      ['broken', 1, '{\n "a": 1,\n "b" 2\n}'],
      ['record', 5, '{"a":3}'],
    ]);
  });

  test('in an empty or blank file are none', () => {
    expect(split('')).toEqual([]);
    expect(split('\n \n')).toEqual([
      ['blank', 1],
      ['blank', 2],
    ]);
  });

  test('that are no UTF-8 are broken by themselves', () => {
    const bytes = Buffer.concat([
      Buffer.from('{"a":1}\n{"a":"'),
      Buffer.from([0xff]),
      Buffer.from('"}\n{"a":3}'),
    ]);
    expect(split(bytes)).toEqual([
      ['record', 1, '{"a":1}'],
      ['broken', 2, 'invalid_utf8'],
      ['record', 3, '{"a":3}'],
    ]);
  });

  test('that are too long are broken by themselves, in bounded memory', () => {
    const seen = split(`{"a":1}\n{"a":"${'x'.repeat(17 * 1024 * 1024)}"}\n{"a":3}`);
    expect(seen).toEqual([
      ['record', 1, '{"a":1}'],
      ['broken', 2, 'too_long'],
      ['record', 3, '{"a":3}'],
    ]);
  });

  test('longer than 4 MiB are broken, and cost no other record on their line', () => {
    const most = 4 * 1024 * 1024;
    const long = (bytes: number): string => `{"a":"${'x'.repeat(bytes - 8)}"}`;
    expect(
      split(`{"a":1}${long(most + 1)}{"a":3}\n${long(most)}`).map(([kind, line, text]) => [
        kind,
        line,
        text?.length,
      ]),
    ).toEqual([
      ['record', 1, 7],
      ['broken', 1, 8],
      ['record', 1, 7],
      ['record', 2, most],
    ]);
    expect(
      split(`${long(most + 1)}\n[${'1,'.repeat(most)}1]\n{\n"a":${long(most)}\n}\n{"a":3}`).map(
        ([kind, line, text]) => [kind, line, text?.length],
      ),
    ).toEqual([
      ['broken', 1, 8],
      ['broken', 2, 8],
      ['broken', 3, 8],
      ['broken', 5, 1],
      ['record', 6, 7],
    ]);
  });

  test('of one line are handed on in portions, in time that grows with their number', () => {
    const began = performance.now();
    expect(split('{}'.repeat(500_000), 1 << 20, 1_000)).toHaveLength(500_000);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('nested without end are broken in bounded time', () => {
    const deep = '{"a":'.repeat(100_000);
    const lines = '{"a":\n'.repeat(20_000);
    const began = performance.now();
    expect(split(deep).map(([kind]) => kind)).toEqual(['broken']);
    expect(split(`${lines}{"a":1}`).filter(([kind]) => kind === 'record')).toEqual([
      ['record', 20_001, '{"a":1}'],
    ]);
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  test('are the same however the bytes are cut into chunks, and however often the reader pauses', () => {
    const piece = fc.constantFrom(
      '{"a":1}',
      '{"é":"ü😀"}',
      '{',
      '}',
      '\n',
      '\r\n',
      '"',
      ' ',
      '{"a":',
      '[1,2]',
      '{\n"a":1\n}',
      '\\',
      ',',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 30 }),
        fc.integer({ min: 1, max: 9 }),
        (pieces, chunkBytes) => {
          const whole = split(pieces.join(''));
          expect(split(pieces.join(''), chunkBytes)).toEqual(whole);
          expect(split(pieces.join(''), chunkBytes, 1)).toEqual(whole);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('lose nothing: whatever is not blank stands in a record or in what is broken, in its order', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '{"a":1}',
      '{"a":[',
      '"b":',
      ',',
      '"',
      '\n',
      '\n{',
      '\n',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 30 }),
        fc.integer({ min: 1, max: 9 }),
        (pieces, chunkBytes) => {
          const text = pieces.join('');
          const found = split(text, chunkBytes).map(([, , part = '']) => part);
          expect(found.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
        },
      ),
      { numRuns: 2000 },
    );
    expect(split('{"a":[\n{\n{').map(([kind, line]) => [kind, line])).toEqual([
      ['broken', 1],
      ['broken', 2],
      ['broken', 3],
    ]);
  });

  test('lose nothing: whole lines of JSON are found among any garbage', () => {
    const garbage = fc.string({ maxLength: 20 }).map((text) => text.replace(/[\r\n]/g, ''));
    const lines = fc.array(
      fc.oneof(
        garbage,
        fc.nat(99).map((id) => `{"id":${id}}`),
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(lines, (all) => {
        const wanted = all.flatMap((text, at) => (/^\{"id":\d+\}$/.test(text) ? [[at + 1, text]] : []));
        const found = split(all.join('\n')).filter(
          ([kind, , text]) => kind === 'record' && /^\{"id":\d+\}$/.test(text ?? ''),
        );
        expect(found.map(([, line, text]) => [line, text])).toEqual(wanted);
      }),
      { numRuns: 2000 },
    );
  });
});
