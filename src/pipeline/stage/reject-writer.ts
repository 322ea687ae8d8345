import { rejects as rejectsTable } from '../../models/ops/rejects.ts';
import type { Reject } from '../../reading/reject.ts';
import type { FileKind } from '../file-kinds.ts';
import type { StageContext } from '../load-context.ts';
import type { FileToLoad } from '../plan/file-plan.ts';

export interface RejectWriter {
  write(rejects: readonly Reject[]): Promise<void>;
}

/** Writes a file's rejects, which come in the order of their lines; those of one line are numbered, in however many portions they come. */
export function rejectWriter(
  { fileId, survey }: FileToLoad,
  kind: FileKind,
  { warehouse, run }: StageContext,
): RejectWriter {
  const last = { line: 0, nth: 0 };
  return {
    async write(rejects) {
      const rows = rejects.map((reject) => {
        last.nth = reject.line === last.line ? last.nth + 1 : 1;
        last.line = reject.line;
        return {
          ...reject,
          reject_id: `${fileId}:${reject.line}${last.nth > 1 ? `.${last.nth}` : ''}`,
          file_id: fileId,
          kind,
          path: survey.file.path,
          run_id: run.id,
          rejected_at: run.startedAt,
        };
      });
      await warehouse.append(rejectsTable, rows);
    },
  };
}
