import { describe, expect, test } from 'vitest';
import { refusal, useDouble } from './double-world.ts';

const world = useDouble();

/** An expression and what it gives; the guide's examples where it has them. */
const table: readonly (readonly [sql: string, value: unknown])[] = [
  // r_FNV_HASH
  ['fnv_hash(1)', '-5968735742475085980'],
  ["fnv_hash('Amazon Redshift')", '7783490368944507294'],
  ["fnv_hash('Amazon Redshift', fnv_hash(1))", '-2202602717770968555'],
  ["fnv_hash('abcd')", '-281581062704388899'],
  ["fnv_hash('cd', fnv_hash('ab'))", '-281581062704388899'],
  ['fnv_hash(1::smallint)', '589727492704079044'],
  ['fnv_hash(1::bigint)', '-8517097267634966620'],
  // r_DATEDIFF_function
  ["datediff(week, '2009-01-01', '2009-12-31')", '52'],
  ["datediff(year, '12-31-2008', '01-01-2009')", '1'],
  ["datediff(hour, '01-01-2009 8:30:00', '01-01-2009 10:00:00')", '2'],
  ["datediff(hour, time '20:00:00', time '15:24:45')", '-5'],
  ["datediff(minute, time '20:00:00', time '21:00:00')", '60'],
  ["datediff(month, date '2020-01-31', date '2020-02-01')", '1'],
  ["datediff(day, timestamp '2020-01-01 23:59:59', timestamp '2020-01-02 00:00:00')", '1'],
  ["datediff(second, timestamp '2020-01-01 00:00:00.9', timestamp '2020-01-01 00:00:01')", '1'],
  ["datediff(day, date '2020-01-02', date '2020-01-01')", '-1'],
  // r_EXTRACT_function, r_Dateparts_for_datetime_functions
  ["extract(minute from timestamp '2009-09-09 12:08:43')", 8],
  ["extract(ms from timestamp '2009-09-09 12:08:43.101')", 101],
  ["extract(sec from timestamp '2009-09-21 11:10:03.189717')", 3],
  ["extract(us from timestamp '2009-09-21 11:10:03.189717')", 717],
  ["extract(ms from time '18:25:33.123456')", 123],
  ["extract(century from timestamp '2000-12-16 12:21:13')", 20],
  ["extract(century from timestamp '2001-12-16 12:21:13')", 21],
  ["extract(decade from timestamp '1999-02-16 20:38:40')", 200],
  ["extract(decade from timestamp '2010-02-16 20:38:40')", 202],
  ["extract(mil from timestamp '2001-12-16 12:21:13')", 3],
  ["extract(week from date '2021-01-03')", 53],
  ["extract(dow from date '2024-01-07')", 0],
  ["date_part(sec, timestamp '2009-09-21 11:10:03.189717')", 3.189717],
  ["date_part('epoch', timestamp '2008-01-01 20:00:00')", 1199217600],
  // r_DATE_TRUNC, r_DATEADD_function
  ["to_char(date_trunc('week', timestamp '20220430 04:05:06.789'), 'YYYY-MM-DD')", '2022-04-25'],
  ["to_char(date_trunc('quarter', timestamp '20200430 04:05:06.789'), 'YYYY-MM-DD')", '2020-04-01'],
  ["dateadd(month, 18, '2008-02-28')::varchar", '2009-08-28 00:00:00'],
  ["dateadd(ms, 5, timestamp '2008-02-28')::varchar", '2008-02-28 00:00:00.005'],
  ["dateadd(day, -1, date '2008-03-01')::varchar", '2008-02-29 00:00:00'],
  ["(timestamp 'epoch' + 1541105830796 / 1000 * interval '1 second')::varchar", '2018-11-01 20:57:10'],
  ["(timestamp 'epoch' + 1541105830796 / 1000.0 * interval '1 second')::varchar", '2018-11-01 20:57:10.796'],
  ["getdate() between sysdate - interval '1 minute' and sysdate + interval '1 minute'", true],
  ["trunc(timestamp '2011-07-21 10:32:38.248109')::varchar", '2011-07-21'],
  ['trunc(110.28, 1)', '110.2'],
  ["last_day(date '2008-02-03')::varchar", '2008-02-29'],
  ["convert_timezone('America/New_York', timestamp '2013-02-01 08:00:00')::varchar", '2013-02-01 03:00:00'],
  // conditions
  ["nvl(null, 'x')", 'x'],
  ["nvl2(1, 'a', 'b')", 'a'],
  ["decode(null, null, 'none', 'some')", 'none'],
  ["decode(3, 1, 'one', 2, 'two')", null],
  ["decode(2, 1, 'one', 2, 'two', 'many')", 'two'],
  ['nullif(1, 1)', null],
  ['greatest(1, null, 3)', 3],
  // strings
  ["len('abc  ')", 5],
  ["octet_length('é')", 2],
  ["md5('Amazon Redshift')", 'f7415e33f972c03abd4f3fed36748f7a'],
  ["sha2('Amazon Redshift', 256)", '15013dc10bc5b293f1f66ea28d818387f191cafeb26f89639fae0b4acf9c8772'],
  ["strtol('deadbeef', 16)", '3735928559'],
  ["strtol('-110', 2)", '-6'],
  ["split_part('abc$def$ghi', '$', 2)", 'def'],
  ["split_part('abc$def$ghi', '$', 4)", ''],
  ["regexp_replace('the fox', 'FOX', 'quick brown fox')", 'the fox'],
  ["regexp_replace('a1b22', '\\\\d+', '#')", 'a#b#'],
  ["regexp_substr('a1b22', '[0-9]+', 3)", '22'],
  ["regexp_substr('abc', '[0-9]+')", ''],
  ["regexp_count('abcdefghijklmnopqrstuvwxyz', '[a-z]{3}')", 8],
  ["'start_x' like 'start\\\\_%'", true],
  ["'startxx' like 'start\\\\_%'", false],
  ["trim('  x ') || ltrim('  y ') || rtrim(' z  ')", 'xy  z'],
  ["position('b' in 'abc')", 2],
  ["strpos('abc', 'c') + charindex('c', 'abc')", 6],
  ["translate('mint tea', 'inea', 'osin')", 'most tin'],
  ["quote_ident('a b')", '"a b"'],
  ["chr(65) || ascii('B')::varchar", 'A66'],
  ["left('hello', 2) || right('hello', 2) || substring('hello', 3, 1)", 'helol'],
  // casts
  ["cast('hello world' as varchar(5))", 'hello'],
  ["'héé'::varchar(2)", 'h'],
  ["'héé'::varchar(3)", 'hé'],
  ['12::varchar', '12'],
  ['109.652::decimal(4, 1)', '109.7'],
  ['109.652::decimal', '110'],
  ["' 12 '::int", 12],
  ["'2020-02-30'::varchar::char(4)", '2020'],
  ['true::int', 1],
  ["'0.1'::float8 + 0.2::float8", 0.3],
  // JSON in text
  [`json_extract_path_text('{"f2":{"f3":1},"f4":{"f5":99,"f6":"star"}}', 'f4', 'f6')`, 'star'],
  [`json_extract_path_text('{"f2":1}', 'f9')`, ''],
  [`is_valid_json('{"a":2}')`, true],
  [`is_valid_json('{"a": {"b":{"c":1}')`, false],
];

describe('functions', () => {
  test.each(table)('select %s', async (sql, value) => {
    expect(await world().ask(`select ${sql}`)).toEqual([[value]]);
  });

  test('name their columns as the guide shows them', async () => {
    const client = await world().connect();
    const { fields } = await client.query(
      "select datediff(day, '2020-01-01', '2020-01-02'), extract(day from date '2020-01-01'), date_part(day, date '2020-01-01'), len('a'), 1::int, n::varchar, 1 + 1 from (select 1 as n) as t",
    );
    expect(fields.map(({ name }) => name)).toEqual([
      'date_diff',
      'date_part',
      'pgdate_part',
      'len',
      'int4',
      'n',
      '?column?',
    ]);
  });

  test('a cast of a boolean to text is an error, as is one of text that is no number', async () => {
    expect(await refusal(world().ask('select true::varchar'))).toMatchObject({ code: '42846' });
    expect(await refusal(world().ask("select 'x'::int"))).toMatchObject({ code: '22P02' });
  });

  test('of the leader node fail beside a user’s table', async () => {
    await world().ask('create table beside (n int)');
    for (const sql of [
      'select version(), n from beside',
      'select tablename from pg_table_def join beside on true',
      'insert into beside select count(*) from information_schema.tables',
      'create table copied as select usename from pg_user',
      'select current_schema() from stv_sessions',
    ])
      expect(await refusal(world().ask(sql))).toMatchObject({
        message: 'Specified types or functions (one per INFO message) not supported on Redshift tables.',
      });
  });

  test('that are not known are not emulated', async () => {
    expect(await refusal(world().ask("select soundex('a')"))).toEqual({
      code: '0A000',
      message: 'not emulated: the function soundex()',
    });
  });
});

describe('aggregates and windows', () => {
  const numbers = '(select 1 as n, 10 as of union all select 2, 10 union all select 4, 20) as t';

  test('the average of whole numbers is whole, of others it is not', async () => {
    const sql = `select avg(n), avg(n::bigint), avg(n::smallint), avg(n::float8), sum(n) from ${numbers}`;
    expect(await world().ask(sql)).toEqual([['2', '2', '2', 7 / 3, '7']].map(([...row]) => row.map(rounded)));
  });

  test('LISTAGG joins in order', async () => {
    const sql = `select of, listagg(n, '|') within group (order by n desc) from ${numbers} group by of order by of`;
    expect(await world().ask(sql)).toEqual([
      [10, '2|1'],
      [20, '4'],
    ]);
    expect(
      await world().ask(`select listagg(distinct of, ',') within group (order by of) from ${numbers}`),
    ).toEqual([['10,20']]);
  });

  test('windows rank, look back, and sum over a frame', async () => {
    const sql = `select row_number() over (partition by of order by n desc), lag(n) over (order by n),
      sum(n) over (order by n rows unbounded preceding), sum(n) over (partition by of) from ${numbers} order by n`;
    expect(await world().ask(sql)).toEqual([
      ['2', null, '1', '3'],
      ['1', 1, '3', '3'],
      ['1', 2, '7', '4'],
    ]);
  });

  test('an aggregate over an ordered window wants its frame', async () => {
    expect(await refusal(world().ask(`select sum(n) over (order by n) from ${numbers}`))).toEqual({
      code: '42601',
      message: 'Aggregate window functions with an ORDER BY clause require a frame clause',
    });
    const ranged = `select sum(n) over (order by n range unbounded preceding) from ${numbers}`;
    expect(await refusal(world().ask(ranged))).toMatchObject({ code: '0A000' });
  });
});

/** The 15 digits that the server shows. */
const rounded = (value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(15)) : value;
