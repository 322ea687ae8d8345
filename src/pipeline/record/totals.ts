import { starTables } from '../../models/book.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { type MatchSummary, matchSummary } from '../build/match.ts';
import type { KeptDrift } from '../stage/drift.ts';
import type { LoadSummary } from './load-summary.ts';

/** Sums over the complete star. To count them again would cost what the warehouse has, not what a load brings. */
export interface Totals {
  readonly rows: Readonly<Record<string, number>>;
  readonly match: MatchSummary;
}

/** What ops.drift held after the last run, as that run's own report says; null where it does not. */
export async function lastDrift(warehouse: Pick<Warehouse, 'rows'>): Promise<KeptDrift | null> {
  const { keptDrift } = await lastSummary(warehouse);
  return keptDrift ?? null;
}

/** What the last run left, as its own row says, which committed with it; null where it says nothing of it. */
export async function lastTotals(warehouse: Pick<Warehouse, 'rows'>): Promise<Totals | null> {
  return totalsOf(await lastSummary(warehouse));
}

/** The sums of a run's own report. */
export function totalsOf({ tables, match }: KeptSummary): Totals | null {
  if (tables === undefined || match === undefined) return null;
  return {
    rows: Object.fromEntries(Object.entries(tables).map(([name, { rows }]) => [name, rows])),
    match,
  };
}

/** What a run's row keeps of it. */
type KeptSummary = Partial<LoadSummary> & { readonly keptDrift?: KeptDrift };

/** The report in the last run's row; empty where there is none, or where it was cut off as texts are bounded. */
export async function lastSummary(warehouse: Pick<Warehouse, 'rows'>): Promise<KeptSummary> {
  const [last] = await warehouse.rows({
    name: 'totals: report of the last run',
    sql: 'select report from ops.runs where run_id = (select last_run_id from ops.warehouse)',
  });
  try {
    return JSON.parse(String(last?.report ?? '{}')) as KeptSummary;
  } catch {
    return {};
  }
}

/** The same, counted. */
export async function countTotals(warehouse: Pick<Warehouse, 'rows' | 'dialect'>): Promise<Totals> {
  const rows: Record<string, number> = {};
  for (const { name } of starTables) {
    const [row] = await warehouse.rows({
      name: `totals: rows of ${name}`,
      sql: `select count(*) as records from ${name}`,
      whenDryRun: 'ask',
    });
    rows[name] = Number(row?.records ?? 0);
  }
  return { rows, match: await matchSummary(warehouse) };
}
