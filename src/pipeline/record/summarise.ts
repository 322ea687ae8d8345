import { starTables } from '../../models/book.ts';
import { readSql } from '../../models/sql-file.ts';
import { bindModel } from '../../warehouses/sql.ts';
import type { SqlRow } from '../../warehouses/statement.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import type { Balance } from '../balance.ts';
import { type MatchSummary, matchSummary, matchWithAdded } from '../build/match.ts';
import type { TableChange } from '../build/reconcile.ts';
import type { CheckResult } from '../check/check.ts';
import { idsIn } from '../file-ids.ts';
import type { FileKind } from '../file-kinds.ts';
import type { ChangeContext, Run } from '../load-context.ts';
import type { FilePlan } from '../plan/file-plan.ts';
import type { LoadPlans } from '../plan/load-plans.ts';
import type { Upgrade } from '../setup/upgrade.ts';
import type { StagedFiles } from '../stage/staged-files.ts';
import type { Changed } from './changed.ts';
import type { DriftSummary, LoadSummary } from './load-summary.ts';
import { countTotals, lastTotals, type Totals } from './totals.ts';

const NAMES_SHOWN = 20;
const NO_BALANCE: Balance = { lines: 0, staged: 0, rejected: 0, blank: 0 };

/** What a load did, for its report. */
interface Loaded extends Changed {
  readonly plans: LoadPlans;
  readonly staged: readonly StagedFiles[];
  readonly fullRefresh: boolean;
  readonly totalsBefore: Totals | null;
}

type Untimed = Omit<LoadSummary, keyof Upgrade | keyof Timing>;
type Timing = Pick<LoadSummary, 'durationSeconds' | 'eventsPerSecond' | 'phases'>;

/** The report of a load that is about to commit; what was done to the tables before it is not in it. */
export type TimedSummary = Untimed & Timing;

/** What a load came to, but for how long it took. */
export async function summariseLoad(loaded: Loaded, { run, warehouse }: ChangeContext): Promise<Untimed> {
  const { built, checks, plans, repeats, staged } = loaded;
  const fileIds = staged.flatMap(({ plan: { load: files } }) => files.map((file) => file.fileId));
  return {
    status: 'committed',
    warehouse: warehouse.name,
    runId: run.id,
    fullRefresh: loaded.fullRefresh,
    rematched: plans.rematch,
    files: countFiles(plans.plans),
    bytes: staged.reduce((sum, { bytes }) => sum + bytes, 0),
    events: balanceOf(staged, 'log'),
    songs: balanceOf(staged, 'song'),
    rejects: await rejectsOf(warehouse, run),
    tables: built.changes,
    duplicates: { events: repeats.log.duplicates, songs: repeats.song.duplicates },
    conflicts: { events: repeats.log.conflicts, songs: repeats.song.conflicts },
    match: await matchAfter(loaded, warehouse),
    drift: await driftOf(warehouse, fileIds),
    checks: sumUp(checks),
    ...(await eventSpan(warehouse)),
  };
}

/** How long a run has taken by now, and how fast it was. */
export function timed(
  { events }: Pick<LoadSummary, 'events'>,
  nowMs: number,
  { phases, run }: Pick<ChangeContext, 'phases' | 'run'>,
): Timing {
  const durationSeconds = (nowMs - run.startedAt.getTime()) / 1000;
  const hasRate = events.lines > 0 && durationSeconds > 0;
  return {
    durationSeconds,
    eventsPerSecond: hasRate ? Math.round(events.lines / durationSeconds) : null,
    phases,
  };
}

/** The match rate after a load; where it only added plays, the others are as they were. */
function matchAfter(
  { built, repeats, staged, totalsBefore }: Loaded,
  warehouse: Warehouse,
): Promise<MatchSummary> {
  const { updated, deleted } = built.changes.songplays;
  const isAsBefore = staged.every(
    ({ plan: { kind, load: files, removedFileIds } }) =>
      removedFileIds.length === 0 && (kind === 'log' || files.length === 0),
  );
  const onlyAdds =
    built.scopes.get('songplays') !== null &&
    updated === 0 &&
    deleted === 0 &&
    isAsBefore &&
    repeats.log.conflicts === 0;
  return totalsBefore !== null && onlyAdds
    ? matchWithAdded(totalsBefore.match, warehouse)
    : matchSummary(warehouse);
}

/** The report of a load that found nothing to do. */
export async function summariseUnchanged(warehouse: Warehouse, plans: readonly FilePlan[]): Promise<Untimed> {
  const { rows, match } = (await lastTotals(warehouse)) ?? (await countTotals(warehouse));
  const unchanged = (name: string): [string, TableChange] => [
    name,
    { rows: rows[name] ?? 0, inserted: 0, updated: 0, deleted: 0 },
  ];
  const tables = Object.fromEntries(starTables.map(({ name }) => unchanged(name)));
  return {
    status: 'unchanged',
    warehouse: warehouse.name,
    runId: null,
    fullRefresh: false,
    rematched: false,
    files: countFiles(plans),
    bytes: 0,
    events: NO_BALANCE,
    songs: NO_BALANCE,
    rejects: [],
    tables: tables as LoadSummary['tables'],
    duplicates: { events: 0, songs: 0 },
    conflicts: { events: 0, songs: 0 },
    match,
    drift: [],
    checks: { passed: 0, failed: 0, failures: [] },
    ...(await eventSpan(warehouse)),
  };
}

/** Counts over both kinds, each listed file in one count only: new, changed, unchanged, duplicate or moved. */
export function countFiles(plans: readonly FilePlan[]): LoadSummary['files'] {
  const sum = (count: (plan: FilePlan) => number): number =>
    plans.reduce((total, filePlan) => total + count(filePlan), 0);
  const names = <T>(list: (plan: FilePlan) => readonly T[]): T[] =>
    plans.flatMap((filePlan) => [...list(filePlan)]).slice(0, NAMES_SHOWN);
  return {
    new: sum(({ load: files }) => files.filter(({ why }) => why === 'new').length),
    changed: sum(
      ({ load: files, duplicates }) =>
        [...files, ...duplicates].filter(({ why }) => why === 'changed').length,
    ),
    unchanged: sum(({ unchanged }) => unchanged),
    moved: sum(({ duplicates }) => duplicates.filter(({ of, why }) => of === null && why === 'new').length),
    duplicate: sum(
      ({ duplicates, knownDuplicates }) =>
        duplicates.filter(({ of, why }) => of !== null && why === 'new').length + knownDuplicates,
    ),
    vanished: sum(({ vanished }) => vanished.length),
    skipped: sum(({ skipped }) => skipped.length),
    unreadable: sum(({ unreadable }) => unreadable.length),
    named: {
      changed: names(({ load: files }) =>
        files.filter(({ why }) => why === 'changed').map((file) => file.survey.file.path),
      ),
      duplicate: names(({ duplicates }) =>
        duplicates.flatMap(({ survey, of }) => (of === null ? [] : [{ path: survey.file.path, of }])),
      ),
      vanished: names(({ vanished }) => vanished),
      skipped: names(({ skipped }) => skipped),
      unreadable: names(({ unreadable }) => unreadable),
    },
  };
}

async function rejectsOf(warehouse: Warehouse, run: Run): Promise<LoadSummary['rejects']> {
  const rows = await warehouse.rows({
    name: 'summarise: rejects by rule',
    sql: readSql('./summarise/rejects-by-rule.sql', import.meta.url).trim(),
    parameters: [run.id],
  });
  return rows.map((row) => ({
    rule: String(row.rule),
    field: row.field as string | null,
    records: Number(row.records),
    example: String(row.example),
  }));
}

async function driftOf(warehouse: Warehouse, fileIds: readonly number[]): Promise<DriftSummary[]> {
  if (fileIds.length === 0) return [];
  const rows = await warehouse.rows({
    name: 'summarise: drift by key',
    sql: bindModel(
      readSql('./summarise/drift-by-key.sql', import.meta.url),
      { is_of_this_load: idsIn(fileIds, 'drift.file_id') },
      warehouse.dialect,
    ),
  });
  return rows.map((row) => ({
    ...row,
    records: Number(row.records),
    files: Number(row.files),
  })) as unknown as DriftSummary[];
}

async function eventSpan(
  warehouse: Warehouse,
): Promise<{ eventsFrom: string | null; eventsTo: string | null }> {
  const [row] = await warehouse.rows({
    name: 'summarise: span of the events',
    sql: 'select min(ts) as earliest, max(ts) as latest from staging.events',
  });
  return { eventsFrom: isoOf(row, 'earliest'), eventsTo: isoOf(row, 'latest') };
}

function isoOf(row: SqlRow | undefined, column: string): string | null {
  const value = row?.[column];
  return value === null || value === undefined ? null : new Date(Number(value)).toISOString();
}

function sumUp(results: readonly CheckResult[]): LoadSummary['checks'] {
  const failures = results.filter((result) => result.status === 'failed');
  return { passed: results.length - failures.length, failed: failures.length, failures };
}

function balanceOf(staged: readonly StagedFiles[], kind: FileKind): Balance {
  return staged.find(({ plan: { kind: found } }) => found === kind)?.balance ?? NO_BALANCE;
}
