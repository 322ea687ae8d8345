import { matchMissesSql } from '../../models/book.ts';
import { readSql } from '../../models/sql-file.ts';
import { bindModel } from '../../warehouses/sql.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';

/** How many plays found their song, and why the others did not. */
export interface MatchSummary {
  readonly plays: number;
  readonly matched: number;
  /** matched / plays, 0 to 1; null without plays. */
  readonly rate: number | null;
  readonly misses: {
    readonly artistUnknown: number;
    readonly titleUnknown: number;
    readonly durationDiffers: number;
  };
}

type Reader = Pick<Warehouse, 'rows' | 'dialect'>;

/** The match rate over the complete star. */
export function matchSummary(warehouse: Reader): Promise<MatchSummary> {
  return matchOf(warehouse, 'songplays', 'staging.events');
}

/** The match rate over the complete star, from what it was before plays were added and nothing else changed. */
export async function matchWithAdded(before: MatchSummary, warehouse: Reader): Promise<MatchSummary> {
  const added = await matchOf(
    warehouse,
    'fresh_songplays',
    `(${bindModel(readSql('./match/added-plays.sql', import.meta.url), {}, warehouse.dialect)})`,
  );
  const plays = before.plays + added.plays;
  const matched = before.matched + added.matched;
  return {
    plays,
    matched,
    rate: plays === 0 ? null : matched / plays,
    misses: {
      artistUnknown: before.misses.artistUnknown + added.misses.artistUnknown,
      titleUnknown: before.misses.titleUnknown + added.misses.titleUnknown,
      durationDiffers: before.misses.durationDiffers + added.misses.durationDiffers,
    },
  };
}

async function matchOf(warehouse: Reader, songplays: string, events: string): Promise<MatchSummary> {
  const [star] = await warehouse.rows({
    name: `match: plays with a song in ${songplays}`,
    sql: `select count(*) as plays, count(song_id) as matched from ${songplays}`,
  });
  const [known] = await warehouse.rows({
    name: `match: plays with a known artist or title in ${songplays}`,
    sql: bindModel(matchMissesSql(), { events_to_match: events }, warehouse.dialect),
  });
  const plays = Number(star?.plays ?? 0);
  const matched = Number(star?.matched ?? 0);
  const withArtist = Number(known?.with_known_artist ?? 0);
  const withTitle = Number(known?.with_known_title ?? 0);
  return {
    plays,
    matched,
    rate: plays === 0 ? null : matched / plays,
    misses: {
      artistUnknown: plays - withArtist,
      titleUnknown: withArtist - withTitle,
      durationDiffers: withTitle - matched,
    },
  };
}
