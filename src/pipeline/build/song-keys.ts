import { songKeys } from '../../models/ops/song-keys.ts';
import { inDialect } from '../../warehouses/sql.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { makeTemporary } from './temporary.ts';

/** What a UTF-8 text becomes when its bytes are taken for Latin-1 and encoded again. */
export function encodedAgain(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

const SPELLINGS = [
  { spelling: 'encoded twice', times: 1 },
  { spelling: 'encoded thrice', times: 2 },
] as const;

/**
 * Renews ops.song_keys for the touched songs, or for all. Leaves in touched_keys the titles and artists whose
 * plays may find another song than before.
 */
export async function renewSongKeys(all: boolean, warehouse: Warehouse): Promise<void> {
  const isTouched = (table: string): string =>
    all
      ? '1 = 1'
      : `exists (select 1 from touched_songs as touched where touched.song_id = ${table}.song_id)`;
  await makeTemporary(
    warehouse,
    'touched_keys',
    `select title, artist_name from ops.song_keys where ${isTouched('ops.song_keys')}`,
  );
  await warehouse.run(
    all
      ? 'delete from ops.song_keys'
      : 'delete from ops.song_keys using touched_songs where touched_songs.song_id = ops.song_keys.song_id',
  );
  await warehouse.run(
    `insert into ops.song_keys (song_id, artist_id, spelling, title, artist_name, duration)
     select song_id, artist_id, 'own', rtrim(title, ' '), rtrim(artist_name, ' '), duration
     from staging.songs where ${isTouched('staging.songs')}`,
  );
  const accented = await warehouse.rows(
    inDialect(
      `select song_id, artist_id, title, artist_name, duration from ops.song_keys
       where spelling = 'own' and ${isTouched('ops.song_keys')}
         and (byte_length(title) > length(title) or byte_length(artist_name) > length(artist_name))`,
      warehouse.dialect,
    ),
  );
  await warehouse.append(
    songKeys,
    accented.flatMap((own) => SPELLINGS.map(({ spelling, times }) => respell(own, spelling, times))),
  );
  await warehouse.run(
    `insert into touched_keys
     select title, artist_name from ops.song_keys where ${isTouched('ops.song_keys')}`,
  );
}

function respell(own: Record<string, unknown>, spelling: string, times: number): Record<string, unknown> {
  let title = String(own.title);
  let artist = String(own.artist_name);
  for (let round = 0; round < times; round += 1) {
    title = encodedAgain(title);
    artist = encodedAgain(artist);
  }
  return { ...own, spelling, title, artist_name: artist };
}
