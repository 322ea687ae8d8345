import { qualifiedName } from '../../schema/table.ts';
import { equalOn } from '../../warehouses/sql.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { targets } from '../file-kinds.ts';

/** Rows of the star, of which each key follows from the key of one staged record. */
interface KeyPair {
  readonly star: string;
  readonly staged: string;
  /** Which staged records have a row in the star. */
  readonly counts: string;
  /** Between a row of the star, `built`, and a staged `record`: both tables of songs have one name. */
  readonly sameKey: string;
}

const pairs: readonly KeyPair[] = [
  {
    star: 'songplays',
    staged: 'staging.events',
    counts: "page = 'NextSong'",
    sameKey: `built.session_id = record.session_id and built.songplay_id =
      cast(record.session_id as varchar) || '-' || cast(record.item_in_session as varchar)`,
  },
  {
    star: 'songs',
    staged: 'staging.songs',
    counts: '1 = 1',
    sameKey: 'built.song_id = record.song_id',
  },
];

/**
 * Contents of records whose key was changed by hand: of what was set aside without the record that it repeats, and of
 * what is staged and not in the star, while the star holds rows of which staging holds no record. Where rows of the star
 * alone are gone, or of staging alone, the keys are right: then this names nothing.
 */
export async function misplacedContents(warehouse: Pick<Warehouse, 'rows'>): Promise<number[]> {
  const found: number[] = [];
  const ask = async (sql: string): Promise<void> => {
    for (const { file_id: id } of await warehouse.rows(sql)) found.push(Number(id));
  };
  for (const { staging, repeated, key } of Object.values(targets)) {
    const [from, aside] = [qualifiedName(staging), qualifiedName(repeated)];
    await ask(
      `select distinct file_id from ${aside}
       where not exists (select 1 from ${from} where ${equalOn(key, from, aside)})`,
    );
  }
  for (const { star, staged, counts, sameKey } of pairs) {
    const orphans = await warehouse.rows(
      `select 1 as found from ${star} as built
       where not exists (select 1 from ${staged} as record where ${counts} and ${sameKey}) limit 1`,
    );
    if (orphans.length === 0) continue;
    await ask(
      `select distinct file_id from ${staged} as record
       where ${counts} and not exists (select 1 from ${star} as built where ${sameKey})`,
    );
  }
  return found;
}
