import type { EventRecord, SongRecord } from './records.ts';

/**
 * The star that a set of valid records must give, computed without SQL and in another way than the product does:
 * the witness for property tests.
 */
export function expectedStar(events: readonly EventRecord[], songs: readonly SongRecord[]) {
  const once = [
    ...firstByKey(events, (event) => `${event.sessionId}-${event.itemInSession}`, compareEvents).values(),
  ];
  const catalogue = [...firstByKey(songs, (song) => song.song_id, compareSongs).values()];
  const plays = once.filter((event) => event.page === 'NextSong');
  const songplays = plays.map((play) => {
    const song = catalogue
      .filter((candidate) => candidate.duration === play.length)
      .filter((candidate) =>
        spellings(candidate).some(
          ([title, artist]) =>
            title === play.song?.replace(/ +$/, '') && artist === play.artist?.replace(/ +$/, ''),
        ),
      )
      .sort((a, b) => compareText(a.song_id, b.song_id))[0];
    return {
      songplay_id: `${play.sessionId}-${play.itemInSession}`,
      start_time: new Date(play.ts),
      user_id: play.userId,
      level: play.level,
      song_id: song?.song_id ?? null,
      artist_id: song?.artist_id ?? null,
      session_id: play.sessionId,
      location: play.location === '' ? null : play.location,
      user_agent: play.userAgent,
    };
  });
  const loggedIn = once.filter((event) => event.userId !== '').sort(byTime);
  const latest = new Map(loggedIn.map((event) => [event.userId, event]));
  return {
    songplays: songplays.sort((a, b) => compareText(a.songplay_id, b.songplay_id)),
    users: [...latest.values()]
      .map((event) => ({
        user_id: event.userId,
        first_name: event.firstName,
        last_name: event.lastName,
        gender: event.gender,
        level: event.level,
      }))
      .sort((a, b) => compareText(a.user_id, b.user_id)),
    songs: catalogue
      .map((song) => ({
        song_id: song.song_id,
        title: String(song.title),
        artist_id: song.artist_id,
        year: song.year === 0 ? null : song.year,
        duration: song.duration,
      }))
      .sort((a, b) => compareText(a.song_id, b.song_id)),
    artistIds: [...new Set(catalogue.map((song) => song.artist_id))].sort(compareText),
    times: [...new Set(plays.map((play) => play.ts))].sort((a, b) => a - b),
    levels: levelsOf(loggedIn),
  };
}

function levelsOf(loggedIn: readonly EventRecord[]) {
  const rows: { user_id: string; level: string; valid_from: Date; valid_to: Date | null }[] = [];
  for (const user of [...new Set(loggedIn.map((event) => event.userId))].sort(compareText)) {
    const lastAt = new Map(
      loggedIn.filter((event) => event.userId === user).map((event) => [event.ts, event.level]),
    );
    const before = rows.length;
    for (const [ts, level] of [...lastAt].sort(([a], [b]) => a - b)) {
      const current = rows.length > before ? rows.at(-1) : undefined;
      if (current?.level === level) continue;
      if (current) current.valid_to = new Date(ts);
      rows.push({ user_id: user, level, valid_from: new Date(ts), valid_to: null });
    }
  }
  return rows;
}

function firstByKey<T>(
  records: readonly T[],
  keyOf: (record: T) => string,
  compare: (a: T, b: T) => number,
): Map<string, T> {
  const first = new Map<string, T>();
  for (const record of records) {
    const standing = first.get(keyOf(record));
    if (standing === undefined || compare(record, standing) < 0) first.set(keyOf(record), record);
  }
  return first;
}

const eventOrder: readonly (keyof EventRecord)[] = [
  'ts',
  'artist',
  'auth',
  'firstName',
  'gender',
  'itemInSession',
  'lastName',
  'length',
  'level',
  'location',
  'method',
  'page',
  'registration',
  'sessionId',
  'song',
  'status',
  'userAgent',
  'userId',
];
const songOrder: readonly (keyof SongRecord)[] = [
  'num_songs',
  'artist_id',
  'artist_latitude',
  'artist_longitude',
  'artist_location',
  'artist_name',
  'song_id',
  'title',
  'duration',
  'year',
];

const compareEvents = (a: EventRecord, b: EventRecord): number => compareBy(eventOrder, a, b);
const compareSongs = (a: SongRecord, b: SongRecord): number => compareBy(songOrder, a, b);

function compareBy<T>(order: readonly (keyof T)[], a: T, b: T): number {
  for (const field of order) {
    const [left, right] = [a[field], b[field]];
    if (left === right) continue;
    if (left === null) return 1;
    if (right === null) return -1;
    if (typeof left === 'number' && typeof right === 'number') return left - right;
    return compareText(String(left), String(right));
  }
  return 0;
}

function byTime(a: EventRecord, b: EventRecord): number {
  return a.ts - b.ts || a.sessionId - b.sessionId || a.itemInSession - b.itemInSession;
}

function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function spellings(song: SongRecord): [string, string][] {
  const own: [string, string] = [
    String(song.title).replace(/ +$/, ''),
    String(song.artist_name).replace(/ +$/, ''),
  ];
  const again = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text));
  const twice: [string, string] = [again(own[0]), again(own[1])];
  return [own, twice, [again(twice[0]), again(twice[1])]];
}
