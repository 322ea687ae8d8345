import { LoadError, TransientError, WarehouseError } from '../../errors.ts';
import { allTables } from '../../models/book.ts';
import type { LayoutChange, LayoutStep } from '../../models/layouts.ts';
import { LAYOUT_VERSION } from '../../models/ops/warehouse.ts';
import { columnNames, qualifiedName, type Table } from '../../schema/table.ts';
import type { Observer } from '../../telemetry/observer.ts';
import { version } from '../../version.ts';
import { columnName, columnSql, inDialect, listColumns } from '../../warehouses/sql.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { build } from '../build/build.ts';
import { deduplicate } from '../build/repeats.ts';
import { derivedChecks } from '../check/check.ts';
import { assertChecks } from '../check/guards.ts';
import type { MatchOn } from '../match-on.ts';
import { somebodyElses } from './foreign-tables.ts';
import { type Difference, type FoundTables, isLike } from './found-tables.ts';
import { createTable, dropTable } from './tables.ts';
import { derivedToMake, START_OVER, stepsFrom, type WarehouseState } from './warehouse-state.ts';

/** What was done to the tables of a warehouse before anything was loaded into it. */
export interface Upgrade {
  readonly upgraded: { readonly from: number; readonly to: number } | null;
  /** Derived tables that were missing or damaged, and were made again from staging. */
  readonly remade: readonly string[];
}

/** A schema that an engine is asked to make if it lacks it. */
export type EnsureSchema = (schema: string) => Promise<void>;

/**
 * Brings an older layout to this version's, or makes derived tables again that are gone: the steps, then the complete
 * build from staging and the checks of a load, all in one transaction. The sources are not read.
 */
export async function upgrade(
  warehouse: Warehouse,
  state: WarehouseState,
  ensureSchema: EnsureSchema,
  observer: Observer,
): Promise<Upgrade> {
  const from = state.own?.layout ?? LAYOUT_VERSION;
  const steps = stepsFrom(from);
  const toMake = derivedToMake(state);
  const remade = toMake.map(({ table }) => qualifiedName(table));
  if (steps.length === 0 && remade.length === 0) return { upgraded: null, remade };
  const told = steps.length > 0 ? `Upgrading ${warehouse.name} from layout ${from} to ${LAYOUT_VERSION}` : '';
  const missing = remade.length > 0 ? `making ${remade.join(', ')} again` : '';
  observer.emit({
    type: 'note',
    message: `${[told, missing].filter((part) => part !== '').join('; ')}: the star is built from staging.`,
  });
  const standing = allTables.filter((table) => state.found.of(table) !== undefined);
  const made = allTables.filter((table) => state.found.of(table) === undefined);
  // Asked before the transaction, so that a dry run, which asks nothing within one, knows it too.
  const [matched] = await warehouse.rows({
    name: 'upgrade: what plays are matched on',
    sql: 'select match_on from ops.warehouse',
  });
  await warehouse
    .transaction(
      async () => {
        await applySteps(steps, state.found, warehouse, ensureSchema);
        for (const difference of toMake) await remake(difference, state, warehouse, ensureSchema);
        await buildWhole(matched?.match_on as MatchOn, warehouse, observer);
        // The sums of the last run's report may not hold any more: without that run's name, the next load counts.
        await warehouse.run({
          name: 'upgrade: the new layout',
          sql: 'update ops.warehouse set layout_version = $1, created_by = $2, last_run_id = null',
          parameters: [LAYOUT_VERSION, version],
        });
      },
      { writes: standing, makes: made },
    )
    .catch((error) => {
      throw notUpgraded(error, from);
    });
  observer.emit({ type: 'committed', runId: null });
  return { upgraded: steps.length > 0 ? { from, to: LAYOUT_VERSION } : null, remade };
}

/** What fails here fails each time, unless it was the connection: the hint names a way out. */
function notUpgraded(error: unknown, from: number): unknown {
  const isFinal = error instanceof LoadError || error instanceof WarehouseError;
  if (
    !isFinal ||
    error instanceof TransientError ||
    (error.hint !== undefined && !(error instanceof LoadError))
  )
    return error;
  return new WarehouseError(error.message, {
    cause: error,
    hint: `Nothing was committed; the warehouse has layout ${from} as before. Start over: ${START_OVER}.`,
  });
}

/** Carries out the changes of some steps, in order, within a transaction; what was `found` to be there is not made again. */
export async function applySteps(
  steps: readonly LayoutStep[],
  found: FoundTables,
  warehouse: Warehouse,
  ensureSchema: EnsureSchema,
): Promise<void> {
  // The columns of the tables that the steps have changed: of them, what was found says nothing any more.
  const changed = new Map<string, ReadonlySet<string>>();
  for (const change of steps.flatMap(({ changes }) => changes)) {
    const name = qualifiedName(change.table);
    const columns = changed.get(name) ?? new Set(found.of(change.table)?.columns.keys());
    if (change.change === 'create' && columns.size > 0) {
      if (!changed.has(name)) assertOurForm(change.table, found, warehouse);
      continue;
    }
    if (change.change === 'add column' && columns.has(change.column)) continue;
    await apply(change, warehouse, ensureSchema);
    changed.set(name, columnsAfter(change, columns));
  }
}

/** A table that a step would create is there: it must be ours, in the form of the step or in that of this version. */
function assertOurForm(table: Table, found: FoundTables, warehouse: Warehouse): void {
  const standing = found.of(table);
  const forms = [table, ...allTables.filter((known) => qualifiedName(known) === qualifiedName(table))];
  if (standing !== undefined && !standing.isView && forms.some((form) => isLike(form, standing))) return;
  throw somebodyElses(warehouse, table, `Drop ${qualifiedName(table)} or give it another name.`);
}

function columnsAfter(change: LayoutChange, before: ReadonlySet<string>): ReadonlySet<string> {
  if (change.change === 'drop') return new Set();
  if (change.change === 'add column') return new Set([...before, change.column]);
  return new Set(columnNames(change.table));
}

async function apply(change: LayoutChange, warehouse: Warehouse, ensureSchema: EnsureSchema): Promise<void> {
  const { dialect } = warehouse;
  const name = qualifiedName(change.table);
  if (change.change === 'drop') {
    await warehouse.run({ name: `upgrade: drop ${name}`, sql: `drop table if exists ${name}` });
  } else if (change.change === 'create') {
    await ensureSchema(change.table.schema);
    await createTable(change.table, warehouse);
    if (change.rows === undefined) return;
    const added = await fill(change.table, name, change.rows, warehouse);
    await warehouse.afterWrite?.(name, added);
  } else if (change.change === 'rebuild') {
    await rebuild(change.table, change.rows, warehouse);
  } else if (change.value === undefined) {
    await addColumn(change.table, change.column, warehouse);
  } else if (dialect.altersWritten) {
    await addColumn(change.table, change.column, warehouse);
    await warehouse.run({
      name: `upgrade: fill ${name}.${change.column}`,
      sql: `update ${name} set ${change.column} = ${inDialect(change.value, dialect)}`,
    });
  } else {
    const columns = columnNames(change.table).map((column) =>
      column === change.column ? `${change.value} as ${column}` : columnName(column),
    );
    await rebuild(change.table, `select ${columns.join(', ')} from ${name}`, warehouse);
  }
}

async function addColumn(table: Table, column: string, warehouse: Warehouse): Promise<void> {
  await warehouse.run({
    name: `upgrade: add ${qualifiedName(table)}.${column}`,
    sql: `alter table ${qualifiedName(table)} add column ${columnSql(table, column, warehouse.dialect)}`,
  });
}

/** A new table in place of the old one. Not by ALTER and UPDATE: DuckDB alters no table that a transaction has written to. */
async function rebuild(table: Table, rows: string, warehouse: Warehouse): Promise<void> {
  const aside = `${table.name}_of_new_layout`;
  const asideName = qualifiedName({ ...table, name: aside });
  await createTable({ ...table, name: aside }, warehouse);
  const added = await fill(table, asideName, rows, warehouse);
  await dropTable(table, warehouse);
  await warehouse.run({
    name: `upgrade: rename to ${qualifiedName(table)}`,
    sql: `alter table ${asideName} rename to ${table.name}`,
  });
  await warehouse.afterWrite?.(qualifiedName(table), added);
}

function fill(table: Table, name: string, rows: string, warehouse: Warehouse): Promise<number> {
  const select = inDialect(rows, warehouse.dialect);
  return warehouse.run({
    name: `upgrade: fill ${qualifiedName(table)}`,
    sql: `insert into ${name} (${listColumns(table)}) ${select}`,
  });
}

/** Makes a derived table that its build then fills. Where columns alone are missing, the table and its rights stay. */
async function remake(
  { table, missing, mistyped }: Difference,
  { found }: WarehouseState,
  warehouse: Warehouse,
  ensureSchema: EnsureSchema,
): Promise<void> {
  const isThere = found.of(table) !== undefined;
  if (isThere && mistyped.length === 0 && warehouse.dialect.altersWritten) {
    for (const column of missing) await addColumn(table, column, warehouse);
    return;
  }
  if (isThere) await dropTable(table, warehouse);
  await ensureSchema(table.schema);
  await createTable(table, warehouse);
}

/** Everything that is derived, from all of staging, whose keys may be others now. */
async function buildWhole(matchOn: MatchOn, warehouse: Warehouse, observer: Observer): Promise<void> {
  for (const kind of ['song', 'log'] as const) await deduplicate(kind, true, warehouse);
  const built = await build(
    { allEvents: true, allSongs: true, matchOn, rowsBefore: {} },
    warehouse,
    observer,
  );
  await assertChecks(derivedChecks(built.scopes), warehouse, observer);
}
