import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { ensureTables } from '../../src/pipeline/setup/setup.ts';
import { readingStatement } from '../../src/warehouses/pg-wire/reading-statement.ts';
import { openPublishedPostgres } from '../../src/warehouses/postgres/reader.ts';
import { sparkify } from '../support/command.ts';
import { ask, freshDatabase, settingsOf, useOwnPostgres, withPostgres } from '../support/postgres.ts';
import { randomNumbers } from '../support/random.ts';
import { freshFolder } from '../support/warehouse.ts';

useOwnPostgres();

const runs = Number(process.env.SPARKIFY_PROPERTY_RUNS ?? 1) * 4_000;
const LOCK = 'pg_advisory_lock(7)';
const written = join(freshFolder(), 'written-by-the-server');
const roles = ['superuser', 'reader'] as const;
const addresses = { superuser: '', reader: '' };
let watch: pg.Client;
/** A session that hostile statements try to end. */
let victim: pg.Client;
let victimPid: number;
let before: unknown;

/** Whatever a statement could have left behind. */
async function state(): Promise<unknown> {
  const { rows } = await watch.query(
    `select (select count(*) from songs) as songs,
       (select count(*) from pg_class where relnamespace in ('public'::regnamespace, 'ops'::regnamespace)) as relations,
       (select count(*) from pg_largeobject_metadata) as large_objects,
       (select count(*) from pg_locks where locktype = 'advisory') as locks,
       (select is_called from counted) as counted,
       (select count(*) from pg_prepared_xacts) as prepared,
       (select string_agg(setting, ',' order by name) from pg_file_settings) as settings,
       (select count(*) from pg_replication_slots) as slots,
       exists (select 1 from pg_stat_activity where pid = ${victimPid}) as victim`,
  );
  return rows;
}

beforeAll(async () => {
  const url = await freshDatabase();
  await withPostgres(url, ensureTables);
  const role = `reader_${new URL(url).pathname.slice(6)}`;
  await ask(
    url,
    `create role ${role} login password 'p'`,
    'create sequence counted',
    "insert into songs (song_id, title, artist_id, duration) values ('S', 'pg_sleep(1)', 'A', 1), ('T', 't', 'A', 2)",
    `create function own_lock() returns void language sql as 'select ${LOCK}'`,
    `create function lock_of(songs) returns void language sql as 'select ${LOCK}'`,
    "create function doubled(double precision) returns double precision immutable language sql as 'select $1 * 2'",
    "create function crosstab(text) returns text stable language sql as 'select $1'",
    "create function xpath_table(text) returns text stable language sql as 'select $1'",
    `create schema hidden; create function hidden.count(bigint) returns void language sql as 'select ${LOCK}'`,
    `grant usage on schema ops, staging, hidden to ${role}`,
    `grant select on all tables in schema ops, staging, public to ${role}`,
  );
  addresses.superuser = url;
  addresses.reader = Object.assign(new URL(url), { username: role, password: 'p' }).href;
  [watch, victim] = [1, 2].map(() => new pg.Client({ connectionString: url })) as [pg.Client, pg.Client];
  victim.on('error', () => {});
  await Promise.all([watch.connect(), victim.connect()]);
  victimPid = (await victim.query('select pg_backend_pid() as pid')).rows[0].pid;
  before = await state();
});

afterAll(async () => {
  await Promise.all([watch.end(), victim.end()]);
  const role = new URL(addresses.reader).username;
  await ask(addresses.superuser, `drop owned by ${role}`, `drop role ${role}`);
});

/** One statement as `query` runs it; all rows of its answer. */
async function answerOf(url: string, sql: string): Promise<unknown[]> {
  const reader = await openPublishedPostgres(settingsOf(url));
  try {
    const rows: unknown[] = [];
    for await (const batch of (await reader.answer(sql)).batches) rows.push(...batch);
    return rows;
  } finally {
    await reader.close();
  }
}

/** Judged here, whoever asks. */
const refused: readonly (readonly [string, () => string])[] = [
  ['a lock', () => `select ${LOCK}`],
  ['a lock that is only tried', () => 'select pg_try_advisory_lock(7)'],
  ['the lock that was the lease', () => 'select pg_advisory_lock(1936747883, 1)'],
  ['a quoted name', () => 'select "pg_advisory_lock"(7)'],
  [
    'a name in other letters, with a schema and comments',
    () => 'select PG_Catalog . /* ( */ Pg_Advisory_LOCK -- (\n (7)',
  ],
  ['a name with escapes', () => 'select U&"pg\\005fadvisory_lock"(7)'],
  ['a name with escapes of one’s own', () => `select u&"pg!005fadvisory_lock" uescape '!' (7)`],
  ['a common table expression', () => `with locked as materialized (select ${LOCK}) select * from locked`],
  ['a condition', () => `select * from songs where ${LOCK} is null`],
  ['a function in FROM', () => `select * from songs, lateral ${LOCK} as locked`],
  ['EXPLAIN ANALYZE', () => `explain analyze select ${LOCK}`],
  ['EXPLAIN with options, after a comment', () => `/* a */ explain (analyze, costs off) select ${LOCK}`],
  ['what looks like a string, by an escape', () => `select E'\\'', ${LOCK}, ''`],
  ['what looks like a string, by an escape on another line', () => `select E'a'\n'b\\'', ${LOCK}, ''`],
  ['what looks like an escape, and is none', () => `select '\\', ${LOCK}, '\\'`],
  ['what looks like a quoted string', () => `select $a$ $b$ $a$, ${LOCK}, $a$ $b$ $a$`],
  ['what looks like a comment', () => `select 1 --\r, ${LOCK}`],
  ['what looks like a nested comment', () => `select '/*', ${LOCK}, '*/'`],
  ['another’s session, ended', () => `select pg_terminate_backend(${victimPid})`],
  ['another’s statement, cancelled', () => `select pg_cancel_backend(${victimPid})`],
  ['a file of the server, read', () => "select pg_read_file('PG_VERSION')"],
  ['a folder of the server, listed', () => "select pg_ls_dir('.')"],
  ['a file of the server, taken in', () => "select lo_import('/etc/hostname')"],
  ['a file of the server, written', () => `select lo_export(lo_from_bytea(0, 'x'), '${written}')`],
  ['a large object', () => "select lo_from_bytea(0, 'x')"],
  ['a setting', () => "select set_config('statement_timeout', '1', false)"],
  ['the transaction made one that writes', () => "select set_config('transaction_read_only', 'off', true)"],
  ['a sequence', () => "select nextval('counted')"],
  ['a notification', () => "select pg_notify('loud', 'x')"],
  ['a pause', () => 'select pg_sleep(100)'],
  ['the server’s settings, read again', () => 'select pg_reload_conf()'],
  ['the server’s log of writes', () => 'select pg_switch_wal()'],
  ['a snapshot for others', () => 'select pg_export_snapshot()'],
  ['statistics', () => 'select pg_stat_reset()'],
  ['a statement as text', () => `select query_to_xml('select ${LOCK}', true, true, '')`],
  ['another statement as text', () => `select * from ts_stat('select ${LOCK}')`],
  ['a statement as text, for an extension', () => `select crosstab('select ${LOCK}')`],
  ['a statement as text, for another extension', () => `select xpath_table('select ${LOCK}')`],
  ['a function of one’s own that is volatile', () => 'select own_lock()'],
  ['a function that is written as a column', () => 'select songs.lock_of from songs'],
  ['a function that is written as a column of a row', () => 'select (s).lock_of from songs as s'],
  ['a function of another schema', () => 'select hidden.count(1)'],
  ['a row’s lock', () => 'select * from songs for update'],
  ['a table made', () => 'select * into stolen from songs'],
  ['a table made by EXPLAIN', () => 'explain analyze select * into stolen from songs'],
  ['a table made from a query by EXPLAIN', () => 'explain (analyze) create table stolen as select 1'],
  ['rows deleted by EXPLAIN', () => 'explain analyze verbose delete from songs'],
  ['rows deleted in an expression', () => 'with gone as (delete from songs returning *) select * from gone'],
  [
    'rows deleted in an expression by EXPLAIN',
    () => 'explain analyze with gone as (delete from songs returning *) select * from gone',
  ],
  ['two statements', () => 'select 1; drop table songs'],
  ['the transaction ended', () => 'select 1; commit; drop table songs'],
  ['a COMMIT', () => 'commit'],
  ['a file by COPY', () => `copy (select 1) to '${written}'`],
  ['a program by COPY', () => `copy (select 1) to program 'touch ${written}'`],
  ['a block', () => `do $$ begin perform ${LOCK}; end $$`],
  ['SET', () => 'set statement_timeout = 1'],
  ['ALTER SYSTEM', () => "alter system set work_mem = '5MB'"],
  ['LOCK', () => 'lock table songs in access exclusive mode'],
  ['LISTEN', () => 'listen loud'],
  ['a prepared statement', () => `prepare locked as select ${LOCK}`],
  ['a cursor that stays', () => 'declare kept cursor with hold for select 1'],
  ['nothing', () => ' -- nothing'],
  ['a statement that ends early', () => 'select 1\u0000, 2'],
];

describe.each(roles)('as %s, query refuses', (role) => {
  test.each(refused)('%s', async (_, statement) => {
    const refusal = await answerOf(addresses[role], statement()).then(
      (rows) => ({ message: `it answered ${JSON.stringify(rows)}` }),
      (error: Error) => error,
    );
    expect(refusal).toBeInstanceOf(UsageError);
    expect(await state()).toEqual(before);
    expect(existsSync(written)).toBe(false);
  });
});

test('a statement that takes longer than the time allowed is no wrong usage', async () => {
  const sql = 'select count(*) from generate_series(1, 1000000000)';
  const limited = `${addresses.reader}?statement_timeout=1`;
  await expect(answerOf(limited, sql)).rejects.toMatchObject({
    message: expect.stringContaining('a statement took longer than the time allowed'),
    exitCode: 1,
  });
});

const ordinary: readonly (readonly [string, unknown])[] = [
  ['select level, count(*) as plays from songplays group by level', []],
  [
    'select song_id, rank() over (order by duration desc) as place from songs order by 1',
    [
      ['S', 2],
      ['T', 1],
    ],
  ],
  [
    'with recursive n(i) as (values (1) union all select i + 1 from n where i < 3) select sum(i) from n',
    [[6]],
  ],
  ['select random() < 1, gen_random_uuid() is not null, clock_timestamp() >= now()', [[true, true, true]]],
  ["select count(*) from songs where title = 'pg_sleep(1)' -- not a call: pg_sleep(1)", [[1]]],
  ['select "nextval".title from songs as "nextval" where song_id = \'T\'', [['t']]],
  [
    "select $$nextval('counted')$$, $a$it's$a$, 'it''s', E'a\\'b', N'n', x'1F'::int",
    [["nextval('counted')", "it's", "it's", "a'b", 'n', 31]],
  ],
  ['select doubled(duration) from songs order by 1;', [[2], [4]]],
  [
    "select date_trunc('day', timestamp '2018-11-05 12:00'), extract(isodow from date '2018-11-05')",
    [['2018-11-05 00:00:00', 1]],
  ],
  ['select count(*) from songs tablesample bernoulli (100)', [[2]]],
  ["select pg_total_relation_size('songs') > 0, to_regclass('songs') is not null", [[true, true]]],
  ['select g from generate_series(1, 2) as g', [[1], [2]]],
  ['select max("größe"(1)) from (select 1) as one', null],
  ['(select 1) union all (select 2) order by 1', [[1], [2]]],
  ['values (1, 2)', [[1, 2]]],
  ['table users', []],
  ['/* what zone? */ -- which?\nshow timezone', [['UTC']]],
  ['-- how?\r\n/* a /* nested */ one */ explain (costs off) select 1', [['Result']]],
  ["select json_build_object('a', 1) ->> 'a', coalesce(null, 1), cast('1' as int)", [['1', 1, 1]]],
  ['select count(*) > 0 from pg_locks', [[true]]],
  ["select 1 as into, 'x' as nextval", [[1, 'x']]],
];

describe.each(roles)('as %s, query answers', (role) => {
  test.each(ordinary)('%s', async (sql, rows) => {
    const answered = answerOf(addresses[role], sql);
    // What does not exist is for the server to say.
    if (rows === null) await expect(answered).rejects.toThrow('größe');
    else expect(await answered).toEqual(rows);
  });
});

test('whatever text the server finds a call in, the judgement finds it, too', async () => {
  const random = randomNumbers(5);
  const pieces = [
    ' ',
    "'",
    "'",
    "''",
    '\\',
    "\\'",
    "E'",
    "e'",
    "U&'",
    '$$',
    '$a$',
    '/*',
    '*/',
    '--',
    '\n',
    '\r',
  ];
  pieces.push(',', ', ', '"', '""', '"marker" ()', 'marker()', 'marker()', '1', '||', ' as x');
  const piece = (): string => pieces[Math.floor(random() * pieces.length)] as string;
  await watch.query(
    `create function marker() returns text language plpgsql as $$ begin raise exception 'it was called'; end $$`,
  );
  let called = 0;
  for (let run = 0; run < runs; run += 1) {
    const sql = `select ${Array.from({ length: 2 + Math.floor(random() * 9) }, piece).join('')}`;
    const error = await watch
      .query({ text: sql, queryMode: 'extended' } as pg.QueryConfig)
      .catch((cause) => cause);
    if (error.message !== 'it was called') continue;
    called += 1;
    const calls = (): unknown => readingStatement(sql).calls;
    // What reads in more than one way is refused, whatever it calls.
    expect(() => expect(calls()).toContainEqual({ schema: null, name: 'marker' }), sql).not.toThrow(
      /Contain/,
    );
  }
  expect(called).toBeGreaterThan(runs / 200);
  await watch.query('drop function marker()');
}, 600_000);

test('the refusal says which function it is, and what to do', async () => {
  const query = (sql: string) =>
    sparkify(['query', sql, '--warehouse', addresses.reader], { cwd: freshFolder() });
  const { code, stderr } = await query('select own_lock()');
  expect(code).toBe(2);
  expect(stderr).toMatch(/query does not call own_lock: .*volatile/);
  expect(stderr).toMatch(/alter function own_lock\(…\) stable/);
  expect((await query('explain select 1')).code).toBe(0);
});

test('a Parquet file of what may not be called is not written', async () => {
  const file = join(freshFolder(), 'x.parquet');
  const reader = await openPublishedPostgres(settingsOf(addresses.superuser));
  try {
    await expect(reader.writeParquet(`select ${LOCK}`, file)).rejects.toThrow(UsageError);
  } finally {
    await reader.close();
  }
  expect(existsSync(file)).toBe(false);
  expect(await state()).toEqual(before);
});
