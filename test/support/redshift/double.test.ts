import { describe, expect, test } from 'vitest';
import { refusal, useDouble } from './double-world.ts';
import { notEmulated, rules } from './rules.ts';

const world = useDouble();

describe('the protocol', () => {
  test('pg connects and sees an old PostgreSQL', async () => {
    const client = await world().connect();
    const { rows } = await client.query('select 1 as one, version()');
    expect(rows).toEqual([{ one: 1, version: expect.stringContaining('PostgreSQL 8.0.2') }]);
    expect((await client.query('show server_version')).rows).toEqual([{ server_version: '8.0.2' }]);
  });

  test('parameters pass through, also of prepared statements', async () => {
    const client = await world().connect();
    const text = 'select $1::bigint + 1 as next, upper($2) as name';
    for (const n of [41, 42]) {
      const { rows } = await client.query({ name: 'next', text, values: [n, 'ada'] });
      expect(rows).toEqual([{ next: String(n + 1), name: 'ADA' }]);
    }
  });

  test('statements that write run in the extended protocol too; DDL takes no parameters', async () => {
    const client = await world().connect();
    await client.query({ text: 'create table extended (n int)', values: [], queryMode: 'extended' } as never);
    const { rowCount } = await client.query('insert into extended values ($1), ($2)', [1, 2]);
    expect(rowCount).toBe(2);
    const refused = client.query('create table other as select $1::int as n', [1]);
    expect(await refusal(refused)).toMatchObject({ code: expect.stringMatching(/0A000|42601/) });
  });

  test('a result is read in portions', async () => {
    const client = await world().connect();
    const text = 'select 1 as n union all select 2 union all select 3 order by 1';
    const { rows } = await client.query({ text, rows: 1 } as never);
    expect(rows).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect((await client.query('select 4 as n')).rows).toEqual([{ n: 4 }]);
  });

  test('one message holds one statement', async () => {
    expect(await refusal(world().ask('select 1; select 2'))).toMatchObject({
      code: '0A000',
      message: 'not emulated: more than one statement in a message',
    });
    expect(await world().ask('select 1 ;')).toEqual([[1]]);
  });

  test('an empty statement is answered', async () => {
    expect(await world().ask(' ; ')).toEqual([]);
  });

  test('a SELECT tells no count of its rows, an INSERT does', async () => {
    const client = await world().connect();
    await client.query('create temp table counted (n int)');
    expect((await client.query('insert into counted values (1), (2)')).rowCount).toBe(2);
    expect((await client.query('select * from counted')).rowCount).toBe(null);
    expect((await client.query('update counted set n = 3')).rowCount).toBe(2);
    expect((await client.query('delete from counted where n = 4')).rowCount).toBe(0);
  });
});

describe('names', () => {
  test('fold to lower case, quoted or not', async () => {
    await world().ask('create table "Group" ("This Is IT" char(10), Other int)');
    const client = await world().connect();
    const { fields } = await client.query('select "THIS is it", "group"."other" from "GROUP"');
    expect(fields.map(({ name }) => name)).toEqual(['this is it', 'other']);
  });

  test('keep their case in quotes where the setting says so', async () => {
    const client = await world().connect();
    await client.query('set enable_case_sensitive_identifier to true');
    const { fields } = await client.query('select 1 as "Mixed", 2 as Folded');
    expect(fields.map(({ name }) => name)).toEqual(['Mixed', 'folded']);
  });

  test('that are reserved need quotes', async () => {
    for (const word of ['user', 'raw', 'tag', 'open', 'offset', 'timestamp', 'snapshot', 'percent', 'new'])
      expect(await refusal(world().ask(`create table reserved (${word} int)`))).toEqual({
        code: '42601',
        message: `syntax error at or near "${word}"`,
      });
    expect(await refusal(world().ask('select 1 as tag'))).toMatchObject({ code: '42601' });
    await world().ask('create table reserved ("user" int, "tag" int, "offset" int)');
    expect(await world().ask('select r."user", "offset" from reserved as r')).toEqual([]);
  });

  test('behind # are those of temporary tables', async () => {
    const client = await world().connect();
    await client.query('create table #here (n int)');
    await client.query('insert into #here values (1)');
    expect((await client.query('select * from #here')).rows).toEqual([{ n: 1 }]);
    expect(await refusal(world().ask('select * from #here'))).toMatchObject({ code: '42P01' });
  });
});

describe('queries', () => {
  test('name the tables of FROM in every clause', async () => {
    await world().ask(
      'create table plays (id int, song int)',
      'create table tunes (id int, title varchar(9))',
      'insert into plays values (1, 7), (2, 8), (3, null)',
      "insert into tunes values (7, 'b'), (8, 'a')",
    );
    const sql = `with named as (select p.id, t.title from plays as p left join tunes t on t.id = p.song)
      select n.id, n.title, count(*) from named n join plays using (id)
      where n.id > 0 group by n.id, n.title having max(n.id) < 9 order by n.title nulls first`;
    expect(await world().ask(sql)).toEqual([
      [3, null, '1'],
      [2, 'a', '1'],
      [1, 'b', '1'],
    ]);
    const correlated = `select p.id, (select max(t.title) from tunes t where t.id = p.song) as title from public.plays p
      where exists (select 1 from tunes where tunes.id = p.song) order by p.id desc limit 1`;
    expect(await world().ask(correlated)).toEqual([[2, 'a']]);
  });

  test('are joined by UNION, EXCEPT and MINUS', async () => {
    const sql = 'select 1 as n union all (select 1 union select 2) except select 3 minus select 4 order by n';
    expect(await world().ask(sql)).toEqual([[1], [2]]);
  });
});

const refused = [
  'insert into t values (1) on conflict do nothing',
  'insert into t values (1) returning a',
  'insert into t as x values (1)',
  'update t set a = 1 returning a',
  'update t set (a, b) = (1, 2)',
  'update t set t.a = 1',
  'update t set a = 1 from s left join u on s.a = u.a where s.a = t.a',
  'delete from t as x where x.a = 1',
  'delete from t x where x.a = 1',
  'delete from t where a = 1 returning a',
  'select distinct on (a) a from t',
  'select a is distinct from b from t',
  'select 1 where (1 is distinct from 2)',
  'select * from (values (1)) as v',
  'values (1)',
  'select * from t, lateral (select 1) as x',
  'select count(*) filter (where a > 1) from t',
  'select string_agg(a, b) from t',
  'select array_agg(a) from t',
  'select array[1, 2]',
  'select row(1, 2)',
  'select (1, 2)',
  'select * from generate_series(1, 3)',
  'select generate_series(1, 3)',
  'select clock_timestamp()',
  'select pg_sleep(1)',
  'select pg_advisory_lock(1)',
  "select regexp_matches('a', 'a')",
  "select format('%s', 1)",
  "select encode('a', 'hex')",
  "select a -> 'b' from t",
  "select a ->> 'b' from t",
  "select '{}'::jsonb",
  "select 'a'::uuid",
  'select a::int[] from t',
  'select 1 fetch first 1 row only',
  'select * from t for update',
  'select sum(a) over w from t window w as (partition by b)',
  'select * from t tablesample system (10)',
  'select a from t intersect all select a from u',
  'with x as materialized (select 1) select * from x',
  'with x as (delete from t) select 1',
  'savepoint a',
  'rollback to a',
  'release a',
  'listen a',
  'do $$ begin end $$',
  'create index i on t (a)',
  'create unique index i on t (a)',
  'create sequence s',
  'create extension x',
  'create unlogged table t (a int)',
  'create table t (a serial)',
  'create table t (a json)',
  'create table t (a int[])',
  'create table t (a bytea)',
  'create table t (a int check (a > 1))',
  'create table t (a int, check (a > 1))',
  'create table t (a int generated always as (1) stored)',
  'create table t (a int) partition by range (a)',
  'create table t (a int) on commit drop',
  'alter table t add column if not exists a int',
  'alter table t add a int, add b int',
  'truncate t, u',
  'lock table t in share mode',
  'drop index i',
  'explain analyze select 1',
  'begin isolation level snapshot',
  'commit and chain',
  'set foo to 1',
  'merge into t as x using s on x.a = s.a when matched then delete when not matched then insert values (1)',
  'merge into t using s on t.a = s.a when matched then delete',
  'merge into t using s on t.a = s.a when matched and s.a > 1 then delete when not matched then insert values (1)',
  'merge into t using (select 1 as a) as s on t.a = s.a when matched then delete when not matched then insert values (1)',
  'with s as (select 1) merge into t using s on t.a = s.a when matched then delete when not matched then insert values (1)',
  'select current_timestamp',
  'delete t using s where s.a = t.a',
  'select a.x from a where not exists (select 1 from b where not exists (select 1 from c where a.x = c.x))',
  'select 1 from a left join b on a.x = b.x and b.y = (select max(c.y) from c where c.x = b.x)',
  'select 1 from a where a.x not in (select sum(b.y) over () from b where b.x = a.x)',
  'select pg_terminate_backend(process) from stv_sessions',
  'select now()',
  'discard all',
  'vacuum analyze t extra words',
];

describe('what Redshift lacks, or the double does not know,', () => {
  test.each(refused)('is refused: %s', async (sql) => {
    expect(await refusal(world().ask(sql))).toMatchObject({ code: expect.stringMatching(/^(0A000|42601)$/) });
    const client = await world().connect();
    const extended = client.query({ text: sql, queryMode: 'extended' } as never);
    expect(await refusal(extended)).toMatchObject({ code: expect.stringMatching(/^(0A000|42601)$/) });
    await client.end();
  });

  test('is no matter inside a literal, a comment or a quoted name', async () => {
    const sql = `select 'on conflict returning array[1]' as "returning ::jsonb" -- distinct on
      /* generate_series /* nested */ */ from (select 1 as "on conflict") as t`;
    expect(await world().ask(sql)).toEqual([['on conflict returning array[1]']]);
  });

  test('of PostgreSQL’s internals stays hidden', async () => {
    for (const sql of ['select * from redshift_double.versions', 'select * from pg_stat_activity'])
      expect(await refusal(world().ask(sql))).toMatchObject({ code: expect.stringMatching(/3F000|0A000/) });
    expect(await refusal(world().ask('select redshift_double.version()'))).toMatchObject({ code: '42601' });
  });
});

test('each rule names a page of the guide', () => {
  for (const { rule, page } of rules) {
    expect(page).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(rule).toMatch(/\.$/);
  }
  expect(notEmulated.every((line) => line.endsWith('.'))).toBe(true);
});
