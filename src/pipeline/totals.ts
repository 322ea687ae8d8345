import { starTables } from '../models/book.ts';
import type { Warehouse } from '../warehouses/warehouse.ts';
import { type MatchReport, matchReport } from './match.ts';
import type { LoadReport } from './report.ts';

/** Sums over the whole star; counting them anew would cost what the warehouse has, not what a load brings. */
export interface Totals {
  readonly rows: Readonly<Record<string, number>>;
  readonly match: MatchReport;
}

/** What the last run left, as its own row says, which committed with it; null where it says nothing of it. */
export async function lastTotals(warehouse: Pick<Warehouse, 'rows'>): Promise<Totals | null> {
  const [last] = await warehouse.rows(
    'select report from ops.runs where run_id = (select last_run_id from ops.warehouse)',
  );
  if (last === undefined) return null;
  const { tables, match } = parsed(String(last.report));
  if (tables === undefined || match === undefined) return null;
  return {
    rows: Object.fromEntries(Object.entries(tables).map(([name, { rows }]) => [name, rows])),
    match,
  };
}

/** A report, unless it was cut off where texts are bounded. */
function parsed(report: string): Partial<LoadReport> {
  try {
    return JSON.parse(report) as Partial<LoadReport>;
  } catch {
    return {};
  }
}

/** The same, counted. */
export async function countTotals(warehouse: Pick<Warehouse, 'rows' | 'dialect'>): Promise<Totals> {
  const rows: Record<string, number> = {};
  for (const { name } of starTables) {
    const [row] = await warehouse.rows(`select count(*) as records from ${name}`);
    rows[name] = Number(row?.records);
  }
  return { rows, match: await matchReport(warehouse) };
}
