import { rejects as rejectsTable } from '../../models/ops/rejects.ts';
import { qualifiedName } from '../../schema/table.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { makeTemporary } from '../build/temporary.ts';
import { targets } from '../file-kinds.ts';
import type { StagedFiles } from '../stage/staged-files.ts';

/** The number of ids that one statement takes. */
const IDS_PER_STATEMENT = 1_000;

/** Gives contents that were read again the ids that they had, so that what refers to them still does. */
export async function restoreIds(staged: StagedFiles, warehouse: Warehouse): Promise<StagedFiles> {
  const { plan, summaries } = staged;
  const ids = [...plan.restoredIds];
  if (ids.length === 0) return staged;
  await makeTemporary(warehouse, 'restored_ids', {
    name: 'repair: no restored ids yet',
    sql: 'select 0 as new_id, 0 as old_id where 1 = 0',
  });
  for (let start = 0; start < ids.length; start += IDS_PER_STATEMENT) {
    const some = ids.slice(start, start + IDS_PER_STATEMENT).map((pair) => `(${pair.join(', ')})`);
    await warehouse.run({
      name: 'repair: restored ids',
      sql: `insert into restored_ids (new_id, old_id) values ${some.join(', ')}`,
    });
  }
  const { staging } = targets[plan.kind];
  for (const [table, also] of [
    [qualifiedName(staging), ''],
    // A reject's name begins with the id.
    [
      qualifiedName(rejectsTable),
      `, reject_id = cast(restored_ids.old_id as varchar)
         || substring(reject_id, length(cast(restored_ids.new_id as varchar)) + 1)`,
    ],
  ]) {
    await warehouse.run({
      name: `repair: give ${table} its ids back`,
      sql: `update ${table} set file_id = restored_ids.old_id${also} from restored_ids where restored_ids.new_id = ${table}.file_id`,
    });
  }
  const restored = (fileId: number): number => plan.restoredIds.get(fileId) ?? fileId;
  const withOldId = <File extends { readonly fileId: number }>(file: File): File => ({
    ...file,
    fileId: restored(file.fileId),
  });
  return {
    ...staged,
    plan: { ...plan, load: plan.load.map(withOldId), duplicates: plan.duplicates.map(withOldId) },
    summaries: new Map([...summaries].map(([fileId, summary]) => [restored(fileId), summary])),
  };
}
