import { songKeys } from '../../models/ops/song-keys.ts';
import { readSql } from '../../models/sql-file.ts';
import { bindModel } from '../../warehouses/sql.ts';
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
  const inputs = {
    songs_are_touched: isTouched('staging.songs'),
    keys_are_touched: isTouched('ops.song_keys'),
  };
  const sqlOf = (name: string): string =>
    bindModel(readSql(`./song-keys/${name}.sql`, import.meta.url), inputs, warehouse.dialect);
  await makeTemporary(warehouse, 'touched_keys', {
    name: 'song keys: touched ones before',
    sql: `select title, artist_name from ops.song_keys where ${isTouched('ops.song_keys')}`,
  });
  await warehouse.run({
    name: 'song keys: take touched ones out',
    sql: all
      ? 'delete from ops.song_keys'
      : 'delete from ops.song_keys using touched_songs where touched_songs.song_id = ops.song_keys.song_id',
  });
  await warehouse.run({ name: 'song keys: own spellings', sql: sqlOf('own-spellings') });
  const accented = await warehouse.rows({ name: 'song keys: accented songs', sql: sqlOf('accented') });
  await warehouse.append(
    songKeys,
    accented.flatMap((own) => SPELLINGS.map(({ spelling, times }) => respell(own, spelling, times))),
  );
  await warehouse.run({
    name: 'song keys: touched ones after',
    sql: `insert into touched_keys
     select title, artist_name from ops.song_keys where ${isTouched('ops.song_keys')}`,
  });
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
