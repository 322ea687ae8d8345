import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SparkifyError } from '../../src/errors.ts';
import {
  functions,
  refusedFunctions,
  refusedPrefixes,
  refusedSystemViews,
  refusedTableFunctions,
  systemViews,
  tableFunctions,
} from '../../src/warehouses/duckdb/functions.ts';
import { openPublishedDuckDb } from '../../src/warehouses/duckdb/reader.ts';
import type { SqlRow, SqlValue } from '../../src/warehouses/statement.ts';
import type { ReadOnlyWarehouse } from '../../src/warehouses/warehouse.ts';
import { rowsOf } from '../support/ad-hoc.ts';
import { type Outcome, sparkify } from '../support/command.ts';
import { eventRecord, jsonLines, songRecord, writeFiles } from '../support/records.ts';
import { sampleOneIn } from '../support/sample.ts';
import { deliver, freshFolder, withWarehouse } from '../support/warehouse.ts';

sampleOneIn(4);

const SECRET = 'open-sesame';
const cwd = freshFolder();
const file = join(cwd, 'w.duckdb');
const place = join(cwd, 'private');
const out = join(cwd, 'out.parquet');
const at = (name: string): string => join(place, name);
let reader: ReadOnlyWarehouse;

beforeAll(async () => {
  mkdirSync(place);
  writeFiles(cwd, {
    'private/s.csv': `a,b\n1,${SECRET}\n`,
    'private/s.txt': SECRET,
    'private/s.json': `{"a":"${SECRET}"}`,
    'private/s.sql': `select '${SECRET}' as a`,
    'logs/a.json': jsonLines([eventRecord(), eventRecord({ itemInSession: 1, song: 'Jóga' })]),
    'songs/a.json': JSON.stringify(songRecord()),
  });
  await withDuckDb(at('s.duckdb'), [
    `create table s as select '${SECRET}' as a`,
    `copy s to '${at('s.parquet')}' (format parquet)`,
  ]);
  await withWarehouse(file, (warehouse) =>
    deliver(warehouse, { logs: join(cwd, 'logs'), songs: join(cwd, 'songs') }).then(() => {}),
  );
  await withDuckDb(file, [
    'create view plays as select * from songplays',
    `create view log as select write_log('${SECRET}') as a`,
    'create view "odd as (x" ("a as b", c) as select level, song_id from songplays',
    'create macro shout(a) as getvariable(a)',
  ]);
  reader = await openPublishedDuckDb(file, { nowMs: Date.now, recover: async () => {}, writes: [out] });
});
afterAll(() => reader.close());

async function withDuckDb(path: string, statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  for (const statement of statements) await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
}

const read = `read_text('${at('s.txt')}')`;
const isOpen = "current_setting('enable_external_access')";

/** Statements that would reach a file, a setting or another database: what only a lock would stop as well. */
const reaching: readonly string[] = [
  `select * from ${read}`,
  `select content from read_blob('${at('s.txt')}')`,
  `select * from read_csv('${at('s.csv')}')`,
  `select * from read_csv_auto('${at('s.csv')}')`,
  `select * from read_json('${at('s.json')}')`,
  `select * from read_ndjson_objects('${at('s.json')}')`,
  `select * from read_parquet('${at('s.parquet')}')`,
  `select * from parquet_metadata('${at('s.parquet')}')`,
  `select * from parquet_kv_metadata('${at('s.parquet')}')`,
  `select * from sniff_csv('${at('s.csv')}')`,
  `select * from glob('${place}/*')`,
  `select * from read_duckdb('${at('s.duckdb')}', table_name := 's')`,
  `select * from '${at('s.csv')}'`,
  `select * from "${at('s.parquet')}"`,
  `from '${at('s.json')}'`,
  `select * from "${place}/*.csv"`,
  `table "${at('s.csv')}"`,
  `describe '${at('s.csv')}'`,
  `describe select * from ${read}`,
  `summarize '${at('s.csv')}'`,
  `from (summarize "${at('s.csv')}")`,
  `explain select * from ${read}`,
  `explain (format json) from '${at('s.csv')}'`,
  `with t as (select * from ${read}) select * from t`,
  `with t as materialized (from '${at('s.csv')}') select 1`,
  `with "${at('s.csv')}" as (from "${at('s.csv')}") from "${at('s.csv')}"`,
  `select (with "${at('s.csv')}" as (select 1) select 1), b from "${at('s.csv')}"`,
  `with recursive t as (select 1 as n union all select n + 1 from t, ${read} where n < 3) from t`,
  `select (select content from ${read}) as a`,
  `select * from songplays where exists (from ${read})`,
  `select * from songplays, lateral (select content from ${read})`,
  `select * from songplays positional join ${read}`,
  `select 1 union all select length(content) from ${read}`,
  `select 1 order by (select content from ${read})`,
  `select 1 limit (select length(content) from ${read})`,
  `select level from songplays group by (select content from ${read}), level`,
  `select count(*) over (order by (select content from ${read})) from songplays`,
  `values ((select content from ${read}))`,
  `select list_transform([1], lambda x: (select content from ${read}))`,
  `from (pivot '${at('s.csv')}' on a in (1) using first(b))`,
  `from (pivot songplays on level in ('free') using first((select content from ${read})))`,
  `from query('select content from ${read.replaceAll("'", "''")}')`,
  `from query(case when ${isOpen} then 'from ${read.replaceAll("'", "''")}' else 'select 1' end)`,
  `from query_table('${at('s.csv')}')`,
  `from query_table(['songplays', '${at('s.csv')}'], true)`,
  `from histogram('${at('s.csv')}', b)`,
  `from sql_auto_complete('from ''${place}/')`,
  `from json_execute_serialized_sql(json_serialize_sql('from ${read.replaceAll("'", "''")}'))`,
  `select json_serialize_plan('from ${read.replaceAll("'", "''")}')`,
  `select * from read_text('${file}')`,
  `select 1) to '${at('made.csv')}' (format csv); --`,
  `select 1) to '${at('made.csv')}' (format csv); copy (select 1`,
  `select 1 /*`,
  `copy (select 1) to '${at('made.csv')}'`,
  `attach '${at('s.duckdb')}' as s`,
  `install httpfs`,
  `load '${at('s.duckdb')}'`,
  `export database '${at('made')}'`,
  `import database '${place}'`,
  `create table made as from ${read}`,
  `create temp table made as select 1`,
  `insert into songplays select * from songplays`,
  `set enable_external_access = true`,
  `pragma enable_profiling`,
  `pragma import_database('${place}')`,
  `.read ${at('s.sql')}`,
];

/** Statements that would change the session, tell of it, or call what nobody needs. */
const telling: readonly string[] = [
  `select current_setting('allowed_paths')`,
  `select * from duckdb_settings()`,
  `select * from pg_settings`,
  `select * from pg_catalog.pg_settings`,
  `select * from duckdb_secrets()`,
  `select * from duckdb_databases`,
  `select * from pragma_database_list`,
  `select * from duckdb_logs`,
  `from duckdb_temporary_files()`,
  `select getvariable('a')`,
  `select getenv('HOME')`,
  `show variables`,
  `select setseed(0.5)`,
  `select nextval('s')`,
  `select sleep_ms(1)`,
  `select write_log('x')`,
  `select "write_log"('x') from songplays`,
  `select main.write_log('x')`,
  `select list_transform([1], lambda a: write_log('x'))`,
  `select count(*) filter (where write_log('x') is null) from songplays`,
  `select columns(c -> write_log('x') is null) from songplays`,
  `select * replace (write_log('x') as level) from songplays`,
  `from log`,
  `select shout('x')`,
  `explain analyze select 1`,
  `explain (analyze) select 1`,
  `explain /* x */ analyze select 1`,
  `call duckdb_tables()`,
  `from checkpoint()`,
  `from force_checkpoint('w')`,
  `from no_such_table`,
  `from private.no_such_table`,
  `select no_such_function(1)`,
  `select 1; select 2`,
  `pivot songplays on level using count(*)`,
  `prepare p as select 1`,
  `begin`,
  `select 1\0; drop table songplays`,
  '',
  ' ; ',
  '-- nothing',
];

/** Statements that ended the process by a signal. */
const ending: readonly string[] = [
  `select * from enable_logging(storage='file', storage_path='${at('log')}')`,
  `with t as (from enable_logging(storage='file', storage_path='${at('log')}')) from t`,
  `select (select count(*) from enable_logging(storage='file', storage_path='${at('log')}'))`,
  `explain analyze call enable_logging(storage='file', storage_path='${at('log')}')`,
  `call enable_logging(storage='file', storage_path='${at('log')}')`,
  `describe from enable_logging(storage='file', storage_path='${at('log')}')`,
];

/** Every place of a statement that holds an expression or a query: M and S stand for one that must be seen there. */
const positions: readonly string[] = [
  'select last_value(a order by S) over () from songplays',
  'select last_value(a order by M) over () from songplays',
  'select sum(a order by S) from songplays',
  'select sum(a) filter (where S>1) over () from songplays',
  'select lag(a, S, S) over (order by a) from songplays',
  'select sum(a) over (order by a rows between M preceding and M following) from songplays',
  'select sum(a) over (partition by S) from songplays',
  'select sum(a) over (w order by S) from songplays window w as (partition by a)',
  'select * from songplays limit S offset S',
  'select * from songplays limit S%',
  'select distinct on (S) a from songplays',
  'select a from songplays group by grouping sets ((S), (a))',
  'select a from songplays group by all having S > 1',
  'select * exclude (a) replace (S as b) from songplays',
  'select * rename (a as c) from songplays where S',
  'select columns(x -> S) from songplays',
  'select columns(S) from songplays',
  'select * like S from songplays',
  'from (pivot songplays on a in (1) using sum(S))',
  'from (pivot (select M) on a in (1) using sum(a))',
  'from (unpivot (select M x) on x into name n value v)',
  'from songplays unpivot (v for n in (M))',
  'from songplays unpivot (v for n in (columns(x -> M)))',
  'from songplays at (version => S)',
  'from songplays at (timestamp => M)',
  'from songplays asof join songplays u on t.a >= S',
  'from songplays join songplays u on (S=1)',
  'from songplays, lateral (select M)',
  'from unnest(S)',
  'from range(S)',
  'from range(1, M) with ordinality',
  'from songplays u(a, b) where M',
  'values (1, S)',
  'from (values (M)) v',
  'select a in S from songplays',
  'select a = any S from songplays',
  'select (a,b) in (select 1, M) from songplays',
  'select not exists S',
  'select array(select M)',
  'select array[M]',
  'select {a: M}',
  'select map {M: M}',
  'select [x for x in [1] if M]',
  'select a[M:M:M] from songplays',
  'select case M when M then M else M end',
  'select a between M and M from songplays',
  "select a like 'x' escape M from songplays",
  'select extract(year from M)',
  'select interval (M) day',
  'select a at time zone M from songplays',
  'select coalesce(a, M) from songplays',
  'select grouping(M) from songplays group by M',
  'select list_transform([1], lambda x: M)',
  'select struct_pack(a := M)',
  'select try(M)',
  'select * from songplays order by S',
  'select 1 union select 2 order by S',
  '(select 1 limit S) union all select 2',
  'select 1 union by name select M',
  'with x as materialized (select M) select 1',
  'select (with x as (select M) select 1)',
  'with x as (with y as (select M) select 1) select 1',
  'describe select M',
  'summarize select M',
  'from (describe select M)',
  'from songplays semi join (select M) u on true',
  'select #1, M',
  'select * from songplays fetch first S rows only',
];

/** What an analyst asks; the number of rows where it is known. */
const ordinary: readonly (readonly [string, number | null])[] = [
  ['select level, count(*) as plays from songplays group by level order by plays desc', 1],
  ['-- why\nselect 1', 1],
  ['/* why */ select 1; -- so', 1],
  ['/* a; b */ from songplays select level;', 2],
  ["select ';' as a -- ; b\n, 2; /* c; */ ; -- d", 1],
  ['with t as (select * from songplays), u as (from t) select count(*) from u', 1],
  ['with recursive t as (select 1 as n union all select n + 1 from t where n < 5) from t', 5],
  ['select *, row_number() over (partition by level order by start_time) as nth from songplays', 2],
  ['select song_id, lag(start_time) over w from songplays window w as (order by start_time)', 2],
  ['from songplays qualify row_number() over (order by start_time) = 1', 1],
  ['from songplays, lateral (select songplays.session_id + 1 as next)', 2],
  ['select unnest([1, 2, 3]) as n', 3],
  ['from unnest([1, 2])', 2],
  ['from range(3) t(n) cross join generate_series(1, 2)', 6],
  ["from (pivot songplays on level in ('free', 'paid') using count(*) group by user_id)", 1],
  ["pivot songplays on level in ('free', 'paid') using count(*) group by user_id", 1],
  ['unpivot songs on title, artist_id into name field value content', 2],
  ['describe songplays', 9],
  ['describe select 1 as a, 2 as b', 2],
  ['summarize songplays', 9],
  ['from (describe songplays)', 9],
  ['show tables', null],
  ['show all tables', null],
  ['show databases', 1],
  ['explain select count(*) from songplays', null],
  ['-- why\nexplain (format json) (select 1)', null],
  [
    "select date_trunc('day', start_time), strftime(start_time, '%H'), dayname(start_time), epoch_ms(start_time), start_time + interval 1 hour, start_time at time zone 'UTC', current_date, extract(isodow from start_time) from songplays",
    2,
  ],
  [
    'select list_sort(list(level)), list_filter([1, 2], lambda x: x > 1), [x * 2 for x in [1, 2]], array_agg(song_id)[1] from songplays',
    1,
  ],
  ['select 1 union select 2 except select 3 intersect select 3', null],
  ['values (1), (2)', 2],
  ['table songplays', 2],
  [
    'select any_value(level), max_by(song_id, start_time), quantile_cont(session_id, 0.5), approx_count_distinct(user_id), mode(level), string_agg(level) from songplays',
    1,
  ],
  [
    "select json_extract('{\"a\":[1]}', '$.a[0]'), '{\"a\":1}'::json ->> 'a', to_json({a: 1}), json_object('a', 1)",
    1,
  ],
  ['from songplays using sample 1 rows', 1],
  ['from songplays tablesample 100%', 2],
  ['select table_schema, table_name from information_schema.tables', null],
  ["select column_name from information_schema.columns where table_name = 'songplays'", 9],
  ['select table_name, estimated_size from duckdb_tables()', null],
  ["from pragma_table_info('songplays')", 9],
  ['select tablename from pg_tables', null],
  ["select * exclude (user_agent), columns('level|song_id') from songplays", 2],
  [
    "select coalesce(song_id, 'none'), nullif(level, 'free'), case when level = 'free' then 1 else 0 end, level ilike 'F%', try_cast(song_id as int), regexp_matches(level, 'f.*'), printf('%d', 1), level[1:2], level || '!', 5 // 2, 2 ** 3, round(1.5, 0) from songplays",
    2,
  ],
  ['select grouping(level), count(*) from songplays group by rollup (level)', 2],
  ['select * from songplays asof join songs on songplays.session_id >= songs.year', null],
  ['select * from songplays left join songs using (song_id) natural join users', null],
  ['from main.songplays', 2],
  ['from W.Main.SongPlays', 2],
  ['from ops.files', 2],
  ['from plays', 2],
  ['from "odd as (x"', 2],
  ['select (select count(*) from staging.events) as n, exists (from songs)', 1],
  ['select random() < 2, uuid() is not null, hash(level), md5(level) from songplays', 2],
  ["select map {'a': 1}['a'], {a: 1}.a, struct_pack(b := 2).b, row(1, 2), [1, 2][-1], array_value(1, 2)", 1],
  ['select count(*) from songplays limit 50%', null],
  ['select distinct on (level) level from songplays order by level', 1],
];

/** Every file below the folder, with its size and the times at which it was changed. */
function listing(): string[] {
  const names = readdirSync(cwd, { recursive: true, encoding: 'utf8' }).sort();
  return names.map((name) => {
    const { size, mtimeMs, ctimeMs } = statSync(join(cwd, name));
    return `${name} ${size} ${mtimeMs} ${ctimeMs}`;
  });
}

async function answerTo(sql: string): Promise<SqlValue[][]> {
  const { batches } = await reader.answer(sql);
  const rows: SqlValue[][] = [];
  for await (const batch of batches) rows.push(...batch.map((row) => [...row]));
  return rows;
}

/** What refuses a piece of work; fails where it is done. */
async function refusal(work: Promise<unknown>): Promise<SparkifyError> {
  const result = await work.then(JSON.stringify, (error) => error);
  if (!(result instanceof SparkifyError)) throw new Error(`It was done: ${result}`);
  return result;
}

describe('the lists of functions', () => {
  test('tell of every function and view of DuckDB whether it may be called, once', async () => {
    const known = (kinds: string): Promise<SqlRow[]> =>
      rowsOf(
        reader,
        `select distinct lower(function_name) as name from duckdb_functions() where database_name = 'system' and function_type in (${kinds})`,
      );
    const names = (rows: SqlRow[]): string[] => rows.map(({ name }) => String(name)).sort();
    const called = names(await known("'scalar', 'aggregate', 'macro'")).filter(
      (name) => !refusedPrefixes.some((prefix) => name.startsWith(prefix)),
    );
    // In a list of values unnest is no function, but is written as one.
    expect([...functions, ...refusedFunctions].filter((name) => name !== 'unnest').sort()).toEqual(called);
    expect([...tableFunctions, ...refusedTableFunctions].sort()).toEqual(
      names(await known("'table', 'table_macro'")),
    );
    const views = await rowsOf(
      reader,
      "select schema_name || '.' || view_name as name from duckdb_views() where internal",
    );
    expect([...systemViews, ...refusedSystemViews].sort()).toEqual(names(views));
  });
});

describe('a statement of a reader of DuckDB', () => {
  test.each([...reaching, ...telling].map((sql) => [sql]))(
    'is refused before it is bound: %s',
    async (sql) => {
      const before = listing();
      for (const work of [() => answerTo(sql), () => reader.writeParquet(sql, out)]) {
        const { exitCode, message } = await refusal(work());
        expect(exitCode, message).toBe(2);
        expect(message).not.toContain(SECRET);
        // That the lock would have refused it too is shown below.
        expect(message).not.toMatch(/disabled by configuration|native callback/);
      }
      expect(listing()).toEqual(before);
    },
  );

  test.each(reaching.map((sql) => [sql]))('would meet a locked connection: %s', async (sql) => {
    const before = listing();
    const answer = await rowsOf(reader, sql).then(JSON.stringify, (error: Error) => error.message);
    expect(answer).not.toContain(SECRET);
    expect(listing()).toEqual(before);
  });

  test.each(ordinary)('is answered: %s', async (sql, count) => {
    const rows = await answerTo(sql);
    if (count === null) expect(rows.length).toBeGreaterThanOrEqual(0);
    else expect(rows).toHaveLength(count);
    const written = reader.writeParquet(sql, out);
    if (/^(-- why\n)?(explain|describe|show|summarize)/.test(sql))
      await expect(written).rejects.toThrow(/SELECT/);
    else expect(await written).toBe(rows.length);
  });

  test('hides no call, wherever it stands', async () => {
    for (const position of positions) {
      const sql = position
        .replaceAll(/\bM\b/g, "write_log('x')")
        .replaceAll(/\bS\b/g, "(select write_log('x'))");
      const { message } = await refusal(answerTo(sql));
      expect(message, sql).toBe('query does not call write_log().');
    }
  });

  test('that is misspelled is told the nearest right name', async () => {
    const hints = [
      ['from songplay', 'Did you mean songplays?'],
      ['from ops.filse', 'Did you mean ops.files?'],
      ['select uper(level) from songplays', 'Did you mean upper?'],
      ["from 'songplays.csv'", 'never files'],
    ];
    for (const [sql, hint] of hints) expect((await refusal(answerTo(sql as string))).hint).toContain(hint);
    const { message } = await refusal(answerTo('select level\nfrom songplays wher 1'));
    expect(message).toMatch(
      /^Parser Error: syntax error at or near "1"\n\nLINE 2: from songplays wher 1\n +\^$/,
    );
  });

  test('that is very deep, very long or no text is refused or answered, and never the end', async () => {
    const deep = (times: number): string[] => [
      `select ${'('.repeat(times)}1${')'.repeat(times)}`,
      `select 1${' + 1'.repeat(times)}`,
      `select ${'['.repeat(times)}${']'.repeat(times)}`,
      `${'select * from ('.repeat(times)}select 1${')'.repeat(times)}`,
      `${'explain '.repeat(times)}select 1`,
      `${'/* */'.repeat(times)} explain analyze select 1`,
    ];
    const long = [`select 1${' union all select 1'.repeat(500)}`, `select '${'x'.repeat(2_000_000)}'`];
    for (const sql of [...deep(100), ...deep(20_000), ...long])
      await answerTo(sql).catch((error) => expect(error.exitCode, error.message).toBe(2));
  });
});

describe('the command', () => {
  const run = (...args: string[]): Promise<Outcome> => sparkify([...args, '--warehouse', file], { cwd });

  test('stands, whatever the statement calls', async () => {
    const before = listing();
    const outcomes = await Promise.all(
      [...ending, reaching[0] as string, reaching[16] as string, `-- x\n${reaching[9]}`].flatMap(
        (sql, nth) => [
          run('query', sql, ...(nth % 2 === 0 ? ['--format', 'csv'] : ['--json'])),
          run('query', sql, '--format', 'parquet', '-o', 'stolen.parquet'),
        ],
      ),
    );
    for (const { code, signal, stdout, stderr } of outcomes) {
      expect({ code, signal }, stderr).toEqual({ code: 2, signal: null });
      expect(stdout + stderr).not.toMatch(/open-sesame|\bat .*\.js:/);
      expect(stderr).toMatch(/^error .+/);
    }
    expect(listing()).toEqual(before);
  });

  test('takes a statement that begins with a comment, as an argument and in a file', async () => {
    writeFileSync(join(cwd, 'why.sql'), '-- why\n\nselect 2 as two; -- so\n');
    const answers = await Promise.all([
      run('query', '-- why\nselect 1 as one', '--format', 'csv'),
      run('query', '--format', 'csv', '--why?\nselect 1 as one'),
      run('query', '/* why */ select 1 as one', '--format', 'csv'),
      run('query', '-f', 'why.sql', '--format', 'csv'),
      run('query', '-- why\nselect 1 as one', '--format', 'parquet', '-o', 'why.parquet'),
    ]);
    for (const { code, stderr } of answers) expect(code, stderr).toBe(0);
    expect(answers.slice(0, 4).map(({ stdout }) => stdout)).toEqual([
      ...Array(3).fill('one\n1\n'),
      'two\n2\n',
    ]);
    expect(readFileSync(join(cwd, 'why.parquet'), 'latin1').slice(0, 4)).toBe('PAR1');
    expect((await run('query', '--formta', 'csv')).stderr).toContain("Unknown option '--formta'");
  });
});
