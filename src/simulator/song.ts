import { makeStream, mix, purposes, uniformOf } from './random.ts';
import type { RecordForm } from './record-form.ts';
import { artistNameOf, TITLES, titleOf } from './words.ts';

export const GENRES = 12;
/** Songs that share a folder; fixed, so that a larger catalogue leaves the files of a smaller one as they are. */
const SONGS_PER_FOLDER = 64;

/** A song as the catalogue's files have it. */
export interface Song {
  readonly trackId: string;
  readonly songId: string;
  readonly artistId: string;
  readonly artist: Artist;
  readonly title: string;
  readonly durationSeconds: number;
  readonly year: number;
}

interface Artist {
  readonly name: string;
  readonly location: string;
  readonly latitude: number | null;
  readonly longitude: number | null;
}

/** Artists' numbers: five new ones per ten songs, and some songs by an artist of before. */
export function artistNumberOf(seed: number, song: number): number {
  const block = Math.floor(song / 10);
  const again = uniformOf(seed, purposes.artist, song, 1);
  if (block > 0 && again < 0.15) return Math.floor((again / 0.15) * block * 5);
  const within = [0, 0, 0, 0, 1, 1, 2, 2, 3, 4][song % 10] as number;
  return block * 5 + within;
}

/** The song with this number; pure in seed and number. */
export function songOf(seed: number, number: number): Song {
  const stream = makeStream(seed, purposes.song, number);
  const artistNumber = artistNumberOf(seed, number);
  const year = stream.next() < 0.32 ? 0 : 2018 - Math.floor(58 * stream.next() * stream.next());
  return {
    trackId: trackIdOf(number, mix(seed, purposes.song, number, 1)),
    songId: `SO${idText(number, mix(seed, purposes.song, number, 2))}`,
    artistId: `AR${idText(artistNumber, mix(seed, purposes.artist, artistNumber, 2))}`,
    artist: makeArtist(seed, artistNumber),
    title: titleOf((number * 7919 + (seed % TITLES)) % TITLES),
    durationSeconds: durationOf(seed, number),
    year,
  };
}

/** Whole seconds by chance, and five digits that no other song with this title and artist has. */
function durationOf(seed: number, number: number): number {
  const stream = makeStream(seed, purposes.song, number, 3);
  const seconds = Math.floor(
    Math.max(35, Math.min(720, 236 + 62 * stream.normal() + 20 * stream.exponential())),
  );
  return (seconds * 100_000 + ((number * 37_199 + 50_021) % 100_000)) / 100_000;
}

function makeArtist(seed: number, number: number): Artist {
  const stream = makeStream(seed, purposes.artist, number);
  const isPlaced = stream.next() < 0.4;
  const place = stream.next();
  return {
    name: artistNameOf(number),
    location: stream.next() < 0.55 ? (artistPlaces[Math.floor(place * artistPlaces.length)] as string) : '',
    latitude: isPlaced ? (stream.below(12_000_000) - 4_500_000) / 100_000 : null,
    longitude: isPlaced ? (stream.below(30_000_000) - 15_000_000) / 100_000 : null,
  };
}

const artistPlaces =
  'Los Angeles, CA|New York, NY|London, England|Paris, France|Stockholm, Sweden|São Paulo, Brazil|Lagos, Nigeria|Berlin, Germany|Nashville, TN|Reykjavík, Iceland|Detroit, MI|Kingston, Jamaica|Tokyo, Japan|Austin, TX|Toronto, Ontario|Melbourne, Australia'.split(
    '|',
  );

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** `TR`, three letters that name the folder, two that the song has to itself there, and a hexadecimal tail. */
function trackIdOf(number: number, tail: number): string {
  const folder = Math.floor(number / SONGS_PER_FOLDER);
  const within = number % SONGS_PER_FOLDER;
  const letters = [folder / 676, folder / 26, folder, within / 26, within].map(
    (at) => LETTERS[Math.floor(at) % 26],
  );
  return `TR${letters.join('')}128F${hex(tail, 7)}`;
}

/** Sixteen characters as in the real ids; five of them hold the number, so that no two are the same. */
function idText(number: number, chance: number): string {
  let rest = number;
  let text = '';
  for (let at = 0; at < 5; at += 1) {
    text = ALPHANUMERIC[(rest + 7 * at + 3) % 36] + text;
    rest = Math.floor(rest / 36);
  }
  return `${text}1187${hex(chance, 7)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0').slice(-digits);
}

/** Where a song's file lies below song_data: `A/B/C/TRABC….json`. */
export function songPath(trackId: string): string {
  return `${trackId[2]}/${trackId[3]}/${trackId[4]}/${trackId}.json`;
}

/** A song's record, in the real files' order of keys. */
export function songRecord(song: Song, form: RecordForm): string {
  const { artist } = song;
  const number = (value: number | null): string => (value === null ? 'null' : form.double(value));
  const pairs = [
    ['num_songs', '1'],
    ['artist_id', form.songText(song.artistId)],
    ['artist_latitude', number(artist.latitude)],
    ['artist_longitude', number(artist.longitude)],
    ['artist_location', form.songText(artist.location)],
    ['artist_name', form.songText(artist.name)],
    ['song_id', form.songText(song.songId)],
    ['title', form.songText(song.title)],
    ['duration', form.double(song.durationSeconds)],
    ['year', String(song.year)],
  ];
  return `{${pairs.map(([key, value]) => `"${key}": ${value}`).join(', ')}}`;
}
