import { modelSql } from '../../models/book.ts';
import { userLevels } from '../../models/ops/user-levels.ts';
import { artists } from '../../models/star/artists.ts';
import { songplays } from '../../models/star/songplays.ts';
import { songs } from '../../models/star/songs.ts';
import { time } from '../../models/star/time.ts';
import { users } from '../../models/star/users.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import type { Observer } from '../../telemetry/observer.ts';
import { bindModel, equalOn } from '../../warehouses/sql.ts';
import type { Dialect, Warehouse } from '../../warehouses/warehouse.ts';
import type { MatchOn } from '../match-on.ts';
import { affectedSql, chooseEvents, chooseTimes, chooseUsers, type TimeSpan } from './affected.ts';
import { type Rebuild, reconcile, type TableChange } from './reconcile.ts';
import { renewSongKeys } from './song-keys.ts';

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
  observer.emit({ type: 'stepStarted', step: 'star', total: 6, unit: 'tables' });
  const done = async (rebuild: Rebuild): Promise<TableChange> => {
    observer.signal.throwIfAborted();
    const change = await reconcile(rebuild, scope.rowsBefore, warehouse);
    scopes.set(rebuild.table.name, rebuild.scope);
    const { rows, inserted: insertedRows, updated: updatedRows, deleted: deletedRows } = change;
    const table = qualifiedName(rebuild.table);
    observer.emit({ type: 'built', table, rows, insertedRows, updatedRows, deletedRows });
    observer.emit({ type: 'progressed', amount: 1 });
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
  const userChange = await done(rebuildUsers(scope.allEvents, earliest, warehouse.dialect));
  await done(rebuildUserLevels(scope.allEvents, earliest, warehouse.dialect));
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

function rebuildUsers(all: boolean, earliestTs: number, dialect: Dialect): Rebuild {
  return {
    table: users,
    inputs: { user_events_to_build: userEvents(all, earliestTs, dialect) },
    scope: all ? null : 'user_id in (select user_id from touched_users)',
  };
}

function rebuildUserLevels(all: boolean, earliestTs: number, dialect: Dialect): Rebuild {
  const standing = `exists (select 1 from touched_levels
    where ${equalOn(userLevels.key, 'touched_levels', 'ops.user_levels')})`;
  return {
    table: userLevels,
    inputs: {
      user_events_to_build: userEvents(all, earliestTs, dialect),
      levels_before: all
        ? '(select user_id, level, valid_from from ops.user_levels where 1 = 0)'
        : `(${affectedSql('levels-before', {}, { dialect })})`,
    },
    scope: all ? null : standing,
  };
}

/** The events that decide about the touched users: theirs, from the first touched moment on. */
function userEvents(all: boolean, earliestTs: number, dialect: Dialect): string {
  if (all) return 'staging.events';
  return `(${affectedSql('user-events', { earliest_ts: String(earliestTs) }, { dialect })})`;
}

/** Every model over all of staging: what each table must hold, whatever loads came before. */
export function wholeModels(matchOn: MatchOn, dialect: Dialect): { table: Table; sql: string }[] {
  const scope: BuildScope = { allEvents: true, allSongs: true, matchOn, rowsBefore: {} };
  return [
    rebuildSongplays(scope, null, dialect),
    rebuildTime(true),
    rebuildUsers(true, 0, dialect),
    rebuildUserLevels(true, 0, dialect),
    rebuildSongs(true),
    rebuildArtists(true),
  ].map(({ table, inputs }) => ({ table, sql: bindModel(modelSql(table), inputs, dialect) }));
}
