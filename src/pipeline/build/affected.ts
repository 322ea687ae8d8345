import { events } from '../../models/staging/events.ts';
import { equalOn, inDialect, listColumns } from '../../warehouses/sql.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { makeTemporary } from './temporary.ts';

/** Milliseconds since 1970 in UTC, both ends included. */
export interface TimeSpan {
  readonly first: number;
  readonly last: number;
}

/**
 * keys_to_build: the touched events, and the plays that touched songs may match now or matched before.
 * chosen_events: what staging holds of them, taken out once, so that no model has to look through all of staging.
 * Returns the span of time in which all of them lie, in any version; null where they may lie anywhere.
 */
export async function chooseEvents(warehouse: Warehouse): Promise<TimeSpan | null> {
  const [touched] = await warehouse.rows(
    `select (select count(*) from touched_keys) as songs,
       (select min(ts) from touched_events) as first_ts, (select max(ts) from touched_events) as last_ts`,
  );
  const rematches = Number(touched?.songs) > 0;
  const rematched = rematches
    ? `union
       select session_id, item_in_session from staging.events
       where page = 'NextSong' and exists (
         select 1 from touched_keys
         where touched_keys.title = rtrim(staging.events.song, ' ')
           and touched_keys.artist_name = rtrim(staging.events.artist, ' ')
       )`
    : '';
  await makeTemporary(
    warehouse,
    'keys_to_build',
    `select session_id, item_in_session,
       cast(session_id as varchar) || '-' || cast(item_in_session as varchar) as songplay_id
     from (select session_id, item_in_session from touched_events ${rematched}) as touched
     group by session_id, item_in_session`,
  );
  const span =
    rematches || touched?.first_ts === null
      ? null
      : { first: Number(touched?.first_ts), last: Number(touched?.last_ts) };
  await makeTemporary(
    warehouse,
    'chosen_events',
    `select ${listColumns(events, 'staging.events')} from keys_to_build
     join staging.events on ${equalOn(events.key, 'keys_to_build', 'staging.events')}
     where ${span === null ? '1 = 1' : `staging.events.ts between ${span.first} and ${span.last}`}`,
  );
  return span;
}

/** touched_times: the moments of the plays that came, went or changed. */
export async function chooseTimes(warehouse: Warehouse): Promise<void> {
  await makeTemporary(
    warehouse,
    'touched_times',
    `select start_time from gone_songplays union select start_time from fresh_songplays`,
  );
}

/**
 * touched_users: each with the first touched moment, or with 1970 where no event from there on is left, so that
 * the user's whole history decides; touched_levels: the rows of the level history from there on. Returns the earliest of these moments in milliseconds.
 */
export async function chooseUsers(warehouse: Warehouse): Promise<number> {
  const [touched] = await warehouse.rows('select min(ts) as first_ts from touched_events');
  const first = Number(touched?.first_ts ?? 0);
  await makeTemporary(
    warehouse,
    'touched_users',
    inDialect(
      `select user_id, from_ts, utc_timestamp(from_ts) as from_time
       from (
         select touched.user_id, case when count(event.ts) = 0 then 0 else touched.from_ts end as from_ts
         from (
           select user_id, min(ts) as from_ts from touched_events where user_id <> '' group by user_id
         ) as touched
         left join staging.events as event on event.user_id = touched.user_id and event.ts >= touched.from_ts
           and event.ts >= ${first}
         group by touched.user_id, touched.from_ts
       ) as chosen`,
      warehouse.dialect,
    ),
  );
  const [row] = await warehouse.rows('select coalesce(min(from_ts), 0) as earliest from touched_users');
  await makeTemporary(
    warehouse,
    'touched_levels',
    `select ops.user_levels.user_id, ops.user_levels.valid_from
     from ops.user_levels
     join touched_users on touched_users.user_id = ops.user_levels.user_id
     where ops.user_levels.valid_to is null or ops.user_levels.valid_to >= touched_users.from_time`,
  );
  return Number(row?.earliest ?? 0);
}
