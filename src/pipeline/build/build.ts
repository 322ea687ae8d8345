import { modelSql } from '../../models/book.ts';
import { userLevels } from '../../models/ops/user-levels.ts';
import { events } from '../../models/staging/events.ts';
import { artists } from '../../models/star/artists.ts';
import { songplays } from '../../models/star/songplays.ts';
import { songs } from '../../models/star/songs.ts';
import { time } from '../../models/star/time.ts';
import { users } from '../../models/star/users.ts';
import type { Table } from '../../schema/table.ts';
import type { Observer } from '../../telemetry/observer.ts';
import { bindModel, equalOn, inDialect, listColumns } from '../../warehouses/sql.ts';
import type { Dialect, Warehouse } from '../../warehouses/warehouse.ts';
import type { MatchOn } from './match.ts';
import { type Rebuild, reconcile, type TableChange } from './reconcile.ts';
import { renewSongKeys } from './song-keys.ts';
import { makeTemporary } from './temporary.ts';

export interface BuildScope {
  /** Build everything that comes from events, not only what was touched. */
  readonly allEvents: boolean;
  /** Build everything that comes from songs, not only what was touched. */
  readonly allSongs: boolean;
  readonly matchOn: MatchOn;
  /** Rows of the star's tables before, where they are known without counting. */
  readonly rowsBefore: Readonly<Record<string, number>>;
}

type StarName = 'songplays' | 'users' | 'songs' | 'artists' | 'time';

export interface Built {
  readonly changes: Readonly<Record<StarName, TableChange>>;
  /** By table: the condition on the rows that were up for change; null for all of them. */
  readonly scopes: ReadonlyMap<string, string | null>;
}

/** Brings the star in line with staging; only rows that differ are written. */
export async function build(scope: BuildScope, warehouse: Warehouse, observer: Observer): Promise<Built> {
  const scopes = new Map<string, string | null>();
  observer.step('star', 6, 'tables');
  const done = async (rebuild: Rebuild): Promise<TableChange> => {
    const change = await reconcile(rebuild, scope.rowsBefore, warehouse);
    scopes.set(rebuild.table.name, rebuild.scope);
    observer.advance(1);
    return change;
  };
  await renewSongKeys(scope.allSongs, warehouse);
  const songChange = await done(rebuildSongs(scope.allSongs));
  const artistChange = await done(rebuildArtists(scope.allSongs));
  const span = scope.allEvents ? null : await chooseEvents(warehouse);
  const playChange = await done(rebuildSongplays(scope, span, warehouse.dialect));
  if (!scope.allEvents) await chooseTimes(warehouse);
  const timeChange = await done(rebuildTime(scope.allEvents));
  const earliest = scope.allEvents ? 0 : await chooseUsers(warehouse);
  const userChange = await done(rebuildUsers(scope.allEvents, earliest));
  await done(rebuildUserLevels(scope.allEvents, earliest));
  const changes = {
    songplays: playChange,
    users: userChange,
    songs: songChange,
    artists: artistChange,
    time: timeChange,
  };
  return { changes, scopes };
}

function rebuildSongs(all: boolean): Rebuild {
  const touched = (table: string) =>
    `exists (select 1 from touched_songs where touched_songs.song_id = ${table}.song_id)`;
  if (all) return { table: songs, inputs: { songs_to_build: 'staging.songs' }, scope: null };
  return {
    table: songs,
    inputs: { songs_to_build: `(select * from staging.songs where ${touched('staging.songs')})` },
    scope: touched('songs'),
  };
}

function rebuildArtists(all: boolean): Rebuild {
  const touched = (table: string) =>
    `exists (select 1 from touched_songs where touched_songs.artist_id = ${table}.artist_id)`;
  if (all) return { table: artists, inputs: { artist_songs_to_build: 'staging.songs' }, scope: null };
  return {
    table: artists,
    inputs: {
      artist_songs_to_build: `(select * from staging.songs where ${touched('staging.songs')}) as artist_song`,
    },
    scope: touched('artists'),
  };
}

/** Milliseconds since 1970 in UTC, both ends included. */
interface TimeSpan {
  readonly first: number;
  readonly last: number;
}

function rebuildSongplays(
  { allEvents, matchOn }: BuildScope,
  span: TimeSpan | null,
  dialect: Dialect,
): Rebuild {
  const withDuration = matchOn === 'title, artist, duration';
  const { utc_timestamp: utc } = dialect.functions;
  const within =
    span === null ? '1 = 1' : `start_time between ${utc(String(span.first))} and ${utc(String(span.last))}`;
  return {
    table: songplays,
    inputs: {
      song_keys_to_match: withDuration
        ? 'ops.song_keys'
        : '(select song_id, artist_id, title, artist_name, 0 as duration from ops.song_keys)',
      length_to_match: withDuration ? 'event.length' : '0',
      events_to_build: allEvents ? 'staging.events' : 'chosen_events',
    },
    scope: allEvents
      ? null
      : `${within} and exists (select 1 from keys_to_build
         where ${equalOn(['session_id', 'songplay_id'], 'keys_to_build', 'songplays')})`,
  };
}

function rebuildTime(all: boolean): Rebuild {
  const touched = 'start_time in (select start_time from touched_times)';
  return {
    table: time,
    inputs: {
      plays_to_build: all
        ? 'songplays'
        : `(select start_time from songplays where ${touched}) as touched_play`,
    },
    scope: all ? null : touched,
  };
}

function rebuildUsers(all: boolean, earliestTs: number): Rebuild {
  return {
    table: users,
    inputs: { user_events_to_build: userEvents(all, earliestTs) },
    scope: all ? null : 'user_id in (select user_id from touched_users)',
  };
}

function rebuildUserLevels(all: boolean, earliestTs: number): Rebuild {
  const standing = `exists (select 1 from touched_levels
    where ${equalOn(userLevels.key, 'touched_levels', 'ops.user_levels')})`;
  const before = `(select ops.user_levels.user_id, ops.user_levels.level, ops.user_levels.valid_from
    from ops.user_levels
    join touched_users on touched_users.user_id = ops.user_levels.user_id
    where ops.user_levels.valid_from < touched_users.from_time
      and (ops.user_levels.valid_to is null or ops.user_levels.valid_to >= touched_users.from_time))`;
  return {
    table: userLevels,
    inputs: {
      user_events_to_build: userEvents(all, earliestTs),
      levels_before: all ? '(select user_id, level, valid_from from ops.user_levels where 1 = 0)' : before,
    },
    scope: all ? null : standing,
  };
}

/** The events that decide about the touched users: theirs, from the first touched moment on. */
function userEvents(all: boolean, earliestTs: number): string {
  if (all) return 'staging.events';
  return `(select staging.events.user_id, first_name, last_name, gender, level, ts, session_id, item_in_session
    from staging.events
    join touched_users on touched_users.user_id = staging.events.user_id
    where staging.events.ts >= touched_users.from_ts and staging.events.ts >= ${earliestTs})`;
}

/** Every model over all of staging: what each table must hold, whatever loads came before. */
export function wholeModels(matchOn: MatchOn, dialect: Dialect): { table: Table; sql: string }[] {
  const scope: BuildScope = { allEvents: true, allSongs: true, matchOn, rowsBefore: {} };
  return [
    rebuildSongplays(scope, null, dialect),
    rebuildTime(true),
    rebuildUsers(true, 0),
    rebuildUserLevels(true, 0),
    rebuildSongs(true),
    rebuildArtists(true),
  ].map(({ table, inputs }) => ({ table, sql: bindModel(modelSql(table), inputs, dialect) }));
}

/**
 * keys_to_build: the touched events, and the plays that touched songs may match now or matched before.
 * chosen_events: what staging holds of them, taken out once, so that no model has to look through all of staging.
 * Returns the span of time in which all of them lie, in any version; null where they may lie anywhere.
 */
async function chooseEvents(warehouse: Warehouse): Promise<TimeSpan | null> {
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
async function chooseTimes(warehouse: Warehouse): Promise<void> {
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
async function chooseUsers(warehouse: Warehouse): Promise<number> {
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
