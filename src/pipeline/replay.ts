import { recordFormat, recordParser, type StagedRow } from '../reading/parse.ts';
import { LONGEST_RAW } from '../reading/read-file.ts';
import { alsoHeardBy, type Observer, tellingFailure } from '../telemetry/observer.ts';
import { phaseTimer } from '../telemetry/phases.ts';
import { literal } from '../warehouses/sql.ts';
import type { Warehouse } from '../warehouses/warehouse.ts';
import type { Built } from './build/build.ts';
import type { TableChange } from './build/reconcile.ts';
import { touchContents } from './build/touched.ts';
import { type Change, commitChange } from './change.ts';
import { publishCommitted } from './check/guards.ts';
import { withRetries } from './commit.ts';
import { type FileKind, targets } from './file-kinds.ts';
import type { MatchOn } from './match-on.ts';
import { newRun } from './record/run.ts';
import { lastDrift, lastTotals } from './record/totals.ts';

const IDS_PER_STATEMENT = 1_000;

/** A refused record to try again, as it was or fixed. */
export interface FixedRecord {
  readonly rejectId: string;
  readonly raw: string;
}

interface OpenReject {
  readonly reject_id: string;
  readonly file_id: number;
  readonly kind: FileKind;
  readonly rule: string;
  readonly raw: string;
}

export interface ReplaySummary {
  readonly status: 'committed' | 'unchanged';
  readonly accepted: number;
  readonly stillRefused: readonly {
    readonly rejectId: string;
    readonly rule: string;
    readonly reason: string;
  }[];
  /** Ids that stand in the file, but not among the rejects. */
  readonly unknown: readonly string[];
  readonly tables: Readonly<Record<string, TableChange>> | null;
}

/**
 * Tries refused records again: all of them as they stand, or those given, fixed. Accepted ones become rows of
 * the file that they came from, whose balance follows; the others stay refused.
 */
export async function replay(
  fixed: readonly FixedRecord[] | null,
  warehouse: Warehouse,
  nowMs: () => number,
  observer: Observer,
): Promise<ReplaySummary> {
  // Each attempt reads the rejects anew: with the connection the lease may have gone to another writer in between.
  return tellingFailure(observer, async () => {
    const report = await withRetries(warehouse, observer, () =>
      replayOnce(fixed, warehouse, nowMs, observer),
    );
    if (report.status === 'committed') await publishCommitted(warehouse, observer, () => report);
    return report;
  });
}

async function replayOnce(
  fixed: readonly FixedRecord[] | null,
  warehouse: Warehouse,
  nowMs: () => number,
  observer: Observer,
): Promise<ReplaySummary> {
  const run = newRun(nowMs());
  observer.emit({ type: 'started', runId: run.id, command: 'rejects replay', warehouse: warehouse.name });
  const open = (await warehouse.rows({
    name: 'replay: the rejects',
    sql: 'select reject_id, file_id, kind, rule, "raw" from ops.rejects order by file_id, line',
  })) as unknown as OpenReject[];
  const byId = new Map(open.map((reject) => [reject.reject_id, reject]));
  const tries = fixed ?? open.map(({ reject_id, raw }) => ({ rejectId: reject_id, raw }));
  const unknown = tries.filter(({ rejectId }) => !byId.has(rejectId)).map(({ rejectId }) => rejectId);
  const { accepted, stillRefused } = parseAll(tries, byId, run.startedAt.getTime());
  if (accepted.length === 0) return { status: 'unchanged', accepted: 0, stillRefused, unknown, tables: null };

  const { hear, seconds } = phaseTimer(nowMs);
  const context = { warehouse, run, observer: alsoHeardBy(hear, observer), phases: seconds };
  const tables = await commitChange(replayChange({ accepted, stillRefused }, nowMs, warehouse), context);
  return { status: 'committed', accepted: accepted.length, stillRefused, unknown, tables };
}

/** The change that a replay makes: accepted records become rows of the files that they came from. */
function replayChange(
  { accepted, stillRefused }: Tried,
  nowMs: () => number,
  warehouse: Warehouse,
): Change<Built['changes']> {
  const count = (kind: FileKind): number => accepted.filter(({ reject }) => reject.kind === kind).length;
  return {
    checksEveryContent: false,
    async staging() {
      return (['song', 'log'] as const)
        .filter((kind) => count(kind) > 0)
        .map((kind) => ({ kind, isWhole: false, apply: () => accept(kind, accepted, warehouse) }));
    },
    async scope() {
      const [state] = await warehouse.rows({
        name: 'replay: what plays are matched on',
        sql: 'select match_on from ops.warehouse',
      });
      const matchOn = state?.match_on as MatchOn;
      const rowsBefore = (await lastTotals(warehouse))?.rows ?? {};
      return { allEvents: false, allSongs: false, matchOn, rowsBefore };
    },
    async sumUp({ built }, { matchOn }) {
      const record = {
        command: 'rejects replay',
        nowMs: nowMs(),
        filesLoaded: 0,
        eventsStaged: count('log'),
        songsStaged: count('song'),
        rejected: 0,
        songplaysRows: built.changes.songplays.rows,
        matchOn,
        report: {
          accepted: accepted.length,
          stillRefused: stillRefused.length,
          // A replay changes no drift.
          keptDrift: await lastDrift(warehouse),
        },
      };
      return { record, result: built.changes };
    },
  };
}

/** What came of trying records again. */
interface Tried {
  readonly accepted: readonly Accepted[];
  readonly stillRefused: ReplaySummary['stillRefused'];
}

interface Accepted {
  readonly reject: OpenReject;
  readonly row: StagedRow;
}

function parseAll(
  tries: readonly FixedRecord[],
  byId: ReadonlyMap<string, OpenReject>,
  nowMs: number,
): Tried {
  const parsers = {
    log: recordParser(recordFormat(targets.log.staging, nowMs)),
    song: recordParser(recordFormat(targets.song.staging, nowMs)),
  };
  const accepted = new Map<string, Accepted>();
  const stillRefused: { rejectId: string; rule: string; reason: string }[] = [];
  for (const { rejectId, raw } of tries) {
    const reject = byId.get(rejectId);
    if (!reject) continue;
    if (raw === reject.raw && !isWhole(reject)) {
      stillRefused.push({
        rejectId,
        rule: reject.rule,
        reason: 'its raw text differs from the record in the file; fix it first',
      });
      continue;
    }
    const parsed = parsers[reject.kind].parse(raw);
    if ('row' in parsed) accepted.set(rejectId, { reject, row: { ...parsed.row, file_id: reject.file_id } });
    else stillRefused.push({ rejectId, rule: parsed.fault.rule, reason: parsed.fault.reason });
  }
  return { accepted: [...accepted.values()], stillRefused };
}

/** Whether a reject's raw text is what stands in its file: not cut off, and without bytes that are no text. */
function isWhole({ rule, raw }: OpenReject): boolean {
  return (
    !['invalid_utf8', 'too_long', 'unreadable_file'].includes(rule) &&
    !raw.includes('\ufffd') &&
    raw.length < LONGEST_RAW
  );
}

async function accept(kind: FileKind, all: readonly Accepted[], warehouse: Warehouse): Promise<void> {
  const accepted = all.filter(({ reject }) => reject.kind === kind);
  await warehouse.append(
    targets[kind].staging,
    accepted.map(({ row }) => row),
  );
  const perFile = new Map<number, number>();
  for (const { reject } of accepted) perFile.set(reject.file_id, (perFile.get(reject.file_id) ?? 0) + 1);
  for (let start = 0; start < accepted.length; start += IDS_PER_STATEMENT) {
    const ids = accepted
      .slice(start, start + IDS_PER_STATEMENT)
      .map(({ reject }) => literal(reject.reject_id));
    await warehouse.run({
      name: 'replay: remove accepted rejects',
      sql: `delete from ops.rejects where reject_id in (${ids.join(', ')})`,
    });
  }
  for (const [fileId, count] of perFile) {
    await warehouse.run({
      name: 'replay: balance of a file',
      sql: `update ops.files set staged = staged + ${count}, rejected = rejected - ${count} where file_id = ${fileId}`,
    });
  }
  await touchContents(kind, [...perFile.keys()], warehouse);
}
