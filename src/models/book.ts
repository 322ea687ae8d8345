import type { Table } from '../schema/table.ts';
import { drift } from './ops/drift.ts';
import { files } from './ops/files.ts';
import { rejects } from './ops/rejects.ts';
import { repeatedEvents } from './ops/repeated-events.ts';
import { repeatedSongs } from './ops/repeated-songs.ts';
import { runs } from './ops/runs.ts';
import { songKeys } from './ops/song-keys.ts';
import { userLevels } from './ops/user-levels.ts';
import { warehouse } from './ops/warehouse.ts';
import { readSql } from './sql-file.ts';
import { events } from './staging/events.ts';
import { songs as stagedSongs } from './staging/songs.ts';
import { artists } from './star/artists.ts';
import { songplays } from './star/songplays.ts';
import { songs } from './star/songs.ts';
import { time } from './star/time.ts';
import { users } from './star/users.ts';

/** The star, fact first. */
export const starTables: readonly Table[] = [songplays, users, songs, artists, time];

/** Every table of the warehouse, in the order in which they are created and read about. */
export const allTables: readonly Table[] = [
  ...starTables,
  events,
  stagedSongs,
  files,
  runs,
  rejects,
  repeatedEvents,
  repeatedSongs,
  songKeys,
  userLevels,
  drift,
  warehouse,
];

/** The tables that are made of staging alone: where one is missing, it is made again. */
export const derivedTables: readonly Table[] = [...starTables, songKeys, userLevels];

/** The star tables whose rows a table's rows point to. */
export function referencedTable(name: string): Table {
  const found = starTables.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`No star table is named ${name}.`);
  return found;
}

/** The SELECT that says how a table is built, from `<schema>/<table>.sql`. */
export function modelSql(table: Table): string {
  return readSql(`./${table.schema}/${table.name.replaceAll('_', '-')}.sql`, import.meta.url);
}

/** The SELECT of a check, from `checks/<name>.sql`: each row that it yields is a fault. */
export function checkSql(name: string): string {
  return readSql(`./checks/${name}.sql`, import.meta.url);
}

/** One row: plays, and how many have an artist, or an artist and title, that the catalogue knows. */
export function matchMissesSql(): string {
  return readSql('./star/match-misses.sql', import.meta.url);
}
