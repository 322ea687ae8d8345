import { drift as driftTable } from '../../models/ops/drift.ts';
import { rejects as rejectsTable } from '../../models/ops/rejects.ts';
import { events } from '../../models/staging/events.ts';
import { songs } from '../../models/staging/songs.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { targets } from '../file-kinds.ts';
import type { FilePlan } from '../plan/file-plan.ts';

/** The tables that a load writes to before its transaction. */
export const unfinishedTables: readonly Table[] = [events, songs, rejectsTable];

/**
 * Takes out what a load brought that did not commit: contents whose numbers were never given away. What the manifest
 * knows is never taken out, whatever number was restored by hand.
 */
export async function discardUnfinished(
  warehouse: Pick<Warehouse, 'rows' | 'run' | 'dialect'>,
): Promise<void> {
  if (!warehouse.dialect.stagesBeforeTransaction) return;
  const [row] = await warehouse.rows({
    name: 'recover: the next file id',
    sql: 'select next_file_id from ops.warehouse',
  });
  const isNew = `file_id >= ${Number(row?.next_file_id)}`;
  for (const table of unfinishedTables) {
    await warehouse.run({
      name: `recover: discard unfinished rows of ${qualifiedName(table)}`,
      sql: `delete from ${qualifiedName(table)} where ${isNew} and file_id not in (select file_id from ops.files where ${isNew})`,
    });
  }
}

/** Takes out the contents that no name has any more. */
export async function removeContents(plan: FilePlan, warehouse: Warehouse): Promise<void> {
  if (plan.removedFileIds.length === 0) return;
  const ids = plan.removedFileIds.join(', ');
  const { staging, repeated } = targets[plan.kind];
  for (const table of [staging, repeated, rejectsTable, driftTable]) {
    await warehouse.run({
      name: `stage: remove contents that went from ${qualifiedName(table)}`,
      sql: `delete from ${qualifiedName(table)} where file_id in (${ids})`,
    });
  }
}
