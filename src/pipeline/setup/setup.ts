import { allTables, starTables } from '../../models/book.ts';
import { files as filesTable } from '../../models/ops/files.ts';
import { LAYOUT_VERSION, warehouse as warehouseTable } from '../../models/ops/warehouse.ts';
import { songplays } from '../../models/star/songplays.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import { type Observer, silent } from '../../telemetry/observer.ts';
import { version } from '../../version.ts';
import type { ReadOnlyWarehouse, Warehouse } from '../../warehouses/warehouse.ts';
import { discardUnfinished, unfinishedTables } from '../stage/staged-rows.ts';
import { assertNothingOfOthers } from './foreign-tables.ts';
import { assertMayRead } from './rights.ts';
import { createTable, dropTable } from './tables.ts';
import { type Upgrade, upgrade } from './upgrade.ts';
import {
  assertLayoutKnown,
  assertNothingLost,
  assertOurs,
  assertReadable,
  incompleteStar,
  isRefillable,
  lostTables,
  type Reader,
  readState,
  type WarehouseState,
} from './warehouse-state.ts';

/** What was done to the tables. */
export interface Prepared extends Upgrade {
  /** The warehouse is new. */
  readonly created: boolean;
  /** Tables that were lost and created empty, for the files to fill again. */
  readonly refilled: readonly Table[];
}

/**
 * Makes the tables ready to be written to, in transactions of their own: creates them in a new warehouse, upgrades an
 * older layout, makes derived tables again that are missing. Throws where something is lost that it cannot make;
 * `refills` creates such tables empty, since the load that follows reads every file again.
 */
export async function ensureTables(
  warehouse: Warehouse,
  observer: Observer = silent,
  { refills = false } = {},
): Promise<Prepared> {
  const state = await readState(warehouse);
  if (state.own === null) {
    assertNothingOfOthers(warehouse, state.found);
    await createAll(warehouse);
    return { created: true, refilled: [], upgraded: null, remade: [] };
  }
  assertOurs(warehouse, state);
  assertLayoutKnown(warehouse, state);
  const lost = lostTables(state);
  const refilled = refills && isRefillable(lost) ? lost : [];
  if (refilled.length > 0) await createLost(warehouse, refilled, observer);
  const ready = refilled.length > 0 ? await readState(warehouse) : state;
  assertNothingLost(warehouse, ready);
  const done = await upgrade(warehouse, ready, (schema) => ensureSchema(warehouse, schema), observer);
  return { created: false, refilled, ...done };
}

async function createAll(warehouse: Warehouse): Promise<void> {
  await warehouse.transaction(async () => {
    for (const schema of new Set(allTables.map((table) => table.schema))) {
      await ensureSchema(warehouse, schema);
    }
    for (const table of allTables) await createTable(table, warehouse);
    await warehouse.append(warehouseTable, [
      {
        layout_version: LAYOUT_VERSION,
        created_by: version,
        next_file_id: 1,
        match_on: 'title, artist, duration',
      },
    ]);
  });
}

/** Creates what a full refresh fills again. */
async function createLost(warehouse: Warehouse, lost: readonly Table[], observer: Observer): Promise<void> {
  const names = lost.map(qualifiedName).join(', ');
  observer.emit({
    type: 'note',
    message: `${names} of ${warehouse.name} ${lost.length === 1 ? 'was' : 'were'} missing: created empty.`,
  });
  await warehouse.transaction(async () => {
    for (const table of lost) {
      await ensureSchema(warehouse, table.schema);
      await createTable(table, warehouse);
    }
  });
}

/**
 * Takes out what a killed load may have left, so that what is published is a complete load. What is damaged is left as
 * it is.
 */
export async function recover(warehouse: Warehouse): Promise<void> {
  const state = await readState(warehouse);
  assertOurs(warehouse, state);
  const needed: readonly { table: Table; column: string }[] = [
    { table: warehouseTable, column: 'next_file_id' },
    ...[filesTable, ...unfinishedTables].map((table) => ({ table, column: 'file_id' })),
  ];
  const isWhole = needed.every(
    ({ table, column }) => state.found.of(table)?.columns.get(column) === table.columns[column]?.type,
  );
  if (isWhole && state.own?.rows === 1) await discardUnfinished(warehouse);
}

/** Drops every table of ours, of whatever layout, and nothing else. */
export async function dropTables(warehouse: Warehouse): Promise<void> {
  const standing = tablesToDrop(warehouse, await readState(warehouse));
  if (standing.length === 0) return;
  await warehouse.transaction(async () => {
    for (const table of standing) await dropTable(table, warehouse);
  });
}

/** What a drop would take away: null where there is nothing of ours, else the songplays; null where they are gone. */
export async function countDroppable(warehouse: Warehouse): Promise<{ plays: number | null } | null> {
  const standing = tablesToDrop(warehouse, await readState(warehouse));
  if (standing.length === 0) return null;
  const [songplays] = starTables;
  if (songplays === undefined || !standing.includes(songplays)) return { plays: null };
  const [held] = await warehouse.rows({
    name: 'set up: plays that a drop would take away',
    sql: 'select count(*) as plays from songplays',
  });
  return { plays: Number(held?.plays) };
}

/** The tables that are there, last made first; none where there is no warehouse of ours. */
function tablesToDrop(warehouse: Warehouse, state: WarehouseState): Table[] {
  assertOurs(warehouse, state);
  if (state.own === null) return [];
  return [...allTables].reverse().filter((table) => state.found.of(table) !== undefined);
}

/** Whether the warehouse holds our tables, of any version, even if this role may not read them. */
export async function hasTables(warehouse: Pick<ReadOnlyWarehouse, 'rows' | 'unreadable'>): Promise<boolean> {
  const { schema, name } = warehouseTable;
  const found = await warehouse.rows({
    name: 'set up: whether there is a warehouse',
    sql: `select 1 as found from information_schema.tables where table_schema = '${schema}' and table_name = '${name}'`,
  });
  return found.length > 0 || (await isHidden(warehouse));
}

/**
 * Refuses, for a reader, what cannot be read as this version's layout, and says what to do about it. What is missing of
 * the star is not a reason to refuse the rest: it is returned, in words.
 */
export async function checkLayout(warehouse: Reader): Promise<string | null> {
  await assertMayRead(warehouse, 'readers need the star', [songplays]);
  // A role that may read the star alone cannot know the layout.
  if (await isHidden(warehouse)) return null;
  const state = await readState(warehouse);
  assertReadable(warehouse, state);
  return incompleteStar(warehouse, state);
}

/** Whether there is an ops.warehouse that this role may not read. */
async function isHidden(warehouse: Pick<ReadOnlyWarehouse, 'unreadable'>): Promise<boolean> {
  return (await warehouse.unreadable?.([warehouseTable]))?.tables.length === 1;
}

/** Asked for first: where schemas were made for the loading role, it may lack the right to make more. The catalogue shows those of others, too. */
async function ensureSchema(warehouse: Warehouse, of: string): Promise<void> {
  const schema = of === 'star' ? warehouse.dialect.starSchema : of;
  if (schema === null) return;
  const found = await warehouse.rows({
    name: 'set up: whether there is a schema',
    sql: `select 1 as found from pg_namespace where nspname = '${schema}'`,
  });
  if (found.length === 0)
    await warehouse.run({
      name: 'set up: create a schema',
      sql: `create schema if not exists "${schema}"`,
    });
}
