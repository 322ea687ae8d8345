import { readSql } from '../../models/sql-file.ts';
import { qualifiedName } from '../../schema/table.ts';
import { bindModel, equalOn } from '../../warehouses/sql.ts';
import type { Statement } from '../../warehouses/statement.ts';
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
export async function misplacedContents(warehouse: Pick<Warehouse, 'rows' | 'dialect'>): Promise<number[]> {
  const found: number[] = [];
  const ask = async (statement: Statement): Promise<void> => {
    for (const { file_id: id } of await warehouse.rows(statement)) found.push(Number(id));
  };
  const sqlOf = (name: string, inputs: Readonly<Record<string, string>>): string =>
    bindModel(readSql(`./misplaced-keys/${name}.sql`, import.meta.url), inputs, warehouse.dialect);
  for (const { staging, repeated, key } of Object.values(targets)) {
    const [from, aside] = [qualifiedName(staging), qualifiedName(repeated)];
    const inputs = { repeated_records: aside, staged_records: from, same_key: equalOn(key, from, aside) };
    await ask({ name: `repair: ${aside} without original`, sql: sqlOf('without-original', inputs) });
  }
  for (const { star, staged, counts, sameKey } of pairs) {
    const inputs = { star_table: star, staged_records: staged, record_counts: counts, same_key: sameKey };
    const orphans = await warehouse.rows({
      name: `repair: ${star} of no record`,
      sql: sqlOf('star-rows-of-no-record', inputs),
    });
    if (orphans.length === 0) continue;
    await ask({
      name: `repair: records without a row in ${star}`,
      sql: sqlOf('records-without-star-row', inputs),
    });
  }
  return found;
}
