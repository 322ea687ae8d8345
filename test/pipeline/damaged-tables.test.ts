import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { allTables, derivedTables, starTables } from '../../src/models/book.ts';
import { allChecks, runChecks } from '../../src/pipeline/check/check.ts';
import { dropTables, ensureTables, recover } from '../../src/pipeline/setup/setup.ts';
import { qualifiedName } from '../../src/schema/table.ts';
import type { Warehouse } from '../../src/warehouses/warehouse.ts';
import { rowsOf, runOn } from '../support/ad-hoc.ts';
import { sparkify } from '../support/command.ts';
import { loadDeliveries, writeDeliveries } from '../support/layouts/deliveries.ts';
import { ask, freshDatabase, usePostgres, withPostgres } from '../support/postgres.ts';
import { freshCluster, useRedshift, withRedshift } from '../support/redshift-world.ts';
import { useS3Server } from '../support/s3-world.ts';
import { sampleOneIn } from '../support/sample.ts';
import { readTables } from '../support/tables.ts';
import { deliver, freshFolder, withWarehouse } from '../support/warehouse.ts';

sampleOneIn(8);

usePostgres();
useS3Server();
useRedshift();

type Open = <T>(work: (warehouse: Warehouse) => Promise<T>) => Promise<T>;

const folder = freshFolder();
let loaded: string;

beforeAll(async () => {
  loaded = join(freshFolder(), 'loaded.duckdb');
  await withWarehouse(loaded, (warehouse) => loadDeliveries(warehouse, folder));
});

/** A DuckDB warehouse of the deliveries, of its own. */
function copyOfLoaded(): string {
  const file = join(freshFolder(), 'w.duckdb');
  copyFileSync(loaded, file);
  return file;
}

const sources = () => writeDeliveries(folder);

const engines: readonly [string, () => Promise<Open>][] = [
  [
    'DuckDB',
    async () => {
      const file = copyOfLoaded();
      return (work) => withWarehouse(file, work);
    },
  ],
  [
    'PostgreSQL',
    async () => {
      const database = await freshDatabase();
      await withPostgres(database, (warehouse) => loadDeliveries(warehouse, folder));
      return (work) => withPostgres(database, work);
    },
  ],
  [
    'Redshift',
    async () => {
      const cluster = await freshCluster();
      await withRedshift(cluster, (warehouse) => loadDeliveries(warehouse, folder));
      return (work) => withRedshift(cluster, work);
    },
  ],
];

async function failures(warehouse: Warehouse): Promise<string[]> {
  const results = await runChecks(allChecks('title, artist, duration', warehouse.dialect), warehouse);
  return results.filter(({ status }) => status === 'failed').map(({ name }) => name);
}

describe.each(engines)('on %s', (_, open) => {
  test('derived tables that are missing, lack a column or have one of another type are made again by the next load', async () => {
    const at = await open();
    await at(async (warehouse) => {
      const before = await readTables(warehouse);
      const names = derivedTables.map(qualifiedName);
      for (const name of names) await runOn(warehouse, `drop table ${name}`);
      expect(await deliver(warehouse, sources())).toMatchObject({ status: 'unchanged', remade: names });
      expect(await readTables(warehouse)).toEqual(before);
      await runOn(warehouse, 'alter table songplays drop column level');
      await runOn(warehouse, 'alter table time drop column hour');
      await runOn(warehouse, 'alter table time add column hour varchar(10)');
      await runOn(warehouse, 'alter table users add column mine integer');
      expect(await ensureTables(warehouse)).toMatchObject({ created: false, remade: ['songplays', 'time'] });
      expect(await readTables(warehouse)).toEqual(before);
      expect(await failures(warehouse)).toEqual([]);
      // The user's own column is left alone.
      expect((await rowsOf(warehouse, 'select mine from users'))[0]).toEqual({ mine: null });
      expect(await deliver(warehouse, sources())).toMatchObject({ status: 'unchanged', remade: [] });
    });
  });

  test('a table that cannot be derived is named, with what fixes it', async () => {
    const at = await open();
    await at(async (warehouse) => {
      await runOn(warehouse, 'drop table ops.rejects');
      const lost = { message: expect.stringContaining('has lost ops.rejects'), exitCode: 1 };
      await expect(deliver(warehouse, sources())).rejects.toMatchObject({
        ...lost,
        hint: expect.stringContaining('sparkify etl --full-refresh'),
      });
      await expect(ensureTables(warehouse)).rejects.toMatchObject(lost);
      await recover(warehouse);
      await runOn(warehouse, 'drop table ops.files');
      await expect(ensureTables(warehouse)).rejects.toMatchObject({
        message: expect.stringContaining('has lost ops.files, ops.rejects'),
        hint: expect.stringContaining('sparkify create-tables --drop, then sparkify etl'),
      });
      await dropTables(warehouse);
      expect(await ensureTables(warehouse)).toMatchObject({ created: true });
    });
  });

  test('a column that cannot be derived is named', async () => {
    const at = await open();
    await at(async (warehouse) => {
      await runOn(warehouse, 'alter table ops.files drop column blank');
      await expect(ensureTables(warehouse)).rejects.toThrow(
        /The column blank of ops\.files in .* is missing/,
      );
      await runOn(warehouse, 'alter table ops.files add column blank varchar(10)');
      await expect(ensureTables(warehouse)).rejects.toThrow(/blank of ops\.files .* has another type/);
    });
  });

  test('a table of somebody else’s is never dropped, even in the place of one of ours', async () => {
    const at = await open();
    await at(async (warehouse) => {
      await runOn(warehouse, 'drop table users');
      await runOn(warehouse, 'create table users (user_id varchar(10), mine varchar(10))');
      const told = {
        message: expect.stringContaining('holds a table users that sparkify did not make'),
        exitCode: 2,
      };
      await expect(ensureTables(warehouse)).rejects.toMatchObject(told);
      await expect(dropTables(warehouse)).rejects.toMatchObject(told);
      expect(await rowsOf(warehouse, 'select count(*) as plays from songplays')).toEqual([{ plays: 6 }]);
      await runOn(warehouse, 'drop table users');
      await runOn(warehouse, 'drop table ops.warehouse');
      await runOn(warehouse, 'create table ops.warehouse (city varchar(10))');
      const foreign = { message: expect.stringContaining('holds a table ops.warehouse that'), exitCode: 2 };
      await expect(ensureTables(warehouse)).rejects.toMatchObject(foreign);
      await expect(dropTables(warehouse)).rejects.toMatchObject(foreign);
      await expect(recover(warehouse)).rejects.toMatchObject(foreign);
      await runOn(warehouse, 'drop table ops.warehouse');
      await expect(ensureTables(warehouse)).rejects.toMatchObject({
        exitCode: 2,
        hint: expect.stringMatching(/drop table \S*\.songplays; .*drop table ops\.drift;?$/),
      });
      await expect(ensureTables(warehouse)).rejects.not.toMatchObject({
        hint: expect.stringMatching(/cascade|ops\.warehouse;/),
      });
      await dropTables(warehouse);
      expect(await rowsOf(warehouse, 'select count(*) as plays from songplays')).toEqual([{ plays: 6 }]);
    });
  });

  test.each([
    ['another column', 'user_id varchar(9), first_name varchar(9), last_name varchar(9), email varchar(9)'],
    [
      'columns of other types',
      'user_id varchar(9), first_name varchar(9), last_name varchar(9), level integer',
    ],
  ])('a table with a part of our columns and %s is somebody else’s', async (_, columns) => {
    const at = await open();
    await at(async (warehouse) => {
      await runOn(warehouse, 'drop table users');
      await runOn(warehouse, `create table users (${columns})`);
      await runOn(warehouse, "insert into users (user_id) values ('1')");
      const told = { message: expect.stringContaining('holds a table users that'), exitCode: 2 };
      await expect(ensureTables(warehouse)).rejects.toMatchObject(told);
      await expect(dropTables(warehouse)).rejects.toMatchObject(told);
      expect(await rowsOf(warehouse, 'select user_id from users')).toEqual([{ user_id: '1' }]);
      await runOn(warehouse, 'drop table users');
      await runOn(warehouse, 'drop table ops.drift');
      await runOn(warehouse, 'create table ops.drift (file_id bigint, wind varchar(9))');
      await expect(dropTables(warehouse)).rejects.toMatchObject({
        message: expect.stringContaining('holds a table ops.drift that'),
        exitCode: 2,
      });
    });
  });

  test('a view in the place of one of our tables is named, and neither filled nor dropped', async () => {
    const at = await open();
    await at(async (warehouse) => {
      await runOn(warehouse, 'drop table users');
      await runOn(
        warehouse,
        "create view users as select user_id, first_name, last_name, gender, level from staging.events where page = 'Home'",
      );
      const told = { message: expect.stringContaining('holds a view users that'), exitCode: 2 };
      await expect(ensureTables(warehouse)).rejects.toMatchObject(told);
      await expect(dropTables(warehouse)).rejects.toMatchObject(told);
      expect(await rowsOf(warehouse, 'select count(*) as plays from songplays')).toEqual([{ plays: 6 }]);
    });
  });

  test.each([
    'alter table staging.events drop column file_id',
    'alter table staging.songs drop column file_id',
    'alter table ops.rejects drop column file_id',
    'alter table ops.warehouse drop column next_file_id',
    'alter table staging.events drop column file_id; alter table staging.events add column file_id varchar(9)',
  ])('after %s the column is named, and everything can be dropped', async (damage) => {
    const at = await open();
    await at(async (warehouse) => {
      for (const sql of damage.split('; ')) await runOn(warehouse, sql);
      await recover(warehouse);
      await expect(ensureTables(warehouse)).rejects.toMatchObject({
        message: expect.stringMatching(/^The column (next_)?file_id of /),
        hint: expect.stringContaining('sparkify create-tables --drop'),
      });
      await dropTables(warehouse);
      expect(await ensureTables(warehouse)).toMatchObject({ created: true });
    });
  });

  test('an ops.warehouse of no row, of several, or of a layout that never was is told, and dropped if asked', async () => {
    const at = await open();
    await at(async (warehouse) => {
      await runOn(
        warehouse,
        "insert into ops.warehouse (layout_version, created_by, next_file_id, match_on) values (1, 'x', 1, 'title, artist')",
      );
      await recover(warehouse);
      await expect(ensureTables(warehouse)).rejects.toThrow(/ops\.warehouse of .* holds 2 rows/);
      await runOn(warehouse, 'delete from ops.warehouse');
      await recover(warehouse);
      await expect(ensureTables(warehouse)).rejects.toMatchObject({
        message: expect.stringContaining('holds 0 rows'),
        hint: expect.stringContaining('sparkify create-tables --drop'),
      });
      await runOn(
        warehouse,
        "insert into ops.warehouse (layout_version, created_by, next_file_id, match_on) values (0, 'x', 1, 'title, artist')",
      );
      await expect(ensureTables(warehouse)).rejects.toThrow(/holds layout 0/);
      await dropTables(warehouse);
      expect(await ensureTables(warehouse)).toMatchObject({ created: true });
      await runOn(warehouse, 'update ops.warehouse set layout_version = 99');
      await expect(dropTables(warehouse)).rejects.toThrow(/layout 99\); this version knows layout/);
    });
  });
});

test.each([
  [
    'a table that was renamed',
    'alter table songplays rename to songplays_kept',
    /an index songplays_key, but the table songplays_kept has an index of that name/,
    'alter index songplays_key rename to songplays_key_old',
  ],
  [
    'a table of another’s',
    'drop table songplays; create table songplays_key (a integer)',
    /an index songplays_key, but songplays_key has that name/,
    'give songplays_key another name',
  ],
])(
  'on PostgreSQL, %s that has the name of an index is named, with what fixes it',
  async (_, damage, told, hint) => {
    const database = await freshDatabase();
    await withPostgres(database, (warehouse) => loadDeliveries(warehouse, folder));
    await ask(database, damage);
    await withPostgres(database, async (warehouse) => {
      const error = await deliver(warehouse, sources()).catch((thrown) => thrown);
      expect(error.message).toMatch(told);
      expect(error.hint).toContain(hint);
      const renames = String(error.hint).split('after this: ')[1] as string;
      await ask(database, renames.startsWith('alter') ? renames : 'alter table songplays_key rename to mine');
      expect(await deliver(warehouse, sources())).toMatchObject({ remade: ['songplays'] });
    });
    const found = "select tablename from pg_indexes where indexname = 'songplays_key'";
    expect(await ask(database, found)).toEqual([{ tablename: 'songplays' }]);
  },
);

describe('the command', () => {
  const run = (file: string, ...args: string[]) => sparkify([...args, '--warehouse', file], { cwd: folder });

  test('create-tables makes derived tables again, and tells what it made', async () => {
    const file = copyOfLoaded();
    await withWarehouse(file, async (warehouse) => {
      for (const name of ['songplays', 'ops.song_keys']) await runOn(warehouse, `drop table ${name}`);
    });
    const reader = await run(file, 'status');
    expect(`${reader.code} ${reader.stderr}`).toMatch(/^1 .*songplays, ops\.song_keys are missing/);
    expect(reader.stderr).toContain('sparkify etl (or sparkify create-tables)');
    const made = await run(file, 'create-tables', '--json');
    expect(made.code, made.stderr).toBe(0);
    expect(JSON.parse(made.stdout)).toMatchObject({
      status: 'repaired',
      tables: allTables.length,
      remade: ['songplays', 'ops.song_keys'],
      upgraded: null,
    });
    expect(made.stderr).toContain('making songplays, ops.song_keys again');
    expect(JSON.parse((await run(file, 'status', '--json')).stdout).tables[0]).toEqual({
      name: 'songplays',
      rows: 6,
    });
  });

  test('status and check name what is lost, on DuckDB and on PostgreSQL', async () => {
    const lost: [string, RegExp, string][] = [
      ['alter table ops.files drop column blank', /column blank of ops\.files in .* is missing/, 'backup'],
      ['drop table ops.drift', /has lost ops\.drift;/, 'sparkify etl --full-refresh'],
      ['drop table staging.events', /has lost staging\.events, /, 'sparkify etl --full-refresh'],
      ['drop table ops.files', /has lost .*ops\.files, /, 'create-tables --drop'],
    ];
    const database = await freshDatabase();
    await withPostgres(database, (warehouse) => loadDeliveries(warehouse, folder));
    const file = copyOfLoaded();
    for (const [damage, told, hint] of lost) {
      await ask(database, damage);
      await withWarehouse(file, (warehouse) => runOn(warehouse, damage));
      for (const place of [file, database]) {
        const status = await run(place, 'status');
        const check = await run(place, 'check');
        const query = await run(place, 'query', 'select count(*) as plays from songplays', '--json');
        for (const { code, stderr } of [status, check]) {
          expect(`${code} ${stderr}`).toMatch(told);
          expect(code).toBe(1);
          expect(stderr).toContain(hint);
        }
        expect(`${query.code} ${query.stdout}`).toMatch(/^0 [\s\S]*"plays": ?6/);
      }
    }
  });

  test('a statement on a star table that is missing fails with a hint, and others are answered', async () => {
    const database = await freshDatabase();
    await withPostgres(database, (warehouse) => loadDeliveries(warehouse, folder));
    const file = copyOfLoaded();
    await ask(database, 'drop table users');
    await withWarehouse(file, (warehouse) => runOn(warehouse, 'drop table users'));
    for (const place of [file, database]) {
      const plays = await run(place, 'query', 'select count(*) as plays from songplays', '--json');
      expect(`${plays.code} ${plays.stderr}`).toMatch(/^0 /);
      expect(plays.stderr).not.toContain('missing');
      const users = await run(place, 'query', 'select * from users');
      expect(`${users.code} ${users.stderr}`).toMatch(/^2 [\s\S]*users is missing[\s\S]*sparkify etl/);
    }
  });

  test.each([
    ['an emptied ops.warehouse', 'delete from ops.warehouse', 6],
    [
      'an older layout',
      'update ops.warehouse set layout_version = 1; alter table ops.warehouse drop column last_run_id',
      6,
    ],
    ['without songplays', 'drop table songplays', null],
    ['without its manifest', 'drop table ops.files', 6],
  ])('create-tables --drop drops a warehouse of %s, after a yes', async (_, damage, plays) => {
    const file = copyOfLoaded();
    await withWarehouse(file, (warehouse) => runOn(warehouse, damage));
    const asked = await run(file, 'create-tables', '--drop');
    expect(`${asked.code} ${asked.stderr}`).toMatch(/^2 .*Nothing was dropped/);
    const dropped = await run(file, 'create-tables', '--drop', '--yes', '--json');
    expect(dropped.code, dropped.stderr).toBe(0);
    expect(JSON.parse(dropped.stdout)).toMatchObject({ status: 'created', dropped: true });
    const loadedAgain = await run(file, 'etl', '--log-data', 'logs', '--song-data', 'songs', '--json');
    expect(JSON.parse(loadedAgain.stdout).tables.songplays.rows, `${plays}`).toBe(5);
  });

  test('check names columns of the user’s own, which are left alone', async () => {
    const file = copyOfLoaded();
    await withWarehouse(file, (warehouse) => runOn(warehouse, 'alter table users add column mine integer'));
    const checked = await run(file, 'check');
    expect(`${checked.code} ${checked.stdout}`).toMatch(
      /^0 .*users\.mine is not sparkify's; it is not changed/s,
    );
    expect(JSON.parse((await run(file, 'check', '--json')).stdout).extraColumns).toEqual(['users.mine']);
  });

  test('on PostgreSQL, a star in another schema is told from one that was dropped', async () => {
    const database = await freshDatabase();
    const apart = `${database}?schema=analytics`;
    const { logs } = sources();
    const etl = (url: string) =>
      sparkify(['etl', '--log-data', logs, '--warehouse', url, '--json'], { cwd: folder });
    expect((await etl(apart)).code).toBe(0);
    for (const args of [['etl', '--log-data', logs], ['status'], ['create-tables', '--drop', '--yes']]) {
      const { code, stderr } = await sparkify([...args, '--warehouse', database], { cwd: folder });
      expect(`${code} ${stderr}`).toMatch(/^2 .*its star is in another schema \(analytics\)/s);
    }
    // A table of an application's that has one of our names is no star.
    await ask(database, 'create table public.users (id integer, email text)');
    for (const args of [['etl', '--log-data', logs], ['create-tables']]) {
      const { code, stderr } = await sparkify([...args, '--warehouse', database], { cwd: folder });
      expect(`${code} ${stderr}`).toMatch(/^2 .*its star is in another schema \(analytics\)/s);
    }
    const doctor = async (url: string) =>
      (await sparkify(['doctor', '--warehouse', url, '--log-data', logs], { cwd: folder })).stdout;
    expect(await doctor(database)).toContain('its star is in another schema (analytics)');
    await ask(database, 'drop table analytics.songplays');
    expect(await doctor(apart)).toContain('songplays is missing');
    expect(JSON.parse((await etl(apart)).stdout)).toMatchObject({
      status: 'unchanged',
      remade: ['songplays'],
    });
    await ask(database, ...starTables.map(({ name }) => `drop table analytics.${name}`));
    expect(JSON.parse((await etl(apart)).stdout).remade).toEqual(starTables.map(({ name }) => name));
  });
});
