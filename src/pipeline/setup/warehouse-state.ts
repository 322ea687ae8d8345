import { WarehouseError } from '../../errors.ts';
import { allTables, derivedTables } from '../../models/book.ts';
import { type LayoutStep, layoutSteps } from '../../models/layouts.ts';
import { files as filesTable } from '../../models/ops/files.ts';
import { LAYOUT_VERSION, warehouse as warehouseTable } from '../../models/ops/warehouse.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import type { ReadOnlyWarehouse } from '../../warehouses/warehouse.ts';
import { assertNoneForeign, isToCome, somebodyElses } from './foreign-tables.ts';
import { type Difference, differenceOf, type FoundTables, findTables } from './found-tables.ts';

export type Reader = Pick<ReadOnlyWarehouse, 'rows' | 'name' | 'dialect' | 'unreadable'>;

/** What is in a database under our names. */
export interface WarehouseState {
  readonly found: FoundTables;
  /** What ops.warehouse says; null where that table is not there, or not to be read by this role. */
  readonly own: {
    readonly rows: number;
    /** The newest, where several rows stand. */
    readonly layout: number;
    readonly createdBy: string;
  } | null;
}

/** What is left to do where nothing else helps. */
export const START_OVER = 'sparkify create-tables --drop, then sparkify etl';

/** Looks at a database once; ConfigError where ops.warehouse is not a table of ours. */
export async function readState(warehouse: Reader): Promise<WarehouseState> {
  const found = await findTables(warehouse);
  const standing = found.of(warehouseTable);
  if (standing === undefined || found.hidden.has(qualifiedName(warehouseTable))) return { found, own: null };
  if (!['layout_version', 'created_by'].every((column) => standing.columns.has(column)))
    throw somebodyElses(warehouse, warehouseTable);
  const rows = await warehouse.rows({
    name: 'set up: layout of the warehouse',
    sql: 'select layout_version, created_by from ops.warehouse order by layout_version desc',
  });
  const [newest] = rows;
  return {
    found,
    own: {
      rows: rows.length,
      layout: Number(newest?.layout_version ?? 0),
      createdBy: String(newest?.created_by ?? ''),
    },
  };
}

/** Refuses what this version must not touch: a newer layout, a star in another schema, tables that are not ours. */
export function assertOurs(warehouse: Pick<Reader, 'name'>, { found, own }: WarehouseState): void {
  if (own === null) return;
  if (own.layout > LAYOUT_VERSION) {
    throw new WarehouseError(
      `${warehouse.name} was made by sparkify ${own.createdBy} (layout ${own.layout}); this version knows layout ${LAYOUT_VERSION}.`,
      { hint: 'Upgrade sparkify; the warehouse was not touched.' },
    );
  }
  assertNoneForeign(warehouse, found, stepsFrom(own.layout));
}

/** The steps from a layout to this version's. */
export function stepsFrom(layout: number): readonly LayoutStep[] {
  return layoutSteps.filter(({ to }) => to > layout);
}

/** Refuses an ops.warehouse that does not say in one row which layout the tables have. */
export function assertLayoutKnown(warehouse: Pick<Reader, 'name'>, { own }: WarehouseState): void {
  if (own === null || (own.rows === 1 && own.layout >= 1)) return;
  const found = own.rows === 1 ? `layout ${own.layout}` : `${own.rows} rows`;
  throw new WarehouseError(
    `ops.warehouse of ${warehouse.name} holds ${found}; it must hold one row with a layout from 1.`,
    { hint: `Restore it from a backup, or start over: ${START_OVER}.` },
  );
}

/** The derived tables that are missing or lack columns, and so are to be made again. */
export function derivedToMake({ found }: WarehouseState): Difference[] {
  return derivedTables.flatMap((table) => {
    const standing = found.of(table);
    if (standing === undefined) return [{ table, missing: [], mistyped: [], extra: [] }];
    const difference = differenceOf(table, standing);
    return difference !== null && difference.missing.length + difference.mistyped.length > 0
      ? [difference]
      : [];
  });
}

/** The tables that are gone and cannot be derived, beside those that steps to come will make. */
export function lostTables({ found, own }: WarehouseState): Table[] {
  const made = stepsFrom(own?.layout ?? LAYOUT_VERSION).flatMap(({ changes }) =>
    changes.flatMap((change) => (change.change === 'create' ? [qualifiedName(change.table)] : [])),
  );
  return allTables.filter(
    (table) =>
      !derivedTables.includes(table) && found.of(table) === undefined && !made.includes(qualifiedName(table)),
  );
}

/** Refuses a warehouse that lost what cannot be derived; a full refresh reads the files again, and makes what it can fill. */
export function assertNothingLost(warehouse: Pick<Reader, 'name'>, state: WarehouseState): void {
  const lost = lostTables(state);
  if (lost.length > 0) {
    const names = lost.map(qualifiedName).join(', ');
    throw new WarehouseError(
      `${warehouse.name} has lost ${names}; what ${lost.length === 1 ? 'it' : 'they'} held cannot be made from other tables.`,
      {
        hint: isRefillable(lost)
          ? 'sparkify etl --full-refresh makes it again and reads the files again; or restore it from a backup.'
          : `Restore it from a backup, or start over: ${START_OVER}.`,
      },
    );
  }
  const [damaged] = damagedColumns(state);
  if (damaged === undefined) return;
  const [column] = [...damaged.missing, ...damaged.mistyped];
  const what = damaged.missing.length > 0 ? 'is missing' : 'has another type than sparkify gave it';
  throw new WarehouseError(
    `The column ${column} of ${qualifiedName(damaged.table)} in ${warehouse.name} ${what}.`,
    { hint: `Restore the table from a backup, or start over: ${START_OVER}.` },
  );
}

/** Whether a full refresh can fill the tables again: all but the manifest, without which no file is known. */
export function isRefillable(lost: readonly Table[]): boolean {
  return !lost.includes(filesTable);
}

/** Differences of tables that cannot be derived, beside those that steps to come will end. */
function damagedColumns({ found, own }: WarehouseState): Difference[] {
  const steps = stepsFrom(own?.layout ?? LAYOUT_VERSION);
  return allTables.flatMap((table) => {
    const standing = found.of(table);
    if (standing === undefined || derivedTables.includes(table)) return [];
    const difference = differenceOf(table, standing);
    if (difference === null) return [];
    const missing = difference.missing.filter((column) => !isToCome(steps, table, column));
    const mistyped = difference.mistyped.filter((column) => !isToCome(steps, table, column));
    return missing.length + mistyped.length > 0 ? [{ ...difference, missing, mistyped }] : [];
  });
}

/** What a reader must know before it asks: that there is nothing, or that the next load has work to do first. */
export function assertReadable(warehouse: Pick<Reader, 'name'>, state: WarehouseState): void {
  const { own } = state;
  if (own === null) {
    throw new WarehouseError(`${warehouse.name} holds no tables of sparkify's yet.`, {
      hint: 'Load it: sparkify etl --log-data FOLDER --song-data FOLDER',
    });
  }
  assertOurs(warehouse, state);
  assertLayoutKnown(warehouse, state);
  if (own.layout < LAYOUT_VERSION) {
    throw new WarehouseError(
      `${warehouse.name} has layout ${own.layout}; this version of sparkify reads layout ${LAYOUT_VERSION}.`,
      { hint: 'The next load upgrades it: sparkify etl (or sparkify create-tables).' },
    );
  }
}

/**
 * Refuses a warehouse that lost tables or columns, for commands that look at all of it. A role that may not see them
 * all cannot know.
 */
export async function assertWhole(warehouse: Reader): Promise<void> {
  const state = await readState(warehouse);
  if (!state.found.isComplete) return;
  assertNothingLost(warehouse, state);
  const missing = missingDerived(warehouse, state);
  if (missing !== null) throw new WarehouseError(missing, { hint: REMADE_BY });
}

/**
 * What to say to a reader whose statement failed: which derived tables are missing; null where none is, or it is not
 * known.
 */
export function incompleteStar(warehouse: Pick<Reader, 'name'>, state: WarehouseState): string | null {
  const missing = state.found.isComplete ? missingDerived(warehouse, state) : null;
  return missing === null ? null : `${missing} ${REMADE_BY}`;
}

const REMADE_BY = 'The next load makes that again from staging: sparkify etl (or sparkify create-tables).';

function missingDerived(warehouse: Pick<Reader, 'name'>, state: WarehouseState): string | null {
  const toMake = derivedToMake(state);
  if (toMake.length === 0) return null;
  const names = toMake.map(({ table }) => qualifiedName(table)).join(', ');
  return `The star of ${warehouse.name} is not complete: ${names} ${toMake.length === 1 ? 'is' : 'are'} missing, or not as sparkify made ${toMake.length === 1 ? 'it' : 'them'}.`;
}
