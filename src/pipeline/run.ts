import { randomBytes } from 'node:crypto';
import { LoadError, SourceChangedError, WarehouseError } from '../errors.ts';
import { starTables } from '../models/book.ts';
import { runs } from '../models/ops/runs.ts';
import type { Listing, Source } from '../sources/source.ts';
import { version } from '../version.ts';
import type { SqlRow, Warehouse } from '../warehouses/warehouse.ts';
import { type BuildScope, type Built, build, type TableChange } from './build.ts';
import { type CheckResult, loadChecks, runChecks } from './check.ts';
import { matchReport } from './match.ts';
import type { Observer } from './observer.ts';
import { type FileKind, type FilePlan, isEmpty, type KnownFile, planFiles } from './plan.ts';
import type { Balance, DriftReport, LoadReport } from './report.ts';
import { ensureTables, type MatchOn, recover } from './setup.ts';
import {
  type Brought,
  bringContents,
  CleanReadFailed,
  discardUnfinished,
  type Run,
  recordContents,
  removeContents,
  type StageContext,
  targets,
} from './stage.ts';
import { type Repeats, settleRepeats, startTouched, touchContents } from './touched.ts';

/** A limit of refused records: a number of them, or a share of the load's records. */
interface RejectLimit {
  readonly share: number | null;
  readonly count: number | null;
}

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
  readonly sources: Readonly<Record<FileKind, Source | null>>;
  readonly matchOn: MatchOn;
  /** The plays in the star were matched on something else. */
  readonly rematch: boolean;
}

const TRIES = 3;
const NAMES_SHOWN = 20;
const NO_BALANCE: Balance = { lines: 0, staged: 0, rejected: 0, blank: 0 };

/** The whole load: plan, stage, build, check, commit, publish. */
export async function load(
  warehouse: Warehouse,
  options: LoadOptions,
  observer: Observer,
): Promise<LoadReport> {
  await ensureTables(warehouse);
  await recover(warehouse);
  let useCleanReader = true;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await loadOnce(warehouse, options, observer, useCleanReader);
    } catch (error) {
      await discardUnfinished(warehouse).catch(() => {});
      if (error instanceof CleanReadFailed && useCleanReader) {
        useCleanReader = false;
        observer.note(`The fast reader gave up (${error.message}); reading line by line.`);
      } else if (error instanceof SourceChangedError && attempt < TRIES) {
        observer.note(`${error.message} Planning again.`);
      } else throw error;
    }
  }
}

/** Lists the sources and compares them with the manifest; changes nothing. */
export async function plan(
  warehouse: Pick<Warehouse, 'rows'> | null,
  options: LoadOptions,
  observer: Observer,
): Promise<readonly FilePlan[]> {
  return (await makePlans(warehouse, options, observer)).plans;
}

async function loadOnce(
  warehouse: Warehouse,
  options: LoadOptions,
  observer: Observer,
  useCleanReader: boolean,
): Promise<LoadReport> {
  const began = options.nowMs();
  const clock = phaseClock(options.nowMs);
  const run: Run = {
    id: `${new Date(began).toISOString()}-${randomBytes(3).toString('hex')}`,
    startedAt: new Date(began),
  };
  const plans = await makePlans(warehouse, options, observer);
  clock.lap('plan');
  if (plans.plans.every(isEmpty) && !options.fullRefresh && !plans.rematch) {
    await warehouse.publish();
    return unchangedReport(warehouse, plans, (options.nowMs() - began) / 1000, clock.phases);
  }
  const progress: Progress = { run, observer, useCleanReader, clock };
  const cold = await isCold(warehouse);
  const brought = await bringAll(warehouse, plans, progress);
  assertFewRejects(brought, options.maxRejects);
  const report = await warehouse.transaction(async () => {
    const loaded = await buildOn(warehouse, plans, brought, cold, options, progress);
    const checks = await assertChecks(loaded.built, warehouse, observer);
    clock.lap('check');
    const made = await committedReport(warehouse, plans, loaded, checks, run, options);
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
      report: whole,
    });
    clock.lap('report');
    observer.committing();
    return whole;
  });
  clock.lap('commit');
  await publishCommitted(warehouse);
  clock.lap('publish');
  const durationSeconds = (options.nowMs() - began) / 1000;
  return {
    ...report,
    durationSeconds,
    eventsPerSecond: rate(report.events.lines, durationSeconds),
    phases: clock.phases,
  };
}

/** Publishes what has committed; a failure here must not sound as if nothing had. */
export async function publishCommitted(warehouse: Warehouse): Promise<void> {
  try {
    await warehouse.publish();
  } catch (cause) {
    const why = (cause as Error).message;
    throw new WarehouseError(`The load committed, but readers still see the one before: ${why}`, {
      cause,
      hint: 'Mend that; the next command that finds the warehouse free publishes it.',
    });
  }
}

async function makePlans(
  warehouse: Pick<Warehouse, 'rows'> | null,
  options: LoadOptions,
  observer: Observer,
): Promise<Plans> {
  const [state] =
    warehouse === null ? [] : await warehouse.rows('select match_on, next_file_id from ops.warehouse');
  let nextFileId = Number(state?.next_file_id ?? 1);
  const plans: FilePlan[] = [];
  for (const [kind, source] of [
    ['song', options.songs],
    ['log', options.logs],
  ] as const) {
    if (source === null) continue;
    const known = warehouse === null ? [] : await knownFiles(kind, warehouse);
    const listing: Listing = await source.list();
    const table = targets[kind].staging;
    const made = await planFiles(
      { kind, table, source, listing, known, nextFileId, distrust: options.fullRefresh },
      observer,
    );
    nextFileId += made.load.length;
    plans.push(made);
  }
  const matchedOn = (state?.match_on ?? 'title, artist, duration') as MatchOn;
  return {
    plans,
    sources: { log: options.logs, song: options.songs },
    matchOn: options.matchOn ?? matchedOn,
    rematch: options.matchOn !== null && options.matchOn !== matchedOn,
  };
}

async function knownFiles(kind: FileKind, warehouse: Pick<Warehouse, 'rows'>): Promise<KnownFile[]> {
  const rows = await warehouse.rows(
    'select path, file_id, sha256, bytes, fingerprint, duplicate from ops.files where kind = $1 order by path',
    [kind],
  );
  return rows as unknown as KnownFile[];
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
  const [before] = await warehouse.rows(
    'select (select count(*) from staging.events) as events, (select count(*) from staging.songs) as songs',
  );
  return { log: Number(before?.events) === 0, song: Number(before?.songs) === 0 };
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

interface Loaded {
  readonly brought: readonly Brought[];
  readonly repeats: Readonly<Record<FileKind, Repeats>>;
  readonly built: Built;
}

/** Manifest, repeats and star, all in one transaction. */
async function buildOn(
  warehouse: Warehouse,
  plans: Plans,
  brought: readonly Brought[],
  cold: Cold,
  options: LoadOptions,
  progress: Progress,
): Promise<Loaded> {
  await startTouched(warehouse);
  const repeats: Record<FileKind, Repeats> = {
    log: { duplicates: 0, conflicts: 0 },
    song: { duplicates: 0, conflicts: 0 },
  };
  for (const one of brought) {
    const { kind, removedFileIds, load: files } = one.plan;
    if (!cold[kind])
      await touchContents(kind, [...removedFileIds, ...files.map((file) => file.fileId)], warehouse);
    await removeContents(one.plan, warehouse);
    await recordContents(one, contextOf(kind, warehouse, plans, progress));
    repeats[kind] = await settleRepeats(kind, cold[kind] || options.fullRefresh, warehouse);
  }
  progress.clock.lap('repeats');
  const rebuildAll = options.fullRefresh || plans.rematch;
  const scope: BuildScope = {
    allEvents: rebuildAll || cold.log,
    allSongs: rebuildAll || cold.song,
    matchOn: plans.matchOn,
  };
  const built = await build(scope, warehouse, progress.observer);
  if (plans.rematch) await warehouse.run('update ops.warehouse set match_on = $1', [plans.matchOn]);
  progress.clock.lap('build');
  return { brought, repeats, built };
}

function assertFewRejects(brought: readonly Brought[], limit: RejectLimit): void {
  const rejected = brought.reduce((sum, { balance }) => sum + balance.rejected, 0);
  const records = brought.reduce((sum, { balance }) => sum + balance.lines - balance.blank, 0);
  const overShare = limit.share !== null && rejected > records * limit.share;
  const overCount = limit.count !== null && rejected > limit.count;
  const over = limit.share !== null && limit.count !== null ? overShare && overCount : overShare || overCount;
  if (!over) return;
  throw new LoadError(
    `${rejected} of ${records} records were refused, more than ${describeLimit(limit)}; nothing was committed.`,
    {
      hint: 'See them with sparkify etl --max-rejects 100%, then sparkify rejects list; or mend the files.',
    },
  );
}

function describeLimit({ share, count }: RejectLimit): string {
  const parts = [share === null ? '' : `${share * 100} %`, count === null ? '' : `${count}`].filter(
    (part) => part !== '',
  );
  return `the limit of ${parts.join(' and of ')}`;
}

/** Runs the load's checks; throws LoadError where one fails that must hold before a commit. */
export async function assertChecks(
  built: Built,
  warehouse: Warehouse,
  observer: Observer,
): Promise<CheckResult[]> {
  const checks = loadChecks(built.scopes);
  observer.step('checks', checks.length, 'checks');
  const results = await runChecks(checks, warehouse, () => observer.advance(1));
  const broken = results.find((result, at) => result.status === 'failed' && checks[at]?.blocks);
  if (broken) {
    const first = broken.sample[0] === undefined ? '' : ` First: ${JSON.stringify(broken.sample[0])}.`;
    throw new LoadError(
      `The check "${broken.name}" failed: it is not true that ${broken.claim} (${broken.failures} rows).${first}`,
      {
        hint: 'Nothing was committed. sparkify etl --full-refresh builds the star anew; if it fails again, please report it.',
      },
    );
  }
  return results;
}

async function committedReport(
  warehouse: Warehouse,
  plans: Plans,
  loaded: Loaded,
  checks: readonly CheckResult[],
  run: Run,
  options: LoadOptions,
): Promise<Omit<LoadReport, 'durationSeconds' | 'eventsPerSecond' | 'phases'>> {
  const { brought, repeats, built } = loaded;
  const fileIds = brought.flatMap(({ plan: { load: files } }) => files.map((file) => file.fileId));
  return {
    status: 'committed',
    warehouse: warehouse.name,
    runId: run.id,
    fullRefresh: options.fullRefresh,
    files: countFiles(plans.plans),
    bytes: brought.reduce((sum, { bytes }) => sum + bytes, 0),
    events: balanceOf(brought, 'log'),
    songs: balanceOf(brought, 'song'),
    rejects: await rejectsOf(warehouse, run),
    tables: built.changes,
    duplicates: { events: repeats.log.duplicates, songs: repeats.song.duplicates },
    conflicts: { events: repeats.log.conflicts, songs: repeats.song.conflicts },
    match: await matchReport(warehouse),
    drift: await driftOf(warehouse, fileIds),
    checks: sumUp(checks),
    ...(await eventSpan(warehouse)),
  };
}

async function unchangedReport(
  warehouse: Warehouse,
  plans: Plans,
  durationSeconds: number,
  phases: Record<string, number>,
): Promise<LoadReport> {
  const tables: Record<string, TableChange> = {};
  for (const table of starTables) {
    const [row] = await warehouse.rows(`select count(*) as records from ${table.name}`);
    tables[table.name] = { rows: Number(row?.records), inserted: 0, updated: 0, deleted: 0 };
  }
  return {
    status: 'unchanged',
    warehouse: warehouse.name,
    runId: null,
    fullRefresh: false,
    files: countFiles(plans.plans),
    bytes: 0,
    events: NO_BALANCE,
    songs: NO_BALANCE,
    rejects: [],
    tables: tables as LoadReport['tables'],
    duplicates: { events: 0, songs: 0 },
    conflicts: { events: 0, songs: 0 },
    match: await matchReport(warehouse),
    drift: [],
    checks: { passed: 0, failed: 0, failures: [] },
    ...(await eventSpan(warehouse)),
    durationSeconds,
    eventsPerSecond: null,
    phases,
  };
}

/** Counts over both kinds; a known second name counts as duplicate, not as unchanged. */
export function countFiles(plans: readonly FilePlan[]): LoadReport['files'] {
  const sum = (count: (plan: FilePlan) => number): number =>
    plans.reduce((total, filePlan) => total + count(filePlan), 0);
  const names = <T>(list: (plan: FilePlan) => readonly T[]): T[] =>
    plans.flatMap((filePlan) => [...list(filePlan)]).slice(0, NAMES_SHOWN);
  return {
    new: sum(({ load: files }) => files.filter((file) => !file.changed).length),
    changed: sum(
      ({ load: files, duplicates }) => [...files, ...duplicates].filter((file) => file.changed).length,
    ),
    unchanged: sum(({ unchanged, knownDuplicates }) => unchanged.length - knownDuplicates.length),
    duplicate: sum(
      ({ duplicates, knownDuplicates }) =>
        duplicates.filter(({ of }) => of !== null).length + knownDuplicates.length,
    ),
    vanished: sum(({ vanished }) => vanished.length),
    skipped: sum(({ skipped }) => skipped.length),
    named: {
      changed: names(({ load: files }) =>
        files.filter((file) => file.changed).map((file) => file.survey.file.path),
      ),
      duplicate: names(({ duplicates }) =>
        duplicates.flatMap(({ survey, of }) => (of === null ? [] : [{ path: survey.file.path, of }])),
      ),
      vanished: names(({ vanished }) => vanished),
      skipped: names(({ skipped }) => skipped),
    },
  };
}

async function rejectsOf(warehouse: Warehouse, run: Run): Promise<LoadReport['rejects']> {
  const rows = await warehouse.rows(
    `select rule, field, count(*) as records, min(reject_id) as example
     from ops.rejects where run_id = $1 group by rule, field order by records desc, rule, field`,
    [run.id],
  );
  return rows.map((row) => ({
    rule: String(row.rule),
    field: row.field as string | null,
    records: Number(row.records),
    example: String(row.example),
  }));
}

async function driftOf(warehouse: Warehouse, fileIds: readonly number[]): Promise<DriftReport[]> {
  if (fileIds.length === 0) return [];
  const rows = await warehouse.rows(
    `select file.kind, drift.change, drift.key, sum(drift.records) as records, count(*) as files
     from ops.drift as drift
     join (select distinct kind, file_id from ops.files) as file on file.file_id = drift.file_id
     where drift.file_id between ${fileIds[0]} and ${fileIds.at(-1)}
     group by file.kind, drift.change, drift.key
     order by records desc, drift.key`,
  );
  return rows.map((row) => ({
    ...row,
    records: Number(row.records),
    files: Number(row.files),
  })) as unknown as DriftReport[];
}

async function eventSpan(
  warehouse: Warehouse,
): Promise<{ eventsFrom: string | null; eventsTo: string | null }> {
  const [row] = await warehouse.rows('select min(ts) as earliest, max(ts) as latest from staging.events');
  return { eventsFrom: isoOf(row, 'earliest'), eventsTo: isoOf(row, 'latest') };
}

function isoOf(row: SqlRow | undefined, column: string): string | null {
  const value = row?.[column];
  return value === null || value === undefined ? null : new Date(Number(value)).toISOString();
}

/** What ops.runs keeps of a run. */
export interface RunRecord extends Run {
  readonly command: string;
  readonly nowMs: number;
  readonly filesLoaded: number;
  readonly eventsStaged: number;
  readonly songsStaged: number;
  readonly rejected: number;
  readonly songplaysRows: number;
  readonly matchOn: MatchOn;
  readonly report: object;
}

/** Writes a run's row, in the transaction of its data. */
export async function recordRun(warehouse: Warehouse, record: RunRecord): Promise<void> {
  await warehouse.append(runs, [
    {
      run_id: record.id,
      command: record.command,
      started_at: record.startedAt,
      committed_at: new Date(record.nowMs),
      duration_seconds: (record.nowMs - record.startedAt.getTime()) / 1000,
      files_loaded: record.filesLoaded,
      events_staged: record.eventsStaged,
      songs_staged: record.songsStaged,
      rejected: record.rejected,
      songplays_rows: record.songplaysRows,
      match_on: record.matchOn,
      sparkify_version: version,
      report: JSON.stringify(record.report),
    },
  ]);
}

function sumUp(results: readonly CheckResult[]): LoadReport['checks'] {
  const failures = results.filter((result) => result.status === 'failed');
  return { passed: results.length - failures.length, failed: failures.length, failures };
}

function balanceOf(brought: readonly Brought[], kind: FileKind): Balance {
  return brought.find(({ plan: { kind: found } }) => found === kind)?.balance ?? NO_BALANCE;
}

function rate(events: number, seconds: number): number | null {
  return events === 0 || seconds <= 0 ? null : Math.round(events / seconds);
}

interface PhaseClock {
  lap(phase: string): void;
  /** Seconds by phase, so far. */
  readonly phases: Record<string, number>;
}

function phaseClock(nowMs: () => number): PhaseClock {
  const phases: Record<string, number> = {};
  let last = nowMs();
  return {
    phases,
    lap(phase) {
      const now = nowMs();
      phases[phase] = Math.round((phases[phase] ?? 0) * 1000 + (now - last)) / 1000;
      last = now;
    },
  };
}
