import { CommittedError } from '../errors.ts';
import type { Table } from '../schema/table.ts';
import { alsoHeardBy, type Observer, tellingFailure } from '../telemetry/observer.ts';
import { phaseTimer } from '../telemetry/phases.ts';
import type { Warehouse } from '../warehouses/warehouse.ts';
import { commitChange } from './change.ts';
import { publishCommitted } from './check/guards.ts';
import { assertFewRejects } from './check/reject-limit.ts';
import { withRetries } from './commit.ts';
import type { FileKind } from './file-kinds.ts';
import { loadChange, type Standing } from './load-change.ts';
import type { ChangeContext, StageContext } from './load-context.ts';
import type { LoadOptions } from './load-options.ts';
import { noDamage } from './plan/damage.ts';
import { type FilePlan, isEmpty } from './plan/file-plan.ts';
import { type LoadPlans, planLoad } from './plan/load-plans.ts';
import { type PassedOver, passedOver } from './plan/passed-over.ts';
import type { LoadSummary } from './record/load-summary.ts';
import { renewFingerprints } from './record/manifest.ts';
import { newRun } from './record/run.ts';
import { countFiles, summariseUnchanged, timed } from './record/summarise.ts';
import { lastSummary, totalsOf } from './record/totals.ts';
import { assertStagingKept, findDamage } from './repair/damage.ts';
import { ensureTables } from './setup/setup.ts';
import type { Upgrade } from './setup/upgrade.ts';
import { prepareUnits } from './stage/by-engine.ts';
import { stageFiles } from './stage/stage.ts';
import type { StagedFiles } from './stage/staged-files.ts';
import { discardUnfinished } from './stage/staged-rows.ts';

/** The whole load: plan, stage, change, publish. The warehouse has been recovered (see setup.ts). */
export function load(warehouse: Warehouse, options: LoadOptions, observer: Observer): Promise<LoadSummary> {
  return tellingFailure(observer, () => loadUntilDone(warehouse, options, observer));
}

async function loadUntilDone(
  warehouse: Warehouse,
  options: LoadOptions,
  observer: Observer,
): Promise<LoadSummary> {
  const without = passedOver(observer);
  // What an attempt did to the tables has committed, whatever becomes of it.
  let done: Upgrade = { upgraded: null, remade: [] };
  let lost: readonly Table[] = [];
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withRetries(warehouse, observer, async () => {
        const { upgraded, remade, refilled } = await ensureTables(warehouse, observer, {
          refills: options.fullRefresh,
        });
        if (upgraded !== null || remade.length > 0) done = { upgraded, remade };
        lost = [...lost, ...refilled];
        return await loadOnce(warehouse, options, observer, { passedOver: without, done, lost });
      });
    } catch (error) {
      if (error instanceof CommittedError) throw error;
      // After a signal the next opening of the warehouse takes them out.
      observer.signal.throwIfAborted();
      await discardUnfinished(warehouse).catch(() => {});
      if (!without.mayGoOn(error)) throw error;
      observer.emit({ type: 'retrying', attempt, message: (error as Error).message });
    }
  }
}

/** Lists the sources and compares them with the manifest; changes nothing. */
export async function plan(
  warehouse: Pick<Warehouse, 'rows' | 'dialect' | 'engineReads'> | null,
  options: LoadOptions,
  observer: Observer,
): Promise<readonly FilePlan[]> {
  const damage = warehouse !== null && options.fullRefresh ? await findDamage(warehouse, []) : noDamage;
  const once = { passedOver: passedOver(observer, 1), damage };
  const { plans } = await planLoad(warehouse, options, observer, once);
  tellOfPlans(plans, observer);
  return plans;
}

/** How an attempt goes, after what happened to those before it. */
interface Attempt {
  readonly passedOver: PassedOver;
  /** What was done to the tables, which has committed. */
  readonly done: Upgrade;
  /** Tables that were gone and stand empty, to be filled by this load. */
  readonly lost: readonly Table[];
}

/** What is to be loaded, kind by kind. */
function tellOfPlans(plans: readonly FilePlan[], { emit }: Observer): void {
  for (const filePlan of plans) {
    const files = countFiles([filePlan]);
    emit({
      type: 'planned',
      kind: filePlan.kind,
      newFiles: files.new,
      changedFiles: files.changed,
      unchangedFiles: files.unchanged,
      duplicateFiles: files.duplicate,
      movedFiles: files.moved,
      vanishedFiles: files.vanished,
      skippedFiles: files.skipped,
      unreadableFiles: files.unreadable,
      bytes: filePlan.load.reduce((sum, { survey }) => sum + survey.file.bytes, 0),
    });
  }
}

async function loadOnce(
  warehouse: Warehouse,
  options: LoadOptions,
  outer: Observer,
  attempt: Attempt,
): Promise<LoadSummary> {
  const run = newRun(options.nowMs());
  const { hear, seconds } = phaseTimer(options.nowMs);
  const observer = alsoHeardBy(hear, outer);
  const context: ChangeContext = { warehouse, run, observer, phases: seconds };
  observer.emit({ type: 'started', runId: run.id, command: options.command, warehouse: warehouse.name });
  // Rows under ids of files to come; where staging is part of the transaction, they are found as strays.
  if (options.fullRefresh) await discardUnfinished(warehouse);
  const damage = options.fullRefresh ? await findDamage(warehouse, attempt.lost) : noDamage;
  const known = { passedOver: attempt.passedOver, damage };
  const plans = await planLoad(warehouse, options, observer, known);
  tellOfPlans(plans.plans, observer);
  if (plans.plans.every(isEmpty) && !options.fullRefresh && !plans.rematch)
    return leaveUnchanged(plans, options, context, attempt.done);
  const standing = await readStanding(warehouse, options);
  for (const filePlan of plans.plans) {
    const isPrepared = await prepareUnits(filePlan, stageContext(filePlan.kind, plans, context));
    if (isPrepared) observer.emit({ type: 'copied', kind: filePlan.kind });
  }
  const stage = () => stageAll(plans, options, context);
  // DuckDB reads its own uncommitted rows slowly: there they come before the transaction.
  const stagedBefore = warehouse.dialect.stagesBeforeTransaction ? await stage() : null;
  const change = loadChange({ plans, standing, options, stagedBefore, stage }, context);
  const report = await commitChange(change, context);
  const finished = (): LoadSummary => ({
    ...report,
    ...attempt.done,
    ...timed(report, options.nowMs(), context),
  });
  await publishCommitted(warehouse, observer, finished);
  return finished();
}

/** Nothing is to be loaded: what the manifest keeps of touched files is renewed, no more. */
async function leaveUnchanged(
  { plans }: LoadPlans,
  { nowMs }: LoadOptions,
  context: ChangeContext,
  done: Upgrade,
): Promise<LoadSummary> {
  const { warehouse } = context;
  await warehouse.transaction(async () => {
    for (const filePlan of plans) await renewFingerprints(filePlan, warehouse);
  });
  const unchanged = await summariseUnchanged(warehouse, plans);
  const report = { ...unchanged, ...done, ...timed(unchanged, nowMs(), context) };
  await publishCommitted(warehouse, context.observer, () => report, 'Nothing is new');
  return report;
}

async function readStanding(warehouse: Warehouse, { fullRefresh }: LoadOptions): Promise<Standing> {
  const isEmptyTable = async (name: string): Promise<boolean> =>
    (
      await warehouse.rows({
        name: `load: whether ${name} is empty`,
        sql: `select file_id from ${name} limit 1`,
      })
    ).length === 0;
  const cold = { log: await isEmptyTable('staging.events'), song: await isEmptyTable('staging.songs') };
  if (!fullRefresh) await assertStagingKept(cold, warehouse);
  const last = await lastSummary(warehouse);
  return { cold, totals: totalsOf(last), keptDrift: last.keptDrift };
}

async function stageAll(
  plans: LoadPlans,
  { maxRejects }: LoadOptions,
  context: ChangeContext,
): Promise<readonly StagedFiles[]> {
  const staged: StagedFiles[] = [];
  for (const filePlan of plans.plans) {
    const found = await stageFiles(filePlan, stageContext(filePlan.kind, plans, context));
    staged.push(found);
    tellOfStaged(found, context.observer);
  }
  await assertFewRejects(staged, maxRejects, context);
  return staged;
}

function tellOfStaged(
  { plan: { kind, load: files }, bytes, balance }: StagedFiles,
  { emit }: Observer,
): void {
  const { lines, staged: stagedRecords, rejected: rejectedRecords, blank: blankLines } = balance;
  const counts = { files: files.length, bytes, lines, stagedRecords, rejectedRecords, blankLines };
  emit({ type: 'staged', kind, ...counts });
}

function stageContext(kind: FileKind, { sources, fileIds }: LoadPlans, context: ChangeContext): StageContext {
  const source = sources[kind];
  if (source === null) throw new Error(`A plan of ${kind} files came from no source.`);
  return { ...context, source, fileIds };
}
