import { starTables } from '../../models/book.ts';
import type { SqlRow, Warehouse } from '../../warehouses/warehouse.ts';
import type { Balance } from '../balance.ts';
import type { Built } from '../build/build.ts';
import { type MatchReport, matchReport, matchWithAdded } from '../build/match.ts';
import type { TableChange } from '../build/reconcile.ts';
import type { Repeats } from '../build/repeats.ts';
import type { CheckResult } from '../check/check.ts';
import { idsIn } from '../file-ids.ts';
import type { FileKind } from '../file-kinds.ts';
import type { Run } from '../load-context.ts';
import type { FilePlan } from '../plan/file-plan.ts';
import type { Upgrade } from '../setup/upgrade.ts';
import type { Brought } from '../stage/staged.ts';
import type { DriftReport, LoadReport } from './load-summary.ts';
import { countTotals, lastTotals, type Totals } from './totals.ts';

const NAMES_SHOWN = 20;
const NO_BALANCE: Balance = { lines: 0, staged: 0, rejected: 0, blank: 0 };

/** What a load did, for its report. */
export interface Loaded {
  readonly brought: readonly Brought[];
  readonly repeats: Readonly<Record<FileKind, Repeats>>;
  readonly built: Built;
}

/** The report of a load that is about to commit, but for how long it took. */
export async function committedReport(
  warehouse: Warehouse,
  plans: readonly FilePlan[],
  loaded: Loaded,
  checks: readonly CheckResult[],
  run: Run,
  { fullRefresh, rematched, before }: { fullRefresh: boolean; rematched: boolean; before: Totals | null },
): Promise<Omit<LoadReport, 'durationSeconds' | 'eventsPerSecond' | 'phases' | keyof Upgrade>> {
  const { brought, repeats, built } = loaded;
  const fileIds = brought.flatMap(({ plan: { load: files } }) => files.map((file) => file.fileId));
  return {
    status: 'committed',
    warehouse: warehouse.name,
    runId: run.id,
    fullRefresh,
    rematched,
    files: countFiles(plans),
    bytes: brought.reduce((sum, { bytes }) => sum + bytes, 0),
    events: balanceOf(brought, 'log'),
    songs: balanceOf(brought, 'song'),
    rejects: await rejectsOf(warehouse, run),
    tables: built.changes,
    duplicates: { events: repeats.log.duplicates, songs: repeats.song.duplicates },
    conflicts: { events: repeats.log.conflicts, songs: repeats.song.conflicts },
    match: await matchAfter(before, loaded, warehouse),
    drift: await driftOf(warehouse, fileIds),
    checks: sumUp(checks),
    ...(await eventSpan(warehouse)),
  };
}

/** The match rate after a load; where it only added plays, the others are as they were. */
function matchAfter(
  before: Totals | null,
  { brought, built, repeats }: Loaded,
  warehouse: Warehouse,
): Promise<MatchReport> {
  const { updated, deleted } = built.changes.songplays;
  const isAsBefore = brought.every(
    ({ plan: { kind, load: files, removedFileIds } }) =>
      removedFileIds.length === 0 && (kind === 'log' || files.length === 0),
  );
  const onlyAdds =
    built.scopes.get('songplays') !== null &&
    updated === 0 &&
    deleted === 0 &&
    isAsBefore &&
    repeats.log.conflicts === 0;
  return before !== null && onlyAdds ? matchWithAdded(before.match, warehouse) : matchReport(warehouse);
}

/** The report of a load that found nothing to do. */
export async function unchangedReport(
  warehouse: Warehouse,
  plans: readonly FilePlan[],
  durationSeconds: number,
  phases: Record<string, number>,
): Promise<Omit<LoadReport, keyof Upgrade>> {
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
    tables: tables as LoadReport['tables'],
    duplicates: { events: 0, songs: 0 },
    conflicts: { events: 0, songs: 0 },
    match,
    drift: [],
    checks: { passed: 0, failed: 0, failures: [] },
    ...(await eventSpan(warehouse)),
    durationSeconds,
    eventsPerSecond: null,
    phases,
  };
}

/** Counts over both kinds, each listed file in one count only: new, changed, unchanged, duplicate or moved. */
export function countFiles(plans: readonly FilePlan[]): LoadReport['files'] {
  const sum = (count: (plan: FilePlan) => number): number =>
    plans.reduce((total, filePlan) => total + count(filePlan), 0);
  const names = <T>(list: (plan: FilePlan) => readonly T[]): T[] =>
    plans.flatMap((filePlan) => [...list(filePlan)]).slice(0, NAMES_SHOWN);
  return {
    new: sum(({ load: files }) => files.filter((file) => !file.changed && !file.again).length),
    changed: sum(
      ({ load: files, duplicates }) => [...files, ...duplicates].filter((file) => file.changed).length,
    ),
    unchanged: sum(({ unchanged }) => unchanged),
    moved: sum(
      ({ duplicates }) =>
        duplicates.filter(({ of, changed, again }) => of === null && !changed && !again).length,
    ),
    duplicate: sum(
      ({ duplicates, knownDuplicates }) =>
        duplicates.filter(({ of, changed, again }) => of !== null && !changed && !again).length +
        knownDuplicates,
    ),
    vanished: sum(({ vanished }) => vanished.length),
    skipped: sum(({ skipped }) => skipped.length),
    unreadable: sum(({ unreadable }) => unreadable.length),
    named: {
      changed: names(({ load: files }) =>
        files.filter((file) => file.changed).map((file) => file.survey.file.path),
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
     where ${idsIn(fileIds, 'drift.file_id')}
     group by file.kind, drift.change, drift.key
     order by records desc, key`,
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

function sumUp(results: readonly CheckResult[]): LoadReport['checks'] {
  const failures = results.filter((result) => result.status === 'failed');
  return { passed: results.length - failures.length, failed: failures.length, failures };
}

function balanceOf(brought: readonly Brought[], kind: FileKind): Balance {
  return brought.find(({ plan: { kind: found } }) => found === kind)?.balance ?? NO_BALANCE;
}
