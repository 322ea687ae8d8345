import { allTables } from '../models/book.ts';
import { type BuildScope, build } from './build/build.ts';
import { deduplicate, type Repeats } from './build/repeats.ts';
import { startTouched } from './build/touched.ts';
import { loadChecks } from './check/check.ts';
import { assertChecks } from './check/guards.ts';
import { commitOnce } from './commit.ts';
import type { FileKind } from './file-kinds.ts';
import type { ChangeContext } from './load-context.ts';
import type { Changed } from './record/changed.ts';
import { type RunRecord, recordRun } from './record/run.ts';

/** What a change does to the records of one kind. */
interface StagingChange {
  readonly kind: FileKind;
  /** Every key may be contested, as after a first load; else only those of the contents that were touched. */
  readonly isWhole: boolean;
  /** Changes staging, manifest and rejects, and touches every content that comes or goes. */
  apply(): Promise<void>;
}

/** One change of the warehouse: of its staging, and of all that follows from it. */
export interface Change<Result> {
  /** Changes staging by kind, in this order; within the transaction. */
  staging(): Promise<readonly StagingChange[]>;
  /** What is to be built, once staging has changed. */
  scope(): Promise<BuildScope>;
  /** Whether every content is checked, not only those that were touched. */
  readonly checksEveryContent: boolean;
  /** What the run's row keeps, and what the caller gets. */
  sumUp(
    changed: Changed,
    scope: BuildScope,
  ): Promise<{ readonly record: RunRecord; readonly result: Result }>;
}

/**
 * Makes a change in one transaction, all or nothing: change staging, deduplicate, build the star, check it, record the run,
 * commit. LoadError where a check fails that must hold.
 */
export function commitChange<Result>(change: Change<Result>, context: ChangeContext): Promise<Result> {
  const { observer, run, warehouse } = context;
  return commitOnce(
    context,
    async () => {
      const repeats: Record<FileKind, Repeats> = {
        log: { duplicates: 0, conflicts: 0 },
        song: { duplicates: 0, conflicts: 0 },
      };
      const steps = await change.staging();
      await startTouched(warehouse);
      for (const { kind, isWhole, apply } of steps) {
        await apply();
        observer.signal.throwIfAborted();
        repeats[kind] = await deduplicate(kind, isWhole, warehouse);
        observer.emit({ type: 'deduplicated', kind, ...repeats[kind] });
      }
      const scope = await change.scope();
      const built = await build(scope, warehouse, observer);
      const toCheck = loadChecks(built.scopes, { ofEveryContent: change.checksEveryContent });
      const checks = await assertChecks(toCheck, warehouse, observer);
      const { record, result } = await change.sumUp({ repeats, built, checks }, scope);
      await recordRun(warehouse, run, record);
      observer.emit({ type: 'recorded' });
      return result;
    },
    allTables,
  );
}
