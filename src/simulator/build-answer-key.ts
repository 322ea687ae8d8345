import { ANSWER_KEY_FORMAT, type AnswerKey, type DayKey, type FileKey } from '../answer-key/answer-key.ts';
import { artistNumber, songRowNumber } from '../answer-key/row-sums.ts';
import { dayOf } from './calendar.ts';
import { overlayUsers, sumUsers } from './expected-counts.ts';
import type { Delivery } from './make-days.ts';
import type { Settings } from './settings.ts';
import { songOf } from './song.ts';
import { populationOf } from './world.ts';

/** The answer key of everything that was delivered: by range of users, then by range of days. */
export function keyOf(
  settings: Settings,
  songs: readonly FileKey[],
  ranges: readonly (readonly Delivery[])[],
  delivery: 1 | 2,
): AnswerKey {
  const deliveries = ranges.flat();
  const users = usersOf(settings, ranges);
  const days = mergedDays(ranges);
  const files = [...deliveries.flatMap((made) => made.files), ...songs].sort((a, b) =>
    a.path < b.path ? -1 : 1,
  );
  const catalogue = sumCatalogue(settings);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    format: ANSWER_KEY_FORMAT,
    delivery,
    settings: { ...settings },
    events: balanceOf(files, 'log'),
    songs: balanceOf(files, 'song'),
    tables: {
      songplays: sum(days.map((day) => day.plays)),
      users: users.free + users.paid,
      songs: settings.songs,
      artists: catalogue.artists,
      time: sum(days.map((day) => day.startTimes)),
    },
    usersByLevel: { free: users.free, paid: users.paid },
    rowSums: { users: users.rows, songs: catalogue.songRows, artists: catalogue.artistRows },
    days,
    files,
    faults: deliveries.flatMap((made) => made.faults),
  };
}

function usersOf(settings: Settings, ranges: readonly (readonly Delivery[])[]) {
  const sum = { free: 0, paid: 0, rows: 0 };
  ranges.forEach((range, at) => {
    const firstUser = at === 0 ? 1 : (settings.users[at - 1] as number) + 1;
    const population = populationOf(settings, firstUser, settings.users[at] as number);
    const states = new Uint16Array(population.count);
    for (const { users } of range) overlayUsers(states, users);
    const own = sumUsers(states, population, settings.seed, dayOf(settings.from) as number);
    for (const name of ['free', 'paid', 'rows'] as const) sum[name] += own[name];
  });
  return sum;
}

function sumCatalogue({ seed, songs }: Settings): { artists: number; songRows: number; artistRows: number } {
  const artists = new Set<string>();
  let songRows = 0;
  let artistRows = 0;
  for (let number = 0; number < songs; number += 1) {
    const song = songOf(seed, number);
    songRows += songRowNumber(song);
    if (artists.has(song.artistId)) continue;
    artists.add(song.artistId);
    artistRows += artistNumber(song.artistId, song.artist);
  }
  return { artists: artists.size, songRows, artistRows };
}

/** What comes in; a file's copy counts for nothing. */
function balanceOf(files: readonly FileKey[], kind: FileKey['kind']): AnswerKey['events'] {
  const sum = { lines: 0, staged: 0, rejected: 0 };
  for (const file of files) {
    if (file.kind !== kind || file.copyOf !== undefined) continue;
    for (const name of ['lines', 'staged', 'rejected'] as const) sum[name] += file[name];
  }
  return sum;
}

function mergedDays(ranges: readonly (readonly Delivery[])[]): DayKey[] {
  const merged = new Map<string, DayKey & { times: Set<number> | null }>();
  for (const { days, startTimes } of ranges.flat()) {
    days.forEach((day, at) => {
      const known = merged.get(day.date);
      const times = ranges.length > 1 ? new Set(startTimes[at]) : null;
      if (known === undefined) {
        merged.set(day.date, { ...day, times });
        return;
      }
      for (const name of ['plays', 'paid', 'matched', 'rows'] as const) known[name] += day[name];
      for (const time of times ?? []) known.times?.add(time);
      known.startTimes = known.times?.size ?? 0;
    });
  }
  return [...merged.values()].map(({ times: _, ...day }) => day).sort((a, b) => (a.date < b.date ? -1 : 1));
}

/** The answer key as JSON, one file, day or fault a line. */
export function* keyText(key: AnswerKey): Generator<string> {
  for (const [at, [name, value]] of Object.entries(key).entries()) {
    yield `${at === 0 ? '{' : ','}\n  ${JSON.stringify(name)}: `;
    if (!Array.isArray(value) || value.length === 0) {
      yield JSON.stringify(value);
      continue;
    }
    for (const [nth, item] of value.entries()) yield `${nth === 0 ? '[' : ','}\n    ${JSON.stringify(item)}`;
    yield '\n  ]';
  }
  yield '\n}\n';
}
