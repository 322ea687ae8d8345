import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type LayoutStep, layoutSteps } from '../../src/models/layouts.ts';
import { LAYOUT_VERSION, warehouse as warehouseTable } from '../../src/models/ops/warehouse.ts';
import { allChecks, runChecks } from '../../src/pipeline/check/check.ts';
import { findTables } from '../../src/pipeline/setup/found-tables.ts';
import { ensureTables } from '../../src/pipeline/setup/setup.ts';
import { applySteps } from '../../src/pipeline/setup/upgrade.ts';
import { integer, text } from '../../src/schema/column.ts';
import { table } from '../../src/schema/table.ts';
import { openDuckDb } from '../../src/warehouses/duckdb/writer.ts';
import { postgresDialect } from '../../src/warehouses/postgres/dialect.ts';
import { redshiftDialect } from '../../src/warehouses/redshift/dialect.ts';
import type { Warehouse } from '../../src/warehouses/warehouse.ts';
import { rowsOf, runOn } from '../support/ad-hoc.ts';
import { sparkify } from '../support/command.ts';
import { loadDeliveries, writeDeliveries } from '../support/layouts/deliveries.ts';
import {
  declaredTables,
  type Engine,
  freeze,
  frozenLayouts,
  frozenTables,
  thaw,
} from '../support/layouts/frozen.ts';
import { noting } from '../support/observers.ts';
import { freshDatabase, usePostgres, withPostgres } from '../support/postgres.ts';
import { freshCluster, useRedshift, withRedshift } from '../support/redshift-world.ts';
import { useS3Server } from '../support/s3-world.ts';
import { sampleOneIn } from '../support/sample.ts';
import { readTables } from '../support/tables.ts';
import { deliver, freshFolder, withWarehouse } from '../support/warehouse.ts';

sampleOneIn(3);

usePostgres();
useS3Server();
useRedshift();

type Open = <T>(work: (warehouse: Warehouse) => Promise<T>) => Promise<T>;

/** A new, empty place on each engine, to be opened again and again. */
const engines: readonly [Engine, () => Promise<Open>][] = [
  [
    'duckdb',
    async () => {
      const file = join(freshFolder(), 'w.duckdb');
      return (work) => withWarehouse(file, work);
    },
  ],
  [
    'postgres',
    async () => {
      const database = await freshDatabase();
      return (work) => withPostgres(database, work);
    },
  ],
  [
    'redshift',
    async () => {
      const cluster = await freshCluster();
      return (work) => withRedshift(cluster, work);
    },
  ],
];

/** All tables; undeclared keys in one order, since older versions kept them as they stood. */
async function tablesOf(warehouse: Warehouse): Promise<unknown> {
  const sorted = (extra: unknown): unknown =>
    typeof extra === 'string' ? Object.entries(JSON.parse(extra)).sort() : extra;
  const tables = await readTables(warehouse);
  return Object.fromEntries(
    Object.entries(tables).map(([name, rows]) => [
      name,
      rows.map((row) => ('extra' in row ? { ...row, extra: sorted(row.extra) } : row)),
    ]),
  );
}

async function failures(warehouse: Warehouse): Promise<unknown[]> {
  const results = await runChecks(allChecks('title, artist, duration', warehouse.dialect), warehouse);
  return results.filter(({ status }) => status === 'failed');
}

test('the declared tables are those of the newest layout as it was frozen: a change of a table needs a new layout', async () => {
  const duckdb = await openDuckDb(join(freshFolder(), 'w.duckdb'), {
    command: 'test',
    waitMs: 0,
    nowMs: Date.now,
  });
  await duckdb.close();
  const dialects = { duckdb: duckdb.dialect, postgres: postgresDialect(), redshift: redshiftDialect() };
  // Freezes today's tables, and what this version makes of the deliveries; before the next change of a table.
  if (process.env.SPARKIFY_FREEZE_LAYOUT === '1') {
    const folder = freshFolder();
    await withWarehouse(join(folder, 'w.duckdb'), async (warehouse) => {
      await loadDeliveries(warehouse, folder);
      await freeze(LAYOUT_VERSION, dialects, { warehouse, folder });
    });
  }
  for (const [engine] of engines)
    expect(declaredTables(dialects[engine]), 'Raise LAYOUT_VERSION (CONTRIBUTING.md, "A column").').toEqual(
      frozenTables(LAYOUT_VERSION, engine),
    );
  expect(layoutSteps.map(({ to }) => to)).toEqual(frozenLayouts.slice(1));
  expect(frozenLayouts.at(-1)).toBe(LAYOUT_VERSION);
});

describe.each(engines)('on %s', (engine, freshPlace) => {
  test.each(frozenLayouts)(
    'a warehouse of layout %i is upgraded by the next load, without the sources, to the tables of a fresh load',
    async (layout) => {
      const folder = freshFolder();
      const open = await freshPlace();
      await open(async (warehouse) => {
        await thaw(layout, engine, folder, warehouse);
        // Derived, and so made again whatever an older version made of it.
        if (layout < LAYOUT_VERSION) await runOn(warehouse, "update songplays set location = 'old'");
      });
      const sources = writeDeliveries(folder);
      await open(async (warehouse) => {
        const { observer, notes } = noting();
        const report = await deliver(warehouse, { ...sources, observer });
        const isOlder = layout < LAYOUT_VERSION;
        expect(report).toMatchObject({
          status: 'unchanged',
          upgraded: isOlder ? { from: layout, to: LAYOUT_VERSION } : null,
          remade: [],
        });
        expect(notes.join(' ')).toMatch(isOlder ? /^Upgrading .* from layout \d to \d/ : /^$/);
      });
      const upgraded = await open(async (warehouse) => {
        expect(await deliver(warehouse, sources)).toMatchObject({ status: 'unchanged', upgraded: null });
        expect(await failures(warehouse)).toEqual([]);
        return tablesOf(warehouse);
      });
      const fresh = await (await freshPlace())(async (warehouse) => {
        await loadDeliveries(warehouse, folder);
        return tablesOf(warehouse);
      });
      expect(upgraded).toEqual(fresh);
    },
  );

  test('every kind of step is carried out, one after the other on one table too, or none of them', async () => {
    const columns = { id: integer('A number.'), word: text.nullable('A word.') };
    const declare = (name: string, of: Parameters<typeof table>[0]['columns']) =>
      table({
        schema: 'ops',
        name,
        doc: '',
        grain: '',
        key: ['id'],
        columns: of,
        placement: { distribute: 'all', sort: [] },
      });
    const first = declare('things', columns);
    const second = declare('things', { ...columns, length: integer('How long.') });
    const third = declare('things', {
      id: columns.id,
      length: integer('How long.'),
      twice: integer('Twice.'),
    });
    const steps: LayoutStep[] = [
      {
        to: 101,
        changes: [
          { change: 'create', table: first, rows: "select 1 as id, 'äöü' as word union all select 2, null" },
          { change: 'create', table: declare('others', columns) },
        ],
      },
      {
        to: 102,
        changes: [
          { change: 'add column', table: second, column: 'length', value: 'coalesce(byte_length(word), 0)' },
          { change: 'add column', table: warehouseTable, column: 'last_run_id' },
        ],
      },
      {
        to: 103,
        changes: [
          {
            change: 'rebuild',
            table: third,
            rows: 'select id, length, length * 2 from ops.things where id < 9',
          },
          { change: 'drop', table: declare('others', columns) },
        ],
      },
      {
        to: 104,
        changes: [
          {
            change: 'add column',
            table: declare('things', { ...third.columns, thrice: integer('Thrice.') }),
            column: 'thrice',
            value: 'length * 3',
          },
        ],
      },
    ];
    const open = await freshPlace();
    const names = (warehouse: Warehouse) =>
      rowsOf(
        warehouse,
        "select table_name, column_name from information_schema.columns where table_schema = 'ops' order by table_name, column_name",
      );
    await open(async (warehouse) => {
      await thaw(1, engine, freshFolder(), warehouse);
      const before = await names(warehouse);
      const found = await findTables(warehouse);
      const makesNone = async (): Promise<void> => {
        throw new Error('No schema is missing.');
      };
      const broken: LayoutStep = {
        to: 105,
        changes: [{ change: 'rebuild', table: third, rows: 'select nothing from ops.things' }],
      };
      await expect(
        warehouse.transaction(() => applySteps([...steps, broken], found, warehouse, async () => {})),
      ).rejects.toThrow(/nothing/);
      expect(await names(warehouse)).toEqual(before);
      await expect(
        warehouse.transaction(() => applySteps(steps, found, warehouse, makesNone)),
      ).rejects.toThrow('No schema is missing.');
      await warehouse.transaction(() => applySteps(steps, found, warehouse, async () => {}));
    });
    await open(async (warehouse) => {
      expect(await rowsOf(warehouse, 'select * from ops.things order by id')).toEqual([
        { id: 1, length: 6, twice: 12, thrice: 18 },
        { id: 2, length: 0, twice: 0, thrice: 0 },
      ]);
      expect(await rowsOf(warehouse, 'select last_run_id from ops.warehouse')).toEqual([
        { last_run_id: null },
      ]);
      expect(await names(warehouse)).not.toContainEqual({ table_name: 'others', column_name: 'id' });
    });
  });

  test('a step goes on from the steps before it, and not from what was found', async () => {
    const declare = (columns: Parameters<typeof table>[0]['columns']) =>
      table({
        schema: 'ops',
        name: 'things',
        doc: '',
        grain: '',
        key: ['id'],
        columns: { id: integer('A number.'), ...columns },
        placement: { distribute: 'all', sort: [] },
      });
    const [one, word] = [declare({}), text.nullable('A word.')];
    const created = {
      change: 'create',
      table: declare({ word }),
      rows: "select 1 as id, 'new' as word",
    } as const;
    const [dropped, gone] = [
      { change: 'drop', table: one },
      { change: 'drop', table: { schema: 'ops', name: 'never_there' } },
    ] as const;
    const rebuilt = { change: 'rebuild', table: one, rows: 'select id from ops.things' } as const;
    const added = {
      change: 'add column',
      table: declare({ word }),
      column: 'word',
      value: "'added'",
    } as const;
    const open = await freshPlace();
    const steps = (...changes: LayoutStep['changes'][number][]) =>
      open(async (warehouse) => {
        const found = await findTables(warehouse);
        await warehouse.transaction(() =>
          applySteps([{ to: 101, changes }], found, warehouse, async () => {}),
        );
        return rowsOf(warehouse, 'select * from ops.things');
      });
    await open((warehouse) => thaw(1, engine, freshFolder(), warehouse));
    expect(await steps(created)).toEqual([{ id: 1, word: 'new' }]);
    expect(await steps(rebuilt, added)).toEqual([{ id: 1, word: 'added' }]);
    expect(await steps(gone, dropped, created)).toEqual([{ id: 1, word: 'new' }]);
    expect(await steps(created)).toEqual([{ id: 1, word: 'new' }]);
    await open(async (warehouse) => {
      await runOn(warehouse, 'drop table ops.things');
      await runOn(warehouse, 'create table ops.things (id integer, city varchar(9))');
    });
    await expect(steps(created)).rejects.toMatchObject({
      message: expect.stringContaining('holds a table ops.things that'),
      exitCode: 2,
    });
  });

  test('what an older layout has already is not made again', async () => {
    const folder = freshFolder();
    const open = await freshPlace();
    await open(async (warehouse) => {
      await thaw(LAYOUT_VERSION, engine, folder, warehouse);
      const before = await readTables(warehouse);
      await runOn(warehouse, 'update ops.warehouse set layout_version = 1');
      expect(await ensureTables(warehouse)).toMatchObject({ upgraded: { from: 1, to: LAYOUT_VERSION } });
      expect(await readTables(warehouse)).toEqual(before);
    });
  });

  test('an upgrade that fails changes nothing, and says how to start over', async () => {
    const folder = freshFolder();
    const open = await freshPlace();
    await open(async (warehouse) => {
      await thaw(1, engine, folder, warehouse);
      // The star takes no song without an artist.
      await runOn(warehouse, "update staging.songs set artist_id = null where song_id = 'SOUNDO'");
    });
    await open(async (warehouse) => {
      const before = await rowsOf(warehouse, 'select * from ops.warehouse');
      await expect(ensureTables(warehouse)).rejects.toMatchObject({
        hint: expect.stringContaining('Start over: sparkify create-tables --drop, then sparkify etl.'),
      });
      expect(await rowsOf(warehouse, 'select * from ops.warehouse')).toEqual(before);
      expect(await rowsOf(warehouse, 'select count(*) as plays from songplays')).toEqual([{ plays: 6 }]);
    });
  });
});

describe('the command', () => {
  let cwd: string;
  let old: string;

  beforeAll(async () => {
    cwd = freshFolder();
    old = join(cwd, 'old.duckdb');
    await withWarehouse(old, (warehouse) => thaw(1, 'duckdb', cwd, warehouse));
    writeDeliveries(cwd);
  });

  /** A warehouse of layout 1, of its own. */
  function copyOfOld(): string {
    const file = join(freshFolder(), 'w.duckdb');
    copyFileSync(old, file);
    return file;
  }

  const run = (file: string, ...args: string[]) => sparkify([...args, '--warehouse', file], { cwd });

  test('reads no older layout, and says that the next load upgrades it', async () => {
    const file = copyOfOld();
    for (const args of [
      ['status'],
      ['check'],
      ['query', 'select 1 as one'],
      ['etl', '--dry-run', '--log-data', 'logs'],
    ]) {
      const { code, stderr } = await run(file, ...args);
      expect(`${code} ${stderr}`).toMatch(/^1 .* has layout 1; .*reads layout \d/);
      expect(stderr).toContain('The next load upgrades it: sparkify etl (or sparkify create-tables).');
    }
    await withWarehouse(file, async (warehouse) =>
      expect(await rowsOf(warehouse, 'select layout_version from ops.warehouse')).toEqual([
        { layout_version: 1 },
      ]),
    );
  });

  test.each([
    ['etl', ['etl', '--log-data', 'logs', '--song-data', 'songs', '--json'], { status: 'unchanged' }],
    ['create-tables', ['create-tables', '--json'], { status: 'upgraded' }],
    ['rejects replay', ['rejects', 'replay', '--json'], { status: 'unchanged' }],
  ])('%s upgrades it, says so, and readers read it', async (_, args, wanted) => {
    const file = copyOfOld();
    const { code, stdout, stderr } = await run(file, ...args);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...wanted,
      upgraded: { from: 1, to: LAYOUT_VERSION },
      remade: [],
    });
    expect(stderr).toMatch(/Upgrading .*w\.duckdb from layout 1 to \d/);
    const checked = await run(file, 'check');
    expect(checked.code, checked.stdout + checked.stderr).toBe(0);
  });

  describe('killed', () => {
    let large: string;
    let wanted: Awaited<ReturnType<typeof readTables>>;

    const etl = (place: string, onTalk?: Parameters<typeof sparkify>[1]['onTalk']) =>
      sparkify(['etl', '--log-data', 'logs', '--song-data', 'songs', '--warehouse', place], {
        cwd,
        ...(onTalk && { onTalk }),
      });

    beforeAll(async () => {
      large = copyOfOld();
      // Plays enough for the build to take some time.
      await withWarehouse(large, (warehouse) =>
        runOn(
          warehouse,
          `insert into staging.events (file_id, session_id, item_in_session, ts, page, level, user_id, song, artist, length)
           select 4, 100 + range // 50, range % 50, 1541106106796 + range * 1000, 'NextSong', 'free', cast(range % 97 as varchar), 'Undo', 'Björk', 200.5
           from range(40000)`,
        ),
      );
      const whole = join(freshFolder(), 'whole.duckdb');
      copyFileSync(large, whole);
      expect((await etl(whole)).code).toBe(0);
      wanted = await withWarehouse(whole, readTables);
    }, 120_000);

    const words = ['star:', 'checks:', 'Upgrading'].slice(0, Number(process.env.SPARKIFY_CRASH_RUNS ?? 1));
    test.each(words)(
      'when it says %s leaves the old layout or the new one, and the next load ends in the same tables',
      async (word) => {
        const file = join(freshFolder(), 'w.duckdb');
        copyFileSync(large, file);
        const killed = await etl(file, (child, talk) => {
          if (talk.includes(word)) child.kill('SIGKILL');
        });
        expect(killed.signal).toBe('SIGKILL');
        const [row] = await withWarehouse(file, (warehouse) =>
          rowsOf(warehouse, 'select layout_version from ops.warehouse'),
        );
        expect([1, LAYOUT_VERSION]).toContain(row?.layout_version);
        expect((await etl(file)).code).toBe(0);
        expect(await withWarehouse(file, readTables)).toEqual(wanted);
      },
    );
  });
});
