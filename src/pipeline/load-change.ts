import { qualifiedName } from '../schema/table.ts';
import { touchContents } from './build/touched.ts';
import type { Change } from './change.ts';
import { type FileKind, targets } from './file-kinds.ts';
import type { ChangeContext } from './load-context.ts';
import type { LoadOptions } from './load-options.ts';
import type { LoadPlans } from './plan/load-plans.ts';
import type { Changed } from './record/changed.ts';
import { recordContents } from './record/manifest.ts';
import { summariseLoad, type TimedSummary, timed } from './record/summarise.ts';
import type { Totals } from './record/totals.ts';
import { removeStrays, tellOfDrift } from './repair/damage.ts';
import { restoreIds } from './repair/restore-ids.ts';
import { countDrift, driftWith, type KeptDrift } from './stage/drift.ts';
import type { StagedFiles } from './stage/staged-files.ts';
import { removeContents } from './stage/staged-rows.ts';

/** What was in the warehouse before a load. */
export interface Standing {
  /** Whether staging held nothing of a kind. */
  readonly cold: Readonly<Record<FileKind, boolean>>;
  /** The star's sums, where the last run kept them. */
  readonly totals: Totals | null;
  readonly keptDrift: KeptDrift | undefined;
}

/** What a load is to change. */
interface LoadChangeInput {
  readonly plans: LoadPlans;
  readonly standing: Standing;
  readonly options: LoadOptions;
  /** What is in staging already; null where it is staged within the transaction. */
  readonly stagedBefore: readonly StagedFiles[] | null;
  stage(): Promise<readonly StagedFiles[]>;
}

/** The change that a load makes: contents come and go, and the manifest follows. */
export function loadChange(input: LoadChangeInput, context: ChangeContext): Change<TimedSummary> {
  const { plans, standing, options } = input;
  const { observer, warehouse } = context;
  const { cold } = standing;
  const staged: StagedFiles[] = [];
  // After a full refresh it is counted again.
  let keptDrift = options.fullRefresh ? null : (standing.keptDrift ?? null);

  async function replaceContents(found: StagedFiles): Promise<void> {
    const { kind, removedFileIds, load: files } = found.plan;
    if (!cold[kind])
      await touchContents(kind, [...removedFileIds, ...files.map((file) => file.fileId)], warehouse);
    if (keptDrift !== null) keptDrift = await driftWith(keptDrift, found, warehouse);
    await removeContents(found.plan, warehouse);
    const restored = await restoreIds(found, warehouse);
    staged.push(restored);
    await recordContents(restored, plans.fileIds, context);
    await warehouse.afterWrite?.(qualifiedName(targets[kind].staging), restored.balance.staged);
  }

  return {
    checksEveryContent: options.fullRefresh,
    async staging() {
      const { fileIds, hasDriftLost } = plans.damage;
      const firstNewId = input.stagedBefore === null ? null : plans.firstFileId;
      if (fileIds.size > 0 || hasDriftLost) await removeStrays(warehouse, firstNewId, observer);
      return (input.stagedBefore ?? (await input.stage())).map((found) => ({
        kind: found.plan.kind,
        isWhole: cold[found.plan.kind] || options.fullRefresh,
        apply: () => replaceContents(found),
      }));
    },
    async scope() {
      const rebuildAll = options.fullRefresh || plans.rematch;
      return {
        allEvents: rebuildAll || cold.log,
        allSongs: rebuildAll || cold.song,
        matchOn: plans.matchOn,
        rowsBefore: standing.totals?.rows ?? {},
      };
    },
    async sumUp(changed: Changed) {
      if (plans.rematch)
        await warehouse.run({
          name: 'record: what plays are matched on',
          sql: 'update ops.warehouse set match_on = $1',
          parameters: [plans.matchOn],
        });
      const drift = keptDrift ?? (await countDrift(warehouse));
      if (plans.damage.hasDriftLost) tellOfDrift(plans.plans, standing.keptDrift, drift, observer);
      const { fullRefresh, command, nowMs } = options;
      const loaded = { ...changed, plans, staged, fullRefresh, totalsBefore: standing.totals };
      const made = await summariseLoad(loaded, context);
      const result = { ...made, ...timed(made, nowMs(), context) };
      const record = {
        command,
        nowMs: nowMs(),
        filesLoaded: made.files.new + made.files.changed,
        eventsStaged: made.events.staged,
        songsStaged: made.songs.staged,
        rejected: made.events.rejected + made.songs.rejected,
        songplaysRows: made.tables.songplays.rows,
        matchOn: plans.matchOn,
        report: { ...result, keptDrift: drift },
      };
      return { record, result };
    },
  };
}
