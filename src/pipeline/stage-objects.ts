import { SourceChangedError } from '../errors.ts';
import { rejects as rejectsTable } from '../models/ops/rejects.ts';
import type { FileSummary } from '../reading/read-file.ts';
import type { Source } from '../sources/source.ts';
import type { FilePlan, FileToLoad } from './plan.ts';
import type { StageContext } from './stage.ts';
import { targets } from './targets.ts';

/** Lets the engine read the objects of a plan, batch by batch; every summary is that of a whole batch. */
export async function readByEngine(
  plan: FilePlan,
  summaries: Map<number, FileSummary>,
  { warehouse, source, run, observer, mostErrors }: StageContext,
): Promise<void> {
  const batches = new Map<number, FileToLoad[]>();
  for (const file of plan.load) batches.set(file.fileId, [...(batches.get(file.fileId) ?? []), file]);
  for (const [fileId, files] of batches) {
    const filled = files.filter(({ survey }) => survey.file.bytes > 0);
    const found =
      filled.length === 0
        ? { staged: 0, rejected: 0, drift: [] }
        : await warehouse.objects?.read({
            fileId,
            kind: plan.kind,
            table: targets[plan.kind].staging,
            rejects: rejectsTable,
            objects: filled.map(({ survey }) => survey.file),
            compression: filled[0]?.survey.compression ?? 'none',
            runId: run.id,
            startedAt: run.startedAt,
            mostErrors,
          });
    if (found === undefined) throw new Error('The engine cannot read objects.');
    await assertAllSame(filled, source);
    const { staged, rejected, drift } = found;
    summaries.set(fileId, { lines: staged + rejected, staged, rejected, blank: 0, drift: [...drift] });
    observer.advance(files.reduce((sum, { survey }) => sum + survey.file.bytes, 0));
  }
}

async function assertAllSame(files: readonly FileToLoad[], source: Source): Promise<void> {
  const left = [...files];
  const lane = async (): Promise<void> => {
    for (let file = left.pop(); file !== undefined; file = left.pop()) await assertSame(file, source);
  };
  await Promise.all(Array.from({ length: source.smallAtOnce }, lane));
}

/** The engine read the file after the survey: it must still be what was surveyed. */
export async function assertSame(file: FileToLoad, source: Source): Promise<void> {
  const now = await source.relist(file.survey.file);
  if (now?.fingerprint !== file.survey.file.fingerprint) throw changedUnderneath(file);
}

export function changedUnderneath(file: FileToLoad): SourceChangedError {
  return new SourceChangedError(`${file.survey.file.path} changed while it was being read.`, {
    hint: 'Run again when it is written to its end.',
  });
}
