import type { FileSummary } from '../../reading/read-file.ts';
import type { Balance } from '../balance.ts';
import type { FilePlan } from '../plan/file-plan.ts';

/** What reading came to, by file id: that of a file, or of the read unit that holds several. */
export type Summaries = ReadonlyMap<number, FileSummary>;

/** Contents that are in staging under ids that the manifest does not know yet. */
export interface StagedFiles {
  readonly plan: FilePlan;
  readonly summaries: Summaries;
  readonly bytes: number;
  /** Sums over the files. */
  readonly balance: Balance;
}
