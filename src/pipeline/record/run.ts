import { randomBytes } from 'node:crypto';
import { runs } from '../../models/ops/runs.ts';
import { version } from '../../version.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import type { Run } from '../load-context.ts';
import type { MatchOn } from '../match-on.ts';

/** What ops.runs keeps of a run. */
export interface RunRecord {
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

/** A run that starts now, under a name of its own. */
export function newRun(nowMs: number): Run {
  const startedAt = new Date(nowMs);
  return { id: `${startedAt.toISOString()}-${randomBytes(3).toString('hex')}`, startedAt };
}

/** Writes a run's row, in the transaction of its data. */
export async function recordRun(
  warehouse: Warehouse,
  { id, startedAt }: Run,
  record: RunRecord,
): Promise<void> {
  await warehouse.run({
    name: 'record: the last run',
    sql: 'update ops.warehouse set last_run_id = $1',
    parameters: [id],
  });
  await warehouse.append(runs, [
    {
      run_id: id,
      command: record.command,
      started_at: startedAt,
      committed_at: new Date(record.nowMs),
      duration_seconds: (record.nowMs - startedAt.getTime()) / 1000,
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
