import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAnswerKey } from '../../src/answer-key/answer-key.ts';
import { compareWith } from '../../src/answer-key/compare.ts';
import { allChecks, runChecks } from '../../src/pipeline/check/check.ts';
import type { LoadSummary } from '../../src/pipeline/record/load-summary.ts';
import { countTotals, lastTotals } from '../../src/pipeline/record/totals.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { defaultRates } from '../../src/simulator/faults.ts';
import { silent } from '../../src/telemetry/observer.ts';
import type { Warehouse } from '../../src/warehouses/warehouse.ts';
import { rowsOf } from '../support/ad-hoc.ts';
import { inventData } from '../support/invented.ts';
import { freshDatabase, usePostgres, withPostgres } from '../support/postgres.ts';
import { randomNumbers } from '../support/random.ts';
import { realData, whySkipped } from '../support/real-data.ts';
import { eventRecord, jsonLines, songRecord, writeFiles } from '../support/records.ts';
import { freshCluster, useRedshift, withRedshift } from '../support/redshift-world.ts';
import { useS3Server } from '../support/s3-world.ts';
import { settingsWith, simulate, simulated } from '../support/simulated.ts';
import { readTables } from '../support/tables.ts';
import { type Delivery, deliver as deliverAt, freshFolder, withWarehouse } from '../support/warehouse.ts';

usePostgres();
useS3Server();
useRedshift();
/** A whole year takes some minutes; a few weeks show the same kinds of things. */
const days = Number(process.env.SPARKIFY_EQUALITY_DAYS ?? 14);

/** The moment of all loads: the reasons of rejects name it. */
const nowMs = (): number => Date.UTC(2026, 0, 1);

function deliver(warehouse: Warehouse, { options, ...delivery }: Delivery): Promise<LoadSummary> {
  return deliverAt(warehouse, { ...delivery, options: { ...options, nowMs } });
}

/** Does the same on DuckDB, on PostgreSQL and on Redshift. */
async function onAll<T>(work: (warehouse: Warehouse) => Promise<T>): Promise<[T, ...T[]]> {
  return [
    await withWarehouse(join(freshFolder(), 'w.duckdb'), work),
    await withPostgres(await freshDatabase(), work),
    await withRedshift(await freshCluster(), work),
  ];
}

/** Loads one state of the files after the other on all engines; every table and report must be equal after each. */
async function assertEqual(
  steps: readonly ((warehouse: Warehouse) => Promise<LoadSummary>)[],
): Promise<void> {
  const [duckDb, ...others] = await onAll(async (warehouse) => {
    const seen = [];
    for (const step of steps) {
      const {
        warehouse: _,
        runId,
        durationSeconds,
        eventsPerSecond,
        phases,
        ...report
      } = await step(warehouse);
      // What goes on from the last run's sums is what counting gives.
      expect(await lastTotals(warehouse)).toEqual(await countTotals(warehouse));
      seen.push({ report, tables: await readTables(warehouse) });
    }
    const checks = await runChecks(allChecks('title, artist, duration', warehouse.dialect), warehouse);
    expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
    return seen;
  });
  for (const [nth, seen] of others.entries()) {
    const engine = nth === 0 ? 'PostgreSQL' : 'Redshift';
    for (const [at, step] of duckDb.entries()) {
      expect(seen[at]?.report, `report of step ${at} on ${engine}`).toEqual(step.report);
      for (const [name, rows] of Object.entries(step.tables))
        expect(seen[at]?.tables[name], `${name} after step ${at} on ${engine}`).toEqual(rows);
    }
  }
}

describe('PostgreSQL and Redshift hold the same as DuckDB', () => {
  test('of simulated dirty data, delivered again; and both agree with the answer key', async () => {
    const folder = join(freshFolder(), 'data');
    await simulate(
      folder,
      settingsWith({ users: [150], days, songs: 300, songFiles: 'packed', rates: defaultRates }),
    );
    const key = () => {
      const found = parseAnswerKey(readFileSync(join(folder, 'manifest.json'), 'utf8'));
      if (found === null) throw new Error('There is not an answer key.');
      return found;
    };
    const delivery = { logs: join(folder, 'log_data'), songs: join(folder, 'song_data') };
    const loadAndCompare = async (warehouse: Warehouse): Promise<LoadSummary> => {
      const report = await deliver(warehouse, delivery);
      expect((await compareWith(key(), warehouse)).differences).toEqual([]);
      return report;
    };
    const first = join(freshFolder(), 'first');
    cpSync(folder, first, { recursive: true });
    await assertEqual([
      async (warehouse) => {
        rmSync(folder, { recursive: true });
        cpSync(first, folder, { recursive: true });
        return loadAndCompare(warehouse);
      },
      async (warehouse) => {
        cpSync(join(first, 'redelivery'), folder, { recursive: true });
        return loadAndCompare(warehouse);
      },
      (warehouse) => deliver(warehouse, delivery),
      (warehouse) => deliver(warehouse, { ...delivery, options: { fullRefresh: true } }),
      (warehouse) => deliver(warehouse, { ...delivery, options: { matchOn: 'title, artist' } }),
      (warehouse) => deliver(warehouse, { ...delivery, options: { matchOn: 'title, artist, duration' } }),
    ]);
  });

  test.each([[1], [2]])('seed %i: of files that come, change, move and vanish in any order', async (seed) => {
    const random = randomNumbers(seed);
    const folder = freshFolder();
    const { logs, songs } = inventData(folder, { seed, days: 6, eventsPerDay: 60 });
    const names = (of: string): string[] => readdirSync(of).filter((name) => name.endsWith('.json'));
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const states: string[] = [];
    for (let step = 0; step < 6; step += 1) {
      const place = pick([logs, logs, songs]);
      const name = pick(names(place));
      const path = join(place, name);
      const lines = readFileSync(path, 'utf8').split('\n');
      const kind = pick(['change', 'move', 'vanish', 'copy', 'break']);
      if (kind === 'change')
        writeFileSync(path, lines.filter(() => random() > 0.2).join('\n') || lines[0] || '');
      if (kind === 'break') writeFileSync(path, [...lines, '{"broken', ...lines.slice(0, 3)].join('\n'));
      if (kind === 'move') renameSync(path, join(place, `moved-${step}.json`));
      if (kind === 'copy') cpSync(path, join(place, `copy-${step}.json`));
      if (kind === 'vanish' && names(place).length > 1) rmSync(path);
      const state = join(folder, `state-${step}`);
      cpSync(logs, join(state, 'logs'), { recursive: true });
      cpSync(songs, join(state, 'songs'), { recursive: true });
      states.push(state);
    }
    // The same names for each state: a file's name is part of what it is.
    await assertEqual(
      states.map((state) => (warehouse: Warehouse) => {
        for (const [kind, place] of [
          ['logs', logs],
          ['songs', songs],
        ] as const) {
          rmSync(place, { recursive: true });
          cpSync(join(state, kind), place, { recursive: true, preserveTimestamps: true });
        }
        return deliver(warehouse, { logs, songs });
      }),
    ).catch((error) => {
      throw error;
    });
  });

  test('of texts and numbers that engines differ about', async () => {
    const words = [
      'a',
      'B',
      'b',
      'A',
      'ä',
      'Z',
      'z',
      'é',
      'e\u0301',
      '😀',
      '\uffff',
      ' x',
      'x ',
      '',
      '\\',
      '\\N',
      "'",
      '\t',
    ];
    const records = words.flatMap((word, at) => [
      eventRecord({ sessionId: 1, itemInSession: at, userId: `u${word}`, firstName: word, location: word }),
      // Conflicts are settled by the order of texts.
      eventRecord({
        sessionId: 1,
        itemInSession: at,
        userId: `u${word}`,
        firstName: word,
        location: `${word}b`,
      }),
      eventRecord({ sessionId: 2, itemInSession: at, length: at / 7, registration: 1e15 + at / 3 }),
    ]);
    const songs = words.map((word, at) =>
      songRecord({
        song_id: `S${at % 9}`,
        title: `t${word}`,
        artist_id: `A${at % 4}`,
        artist_name: `n${word}`,
        artist_location: word,
      }),
    );
    const folder = writeFiles(freshFolder(), {
      'logs/a.json': `${jsonLines(records)}\n{"a\\u0000b": 1}\n{"userId": "\\ud800"}`,
      'songs/a.json': jsonLines(songs),
    });
    await assertEqual([
      (warehouse) => deliver(warehouse, { logs: join(folder, 'logs'), songs: join(folder, 'songs') }),
    ]);
  });

  test('of lines that hold NUL, and of plays that change what the star does not show', async () => {
    const folder = freshFolder();
    const write = (artist: string, more: readonly object[] = []): void => {
      const lines = jsonLines([eventRecord({ artist, song: 'nothing known' }), ...more]);
      writeFiles(folder, { 'logs/a.json': `${lines}\n\0{"a":1}\n{"a":1}\0\n{"artist":"\0"}` });
      writeFiles(folder, { 'songs/a.json': jsonLines([songRecord({ artist_name: 'Known' })]) });
    };
    const delivery = { logs: join(folder, 'logs'), songs: join(folder, 'songs') };
    await assertEqual([
      async (warehouse) => {
        write('Unknown');
        return deliver(warehouse, delivery);
      },
      async (warehouse) => {
        write('Known');
        const report = await deliver(warehouse, delivery);
        expect(report.match.misses).toMatchObject({ artistUnknown: 0, titleUnknown: 1 });
        return report;
      },
      async (warehouse) => {
        write('Known', [eventRecord({ itemInSession: 1 })]);
        return deliver(warehouse, delivery);
      },
    ]);
  });

  test('after refused records were mended and replayed', async () => {
    const broken = JSON.stringify({ ...eventRecord({ itemInSession: 1 }), level: 'gold' });
    const folder = writeFiles(freshFolder(), {
      'logs/a.json': `${jsonLines([eventRecord()])}\n${broken}`,
      'songs/a.json': jsonLines([songRecord()]),
    });
    const [duckDb, ...others] = await onAll(async (warehouse) => {
      await deliver(warehouse, { logs: join(folder, 'logs'), songs: join(folder, 'songs') });
      const [reject] = await rowsOf(warehouse, 'select reject_id, "raw" from ops.rejects');
      const mended = [
        { rejectId: String(reject?.reject_id), raw: String(reject?.raw).replace('gold', 'paid') },
      ];
      const { accepted, tables } = await replay(mended, warehouse, nowMs, silent);
      return { accepted, tables, all: await readTables(warehouse) };
    });
    expect(duckDb.accepted).toBe(1);
    for (const other of others) expect(other).toEqual(duckDb);
  });

  test.skipIf(!realData)(`of the real data${realData ? '' : ` (${whySkipped})`}`, async () => {
    const { logs = '', songs = '' } = realData ?? {};
    await assertEqual([
      async (warehouse) => {
        const report = await deliver(warehouse, { logs, songs });
        const { tables, match } = report;
        expect([tables.songplays.rows, tables.users.rows, match.matched]).toEqual([6820, 97, 1]);
        return report;
      },
      (warehouse) => deliver(warehouse, { logs, songs }),
    ]);
  });

  test('of a song that comes after its plays', async () => {
    const folder = await simulated({ users: [40], days: 2, songs: 100 });
    const songs = join(folder, 'song_data');
    const logs = join(folder, 'log_data');
    await assertEqual([
      (warehouse) => deliver(warehouse, { logs }),
      (warehouse) => deliver(warehouse, { logs, songs }),
    ]);
  });
});
