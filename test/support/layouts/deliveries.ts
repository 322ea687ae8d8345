import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { replay } from '../../../src/pipeline/replay.ts';
import { silent } from '../../../src/telemetry/observer.ts';
import type { Warehouse } from '../../../src/warehouses/warehouse.ts';
import { rowsOf } from '../ad-hoc.ts';
import { eventRecord, jsonLines, pageRecord, play, songRecord, writeFiles } from '../records.ts';
import { deliver } from '../warehouse.ts';

/**
 * What the frozen warehouses were loaded from, delivery by delivery: refused records, blank lines, exact repeats,
 * conflicts, undeclared keys, a file that changed, a second name, songs that come after their plays. The frozen rows
 * follow from it: a change here needs all of them made again.
 */
const deliveries: readonly Readonly<Record<string, string>>[] = [
  {
    'songs/1.json': JSON.stringify(songRecord({ artist_latitude: 64.1, artist_longitude: -21.9 })),
    'songs/2.json': JSON.stringify({
      ...songRecord({ song_id: 'SOJOGA', title: 'Jóga', year: 0 }),
      mood: 'high',
    }),
    'logs/1.json': jsonLines([
      play(0),
      play(1, { song: 'Unravel', level: 'paid' }),
      '',
      '{"broken',
      { ...play(2), ts: 'soon' },
      { ...play(3), weather: 'fair' },
      pageRecord('Home', { itemInSession: 4, ts: 1541106116796 }),
    ]),
  },
  {
    'logs/1.json': jsonLines([
      play(0),
      play(1, { song: 'Unravel', level: 'paid' }),
      { ...play(3), weather: 'fair', Level: 'x' },
      { ...play(2), ts: 'soon' },
      { ...play(5), level: 'none' },
    ]),
    'logs/2.json': jsonLines([
      play(0),
      play(1, { song: 'Unravel', level: 'free' }),
      eventRecord({ userId: '8', sessionId: 2, level: 'paid', ts: 1541200000000 }),
      eventRecord({ userId: '8', sessionId: 2, itemInSession: 1, level: 'free', ts: 1541200001000 }),
      eventRecord({ userId: '8', sessionId: 2, itemInSession: 1, level: 'free', ts: 1541200001000 }),
    ]),
    'logs/3.json': jsonLines([pageRecord('Home', { userId: '', sessionId: 3 })]),
    'logs/4.json': jsonLines([pageRecord('Home', { userId: '', sessionId: 3 })]),
  },
  {
    'songs/3.json': JSON.stringify(songRecord({ song_id: 'SOUNRAVEL', title: 'Unravel' })),
    'songs/4.json': JSON.stringify(songRecord({ song_id: 'SOUNRAVEL', title: 'Unravel', year: 1997 })),
    'songs/5.json': JSON.stringify({ ...songRecord({ song_id: 'SOBAD' }), year: -1 }),
  },
];

/** The moment of all loads, so that the same rows come of them. */
const nowMs = (): number => Date.UTC(2026, 0, 1);

/** Loads delivery after delivery, as this version does, and replays one refused record that was fixed. */
export async function loadDeliveries(
  warehouse: Warehouse,
  folder: string,
  { replays = true } = {},
): Promise<void> {
  for (const kind of ['logs', 'songs']) rmSync(join(folder, kind), { recursive: true, force: true });
  for (const files of deliveries) {
    writeFiles(folder, files);
    await deliver(warehouse, {
      logs: join(folder, 'logs'),
      songs: join(folder, 'songs'),
      options: { nowMs },
    });
  }
  if (!replays) return;
  const [reject] = await rowsOf(warehouse, "select reject_id from ops.rejects where rule = 'not_accepted'");
  await replay(
    [{ rejectId: String(reject?.reject_id), raw: JSON.stringify(play(5)) }],
    warehouse,
    nowMs,
    silent,
  );
}

/** Writes the files as they lie after the last delivery. */
export function writeDeliveries(folder: string): { logs: string; songs: string } {
  for (const files of deliveries) writeFiles(folder, files);
  return { logs: join(folder, 'logs'), songs: join(folder, 'songs') };
}
