import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { useSeed } from '../../random.ts';
import { bucket, role, useCopyWorld } from '../copy/copy-world.ts';
import { split } from './json-splitter.ts';
import { JsonError, type JsonValue, readJson } from './json-values.ts';

fc.configureGlobal({ seed: useSeed() });

const world = useCopyWorld();
const failed = /^Load into table '\w+' failed\./;
const quoted = (...paths: readonly string[]): string => JSON.stringify({ jsonpaths: paths });

beforeEach(() => {
  for (const key of world().s3.keys(bucket)) world().s3.remove(bucket, key);
});

/** Loads a file into a table of these columns; the rows then. */
async function load(
  columns: readonly string[],
  content: Buffer | string,
  options = "'auto'",
): Promise<unknown[]> {
  await world().table('loaded', columns);
  world().put('data/file.json', content);
  await world().copy(`copy loaded from 's3://${bucket}/data/' iam_role '${role}' format as json ${options}`);
  return world().rows('select * from loaded');
}

/** What a value becomes in a column; or the code and message of its error. */
async function value(type: string, content: string, options = "'auto'"): Promise<unknown> {
  try {
    await load([`v ${type}`], `{"v": ${content}}`, options);
  } catch {
    return (await world().errors()).map(({ code, message }) => `${code} ${message}`)[0];
  }
  return (await world().rows('select v::text from loaded'))[0]?.v;
}

describe('the splitter', () => {
  const pieces = (text: string, header = 0): unknown[] =>
    [...split(text, header)].map(({ kind, start, end, lastLine }) => [
      kind,
      text.slice(start, end),
      lastLine,
    ]);

  test('finds values back to back, over many lines, and braces within strings', () => {
    expect(pieces('{"a":1}{"b":"}\\"{"}\n\n[1,\n[2]]\n')).toEqual([
      ['value', '{"a":1}', 1],
      ['value', '{"b":"}\\"{"}', 1],
      ['value', '[1,\n[2]]', 4],
    ]);
  });

  test('calls what stands between values stray, piece by piece', () => {
    expect(pieces('{},{}\n1 "x" [],\u00a0')).toEqual([
      ['value', '{}', 1],
      ['stray', ',', 1],
      ['value', '{}', 1],
      ['stray', '1', 2],
      ['stray', '"x"', 2],
      ['value', '[]', 2],
      ['stray', ',\u00a0', 2],
    ]);
  });

  test('takes an object that never ends as one value up to the end', () => {
    expect(pieces('{"a":1\n{"a":2}\n')).toEqual([['value', '{"a":1\n{"a":2}\n', 3]]);
    expect(pieces('{"a":"x\n{}')).toEqual([['value', '{"a":"x\n{}', 2]]);
  });

  test('skips the lines of a header and counts them', () => {
    expect(pieces('{}\nb\n{}', 2)).toEqual([['value', '{}', 3]]);
  });

  test('knows a value of more than 4 MB', () => {
    const text = (length: number): string => `{"a":"${'x'.repeat(length - 8)}"}`;
    expect([...split(text(4 * 1024 * 1024))][0]?.kind).toBe('value');
    expect([...split(text(4 * 1024 * 1024 + 1))][0]?.kind).toBe('too large');
  });
});

describe('the reader of values', () => {
  test.each([
    '{"a"}',
    '{"a":1,}',
    '{,}',
    '[1,]',
    '[1 2]',
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":NaN}',
    "{'a':1}",
    '{"a":"\\x"}',
    '{"a":"\\u12"}',
    '{"a":"\t"}',
    '{"a":tru}',
    '{} x',
    '',
    '{"a":1',
  ])('refuses %j', (text) => {
    expect(() => readJson(text)).toThrow(JsonError);
    expect(() => JSON.parse(text)).toThrow();
  });

  test('takes what JSON.parse takes, and nothing else', () => {
    const pieces = fc.constantFrom('', ',', '"', '}', '{', '\\', '0', 'e', '-', ' ', '\n', ']', ':');
    fc.assert(
      fc.property(fc.json(), fc.nat(), pieces, fc.nat(1), (json, place, piece, removed) => {
        const at = place % (json.length + 1);
        const text = (json.slice(0, at) + piece + json.slice(at + removed)).toWellFormed();
        fc.pre(!/\\u[dD][89a-fA-F]/.test(text));
        expect(outcome(() => plain(readJson(Buffer.from(text).toString('latin1'))))).toEqual(
          outcome(() => JSON.parse(text)),
        );
      }),
      { numRuns: 3_000 },
    );
  });

  test('keeps the digits of numbers, and names that come twice', () => {
    expect(readJson('{"a":1.50e+02, "a":-0}')).toMatchObject({
      names: ['a', 'a'],
      values: [
        { kind: 'number', digits: '1.50e+02' },
        { kind: 'number', digits: '-0' },
      ],
    });
  });

  test('reads escapes into bytes', () => {
    const text = '"\\u00e9\\ud83d\\ude00\\n\\/é"';
    const value = readJson(Buffer.from(text).toString('latin1'));
    const bytes = value.kind === 'string' ? Buffer.from(value.bytes, 'latin1').toString() : '';
    expect(bytes).toBe('é😀\n/é');
  });
});

function outcome(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch {
    return 'not JSON';
  }
}

function plain(value: JsonValue): unknown {
  const text = (bytes: string): string => Buffer.from(bytes, 'latin1').toString();
  if (value.kind === 'string') return text(value.bytes);
  if (value.kind === 'number') return Number(value.digits);
  if (value.kind === 'array') return value.items.map(plain);
  if (value.kind !== 'object') return JSON.parse(value.kind);
  return Object.fromEntries(value.names.map((name, i) => [text(name), plain(value.values[i] as JsonValue)]));
}

describe('the mapping of keys to columns', () => {
  const row = '{"id": 7, "songTitle": "Blue", "Year": 1971, "other": true}';
  const columns = ['id integer', 'songtitle varchar(20)', 'year integer'];

  test("'auto' wants the columns' lower case: other keys load as NULL, and nothing is said of it", async () => {
    expect(await load(columns, row)).toEqual([{ id: 7, songtitle: null, year: null }]);
    expect(await load(columns, row, '')).toEqual([{ id: 7, songtitle: null, year: null }]);
  });

  test("'auto ignorecase' takes any case", async () => {
    expect(await load(columns, row, "'auto ignorecase'")).toEqual([{ id: 7, songtitle: 'Blue', year: 1971 }]);
  });

  test.each([[quoted("$['id']", "$['songTitle']", "$['Year']")], [quoted('$.id', '$.songTitle', '$.Year')]])(
    'JSONPaths %s name them in the order of the columns',
    async (paths) => {
      world().put('paths.json', paths);
      expect(await load(columns, row, `'s3://${bucket}/paths.json'`)).toEqual([
        { id: 7, songtitle: 'Blue', year: 1971 },
      ]);
    },
  );

  test('JSONPaths go into objects and arrays; a missing element of an object is NULL', async () => {
    world().put('paths.json', quoted('$.artist.name', '$.tags[1]', '$.artist.city', '$.artist'));
    const options = `'s3://${bucket}/paths.json'`;
    const data = '{"artist": {\n  "name": "Joni",\n  "born": 1943\n}, "tags": ["folk", "jazz"]}';
    const columns = ['name varchar(20)', 'tag varchar(20)', 'city varchar(20)', 'whole varchar(99)'];
    expect(await load(columns, data, options)).toEqual([
      { name: 'Joni', tag: 'jazz', city: null, whole: '{"name": "Joni","born": 1943}' },
    ]);
    await expect(load(columns, '{"tags": ["folk"]}', options)).rejects.toThrow(failed);
    expect(await world().errors()).toMatchObject([
      { code: 1216, message: 'Invalid JSONPath format: Not an array or index out of range.' },
    ]);
    await expect(load(columns, '{"artist": "Joni", "tags": [1, 2]}', options)).rejects.toThrow(failed);
    expect(await world().errors()).toMatchObject([
      { message: 'Invalid JSONPath format: Member is not an object.' },
    ]);
  });

  test('arrays are rows by a JSONPaths file only', async () => {
    world().put('paths.json', quoted('$[0]', '$[2]'));
    const data = '[1, "a", "Blue"]\n[2, "b", null]';
    const columns = ['id integer', 'title varchar(9)'];
    expect(await load(columns, data, `'s3://${bucket}/paths.json'`)).toEqual([
      { id: 1, title: 'Blue' },
      { id: 2, title: null },
    ]);
    await expect(load(columns, data)).rejects.toThrow(failed);
  });

  test("a file of another single name silently means 'auto'", async () => {
    world().put('paths.json', '{"jsonpath": ["$.Year"]}');
    expect(await load(columns, row, `'s3://${bucket}/paths.json'`)).toEqual([
      { id: 7, songtitle: null, year: null },
    ]);
  });

  test.each([
    quoted("$['a']", '$.b'),
    quoted('$.*'),
    quoted("$['*']"),
    quoted('$..a'),
    quoted('a'),
    quoted('$.a[-1]'),
    quoted(''),
    '{"jsonpaths": [1]}',
    '{"jsonpaths": "$.a"}',
    '["$.a"]',
    '{"jsonpaths": ["$.a"]} {}',
    '{"jsonpaths": ["$.a"',
  ])('the JSONPaths file %s fails the COPY, whatever MAXERROR is', async (paths) => {
    world().put('paths.json', paths);
    const options = `'s3://${bucket}/paths.json' maxerror 100`;
    await expect(load(['a integer'], '{"a": 1}', options)).rejects.toThrow('Invalid JSONPath format');
  });

  test('a JSONPaths file below the prefix of the data is taken for data, and fails', async () => {
    world().put('data/paths.json', quoted('$.a'));
    const copy = load(['a integer'], '{"a": 1}', `'s3://${bucket}/data/paths.json'`);
    await expect(copy).rejects.toThrow(failed);
    expect(await world().errors()).toMatchObject([{ file: `s3://${bucket}/data/paths.json`, code: 1216 }]);
  });

  test('the JSONPath $ alone is not emulated', async () => {
    world().put('paths.json', quoted('$'));
    const copy = load(['a super'], '{}', `'s3://${bucket}/paths.json'`);
    await expect(copy).rejects.toMatchObject({ code: '0A000' });
  });

  test('a JSONPaths file has as many expressions as there are columns', async () => {
    world().put('paths.json', quoted('$.a'));
    await expect(load(['a integer', 'b integer'], '{}', `'s3://${bucket}/paths.json'`)).rejects.toThrow(
      'Number of jsonpaths and the number of columns should match. JSONPath size: 1, Number of columns in table or column list: 2',
    );
  });

  test('a column list has its own order; what it leaves out takes its default', async () => {
    await world().table('listed', ['a integer', 'b integer default 5', 'c integer', 'd integer default 6']);
    world().put('data/file.json', '{"x": 1, "y": 2}');
    world().put('paths.json', quoted('$.x', '$.y', '$.z'));
    await world().copy(
      `copy listed (c, a, d) from 's3://${bucket}/data/' iam_role '${role}' json 's3://${bucket}/paths.json'`,
    );
    expect(await world().rows('select * from listed')).toEqual([{ a: 2, b: 5, c: 1, d: null }]);
  });

  test("'noshred' loads each value whole into one SUPER column", async () => {
    expect(await load(['raw super'], '{"a": [1.50, null]}[2]', "'noshred'")).toEqual([
      { raw: { a: [1.5, null] } },
      { raw: [2] },
    ]);
    await expect(load(['raw super', 'b integer'], '{}', "'noshred'")).rejects.toMatchObject({
      code: '0A000',
    });
  });
});

describe('values', () => {
  test('of escapes are what they stand for', async () => {
    const data = '{"slash": "one \\\\ slash", "line": "two\\nlines", "tab": "a\\ttab"}';
    expect(await load(['slash varchar(25)', 'line varchar(25)', 'tab varchar(25)'], data)).toEqual([
      { slash: 'one \\ slash', line: 'two\nlines', tab: 'a\ttab' },
    ]);
  });

  test.each([
    ['integer', '12', '12'],
    ['integer', '"-12"', '-12'],
    ['integer', '""', null],
    ['integer', '"  "', null],
    ['integer', 'null', null],
    ['integer', '1.0', "1207 Invalid digit, Value '.', Pos 1, Type: Integer"],
    ['integer', 'true', "1207 Invalid digit, Value 't', Pos 0, Type: Integer"],
    ['integer', '2147483648', "1222 Overflow, Value '2147483648', Type: Integer"],
    ['smallint', '-32768', '-32768'],
    ['smallint', '32768', "1222 Overflow, Value '32768', Type: Short"],
    ['bigint', '9223372036854775807', '9223372036854775807'],
    ['bigint', '"x1"', "1207 Invalid digit, Value 'x', Pos 0, Type: Long"],
    ['decimal(8,2)', '20.259', '20.25'],
    ['decimal(8,2)', '"-20.259"', '-20.25'],
    ['decimal(8,2)', '2.5e2', '250.00'],
    ['decimal(8,2)', '0.001', '0.00'],
    ['decimal(4,2)', '100', '1209 Overflow for NUMERIC(4,2)'],
    ['decimal(4,2)', '"1,5"', "1207 Invalid digit, Value ',', Pos 1, Type: Decimal"],
    ['double precision', '218.93179', '218.93179'],
    ['double precision', '1e400', '1208 Overflow, Type: Double'],
    ['double precision', '"1.5x"', "1208 Invalid digit, Value 'x', Pos 3, Type: Double"],
    ['real', '0.1', '0.1'],
    ['boolean', 'true', 'true'],
    ['boolean', '"N"', 'false'],
    ['boolean', '1', 'true'],
    ['boolean', '2', '1210 Unknown boolean format'],
    ['date', '"2018-11-30"', '2018-11-30'],
    ['date', '"2018-11-30 10:11:12"', '2018-11-30'],
    ['date', '"2018-02-30"', '1205 Invalid date format or value'],
    ['date', '"18-2-3"', '1205 Invalid Date Format - length must be 10 or more'],
    ['timestamp', '"2018-11-30 10:11:12.5"', '2018-11-30 10:11:12.5'],
    ['timestamp', '"2018-11-30"', '2018-11-30 00:00:00'],
    ['timestamptz', '"2018-11-30 10:11:12+02:30"', '2018-11-30 07:41:12+00'],
    [
      'timestamp',
      '"2018-11-30 10:11:12+02"',
      '1206 Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]',
    ],
    ['timestamp', '"2018-11-30T10:11:12"', '1206 Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]'],
    ['timestamp', '1541105830796', '1206 Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]'],
    ['varchar(3)', '"é"', 'é'],
    ['varchar(3)', '"éé"', '1204 String length exceeds DDL length'],
    ['varchar(9)', '""', ''],
    ['varchar(9)', '1.50', '1.50'],
    ['varchar(9)', 'true', 'true'],
    ['varchar(9)', '"a\\u0000"', '1220 String contains the character NUL'],
    [
      'varchar(9)',
      '"\\ud800"',
      '1220 String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: ed a0 80 (error 5)',
    ],
    ['char(3)', '"abcd"', '1204 Char length exceeds DDL length'],
    [
      'char(3)',
      '"é"',
      '1220 Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: c3 a9',
    ],
    ['integer not null', '""', '1213 Missing data for not-null field'],
    ['super', '1.50', '1.50'],
    ['super', '"x"', '"x"'],
    ['super', '""', '""'],
    ['super', 'null', null],
    ['super', '{"b":1,"a":[]}', '{"a": [], "b": 1}'],
    ['super', '{"a":1,"a":2}', '1224 Duplicate attribute name in an object'],
    ['super', '["\\u0000"]', '1224 String contains the character NUL'],
  ])('of a column %s: %s becomes %j', async (type, content, expected) => {
    expect(await value(type, content)).toBe(expected);
  });

  test.each([
    ['varchar(9)', '""', 'emptyasnull', null],
    ['varchar(9)', '" \\t"', 'blanksasnull', null],
    ['varchar(9)', '" \\t"', 'emptyasnull', ' \t'],
    ['decimal(8,2)', '20.259', 'roundec', '20.26'],
    ['decimal(8,2)', '-0.005', 'roundec', '-0.01'],
    ['decimal(2,0)', '99.5', 'roundec', '1209 Overflow for NUMERIC(2,0)'],
    ['varchar(4)', '"aéé"', 'truncatecolumns', 'aé'],
    ['char(2)', '"abc"', 'truncatecolumns', 'ab'],
    ['integer', '12345678901', 'truncatecolumns', "1222 Overflow, Value '12345678901', Type: Integer"],
    ['timestamp', '1541105830796', "timeformat 'epochmillisecs'", '2018-11-01 20:57:10.796'],
    ['timestamp', '"1541105830796"', "timeformat as 'epochmillisecs'", '2018-11-01 20:57:10.796'],
    ['timestamp', '1541105830', "timeformat 'epochsecs'", '2018-11-01 20:57:10'],
    [
      'timestamp',
      '1.5',
      "timeformat 'epochmillisecs'",
      '1206 Invalid timestamp format or value [EPOCHMILLISECS]',
    ],
    [
      'timestamp',
      '1541105830796',
      "timeformat 'auto'",
      '1206 Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]',
    ],
    ['timestamp', '"2019-02-11T05:09:12.195Z"', "timeformat 'auto'", '2019-02-11 05:09:12.195'],
    ['timestamp', '"19960108 040809"', "timeformat 'auto'", '1996-01-08 04:08:09'],
    ['timestamptz', '"1997-12-17 07:37:16-08"', "timeformat 'auto'", '1997-12-17 15:37:16+00'],
    [
      'timestamp',
      '"03.31.2003 18:45:05.123456"',
      "timeformat 'MM.DD.YYYY HH:MI:SS'",
      '2003-03-31 18:45:05.123456',
    ],
    ['date', '"March 31, 2003"', "dateformat 'MON DD, YYYY'", '2003-03-31'],
  ])('of a column %s: %s with %s becomes %j', async (type, content, options, expected) => {
    expect(await value(type, content, `'auto' ${options}`)).toBe(expected);
  });

  test('that no rule of the double tells how to read are not guessed', async () => {
    const data = '{"v": "17 Dec 07:37:16 1997 PST"}';
    await expect(load(['v timestamp'], data, "'auto' timeformat 'auto'")).rejects.toMatchObject({
      code: '0A000',
    });
  });

  test('of bytes that are not UTF-8 fail, or are replaced byte by byte', async () => {
    const data = Buffer.concat([
      Buffer.from('{"v": "a'),
      Buffer.from([0xe0, 0xa1, 0x62, 0xa4]),
      Buffer.from('"}'),
    ]);
    await expect(load(['v varchar(9)'], data)).rejects.toThrow(failed);
    expect(await world().errors()).toMatchObject([
      { code: 1220, message: expect.stringContaining('Bad UTF-8 hex sequence: e0 a1 (error 4)') },
    ]);
    expect(await load(['v varchar(9)'], data, "'auto' acceptinvchars as '^'")).toEqual([{ v: 'a^^b^' }]);
    expect(await load(['v varchar(9)'], data, "'auto' acceptinvchars")).toEqual([{ v: 'a??b?' }]);
    await expect(load(['v super'], data, "'auto' acceptinvchars")).rejects.toThrow(failed);
  });

  test('in SUPER have strings of at most 65535 bytes, and are 1000 deep at most', async () => {
    const text = (length: number): string => `{"v": ["${'é'.repeat(length / 2)}x"]}`;
    expect(await load(['v super'], text(65_534))).toHaveLength(1);
    await expect(load(['v super'], text(65_536))).rejects.toThrow(failed);
    const deep = (depth: number): string => `{"v": ${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(await load(['v super'], deep(1_000))).toHaveLength(1);
    await expect(load(['v super'], deep(1_002))).rejects.toThrow(failed);
  });

  test('of more than 4 MB fail the COPY, whatever MAXERROR is', async () => {
    const data = `{"v": 1}\n{"v": 2, "w": "${'x'.repeat(4 * 1024 * 1024)}"}\n`;
    await expect(load(['v integer'], data, "'auto' maxerror 100")).rejects.toThrow(failed);
    const pipes = `{"v": 1, "w": "${'|'.repeat(2_200_000)}"}`;
    await expect(load(['v integer'], pipes)).rejects.toThrow(failed);
  });
});
