import { LoadError } from '../../errors.ts';
import { rejects as rejectsTable } from '../../models/ops/rejects.ts';
import type { FileSummary } from '../../reading/read-file.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { targets } from '../file-kinds.ts';
import type { FilePlan } from '../plan/file-plan.ts';

/** lines = staged + rejected + blank for every file, staged as the warehouse counts it. */
export async function checkBalance(
  plan: FilePlan,
  summaries: ReadonlyMap<number, FileSummary>,
  warehouse: Warehouse,
): Promise<void> {
  const [first, last] = [plan.load[0]?.fileId, plan.load.at(-1)?.fileId];
  if (first === undefined || last === undefined) return;
  const count = async (table: Table): Promise<Map<number, number>> => {
    const rows = await warehouse.rows({
      name: `stage: rows by file in ${qualifiedName(table)}`,
      sql: `select file_id, count(*) as records from ${qualifiedName(table)}
       where file_id between ${first} and ${last} group by file_id`,
    });
    return new Map(rows.map((row) => [Number(row.file_id), Number(row.records)]));
  };
  const staged = await count(targets[plan.kind].staging);
  const rejected = await count(rejectsTable);
  for (const file of plan.load) {
    const { lines = -1, blank = 0 } = summaries.get(file.fileId) ?? {};
    const inStaging = staged.get(file.fileId) ?? 0;
    const inRejects = rejected.get(file.fileId) ?? 0;
    if (lines === inStaging + inRejects + blank) continue;
    throw new LoadError(
      `${file.survey.file.path} does not balance: ${lines} lines, but ${inStaging} staged + ${inRejects} rejected + ${blank} blank.`,
      { hint: 'Nothing was committed. This is a fault in sparkify: please report it with the file.' },
    );
  }
}
