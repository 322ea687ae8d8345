import { ConfigError } from '../../errors.ts';
import { allTables, starTables } from '../../models/book.ts';
import type { LayoutStep } from '../../models/layouts.ts';
import { runs } from '../../models/ops/runs.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import type { ReadOnlyWarehouse } from '../../warehouses/warehouse.ts';
import { differenceOf, type FoundTables, isLike } from './found-tables.ts';

type Named = Pick<ReadOnlyWarehouse, 'name'>;

/** The refusal of a table that has one of our names and is not ours. */
export function somebodyElses({ name }: Named, table: Table, hint?: string, kind = 'table'): ConfigError {
  return new ConfigError(
    `${name} holds a ${kind} ${qualifiedName(table)} that sparkify did not make; nothing was touched.`,
    {
      hint:
        hint ??
        'Choose another database or file; on PostgreSQL, the star can have a schema of its own (?schema=analytics).',
    },
  );
}

/** A table that has one of our names, where there is no warehouse of ours, is not ours. */
export function assertNothingOfOthers(warehouse: Named, found: FoundTables): void {
  const other = allTables.find((table) => found.of(table) !== undefined);
  if (other === undefined) return;
  const isRuns = found.of(runs)?.columns.has('sparkify_version') === true;
  throw somebodyElses(warehouse, other, isRuns ? whoseHint(found) : undefined);
}

/** Names exactly the tables that look like ours, each with its schema, and nothing that depends on them. */
function whoseHint(found: FoundTables): string {
  const drops = allTables.flatMap((table) => {
    const standing = found.of(table);
    if (standing === undefined || standing.isView || !isLike(table, standing)) return [];
    const schema = table.schema === 'star' ? found.starSchema : table.schema;
    return [`drop table ${/^[a-z_][a-z0-9_]*$/.test(schema) ? schema : `"${schema}"`}.${table.name}`];
  });
  return `Without ops.warehouse it is not known whose tables these are. Restore it from a backup; or, if they are sparkify's, drop them: ${drops.join('; ')}`;
}

/** Refuses a star in another schema, and tables and views that are not ours in the place of ours. */
export function assertNoneForeign(warehouse: Named, found: FoundTables, steps: readonly LayoutStep[]): void {
  assertStarHere(warehouse, found);
  for (const table of allTables) {
    const standing = found.of(table);
    if (standing === undefined) continue;
    const name = qualifiedName(table);
    if (standing.isView)
      throw somebodyElses(warehouse, table, `Drop the view ${name} or give it another name.`, 'view');
    // What is in schemas of our own is known by them; it may lack the key's columns and still be ours.
    const isOurs = table.schema === 'star' ? isLike(table, standing) : !isPartly(table, found, steps);
    if (isOurs) continue;
    const difference = differenceOf(table, standing);
    const list = (label: string, columns: readonly string[] = []): string[] =>
      columns.length === 0 ? [] : [`${label} ${columns.join(', ')}`];
    const how = [
      ...list('it lacks', difference?.missing),
      ...list('it has others:', difference?.extra),
      ...list('of another type:', difference?.mistyped),
    ].join('; ');
    throw somebodyElses(warehouse, table, `Drop ${name} or give it another name (${how}).`);
  }
}

/** Whether a table has a part of our columns beside others, but for columns that steps to come will add or replace. */
function isPartly(table: Table, found: FoundTables, steps: readonly LayoutStep[]): boolean {
  const standing = found.of(table);
  const difference = standing === undefined ? null : differenceOf(table, standing);
  if (difference === null) return false;
  const missing = difference.missing.filter((column) => !isToCome(steps, table, column));
  return missing.length > 0 && difference.extra.length > 0;
}

/** Whether steps to come make a column, or its table. */
export function isToCome(steps: readonly LayoutStep[], table: Table, column: string): boolean {
  return steps.some(({ changes }) =>
    changes.some(
      (change) =>
        change.change !== 'drop' &&
        qualifiedName(change.table) === qualifiedName(table) &&
        (change.change !== 'add column' || change.column === column),
    ),
  );
}

/** A table that only has the name of one of ours does not make the star stand here. */
function assertStarHere(warehouse: Named, found: FoundTables): void {
  const isHere = starTables.some((table) => {
    const standing = found.of(table);
    return standing !== undefined && isLike(table, standing);
  });
  if (isHere || found.otherSchemas.length === 0) return;
  throw new ConfigError(
    `${warehouse.name} holds a warehouse, but its star is in another schema (${found.otherSchemas.join(', ')}).`,
    {
      hint: 'Name that one: SCHEMA below [WAREHOUSE] in dwh.cfg, SPARKIFY_SCHEMA, or ?schema= in the address.',
    },
  );
}
