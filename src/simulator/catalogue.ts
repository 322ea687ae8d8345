import { songNumber } from '../answer-key/row-sums.ts';
import { type FragmentStore, fragmentStore } from './fragments.ts';
import { mix, purposes, uniformOf } from './random.ts';
import type { RecordForm } from './record-form.ts';
import { artistNumberOf, GENRES, type Song, songOf } from './song.ts';

export const FEWEST_SONGS = 71;
export const MOST_SONGS = 1_000_000;
const MOST_UNLISTED = 5_000;
/** Of the plays that match nothing: how many because artist, title or length is unknown. */
const UNKNOWN_ARTIST = 0.6;
const UNKNOWN_TITLE = 0.3;

/** What a day's simulation needs of the songs; all of it in memory that threads can share. */
export interface Catalogue {
  /** Songs in the catalogue's files; numbers from here on are of songs that it lacks. */
  readonly listed: number;
  readonly unlisted: number;
  /** Artist, length and title of every song as JSON, three fragments each. */
  readonly fragments: FragmentStore;
  readonly lengthMs: Uint32Array;
  /** What each listed song adds to its plays in the answer key (see row-sums.ts). */
  readonly songNumbers: Uint16Array;
  /** Each listed song's artist. */
  readonly artistOf: Uint32Array;
  /** Songs by genre: `inGenre[genreStart[g]] …`, each with its alias for a draw by popularity in one step. */
  readonly genreStart: Uint32Array;
  readonly inGenre: Uint32Array;
  readonly aliasShare: Float64Array;
  readonly alias: Uint32Array;
  /** Songs by artist: `byArtist[artistStart[a]] …`. */
  readonly artistStart: Uint32Array;
  readonly byArtist: Uint32Array;
}

/** Makes `songs` songs and those that plays name although the catalogue lacks them. */
export function makeCatalogue(seed: number, songs: number, form: RecordForm): Catalogue {
  const unlisted = Math.min(songs, MOST_UNLISTED);
  const all = songs + unlisted;
  const fragments = fragmentStore(all * 3, all * 96);
  const lengthMs = new Uint32Array(new SharedArrayBuffer(all * 4));
  const genreOf = new Uint8Array(songs);
  const songNumbers = new Uint16Array(new SharedArrayBuffer(songs * 2));
  const artistOf = new Uint32Array(new SharedArrayBuffer(songs * 4));
  for (let number = 0; number < all; number += 1) {
    const song = number < songs ? songOf(seed, number) : unlistedSong(seed, number - songs, songs);
    if (number < songs) {
      const artist = artistNumberOf(seed, number);
      artistOf[number] = artist;
      songNumbers[number] = songNumber(song.songId, song.artistId);
      genreOf[number] = mix(seed, purposes.artist, artist, 3) % GENRES;
    }
    fragments.add(`${form.name === 'eventsim' ? ',' : '{'}"artist":${form.text(song.artist.name)}`);
    fragments.add(form.double(song.durationSeconds));
    fragments.add(`,"song":${form.text(song.title)}`);
    lengthMs[number] = Math.round(song.durationSeconds * 1000);
  }
  const [genreStart, inGenre] = grouped(genreOf, GENRES);
  const artists = Math.floor(songs / 10) * 5 + 5;
  const [artistStart, byArtist] = grouped(artistOf, artists);
  const [aliasShare, alias] = aliases(seed, genreStart, inGenre);
  return {
    listed: songs,
    unlisted,
    fragments,
    lengthMs,
    songNumbers,
    artistOf,
    genreStart,
    inGenre,
    aliasShare,
    alias,
    artistStart,
    byArtist,
  };
}

/** A song that plays name and that is in no file: by an unknown artist, of unknown title, or of another length. */
function unlistedSong(seed: number, number: number, songs: number): Song {
  const near = songOf(seed, mix(seed, purposes.song, number, 5) % songs);
  const why = uniformOf(seed, purposes.song, number, 6);
  if (why < UNKNOWN_ARTIST) {
    const name = `DJ ${near.artist.name} ${number + 1}`;
    return { ...near, artist: { ...near.artist, name } };
  }
  if (why < UNKNOWN_ARTIST + UNKNOWN_TITLE) return { ...near, title: `${near.title} (Live)` };
  return { ...near, durationSeconds: Math.round((near.durationSeconds + 1) * 100_000) / 100_000 };
}

/** The positions of each group's members, one group after the other. */
function grouped(
  groupOf: Uint8Array | Uint32Array,
  groups: number,
): [start: Uint32Array, members: Uint32Array] {
  const start = new Uint32Array(new SharedArrayBuffer((groups + 1) * 4));
  for (const group of groupOf) start[group + 1] = (start[group + 1] as number) + 1;
  for (let group = 0; group < groups; group += 1) {
    start[group + 1] = (start[group + 1] as number) + (start[group] as number);
  }
  const next = start.slice();
  const members = new Uint32Array(new SharedArrayBuffer(groupOf.length * 4));
  groupOf.forEach((group, member) => {
    const at = next[group] as number;
    members[at] = member;
    next[group] = at + 1;
  });
  return [start, members];
}

/** Vose's alias tables, one a genre: a draw by popularity takes two random numbers, whatever the number of songs. */
function aliases(
  seed: number,
  genreStart: Uint32Array,
  inGenre: Uint32Array,
): [share: Float64Array, alias: Uint32Array] {
  const share = new Float64Array(new SharedArrayBuffer(inGenre.length * 8));
  const alias = new Uint32Array(new SharedArrayBuffer(inGenre.length * 4));
  for (let genre = 0; genre < GENRES; genre += 1) {
    const from = genreStart[genre] as number;
    const count = (genreStart[genre + 1] as number) - from;
    let sum = 0;
    for (let at = 0; at < count; at += 1) {
      const weight = popularityOf(seed, inGenre[from + at] as number);
      share[from + at] = weight;
      sum += weight;
    }
    const small: number[] = [];
    const large: number[] = [];
    for (let at = 0; at < count; at += 1) {
      share[from + at] = ((share[from + at] as number) * count) / sum;
      alias[from + at] = at;
      ((share[from + at] as number) < 1 ? small : large).push(at);
    }
    while (small.length > 0 && large.length > 0) {
      const less = small.pop() as number;
      const more = large.at(-1) as number;
      alias[from + less] = more;
      share[from + more] = (share[from + more] as number) - (1 - (share[from + less] as number));
      if ((share[from + more] as number) < 1) small.push(large.pop() as number);
    }
    for (const at of [...small, ...large]) share[from + at] = 1;
  }
  return [share, alias];
}

/** Few songs are played much: a weight that falls with the square root of a uniform rank. */
function popularityOf(seed: number, song: number): number {
  return 1 / Math.sqrt(0.0005 + uniformOf(seed, purposes.song, song, 4));
}
