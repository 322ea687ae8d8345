// Invented logs and songs for benchmarks, in the app's own form; the same for the same arguments.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

function numbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4_294_967_296;
  };
}

/** Writes `days` files of `perDay` events and one file a song; returns their folders. */
export function invent(folder, { days, perDay, songs: songCount, users: userCount }) {
  const random = numbers(12345);
  const pick = (items) => items[Math.floor(random() * items.length)];
  const songs = Array.from({ length: songCount }, (_, id) => ({
    artist: id % 37 === 0 ? `Artiste \\u00e9 ${id % 5000}` : `Artist ${id % 5000}`,
    title: `Song title number ${id}`,
    length: 100 + Math.floor(random() * 30_000_000) / 100_000,
  }));
  const users = Array.from({ length: userCount }, (_, id) => ({
    id: id + 2,
    place: `City ${id % 300}-Place-Else, CA`,
    level: random() < 0.3 ? 'paid' : 'free',
    session: id * 100_000,
    item: 0,
  }));
  const logs = join(folder, 'log_data');
  mkdirSync(logs, { recursive: true });
  for (let day = 0; day < days; day += 1) {
    const start = Date.UTC(2018, 10, 1 + day);
    const lines = Array.from({ length: perDay }, (_, at) => {
      const user = pick(users);
      if (random() < 0.1) {
        user.session += 1;
        user.item = 0;
      }
      const song = random() < 0.85 ? pick(songs) : null;
      const text = (value) => (value === null ? 'null' : `"${value}"`);
      const item = user.item++;
      return `{"artist":${text(song?.artist ?? null)},"auth":"Logged In","firstName":"First${user.id % 300}","gender":"F","itemInSession":${item},"lastName":"Last${user.id % 700}","length":${song?.length ?? null},"level":"${user.level}","location":"${user.place}","method":"PUT","page":"${song ? 'NextSong' : 'Home'}","registration":${1540000000000 + user.id}.0,"sessionId":${user.session},"song":${text(song?.title ?? null)},"status":200,"ts":${start + Math.floor((at * 86_400_000) / perDay)},"userAgent":"\\"Mozilla\\/5.0 (Windows NT 6.1; WOW64) AppleWebKit\\/537.36 (KHTML, like Gecko) Chrome\\/36.0.1985.${user.id % 30} Safari\\/537.36\\"","userId":"${user.id}"}`;
    });
    writeFileSync(join(logs, `${new Date(start).toISOString().slice(0, 10)}-events.json`), lines.join('\n'));
  }
  const songData = join(folder, 'song_data');
  for (const [id, song] of songs.entries()) {
    const place = join(
      songData,
      String.fromCharCode(65 + (id % 26)),
      String.fromCharCode(65 + (Math.floor(id / 26) % 26)),
    );
    mkdirSync(place, { recursive: true });
    writeFileSync(
      join(place, `TR${String(id).padStart(16, 'A')}.json`),
      `{"num_songs": 1, "artist_id": "AR${id % 5000}", "artist_latitude": null, "artist_longitude": null, "artist_location": "", "artist_name": "${song.artist}", "song_id": "SO${id}", "title": "${song.title}", "duration": ${song.length}, "year": ${id % 3 ? 2000 : 0}}`,
    );
  }
  return { logs, songs: songData };
}
