import { hash } from 'node:crypto';

/** Sums over rows stand for the rows themselves; small, so that every product is exact in 32 bits. */
export const ROW_MODULUS = 46_337;

/** A text as a whole number below ROW_MODULUS, 0 for null: seven hexadecimal digits of its MD5, as SQL can tell as well. */
export function textNumber(text: string | null): number {
  return text === null ? 0 : Number.parseInt(hash('md5', text).slice(0, 7), 16) % ROW_MODULUS;
}

/** `textNumber` in SQL, of a column. */
const textSql = (column: string): string => `coalesce(md5_number(${column}) % ${ROW_MODULUS}, 0)`;

/** A row's share of its table's sum; `key` and `values` are whole numbers from 0, sums of them below 2^31. */
function rowNumber(key: number, values: number): number {
  return ((1 + (key % ROW_MODULUS)) * (values % ROW_MODULUS)) % ROW_MODULUS;
}

const rowSql = (key: string, values: string): string =>
  `((1 + (${key}) % ${ROW_MODULUS}) * ((${values}) % ${ROW_MODULUS})) % ${ROW_MODULUS}`;

/** Numbers of a double that has five digits after the point at most. */
function doubleNumber(value: number | null): number {
  return value === null ? 0 : Math.round((value + 200) * 100_000) % ROW_MODULUS;
}

const doubleSql = (column: string): string =>
  `coalesce(cast(round((${column} + 200) * 100000) as bigint) % ${ROW_MODULUS}, 0)`;

/** What a song adds to its plays. */
export function songNumber(songId: string, artistId: string): number {
  return (textNumber(songId) + 3 * textNumber(artistId)) % ROW_MODULUS;
}

/** What a user at a place with a device adds to plays. */
export function listenerNumber(
  userNumber: number,
  location: string | null,
  userAgent: string | null,
): number {
  return (5 * userNumber + 7 * textNumber(location) + 11 * textNumber(userAgent)) % ROW_MODULUS;
}

/** A play's row. */
export function playNumber(
  session: number,
  item: number,
  { song, listener, isPaid, msOfDay }: { song: number; listener: number; isPaid: number; msOfDay: number },
): number {
  return rowNumber(session + 31 * item, song + listener + 13 * isPaid + (msOfDay % ROW_MODULUS));
}

/** The same of a row of songplays. */
export const playSql = rowSql(
  `session_id % ${ROW_MODULUS} + 31 * cast(split_part(songplay_id, '-', 2) as bigint)`,
  `(${textSql('song_id')} + 3 * ${textSql('artist_id')}) % ${ROW_MODULUS}
   + (5 * ${textSql('user_id')} + 7 * ${textSql('location')} + 11 * ${textSql('user_agent')}) % ${ROW_MODULUS}
   + case when level = 'paid' then 13 else 0 end
   + ms_of_day(start_time) % ${ROW_MODULUS}`,
);

/** A row of users. */
export function userNumber(
  userNumber: number,
  {
    firstName,
    lastName,
    gender,
    isPaid,
  }: { firstName: string | null; lastName: string | null; gender: string | null; isPaid: number },
): number {
  return rowNumber(
    userNumber,
    textNumber(firstName) + 3 * textNumber(lastName) + 5 * textNumber(gender) + 7 * isPaid,
  );
}

export const userSql = rowSql(
  textSql('user_id'),
  `${textSql('first_name')} + 3 * ${textSql('last_name')} + 5 * ${textSql('gender')} + case when level = 'paid' then 7 else 0 end`,
);

/** A row of songs; an unknown year is 0. */
export function songRowNumber(song: {
  songId: string;
  title: string;
  artistId: string;
  year: number;
  durationSeconds: number;
}): number {
  const values =
    textNumber(song.title) +
    3 * textNumber(song.artistId) +
    5 * song.year +
    7 * doubleNumber(song.durationSeconds);
  return rowNumber(textNumber(song.songId), values);
}

export const songSql = rowSql(
  textSql('song_id'),
  `${textSql('title')} + 3 * ${textSql('artist_id')} + 5 * coalesce(year, 0) + 7 * ${doubleSql('duration')}`,
);

/** A row of artists; an empty location is unknown. */
export function artistNumber(
  artistId: string,
  {
    name,
    location,
    latitude,
    longitude,
  }: { name: string; location: string; latitude: number | null; longitude: number | null },
): number {
  const place = textNumber(location === '' ? null : location);
  return rowNumber(
    textNumber(artistId),
    textNumber(name) + 3 * place + 5 * doubleNumber(latitude) + 7 * doubleNumber(longitude),
  );
}

export const artistSql = rowSql(
  textSql('artist_id'),
  `${textSql('name')} + 3 * ${textSql('location')} + 5 * ${doubleSql('latitude')} + 7 * ${doubleSql('longitude')}`,
);
