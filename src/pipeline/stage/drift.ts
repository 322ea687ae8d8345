import type { Warehouse } from '../../warehouses/warehouse.ts';
import { idsIn } from '../file-ids.ts';
import type { StagedFiles } from './staged-files.ts';

/** What ops.drift holds, so that a row that is lost there is missed. */
export interface KeptDrift {
  readonly keys: number;
  readonly records: number;
}

/** What ops.drift holds of some contents, or of all. */
export async function countDrift(warehouse: Pick<Warehouse, 'rows'>, where = '1 = 1'): Promise<KeptDrift> {
  const [row] = await warehouse.rows({
    name: 'drift: keys and records kept',
    sql: `select count(*) as keys, coalesce(sum(records), 0) as records from ops.drift where ${where}`,
  });
  return { keys: Number(row?.keys ?? 0), records: Number(row?.records ?? 0) };
}

/**
 * What ops.drift holds once a load's contents came and went, reckoned from what it held before: counted again, a row
 * that was lost before would not be missed any more. To be asked before the contents go.
 */
export async function driftWith(
  before: KeptDrift,
  { plan: { removedFileIds }, summaries }: Pick<StagedFiles, 'plan' | 'summaries'>,
  warehouse: Pick<Warehouse, 'rows'>,
): Promise<KeptDrift> {
  const gone =
    removedFileIds.length === 0
      ? { keys: 0, records: 0 }
      : await countDrift(warehouse, idsIn(removedFileIds));
  const come = [...summaries.values()].flatMap(({ drift }) => drift);
  return {
    keys: before.keys - gone.keys + come.length,
    records: before.records - gone.records + come.reduce((sum, { records }) => sum + records, 0),
  };
}
