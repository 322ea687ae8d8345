import { randomBytes } from 'node:crypto';
import { CleanReadFailed, CommittedError } from '../errors.ts';
import { allTables } from '../models/book.ts';
import { qualifiedName, type Table } from '../schema/table.ts';
import { listAll } from '../sources/several.ts';
import type { Listing, Source } from '../sources/source.ts';
import type { Observer } from '../telemetry/observer.ts';
import type { Warehouse } from '../warehouses/warehouse.ts';
import { type BuildScope, build } from './build/build.ts';
import type { MatchOn } from './build/match.ts';
import { type Repeats, settleRepeats } from './build/repeats.ts';
import { startTouched, touchContents } from './build/touched.ts';
import { loadChecks } from './check/check.ts';
import { assertChecks, publishCommitted } from './check/guards.ts';
import { assertFewRejects, type RejectLimit } from './check/reject-limit.ts';
import { commitOnce, withAttempts } from './commit.ts';
import { type FileKind, targets } from './file-kinds.ts';
import type { Run, StageContext } from './load-context.ts';
import { type PhaseClock, phaseClock } from './phase-clock.ts';
import { type FilePlan, isEmpty } from './plan/file-plan.ts';
import { knownFiles } from './plan/manifest-reader.ts';
import { type PassedOver, passedOver } from './plan/passed-over.ts';
import { planFiles } from './plan/plan.ts';
import type { LoadReport } from './record/load-summary.ts';
import { recordContents, renewFingerprints } from './record/manifest.ts';
import { recordRun } from './record/run.ts';
import { committedReport, type Loaded, unchangedReport } from './record/summarise.ts';
import { lastReport, type Totals, totalsOf } from './record/totals.ts';
import {
  assertSourceGiven,
  assertStagingKept,
  type Damage,
  findDamage,
  noDamage,
  removeStrays,
  tellOfDrift,
} from './repair/damage.ts';
import { restoreIds } from './repair/restore-ids.ts';
import { ensureTables } from './setup/setup.ts';
import type { Upgrade } from './setup/upgrade.ts';
import { copyByEngine } from './stage/by-objects.ts';
import { countDrift, driftWith, type KeptDrift } from './stage/drift.ts';
import { bringContents } from './stage/stage.ts';
import type { Brought } from './stage/staged.ts';
import { discardUnfinished, removeContents } from './stage/staged-rows.ts';

export interface LoadOptions {
  readonly command: string;
  readonly logs: Source | null;
  readonly songs: Source | null;
  readonly fullRefresh: boolean;
  /** Null keeps what the warehouse was matched on before. */
  readonly matchOn: MatchOn | null;
  readonly maxRejects: RejectLimit;
  readonly nowMs: () => number;
}

/** What stood in the warehouse before, and what the sources ask for now. */
interface Plans {
  readonly plans: readonly FilePlan[];
  /** Looked for in a full refresh alone. */
  readonly damage: Damage;
  /** The first id that no content had before. */
  readonly firstFileId: number;
  readonly sources: Readonly<Record<FileKind, Source | null>>;
  readonly matchOn: MatchOn;
  /** The plays in the star were matched on something else. */
  readonly rematch: boolean;
}

/** The whole load: plan, stage, build, check, commit, publish. The warehouse has been recovered (see setup.ts). */
export async function load(
  warehouse: Warehouse,
  options: LoadOptions,
  observer: Observer,
): Promise<LoadReport> {
  let useCleanReader = true;
  const without = passedOver(observer);
  // What an attempt did to the tables has committed, whatever becomes of it.
  let done: Upgrade = { upgraded: null, remade: [] };
  let lost: readonly Table[] = [];
  for (;;) {
    try {
      return await withAttempts(warehouse, observer, async () => {
        const { upgraded, remade, refilled } = await ensureTables(warehouse, observer, {
          refills: options.fullRefresh,
        });
        if (upgraded !== null || remade.length > 0) done = { upgraded, remade };
        lost = [...lost, ...refilled];
        return await loadOnce(warehouse, options, observer, { useCleanReader, without, done, lost });
      });
    } catch (error) {
      if (error instanceof CommittedError) throw error;
      if (warehouse.bringsApart) await discardUnfinished(warehouse).catch(() => {});
      if (error instanceof CleanReadFailed && useCleanReader) {
        useCleanReader = false;
        observer.note(`The fast reader gave up (${error.message}); reading line by line.`);
      } else if (!without.mayGoOn(error)) throw error;
    }
  }
}

/** Lists the sources and compares them with the manifest; changes nothing. */
export async function plan(
  warehouse: Pick<Warehouse, 'rows' | 'objects'> | null,
  options: LoadOptions,
  observer: Observer,
): Promise<readonly FilePlan[]> {
  return (await makePlans(warehouse, options, observer, { without: passedOver(observer, 1), lost: [] }))
    .plans;
}

/** How an attempt goes, after what happened to those before it. */
interface Attempt {
  readonly useCleanReader: boolean;
  readonly without: PassedOver;
  /** What was done to the tables, which has committed. */
  readonly done: Upgrade;
  /** Tables that were gone and stand empty, to be filled by this load. */
  readonly lost: readonly Table[];
}

async function loadOnce(
  warehouse: Warehouse,
  options: LoadOptions,
  observer: Observer,
  attempt: Attempt,
): Promise<LoadReport> {
  const { useCleanReader, done } = attempt;
  const began = options.nowMs();
  const clock = phaseClock(options.nowMs);
  const run: Run = {
    id: `${new Date(began).toISOString()}-${randomBytes(3).toString('hex')}`,
    startedAt: new Date(began),
  };
  // Rows under ids of files to come; where staging is part of the transaction, they are found as strays.
  if (options.fullRefresh && warehouse.bringsApart) await discardUnfinished(warehouse);
  const plans = await makePlans(warehouse, options, observer, attempt);
  clock.lap('plan');
  if (plans.plans.every(isEmpty) && !options.fullRefresh && !plans.rematch) {
    await warehouse.transaction(async () => {
      for (const filePlan of plans.plans) await renewFingerprints(filePlan, warehouse);
    });
    const seconds = (options.nowMs() - began) / 1000;
    const unchanged = await unchangedReport(warehouse, plans.plans, seconds, clock.phases);
    const report = { ...unchanged, ...done };
    await publishCommitted(warehouse, () => report, 'Nothing is new');
    return report;
  }
  const progress: Progress = { run, observer, useCleanReader, clock };
  const cold = await isCold(warehouse);
  if (!options.fullRefresh) await assertStagingKept(cold, warehouse);
  const last = await lastReport(warehouse);
  const before = totalsOf(last);
  const bring = async (): Promise<readonly Brought[]> => {
    const brought = await bringAll(warehouse, plans, progress);
    await assertFewRejects(brought, options.maxRejects, run, warehouse);
    return brought;
  };
  for (const filePlan of plans.plans) {
    if (!filePlan.byEngine) continue;
    await copyByEngine(filePlan, contextOf(filePlan.kind, warehouse, plans, progress));
    clock.lap(`copy ${filePlan.kind}s`);
  }
  const apart = warehouse.bringsApart ? await bring() : null;
  const report = await commitOnce(
    warehouse,
    run.id,
    async () => {
      if (plans.damage.fileIds.size > 0 || plans.damage.hasDriftLost)
        await removeStrays(warehouse, apart === null ? null : plans.firstFileId, observer);
      const brought = apart ?? (await bring());
      const driftBefore = options.fullRefresh ? null : (last.keptDrift ?? null);
      const { keptDrift, ...loaded } = await buildOn(warehouse, plans, brought, {
        cold,
        before,
        driftBefore,
        options,
        progress,
      });
      if (plans.damage.hasDriftLost) tellOfDrift(plans.plans, last.keptDrift, keptDrift, observer);
      const toCheck = loadChecks(loaded.built.scopes, { ofEveryContent: options.fullRefresh });
      const checks = await assertChecks(toCheck, warehouse, observer);
      for (const table of allTables) await warehouse.settle?.(table);
      clock.lap('check');
      const made = await committedReport(warehouse, plans.plans, loaded, checks, run, {
        fullRefresh: options.fullRefresh,
        rematched: plans.rematch,
        before,
      });
      const durationSeconds = (options.nowMs() - began) / 1000;
      const whole = {
        ...made,
        durationSeconds,
        eventsPerSecond: rate(made.events.lines, durationSeconds),
        phases: clock.phases,
      };
      await recordRun(warehouse, {
        ...run,
        command: options.command,
        nowMs: options.nowMs(),
        filesLoaded: whole.files.new + whole.files.changed,
        eventsStaged: whole.events.staged,
        songsStaged: whole.songs.staged,
        rejected: whole.events.rejected + whole.songs.rejected,
        songplaysRows: whole.tables.songplays.rows,
        matchOn: plans.matchOn,
        // A rehearsal's sums are not real: the next load must not go on from them.
        report: warehouse.rehearses ? {} : { ...whole, keptDrift },
      });
      clock.lap('report');
      observer.committing();
      return whole;
    },
    allTables,
  );
  clock.lap('commit');
  const finished = (): LoadReport => {
    const durationSeconds = (options.nowMs() - began) / 1000;
    const eventsPerSecond = rate(report.events.lines, durationSeconds);
    return { ...report, ...done, durationSeconds, eventsPerSecond, phases: clock.phases };
  };
  await publishCommitted(warehouse, finished);
  clock.lap('publish');
  return finished();
}

async function makePlans(
  warehouse: Pick<Warehouse, 'rows' | 'objects'> | null,
  options: LoadOptions,
  observer: Observer,
  { without, lost }: Pick<Attempt, 'without' | 'lost'>,
): Promise<Plans> {
  const [state] =
    warehouse === null
      ? []
      : await warehouse.rows(
          'select match_on, next_file_id, (select coalesce(max(file_id), 0) from ops.files) as last_file_id from ops.warehouse',
        );
  // The manifest has the last word: a number that somebody restored by hand must not be given twice.
  const firstFileId = Math.max(Number(state?.next_file_id ?? 1), Number(state?.last_file_id ?? 0) + 1);
  let nextFileId = firstFileId;
  const damage = warehouse !== null && options.fullRefresh ? await findDamage(warehouse, lost) : noDamage;
  const plans: FilePlan[] = [];
  const sources: { kind: FileKind; source: Source }[] = [];
  for (const [kind, source] of [
    ['song', options.songs],
    ['log', options.logs],
  ] as const) {
    if (source === null) await assertSourceGiven(kind, damage, warehouse);
    else sources.push({ kind, source });
  }
  const listings = await listAll(
    sources.map(({ kind, source }) => async () => {
      observer.step(`${kind}s`, null, 'files');
      return source.list(observer.advance);
    }),
  );
  for (const [at, { kind, source }] of sources.entries()) {
    const listing = listings[at] as Listing;
    const known = knownFiles(kind, warehouse);
    const table = targets[kind].staging;
    const byEngine =
      !source.isLocal && (warehouse?.objects?.suits(listing.files.length, bytesOf(listing)) ?? false);
    const distrust = options.fullRefresh;
    const made = await planFiles(
      { kind, table, source, listing, known, nextFileId, distrust, damage, byEngine, passedOver: without },
      observer,
    );
    nextFileId = made.nextFileId;
    plans.push(made);
  }
  const matchedOn = (state?.match_on ?? 'title, artist, duration') as MatchOn;
  return {
    plans,
    damage,
    firstFileId,
    sources: { log: options.logs, song: options.songs },
    matchOn: options.matchOn ?? matchedOn,
    rematch: options.matchOn !== null && options.matchOn !== matchedOn,
  };
}

interface Progress {
  readonly run: Run;
  readonly observer: Observer;
  readonly useCleanReader: boolean;
  readonly clock: PhaseClock;
}

/** Whether staging held nothing of a kind before this load. */
type Cold = Readonly<Record<FileKind, boolean>>;

async function isCold(warehouse: Warehouse): Promise<Cold> {
  const isEmpty = async (name: string): Promise<boolean> =>
    (await warehouse.rows(`select file_id from ${name} limit 1`)).length === 0;
  return { log: await isEmpty('staging.events'), song: await isEmpty('staging.songs') };
}

function contextOf(kind: FileKind, warehouse: Warehouse, plans: Plans, progress: Progress): StageContext {
  const source = plans.sources[kind];
  if (source === null) throw new Error(`A plan of ${kind} files came from no source.`);
  return { warehouse, source, ...progress };
}

async function bringAll(warehouse: Warehouse, plans: Plans, progress: Progress): Promise<readonly Brought[]> {
  const brought: Brought[] = [];
  for (const filePlan of plans.plans) {
    brought.push(await bringContents(filePlan, contextOf(filePlan.kind, warehouse, plans, progress)));
    progress.clock.lap(`stage ${filePlan.kind}s`);
  }
  return brought;
}

/** What a build goes on from. */
interface Basis {
  readonly cold: Cold;
  readonly before: Totals | null;
  /** Null counts it. */
  readonly driftBefore: KeptDrift | null;
  readonly options: LoadOptions;
  readonly progress: Progress;
}

/** Manifest, repeats and star, all in one transaction. */
async function buildOn(
  warehouse: Warehouse,
  plans: Plans,
  staged: readonly Brought[],
  { cold, before, driftBefore, options, progress }: Basis,
): Promise<Loaded & { readonly keptDrift: KeptDrift }> {
  await startTouched(warehouse);
  const repeats: Record<FileKind, Repeats> = {
    log: { duplicates: 0, conflicts: 0 },
    song: { duplicates: 0, conflicts: 0 },
  };
  const brought: Brought[] = [];
  let keptDrift = driftBefore;
  for (const found of staged) {
    const { kind, removedFileIds, load: files } = found.plan;
    if (!cold[kind])
      await touchContents(kind, [...removedFileIds, ...files.map((file) => file.fileId)], warehouse);
    if (keptDrift !== null) keptDrift = await driftWith(keptDrift, found, warehouse);
    await removeContents(found.plan, warehouse);
    const one = await restoreIds(found, warehouse);
    brought.push(one);
    await recordContents(one, contextOf(kind, warehouse, plans, progress));
    await warehouse.analyze?.(qualifiedName(targets[kind].staging), one.balance.staged);
    repeats[kind] = await settleRepeats(kind, cold[kind] || options.fullRefresh, warehouse);
  }
  progress.clock.lap('repeats');
  const rebuildAll = options.fullRefresh || plans.rematch;
  const scope: BuildScope = {
    allEvents: rebuildAll || cold.log,
    allSongs: rebuildAll || cold.song,
    matchOn: plans.matchOn,
    rowsBefore: before?.rows ?? {},
  };
  const built = await build(scope, warehouse, progress.observer);
  if (plans.rematch) await warehouse.run('update ops.warehouse set match_on = $1', [plans.matchOn]);
  progress.clock.lap('build');
  return { brought, repeats, built, keptDrift: keptDrift ?? (await countDrift(warehouse)) };
}

function bytesOf({ files }: Listing): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function rate(events: number, seconds: number): number | null {
  return events === 0 || seconds <= 0 ? null : Math.round(events / seconds);
}
