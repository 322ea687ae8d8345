import { matchMissesSql } from '../models/book.ts';
import type { Warehouse } from '../warehouses/warehouse.ts';

/** How many plays found their song, and why the others did not. */
export interface MatchReport {
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

/** The match rate over the whole star. */
export async function matchReport(warehouse: Pick<Warehouse, 'rows'>): Promise<MatchReport> {
  const [star] = await warehouse.rows('select count(*) as plays, count(song_id) as matched from songplays');
  const [known] = await warehouse.rows(matchMissesSql());
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
