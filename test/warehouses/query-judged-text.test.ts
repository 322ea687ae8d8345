import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SparkifyError } from '../../src/errors.ts';
import { openPublishedDuckDb } from '../../src/warehouses/duckdb/reader.ts';
import type { SqlValue } from '../../src/warehouses/statement.ts';
import type { ReadOnlyWarehouse } from '../../src/warehouses/warehouse.ts';
import { eventRecord, jsonLines, songRecord, writeFiles } from '../support/records.ts';
import { deliver, freshFolder, withWarehouse } from '../support/warehouse.ts';

const cwd = freshFolder();
const file = join(cwd, 'w.duckdb');
const published = join(cwd, 'w.published.duckdb');
const setting = "current_setting('threads')";
let reader: ReadOnlyWarehouse;

beforeAll(async () => {
  writeFiles(cwd, {
    'logs/a.json': jsonLines([eventRecord()]),
    'songs/a.json': JSON.stringify(songRecord()),
  });
  await withWarehouse(file, (warehouse) =>
    deliver(warehouse, { logs: join(cwd, 'logs'), songs: join(cwd, 'songs') }).then(() => {}),
  );
  await plant([
    `create macro defaulted(a, b := ${setting}) as a || b`,
    `create macro defaulted_rows(a := ${setting}) as table select a`,
    'create macro outer_call(a) as defaulted(a)',
    'create macro twice(a, b := 2) as a * b',
    `create table computed(a int, b varchar as (${setting}))`,
    'create table harmless(a int default 7, "b" int generated always as (a + 1) virtual)',
    "create table plain(a int, note varchar default ('GENERATED ALWAYS AS('))",
    'insert into computed(a) values (1)',
    'insert into harmless(a) values (1)',
    'create view over_computed as select b from computed',
    'create schema recurring',
    `create view recurring.t as select ${setting} as p`,
  ]);
  reader = await openPublishedDuckDb(file, { nowMs: Date.now, recover: async () => {}, writes: [] });
});
afterAll(() => reader.close());

async function plant(statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  for (const statement of statements) await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
}

async function rowsOf(sql: string): Promise<SqlValue[][]> {
  const { batches } = await reader.answer(sql);
  const rows: SqlValue[][] = [];
  for await (const batch of batches) rows.push(...batch.map((row) => [...row]));
  return rows;
}

async function refused(sql: string): Promise<void> {
  const result = await rowsOf(sql).then(JSON.stringify, (error) => error);
  if (!(result instanceof SparkifyError)) throw new Error(`It was answered: ${sql}: ${result}`);
  expect(result.exitCode, result.message).toBe(2);
  expect(result.message, sql).not.toMatch(/disabled by configuration|Binder Error/);
}

describe('EXPLAIN', () => {
  test.each([
    `explain /* /* */ select 1 -- */ analyze copy (select 1) to '${published}' (format csv, use_tmp_file false)`,
    `explain /* /* */ select 1 -- */ analyze call enable_logging(storage='file', storage_path='${cwd}/log')`,
    `explain --\r select ${setting} union all \n select 'x'`,
    `explain -- \r analyze select 1 \n`,
    `explain /* /* */ */ analyze copy (select 1) to '${published}.wal' (format csv, use_tmp_file false)`,
    `explain (format json) /* /* */ select 1 -- */ copy (select 1) to '${published}'`,
    'explain (analyze) (select 1)',
    'explain explain select 1',
  ])('runs nothing that was not judged: %s', async (sql) => {
    const before = readFileSync(published);
    await refused(sql);
    expect(readFileSync(published).equals(before)).toBe(true);
    expect(existsSync(`${published}.wal`)).toBe(false);
    expect(existsSync(join(cwd, 'log'))).toBe(false);
  });

  test.each([
    'explain /* a /* nested */ comment */ select 1',
    'explain --\rselect 1',
    '/* /* */ */ explain (format json) -- why\n select 1; -- so',
    'explain(select 1)',
    'EXPLAIN (FORMAT JSON) (select 1)',
  ])('is taken with comments as DuckDB reads them: %s', async (sql) => {
    expect((await rowsOf(sql)).length).toBeGreaterThan(0);
  });
});

describe('names', () => {
  test.each([
    'with recursive pg_settings(n, v) as (select name, setting from pg_settings union all select n, v from pg_settings where false) from pg_settings',
    'with recursive pg_settings(n, v) using key (n) as (select name, setting from pg_settings union select n, v from recurring.pg_settings where false) from pg_settings',
    // DuckDB takes a letter of ASCII for equal to its capital, and no other: here the Kelvin sign to k.
    'with "pragma_database_list" as (select 1), "duc\u212adb_logs" as (select 1) from duckdb_logs',
    'with t as (select 1 as p) from recurring.t',
  ])('mean to the judge what they mean to DuckDB: %s', refused);

  test('of a recursive query are known on its right side alone', async () => {
    const numbers = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 3) from n';
    expect(await rowsOf(numbers)).toEqual([[1], [2], [3]]);
    const keyed =
      'with recursive k(i, v) using key (i) as (select 1, 2 union select i + 1, v from recurring.k where i < 0) from k';
    expect(await rowsOf(keyed)).toEqual([[1, 2]]);
  });
});

describe('what a warehouse computes for a reader', () => {
  test.each([
    "select defaulted('x')",
    "select outer_call('x')",
    'from defaulted_rows()',
    'from computed',
    'select a from computed',
    'from over_computed',
    'select (select b from main.computed limit 1)',
  ])('is judged, too: %s', refused);
});

test('macros that get all their values, and harmless computed columns, are answered', async () => {
  expect(await rowsOf('select twice(2, 3), twice(2, b := 4)')).toEqual([[6, 8]]);
  expect(await rowsOf("from defaulted_rows(a := 'x')")).toEqual([['x']]);
  expect(await rowsOf('from harmless')).toEqual([[1, 2]]);
  expect(await rowsOf('from plain')).toEqual([]);
});

test('a macro that stands in for a function of DuckDB is judged where only syntax calls it', async () => {
  const sql = 'select s.x from (select {x: 1} as s)';
  expect(await rowsOf(sql)).toEqual([[1]]);
  await plant([`create macro struct_extract(a, b) as ${setting}`]);
  await reader.close();
  reader = await openPublishedDuckDb(file, { nowMs: Date.now, recover: async () => {}, writes: [] });
  await refused(sql);
});
