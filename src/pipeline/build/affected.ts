import { readSql } from '../../models/sql-file.ts';
import { events } from '../../models/staging/events.ts';
import { bindModel, equalOn, listColumns } from '../../warehouses/sql.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { makeTemporary } from './temporary.ts';

const TOUCHED_EVENTS = 'select session_id, item_in_session from touched_events';

/** Milliseconds since 1970 in UTC, both ends included. */
export interface TimeSpan {
  readonly first: number;
  readonly last: number;
}

/** The SQL of `affected/<name>.sql`, with its inputs bound. */
export function affectedSql(
  name: string,
  inputs: Readonly<Record<string, string>>,
  { dialect }: Pick<Warehouse, 'dialect'>,
): string {
  return bindModel(readSql(`./affected/${name}.sql`, import.meta.url), inputs, dialect);
}

/**
 * keys_to_build: the touched events, and the plays that touched songs may match now or matched before.
 * chosen_events: what staging holds of them, taken out once, so that no model has to look through all of staging.
 * Returns the span of time in which all of them lie, in any version; null where they may lie anywhere.
 */
export async function chooseEvents(warehouse: Warehouse): Promise<TimeSpan | null> {
  const [touched] = await warehouse.rows({
    name: 'affected: touched songs and span of events',
    sql: affectedSql('touched-span', {}, warehouse),
    whenDryRun: [{ songs: 1, first_ts: null, last_ts: null }],
  });
  const rematches = Number(touched?.songs) > 0;
  const rematched = rematches ? ` union ${affectedSql('rematched-events', {}, warehouse)}` : '';
  await makeTemporary(warehouse, 'keys_to_build', {
    name: 'affected: keys to build',
    sql: affectedSql('keys-to-build', { events_to_take: `${TOUCHED_EVENTS}${rematched}` }, warehouse),
  });
  const span =
    rematches || touched?.first_ts === null
      ? null
      : { first: Number(touched?.first_ts), last: Number(touched?.last_ts) };
  await makeTemporary(warehouse, 'chosen_events', {
    name: 'affected: chosen events',
    sql: affectedSql(
      'chosen-events',
      {
        event_columns: listColumns(events, 'staging.events'),
        same_key: equalOn(events.key, 'keys_to_build', 'staging.events'),
        within_span: span === null ? '1 = 1' : `staging.events.ts between ${span.first} and ${span.last}`,
      },
      warehouse,
    ),
  });
  return span;
}

/** touched_times: the moments of the plays that came, went or changed. */
export async function chooseTimes(warehouse: Warehouse): Promise<void> {
  await makeTemporary(warehouse, 'touched_times', {
    name: 'affected: touched times',
    sql: 'select start_time from gone_songplays union select start_time from fresh_songplays',
  });
}

/**
 * touched_users: each with the first touched moment, or with 1970 where no event from there on is left, so that the
 * user's complete history decides; touched_levels: the rows of the level history from there on. Returns the earliest of
 * these moments in milliseconds.
 */
export async function chooseUsers(warehouse: Warehouse): Promise<number> {
  const [touched] = await warehouse.rows({
    name: 'affected: first touched event',
    sql: 'select min(ts) as first_ts from touched_events',
  });
  const first = Number(touched?.first_ts ?? 0);
  await makeTemporary(warehouse, 'touched_users', {
    name: 'affected: touched users',
    sql: affectedSql('touched-users', { first_touched_ts: String(first) }, warehouse),
  });
  const [row] = await warehouse.rows({
    name: 'affected: earliest moment of touched users',
    sql: 'select coalesce(min(from_ts), 0) as earliest from touched_users',
    whenDryRun: [{ earliest: 0 }],
  });
  await makeTemporary(warehouse, 'touched_levels', {
    name: 'affected: touched levels',
    sql: affectedSql('touched-levels', {}, warehouse),
  });
  return Number(row?.earliest ?? 0);
}
