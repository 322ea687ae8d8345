import type { Catalogue } from './catalogue.ts';
import type { Person } from './person.ts';
import { mix, purposes, type Stream } from './random.ts';
import { GENRES } from './song.ts';

/** Why a user plays a song; the rest of the plays are drawn from the user's favourite genres by popularity. */
const AGAIN = 0.04;
const FAVOURITE = 0.22;
const SAME_ARTIST = 0.12;
const IN_CHARTS = 0.08;
const ANY_GENRE = 0.15;
const FAVOURITES = 24;
const CHART_SONGS = 40;
/** How a song rises and fades in the charts, by weeks since it entered. */
const chartWeeks = [0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5] as const;

export interface Preferences {
  /** The next song of a user on a day, a number in the catalogue; `previous` is -1 at first. */
  next(stream: Stream, person: Person, userId: number, day: number, previous: number): number;
}

/** Songs by popularity and taste; `matchShare` of the plays name a song that the catalogue lists. */
export function makePreferences(catalogue: Catalogue, seed: number, matchShare: number): Preferences {
  const { listed, unlisted } = catalogue;
  const { genreStart, inGenre, aliasShare, alias, artistStart, byArtist } = catalogue;

  function popularIn(genre: number, first: number, second: number): number {
    const from = genreStart[genre] as number;
    const count = (genreStart[genre + 1] as number) - from;
    if (count === 0) return Math.floor(first * listed);
    const at = Math.floor(first * count);
    return inGenre[
      from + (second < (aliasShare[from + at] as number) ? at : (alias[from + at] as number))
    ] as number;
  }

  function favourite(person: Person, userId: number, nth: number): number {
    const first = mix(seed, purposes.user, userId, nth + 16) / 4_294_967_296;
    const second = mix(seed, purposes.user, userId, nth + 4_096) / 4_294_967_296;
    return popularIn(person.genres[nth % 3] as number, first, second);
  }

  function inCharts(stream: Stream, day: number): number {
    const weeksAgo = chartWeeks[stream.below(chartWeeks.length)] as number;
    const draw = stream.next();
    const week = Math.floor(day / 7) - weeksAgo;
    return mix(seed, purposes.chart, week, Math.floor(draw * draw * CHART_SONGS)) % listed;
  }

  function wanted(stream: Stream, person: Person, userId: number, day: number, previous: number): number {
    const why = stream.next();
    if (previous >= 0 && previous < listed) {
      if (why < AGAIN) return previous;
      if (why < AGAIN + SAME_ARTIST) {
        const artist = catalogue.artistOf[previous] as number;
        const from = artistStart[artist] as number;
        return byArtist[from + stream.below((artistStart[artist + 1] as number) - from)] as number;
      }
    }
    if (why > 1 - FAVOURITE) {
      const draw = stream.next();
      return favourite(person, userId, Math.floor(draw * draw * FAVOURITES));
    }
    if (why > 1 - FAVOURITE - IN_CHARTS) return inCharts(stream, day);
    const genre =
      stream.next() < ANY_GENRE ? stream.below(GENRES) : (person.genres[stream.below(3)] as number);
    return popularIn(genre, stream.next(), stream.next());
  }

  return {
    next(stream, person, userId, day, previous) {
      const song = wanted(stream, person, userId, day, previous);
      return stream.next() < matchShare ? song : listed + ((song * 31) % unlisted);
    },
  };
}
