import { join } from 'node:path';
import { randomNumbers } from './random.ts';
import { eventRecord, jsonLines, pageRecord, songRecord, writeFiles } from './records.ts';

/** Invented logs of some days and a small catalogue, the same for the same seed; days are large enough for the engine's own reader. */
export function inventData(
  folder: string,
  { seed, days, eventsPerDay }: { seed: number; days: number; eventsPerDay: number },
) {
  const random = randomNumbers(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const catalogue = Array.from({ length: 60 }, (_, id) =>
    songRecord({
      song_id: `SO${id}`,
      artist_id: `AR${id % 20}`,
      artist_name: `Ártist ${id % 20}`,
      title: `Title ${id}`,
      duration: 100 + id / 8,
    }),
  );
  const items = new Map<number, number>();
  const logFiles: Record<string, string> = {};
  for (let day = 0; day < days; day += 1) {
    const records = Array.from({ length: eventsPerDay }, (_, at) => {
      const user = below(50);
      const sessionId = day * 100 + user;
      const itemInSession = items.get(sessionId) ?? 0;
      items.set(sessionId, itemInSession + 1);
      const song = catalogue[below(60)] as (typeof catalogue)[number];
      const change = {
        userId: String(user),
        firstName: `First ${user}`,
        sessionId,
        itemInSession,
        ts: Date.UTC(2018, 10, 1 + day) + at * 1000,
        level: (user + Math.floor(day / 3)) % 4 === 0 ? 'paid' : 'free',
      };
      if (random() < 0.1) return pageRecord('Home', change);
      return eventRecord({
        ...change,
        artist: String(song.artist_name),
        song: String(song.title),
        length: random() < 0.5 ? song.duration : 77.5,
      });
    });
    logFiles[`2018-11-${String(day + 1).padStart(2, '0')}-events.json`] = jsonLines(records);
  }
  return {
    logs: writeFiles(join(folder, 'log_data'), logFiles),
    songs: writeFiles(
      join(folder, 'song_data'),
      Object.fromEntries(catalogue.map((song) => [`${song.song_id}.json`, JSON.stringify(song)])),
    ),
  };
}
