import type { FileSummary } from '../../reading/read-file.ts';
import type { Balance } from '../balance.ts';
import type { FilePlan } from '../plan/file-plan.ts';

/** Contents that stand in staging under ids that the manifest does not know yet. */
export interface Brought {
  readonly plan: FilePlan;
  readonly summaries: ReadonlyMap<number, FileSummary>;
  readonly bytes: number;
  /** Sums over the files. */
  readonly balance: Balance;
}
