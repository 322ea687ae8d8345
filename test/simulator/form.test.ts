import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { events } from '../../src/models/staging/events.ts';
import { songs } from '../../src/models/staging/songs.ts';
import { sourceColumns } from '../../src/schema/table.ts';
import { realData, whySkipped } from '../support/real-data.ts';
import type { EventRecord } from '../support/records.ts';
import { eventsIn, logTexts, simulated } from '../support/simulated.ts';

/** As pandas wrote the real logs: JSON text with `/` escaped and all but ASCII as \uXXXX. */
function asReal(record: Record<string, unknown>): string {
  return JSON.stringify(record)
    .replaceAll('/', '\\/')
    .replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/"registration":(\d+),/, '"registration":$1.0,');
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort();
}

describe('records in the app’s form', () => {
  const made = simulated({ users: [400], songs: 200, profile: 'full', growth: 4 });

  test('are written exactly as the real ones: each line is what its values give', async () => {
    const lines = logTexts(await made).flatMap((text) => text.split('\n'));
    expect(lines.length).toBeGreaterThan(3_000);
    for (const line of lines) expect(line).toBe(asReal(JSON.parse(line)));
    expect(lines.some((line) => line.includes('\\u00'))).toBe(true);
  });

  test('have exactly the declared keys, in alphabetical order, as the real ones', async () => {
    const keys = Object.keys(eventsIn(await made)[0] as EventRecord);
    expect(keys).toEqual([...keys].sort((a, b) => (a < b ? -1 : 1)));
    expect([...keys].sort()).toEqual(
      sourceColumns(events)
        .map(({ from }) => from.key)
        .sort(),
    );
  });

  test('lie in one file a UTC day, in the order of time, with no newline at the end', async () => {
    const folder = await made;
    for (const [nth, text] of logTexts(folder).entries()) {
      expect(text.endsWith('}')).toBe(true);
      const times = text.split('\n').map((line) => (JSON.parse(line) as EventRecord).ts);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      const date = new Date(times[0] as number).toISOString().slice(0, 10);
      expect(new Date(times.at(-1) as number).toISOString().slice(0, 10)).toBe(date);
      expect(filesBelow(join(folder, 'log_data'))[nth]).toBe(`2018/11/${date}-events.json`);
    }
  });

  test.skipIf(realData === null)(
    `are nulls, types and texts as in the real files (${whySkipped})`,
    async () => {
      const real = filesBelow(realData?.logs ?? '').flatMap((name) =>
        readFileSync(join(realData?.logs ?? '', name), 'utf8').split('\n'),
      );
      for (const line of real) expect(asReal(JSON.parse(line))).toBe(line);
      const shapeOf = (line: string): string => {
        const record = JSON.parse(line) as Record<string, unknown>;
        return Object.entries(record)
          .map(([key, value]) => `${key}:${value === null ? 'null' : typeof value}`)
          .join();
      };
      const classic = await simulated({ users: [300] });
      const shapes = (lines: readonly string[]): string[] => [...new Set(lines.map(shapeOf))].sort();
      expect(shapes(logTexts(classic).flatMap((text) => text.split('\n')))).toEqual(shapes(real));
      const pages = (lines: readonly string[]): string[] =>
        [
          ...new Set(
            lines.map((line) => {
              const { page, method, status, auth } = JSON.parse(line) as EventRecord;
              return `${page} ${method} ${status} ${auth}`;
            }),
          ),
        ].sort();
      const more = await simulated({ users: [3_000] });
      expect(pages(logTexts(more).flatMap((text) => text.split('\n')))).toEqual(pages(real));
    },
  );

  test.skipIf(realData === null)(`song files are as the real ones (${whySkipped})`, async () => {
    const folder = join(await made, 'song_data');
    const form =
      /^\{"num_songs": 1, "artist_id": "AR[A-Z0-9]{16}", "artist_latitude": (null|-?\d+\.\d+), "artist_longitude": (null|-?\d+\.\d+), "artist_location": "[^\n]*", "artist_name": "[^\n]+", "song_id": "SO[A-Z0-9]{16}", "title": "[^\n]+", "duration": \d+\.\d+, "year": \d+\}$/;
    const real = realData?.songs ?? '';
    for (const [place, names] of [
      [real, filesBelow(real)],
      [folder, filesBelow(folder)],
    ] as const) {
      for (const name of names) {
        expect(name).toMatch(/^([A-Z])\/([A-Z])\/([A-Z])\/TR\1\2\3[A-Z]{2}[A-F0-9]{11}\.json$/);
        expect(readFileSync(join(place, name), 'utf8')).toMatch(form);
      }
    }
    expect(filesBelow(folder).length).toBe(200);
    const first = readFileSync(join(folder, filesBelow(folder)[0] as string), 'utf8');
    expect(Object.keys(JSON.parse(first))).toEqual(sourceColumns(songs).map(({ from }) => from.key));
  });
});

describe('plain NDJSON', () => {
  test('holds the same records, as UTF-8 lines that all end', async () => {
    const change = { users: [200], songs: 200 };
    const plain = logTexts(await simulated({ ...change, format: 'ndjson' }));
    const app = logTexts(await simulated(change));
    for (const [nth, text] of plain.entries()) {
      expect(text.endsWith('}\n')).toBe(true);
      const records = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
      expect(records).toEqual(app[nth]?.split('\n').map((line) => JSON.parse(line) as unknown));
      expect(text).not.toMatch(/\\u00|\\\//);
    }
    expect(plain.join('')).toMatch(/[à-ü]/);
  });
});

describe('the form of eventsim', () => {
  test('holds the same values in its own order of keys, and leaves out what is null', async () => {
    const change = { users: [200], songs: 200, profile: 'full', growth: 4 } as const;
    const native = logTexts(await simulated({ ...change, format: 'eventsim' })).flatMap((text) =>
      text.trimEnd().split('\n'),
    );
    const app = eventsIn(await simulated(change));
    const order =
      'ts userId sessionId page auth method status level itemInSession location userAgent lastName firstName registration gender artist song length'.split(
        ' ',
      ) as (keyof EventRecord)[];
    const expected = app.map((record) =>
      JSON.stringify(
        Object.fromEntries(order.filter((key) => record[key] !== null).map((key) => [key, record[key]])),
      ),
    );
    expect(native).toEqual(expected);
  });
});
