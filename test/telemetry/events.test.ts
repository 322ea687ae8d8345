import { getEventListeners } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InterruptedError } from '../../src/errors.ts';
import { replay } from '../../src/pipeline/replay.ts';
import type { LoadEvent } from '../../src/telemetry/events.ts';
import { observerOf } from '../../src/telemetry/observer.ts';
import { phaseTimer } from '../../src/telemetry/phases.ts';
import { rowsOf } from '../support/ad-hoc.ts';
import { sparkify } from '../support/command.ts';
import { eventRecord, jsonLines, songRecord, writeFiles } from '../support/records.ts';
import { deliver, freshFolder, inFolder, withWarehouse } from '../support/warehouse.ts';

/** Two logs, one of which has a record that is refused and a line that is blank, and a song. */
function delivered() {
  const places = inFolder();
  const refused = { ...eventRecord({ itemInSession: 9 }), level: 'gold' };
  writeFiles(places.folder, {
    'logs/a.json': jsonLines([eventRecord({ itemInSession: 0 }), refused]),
    'logs/b.json': `${jsonLines([eventRecord({ itemInSession: 1 })])}\n\n`,
    'songs/a.json': JSON.stringify(songRecord()),
  });
  return places;
}

function recording(signal?: AbortSignal) {
  const events: LoadEvent[] = [];
  return { events, observer: observerOf([(event) => void events.push(event)], signal) };
}

/** The events of weight: what a log would keep. */
function typesOf(events: readonly LoadEvent[]): string[] {
  return events
    .map(({ type }) => type)
    .filter((type) => !['stepStarted', 'progressed', 'fileRead'].includes(type));
}

describe('a load', () => {
  test('tells what it does as events, with the numbers of its report', async () => {
    const { file, logs, songs } = delivered();
    const { events, observer } = recording();
    const report = await withWarehouse(file, (warehouse) => deliver(warehouse, { logs, songs, observer }));
    const built = Array.from({ length: 6 }, () => 'built');
    expect(typesOf(events)).toEqual([
      'started',
      ...['planned', 'planned', 'staged', 'staged', 'deduplicated', 'deduplicated'],
      ...built,
      ...['checked', 'recorded', 'committing', 'committed', 'published'],
    ]);
    expect(events[0]).toMatchObject({
      type: 'started',
      command: 'test',
      runId: report.runId,
      warehouse: `duckdb:${file}`,
    });
    expect(events.filter(({ type }) => type === 'planned')).toMatchObject([
      { kind: 'song', newFiles: 1, unchangedFiles: 0 },
      { kind: 'log', newFiles: 2, unchangedFiles: 0 },
    ]);
    const { lines, staged, rejected, blank } = report.events;
    expect(events.filter(({ type }) => type === 'staged')[1]).toMatchObject({
      ...{ kind: 'log', files: 2, lines },
      ...{ stagedRecords: staged, rejectedRecords: rejected, blankLines: blank },
    });
    expect([staged, rejected, blank]).toEqual([2, 1, 1]);
    expect(events.filter(({ type }) => type === 'built')[2]).toEqual({
      type: 'built',
      table: 'songplays',
      rows: report.tables.songplays.rows,
      insertedRows: report.tables.songplays.inserted,
      updatedRows: 0,
      deletedRows: 0,
    });
    expect(
      events
        .filter(({ type }) => type === 'fileRead')
        .map((event) => 'path' in event && event.path)
        .sort(),
    ).toEqual([join(logs, 'a.json'), join(logs, 'b.json'), join(songs, 'a.json')]);
    expect(
      events.every((event) => JSON.stringify(JSON.parse(JSON.stringify(event))) === JSON.stringify(event)),
    ).toBe(true);
  });

  test('has the phases of its report from these events', async () => {
    const { file, logs, songs } = delivered();
    let now = 0;
    const options = { nowMs: () => (now += 10) };
    const { phases } = await withWarehouse(file, (warehouse) => deliver(warehouse, { logs, songs, options }));
    expect(Object.keys(phases)).toEqual([
      'plan',
      'stage songs',
      'stage logs',
      'repeats',
      'build',
      'check',
      'report',
      'commit',
      'publish',
    ]);
    let ms = 0;
    const timer = phaseTimer(() => ms);
    for (const [at, type] of [
      [5, 'note'],
      [30, 'recorded'],
      [70, 'committed'],
      [80, 'recorded'],
    ] as const) {
      ms = at;
      timer.hear({ type, message: '', runId: null } as LoadEvent);
    }
    expect(timer.seconds).toEqual({ report: 0.04, commit: 0.04 });
  });

  test('that fails tells why, and that nothing is committed', async () => {
    const { file, logs, songs } = delivered();
    const { events, observer } = recording();
    const options = { maxRejects: { share: null, count: 0 } };
    const failing = withWarehouse(file, (warehouse) =>
      deliver(warehouse, { logs, songs, observer, options }),
    );
    await expect(failing).rejects.toThrow();
    expect(events.at(-1)).toMatchObject({ type: 'failed', error: 'LoadError', isCommitted: false });
    expect(typesOf(events)).not.toContain('committing');
  });

  test('is not ended or changed by a listener that throws, and says so once', async () => {
    const { file, logs, songs } = delivered();
    const heard: LoadEvent[] = [];
    const observer = observerOf([
      () => {
        throw new Error('full disk');
      },
      (event) => void heard.push(event),
    ]);
    const report = await withWarehouse(file, (warehouse) => deliver(warehouse, { logs, songs, observer }));
    expect(report.status).toBe('committed');
    expect(heard.filter(({ type }) => type === 'warning')).toEqual([
      { type: 'warning', message: 'A listener failed, and hears no more of what is done: full disk' },
    ]);
    expect(heard.at(-1)).toMatchObject({ type: 'published' });
  });

  test.each(['reading', 'events', 'star', 'checks'])(
    'ends by the reason of its signal at %s, commits nothing, and leaves no listener',
    async (step) => {
      const { file, logs, songs } = delivered();
      const stopping = new AbortController();
      const reason = new InterruptedError('SIGINT');
      const observer = observerOf(
        [
          (event) => {
            if (event.type === 'stepStarted' && event.step === step) stopping.abort(reason);
          },
        ],
        stopping.signal,
      );
      await withWarehouse(file, async (warehouse) => {
        await expect(deliver(warehouse, { logs, songs, observer })).rejects.toBe(reason);
        expect(await rowsOf(warehouse, 'select count(*) as n from ops.runs')).toEqual([{ n: 0 }]);
      });
      expect(getEventListeners(stopping.signal, 'abort')).toEqual([]);
    },
  );
});

test('a replay tells what it does, too', async () => {
  const { file, logs, songs } = delivered();
  await withWarehouse(file, async (warehouse) => {
    await deliver(warehouse, { logs, songs });
    const [reject] = await rowsOf(warehouse, 'select reject_id, "raw" from ops.rejects');
    const mended = [
      { rejectId: String(reject?.reject_id), raw: String(reject?.raw).replace('gold', 'paid') },
    ];
    const { events, observer } = recording();
    await replay(mended, warehouse, Date.now, observer);
    const types = typesOf(events);
    expect(types[0]).toBe('started');
    expect(types.slice(-5)).toEqual(['checked', 'recorded', 'committing', 'committed', 'published']);
  });
});

test('etl -v says each event of weight in a line on stderr, with the seconds since the start; stdout is the result’s', async () => {
  const { folder } = delivered();
  const args = ['etl', '--log-data', 'logs', '--song-data', 'songs', '--json'];
  const verbose = await sparkify([...args, '-v'], { cwd: folder });
  expect(verbose.code, verbose.stderr).toBe(0);
  const lines = verbose.stderr
    .split('\n')
    .flatMap((line) => /^ *\d+\.\d\d s {2}(\w+) +(.*)$/.exec(line)?.slice(1) ?? []);
  expect(lines).toEqual(
    expect.arrayContaining(['planned', expect.stringMatching(/^logs: 2 new; 1\.0\d kB to load$/)]),
  );
  expect(verbose.stderr).toMatch(
    /^ +\d+\.\d\d s {2}staged +logs: 4 lines, 2 staged, 1 rejected, 1 blank; 2 files, /m,
  );
  expect(verbose.stderr).toMatch(/^ +\d+\.\d\d s {2}built +songplays: \d rows, /m);
  expect(verbose.stderr).toMatch(/^ +\d+\.\d\d s {2}committed +run 20/m);
  expect(Object.keys(JSON.parse(verbose.stdout).phases)).toContain('commit');
  const plain = await sparkify(args, { cwd: freshFolder() });
  expect(plain.stderr).not.toMatch(/\d s {2}/);
});
