import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { DiskFullError, UsageError, WarehouseError } from '../../src/errors.ts';
import { openReader } from '../../src/warehouses/duckdb/query.ts';
import { openSnapshot } from '../../src/warehouses/duckdb/snapshot.ts';
import { uniqueNames } from '../../src/warehouses/unique-names.ts';
import { type Outcome, sparkify } from '../support/command.ts';
import { eventRecord, jsonLines, songRecord, writeFiles } from '../support/records.ts';
import { sampleOneIn } from '../support/sample.ts';
import { onSmallDisk } from '../support/small-disk.ts';
import { deliver, freshFolder, withWarehouse } from '../support/warehouse.ts';

sampleOneIn(3);

const cwd = freshFolder();
const file = join(cwd, 'w.duckdb');
const published = join(cwd, 'w.published.duckdb');
/** Some 10 times what fits into the memory that is given below. */
const LARGE =
  'select sum(h), sum(length(x)) from (select h, x, row_number() over (order by h) from (select hash(range) h, repeat(range::varchar, 3) x from range(2000000)))';
const ENDLESS = 'select count(*) from range(100000000000) a, range(1000000) b';

beforeAll(async () => {
  writeFiles(cwd, {
    'logs/a.json': jsonLines([eventRecord()]),
    'songs/a.json': JSON.stringify(songRecord()),
  });
  await withWarehouse(file, (warehouse) =>
    deliver(warehouse, { logs: join(cwd, 'logs'), songs: join(cwd, 'songs') }).then(() => {}),
  );
});

const small = async (writes: string[] = []) =>
  openReader(await openSnapshot(published, () => {}), { file, published, writes, memoryLimit: '60MB' });

async function rowsOf(reader: Awaited<ReturnType<typeof small>>, sql: string) {
  const rows = [];
  for await (const batch of (await reader.answer(sql)).batches) rows.push(...batch);
  return rows;
}

describe('a statement that DuckDB is at', () => {
  test.each([
    ['SIGINT', 130, []],
    ['SIGTERM', 143, ['-o', 'stopped.parquet', '--format', 'parquet']],
    ['SIGINT', 130, ['-o', 'stopped.csv', '--format', 'csv']],
  ] as const)('ends with %s, and leaves nothing', async (signal, code, flags) => {
    let sentAtMs = 0;
    const outcome = await sparkify(['query', ENDLESS, '--warehouse', file, ...flags], {
      cwd,
      onStart(child) {
        setTimeout(() => {
          sentAtMs = Date.now();
          child.kill(signal);
        }, 2_500);
      },
    });
    expect(outcome, outcome.stderr).toMatchObject({ code, signal: null });
    expect(Date.now() - sentAtMs).toBeLessThan(1_500);
    expect(outcome.stderr).toContain(`Stopped by ${signal}`);
    expect(readdirSync(cwd).filter((name) => /stopped|spill|\.part/.test(name))).toEqual([]);
  });
});

describe('what does not fit into memory', () => {
  test('lies in a folder of one reader alone, which goes with it', async () => {
    const readers = [await small(), await small()];
    const folders = new Set<string>();
    const look = setInterval(() => {
      for (const name of readdirSync(cwd).filter((one) => /\.spill$|\.tmp$/.test(one))) folders.add(name);
    }, 20);
    const answers = await Promise.all(readers.map((reader) => rowsOf(reader, LARGE)));
    clearInterval(look);
    expect(answers[0]).toEqual(answers[1]);
    expect(folders.size).toBe(2);
    await Promise.all(readers.map((reader) => reader.close()));
    expect(readdirSync(cwd).filter((name) => /\.spill$|\.tmp$/.test(name))).toEqual([]);
  });

  test('of a reader that was killed is removed by the next one', async () => {
    const left = `${published}.4194301-0123abcd.spill`;
    writeFiles(cwd, { [`${left.slice(cwd.length + 1)}/x.tmp`]: 'left' });
    await (await small()).close();
    expect(readdirSync(cwd)).not.toContain(left.slice(cwd.length + 1));
  });
});

describe('what the machine lacks', () => {
  test('is no fault of the statement', async () => {
    const reader = await small();
    const list = "select length(list(repeat('x', 1000) || range)) from range(1000000)";
    const memory = await rowsOf(reader, list).catch((error) => error);
    expect(memory).toBeInstanceOf(WarehouseError);
    expect(memory.exitCode).toBe(1);
    const usage = await rowsOf(reader, "select cast('x' as int)").catch((error) => error);
    expect(usage).toBeInstanceOf(UsageError);
    await reader.close();
  });

  test('is told as a full disk where a result does not fit', async (context) => {
    const done = await onSmallDisk('2m', async ({ folder }) => {
      const out = join(folder, 'out.parquet');
      const reader = await small([out]);
      const failed = await reader
        .writeParquet('select uuid() as a from range(1000000)', out)
        .catch((error) => error);
      expect(failed).toBeInstanceOf(DiskFullError);
      expect(failed.message).toContain(out);
      await reader.close();
      const args = ['query', 'select uuid() from range(1000000)', '--warehouse', file];
      const csv = await sparkify([...args, '--format', 'csv', '-o', join(folder, 'out.csv')], { cwd });
      expect(csv.code, csv.stderr).toBe(1);
      expect(csv.stderr).toMatch(/no space left/);
      return true;
    });
    if (done === null) context.skip('a small disk needs root');
  });
});

describe('query --json', () => {
  const run = (sql: string): Promise<Outcome> =>
    sparkify(['query', sql, '--json', '--warehouse', file], { cwd });

  test('that fails late prints no second document', async () => {
    const late = await run(
      "select case when range = 900000 then cast('x' || range as int) else range end from range(1000000)",
    );
    expect(late.code, late.stderr).toBe(2);
    expect(late.stderr).toContain('Conversion Error');
    expect(late.stdout).toMatch(/^\[/);
    expect(late.stdout).not.toContain('"failed"');
    expect(JSON.parse((await run('from nowhere')).stdout)).toMatchObject({ status: 'failed', exitCode: 2 });
  });

  test('keeps every column, whatever the columns are called', async () => {
    const { stdout } = await run('select 1 a, 2 a, 3 "a:1", 4 a, 5 "a:1"');
    expect(JSON.parse(stdout)).toEqual([{ a: 1, 'a:2': 2, 'a:1': 3, 'a:3': 4, 'a:1:1': 5 }]);
    expect(uniqueNames(['b', 'b', 'b:1'])).toEqual(['b', 'b:2', 'b:1']);
  });
});
