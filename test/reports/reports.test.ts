import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allReports, reportSql } from '../../src/reports/book.ts';
import type { SqlRow } from '../../src/warehouses/statement.ts';
import { rowsOf } from '../support/ad-hoc.ts';
import type { EventRecord } from '../support/records.ts';
import { eventsIn, simulated } from '../support/simulated.ts';
import { deliver, freshFolder, withWarehouse } from '../support/warehouse.ts';

const made = simulated({ users: [300], days: 6, songs: 90 });
const plays = made.then((folder) => eventsIn(folder).filter((event) => event.page === 'NextSong'));

const answers = made.then((folder) =>
  withWarehouse(join(freshFolder(), 'w.duckdb'), async (warehouse) => {
    await deliver(warehouse, { logs: join(folder, 'log_data'), songs: join(folder, 'song_data') });
    const found = new Map<string, SqlRow[]>();
    for (const report of allReports) found.set(report.name, await rowsOf(warehouse, reportSql(report)));
    return found;
  }),
);

async function answer(name: string): Promise<SqlRow[]> {
  return (await answers).get(name) as SqlRow[];
}

function countBy(
  events: readonly EventRecord[],
  of: (event: EventRecord) => string,
): Map<string, EventRecord[]> {
  const groups = new Map<string, EventRecord[]>();
  for (const event of events) groups.set(of(event), [...(groups.get(of(event)) ?? []), event]);
  return groups;
}

function listeners(events: readonly EventRecord[]): number {
  return new Set(events.map((event) => event.userId)).size;
}

describe('the reports', () => {
  test.each(allReports.map((report) => [report.name, report] as const))(
    '%s has exactly the declared columns, in order, and draws one of them',
    async (name, { columns, chart }) => {
      const rows = await answer(name);
      expect(rows.length).toBeGreaterThan(1);
      for (const row of rows) expect(Object.keys(row)).toEqual(columns.map((column) => column.name));
      expect(columns.map((column) => column.name)).toContain(chart.of);
      expect(reportSql({ name } as Parameters<typeof reportSql>[0])).not.toMatch(
        /select\s+\*|group by \d|[A-Z]{4,} *\(/,
      );
    },
  );

  test('top-songs: plays and listeners are those of the events', async () => {
    const groups = countBy(await plays, (event) => `${event.song}\n${event.artist}`);
    for (const { title, artist, plays: count, listeners: people } of await answer('top-songs')) {
      const own = groups.get(`${title}\n${artist}`) as EventRecord[];
      // Events with this title and artist may be of another length, which is another song.
      const longest = [...countBy(own, (event) => String(event.length)).values()].sort(
        (a, b) => b.length - a.length,
      )[0];
      expect([count, people]).toEqual([longest?.length, listeners(longest ?? [])]);
    }
    const counts = (await answer('top-songs')).map((row) => Number(row.plays));
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
  });

  test('plays-by-hour, paid-and-free and listeners-by-place add up to the events', async () => {
    const events = await plays;
    const hours = countBy(events, (event) => String(new Date(event.ts).getUTCHours()));
    expect(await answer('plays-by-hour')).toEqual(
      [...hours]
        .map(([hour, own]) => ({ hour: Number(hour), plays: own.length }))
        .sort((a, b) => a.hour - b.hour),
    );
    for (const { level, ...row } of await answer('paid-and-free')) {
      const own = events.filter((event) => event.level === level);
      expect(row).toEqual({
        listeners: listeners(own),
        plays_per_listener: own.length / listeners(own),
        share: own.length / events.length,
        plays: own.length,
      });
    }
    const places = countBy(events, (event) => String(event.location));
    const expected = [...places]
      .map(([location, own]) => ({ location, plays: own.length, listeners: listeners(own) }))
      .sort((a, b) => b.listeners - a.listeners || b.plays - a.plays || (a.location < b.location ? -1 : 1));
    expect(await answer('listeners-by-place')).toEqual(expected.slice(0, 8));
  });
});
