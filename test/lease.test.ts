import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rowsOf } from './support/ad-hoc.ts';
import { sparkify } from './support/command.ts';
import { inventData } from './support/invented.ts';
import { eventRecord, jsonLines, writeFiles } from './support/records.ts';
import { freshFolder, withWarehouse } from './support/warehouse.ts';

describe('two writers', () => {
  test('at once: one waits for the other, and both end with the same star', async () => {
    const cwd = freshFolder();
    const { logs, songs } = inventData(cwd, { seed: 3, days: 4, eventsPerDay: 4000 });
    const args = ['etl', '--log-data', logs, '--song-data', songs, '--json'];
    const [one, two] = await Promise.all([sparkify(args, { cwd }), sparkify(args, { cwd })]);
    expect([one.code, two.code], one.stderr + two.stderr).toEqual([0, 0]);
    expect([one, two].map(({ stdout }) => JSON.parse(stdout).status).sort()).toEqual([
      'committed',
      'unchanged',
    ]);
  });

  test('without patience: the second says who holds the lease, and fails cleanly', async () => {
    const cwd = freshFolder();
    writeFiles(cwd, { 'logs/a.json': jsonLines([eventRecord()]) });
    await withWarehouse(join(cwd, 'sparkify.duckdb'), async () => {
      const outcome = await sparkify(['etl', '--log-data', 'logs', '--wait-seconds', '0'], { cwd });
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toMatch(
        new RegExp(`is being written by sparkify test \\(process ${process.pid} of .*, for \\d+ s\\)`),
      );
      expect(outcome.stderr).toContain('--wait-seconds SECONDS');
    });
  });
});

describe('readers', () => {
  test('see the last load while the next one runs, and neither waits for the other', async () => {
    const cwd = freshFolder();
    writeFiles(cwd, { 'first/a.json': jsonLines([eventRecord({ sessionId: 9_999_999 })]) });
    expect((await sparkify(['etl', '--log-data', 'first'], { cwd })).code).toBe(0);
    const { logs, songs } = inventData(cwd, { seed: 4, days: 8, eventsPerDay: 6000 });
    const asked: ReturnType<typeof sparkify>[] = [];
    const load = await sparkify(['etl', '--log-data', logs, '--song-data', songs], {
      cwd,
      onTalk(_, talk) {
        for (const [at, word] of ['reading:', 'events:', 'star:', 'checks:'].entries()) {
          if (asked.length <= at && talk.includes(word)) {
            asked.push(sparkify(['query', 'select count(*) as plays from songplays', '--json'], { cwd }));
          }
        }
      },
    });
    expect(load.code, load.stderr).toBe(0);
    expect(asked.length).toBe(4);
    for (const { code, stdout, stderr } of await Promise.all(asked)) {
      expect(code, stderr).toBe(0);
      const [{ plays }] = JSON.parse(stdout);
      expect(plays === 1 || plays > 40_000, `${plays} plays`).toBe(true);
    }
    const after = await sparkify(['query', 'select count(*) as plays from songplays', '--json'], { cwd });
    expect(JSON.parse(after.stdout)[0].plays).toBeGreaterThan(40_000);
  });

  test('that stay open do not make a load fail', async () => {
    const cwd = freshFolder();
    writeFiles(cwd, {
      'a/a.json': jsonLines([eventRecord()]),
      'b/b.json': jsonLines([eventRecord({ itemInSession: 1 })]),
    });
    await sparkify(['etl', '--log-data', 'a'], { cwd });
    const { openPublishedDuckDb } = await import('../src/warehouses/duckdb/reader.ts');
    const reader = await openPublishedDuckDb(join(cwd, 'sparkify.duckdb'), {
      nowMs: Date.now,
      recover: async () => {},
    });
    try {
      expect((await sparkify(['etl', '--log-data', 'b'], { cwd })).code).toBe(0);
      expect(await rowsOf(reader, 'select count(*) as plays from songplays')).toEqual([{ plays: 1 }]);
    } finally {
      await reader.close();
    }
    expect(
      (await sparkify(['query', 'select count(*) from songplays', '--format', 'csv'], { cwd })).stdout,
    ).toContain('2');
  });
});
