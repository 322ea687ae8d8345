import { drift as driftTable } from '../../models/ops/drift.ts';
import { files as filesTable } from '../../models/ops/files.ts';
import { readSql } from '../../models/sql-file.ts';
import type { FileSummary } from '../../reading/read-file.ts';
import { bindModel, placeholders } from '../../warehouses/sql.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import type { FileIds } from '../file-ids.ts';
import type { FileKind } from '../file-kinds.ts';
import type { ChangeContext } from '../load-context.ts';
import type { FilePlan, FileToLoad } from '../plan/file-plan.ts';
import type { StagedFiles } from '../stage/staged-files.ts';

const PATHS_PER_STATEMENT = 500;

/** Writes what was staged into the manifest, and its drift. */
export async function recordContents(
  { plan, summaries }: StagedFiles,
  fileIds: FileIds,
  { warehouse, run }: ChangeContext,
): Promise<void> {
  const balanceOf = await knownBalances(plan, summaries, warehouse);
  const changed = [...plan.load, ...plan.duplicates].filter(({ why }) => why !== 'new');
  await forgetPaths(
    warehouse,
    plan.kind,
    changed.map((file) => file.survey.file.path),
  );
  await forgetPaths(warehouse, plan.kind, plan.moved);
  const rowOf = (file: Pick<FileToLoad, 'fileId' | 'survey'>, duplicate: boolean) => ({
    kind: plan.kind,
    path: file.survey.file.path,
    file_id: file.fileId,
    sha256: file.survey.sha256,
    bytes: file.survey.file.bytes,
    fingerprint: file.survey.file.isStable ? file.survey.file.fingerprint : null,
    ...balanceOf(file.fileId),
    duplicate,
    run_id: run.id,
    loaded_at: run.startedAt,
  });
  await warehouse.append(filesTable, [
    ...plan.load.map((file) => rowOf(file, false)),
    ...plan.duplicates.map((file) => rowOf(file, file.of !== null)),
  ]);
  await warehouse.append(
    driftTable,
    [...summaries].flatMap(([file_id, { drift }]) => drift.map((count) => ({ file_id, ...count }))),
  );
  await renewFingerprints(plan, warehouse);
  await promoteOrphans(plan.kind, warehouse);
  // Contents that got their ids back leave their new ones free.
  const restored = new Set(plan.restoredIds.values());
  if (plan.load.some(({ fileId }) => !restored.has(fileId)))
    await warehouse.run({
      name: 'manifest: the next file id',
      sql: `update ops.warehouse set next_file_id = ${fileIds.free}`,
    });
}

/** The balance of a content, whether it came now or before. */
async function knownBalances(
  plan: FilePlan,
  summaries: ReadonlyMap<number, FileSummary>,
  warehouse: Warehouse,
) {
  const before = new Map<number, { lines: number; staged: number; rejected: number; blank: number }>();
  const missing = plan.duplicates.map((file) => file.fileId).filter((id) => !summaries.has(id));
  if (missing.length > 0) {
    const rows = await warehouse.rows({
      name: 'manifest: balances of known contents',
      sql: bindModel(
        readSql('./manifest/known-balances.sql', import.meta.url),
        { known_ids: missing.join(', ') },
        warehouse.dialect,
      ),
    });
    for (const row of rows) {
      const { lines, staged, rejected, blank } = row;
      before.set(Number(row.file_id), {
        lines: Number(lines),
        staged: Number(staged),
        rejected: Number(rejected),
        blank: Number(blank),
      });
    }
  }
  return (fileId: number) => {
    const { lines, staged, rejected, blank } = summaries.get(fileId) ?? before.get(fileId) ?? NOTHING;
    return { lines, staged, rejected, blank };
  };
}

const NOTHING = { lines: 0, staged: 0, rejected: 0, blank: 0 };

async function forgetPaths(warehouse: Warehouse, kind: FileKind, paths: readonly string[]): Promise<void> {
  for (let start = 0; start < paths.length; start += PATHS_PER_STATEMENT) {
    const some = paths.slice(start, start + PATHS_PER_STATEMENT);
    await warehouse.run({
      name: 'manifest: forget names',
      sql: `delete from ops.files where kind = '${kind}' and path in (${placeholders(some.length)})`,
      parameters: some,
    });
  }
}

/** Files that were copied or touched, but did not change, need not be read the next time. */
export async function renewFingerprints({ kind, renewed }: FilePlan, warehouse: Warehouse): Promise<void> {
  for (let start = 0; start < renewed.length; start += PATHS_PER_STATEMENT) {
    const some = renewed.slice(start, start + PATHS_PER_STATEMENT);
    const cases = some.map((_, at) => `when $${at + 1} then $${some.length + at + 1}`);
    await warehouse.run({
      name: 'manifest: renew fingerprints',
      sql: `update ops.files set fingerprint = case path ${cases.join(' ')} end
       where kind = '${kind}' and path in (${placeholders(some.length)})`,
      parameters: [...some.map(({ path }) => path), ...some.map(({ fingerprint }) => fingerprint)],
    });
  }
}

async function promoteOrphans(kind: FileKind, warehouse: Warehouse): Promise<void> {
  await warehouse.run({
    name: 'manifest: next names become the first',
    sql: bindModel(readSql('./manifest/promote-orphans.sql', import.meta.url), {}, warehouse.dialect),
    parameters: [kind],
  });
}
