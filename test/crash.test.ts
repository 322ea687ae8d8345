import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { sparkify } from './support/command.ts';
import { inventData } from './support/invented.ts';
import { randomNumbers, useSeed } from './support/random.ts';
import { sampleOneIn } from './support/sample.ts';
import { onSmallDisk } from './support/small-disk.ts';
import { deliver, freshFolder, readStar, type Star, withWarehouse } from './support/warehouse.ts';

sampleOneIn(3);

const crashes = Number(process.env.SPARKIFY_CRASH_RUNS ?? 2);

const seed = useSeed(5);

describe('a load that is killed', () => {
  let logs: string;
  let songs: string;
  let wanted: Star;
  let half: string;

  beforeAll(async () => {
    const folder = freshFolder();
    ({ logs, songs } = inventData(folder, { seed: 1, days: 6, eventsPerDay: 4000 }));
    half = join(folder, 'half.duckdb');
    await withWarehouse(half, (warehouse) =>
      deliver(warehouse, { logs: join(logs, '2018-11-03-events.json'), songs }),
    );
    wanted = await withWarehouse(join(folder, 'whole.duckdb'), async (warehouse) => {
      await deliver(warehouse, { logs, songs });
      return readStar(warehouse);
    });
  });

  async function starAfterCrash(
    kill: (child: import('node:child_process').ChildProcess, talk: string) => void,
    from: string | null,
    delayMs: number | null,
  ) {
    const cwd = freshFolder();
    const file = join(cwd, 'sparkify.duckdb');
    if (from !== null) copyFileSync(from, file);
    const args = ['etl', '--log-data', logs, '--song-data', songs];
    const first = await sparkify(args, {
      cwd,
      onTalk: kill,
      onStart: (child) => {
        if (delayMs !== null) setTimeout(() => child.kill('SIGKILL'), delayMs);
      },
    });
    // Whoever looks in between sees the last load that committed, or none; never a part of one.
    if (existsSync(file)) {
      const looked = await sparkify(['check', '--json'], { cwd });
      expect([0, 1], looked.stdout + looked.stderr).toContain(looked.code);
    }
    const second = await sparkify([...args, '--json'], { cwd });
    expect(second.code, second.stderr).toBe(0);
    const star = await withWarehouse(file, readStar);
    const again = await sparkify([...args, '--json'], { cwd });
    expect(JSON.parse(again.stdout).status).toBe('unchanged');
    const checked = await sparkify(['check', '--json'], { cwd });
    expect(checked.code, checked.stdout).toBe(0);
    return { star, first };
  }

  test.each(['events:', 'star:', 'checks:'])(
    'when it says %s ends, after the next run, in the same star',
    async (word) => {
      for (const from of [null, half]) {
        const { star, first } = await starAfterCrash(
          (child, talk) => {
            if (talk.includes(word)) child.kill('SIGKILL');
          },
          from,
          null,
        );
        expect(first.signal).toBe('SIGKILL');
        expect(star).toEqual(wanted);
      }
    },
  );

  test(`at any of ${crashes} instants ends, after the next run, in the same star`, async () => {
    const random = randomNumbers(seed);
    for (let crash = 0; crash < crashes; crash += 1) {
      const delayMs = 100 + random() * 1000;
      const { star } = await starAfterCrash(() => {}, random() < 0.5 ? half : null, delayMs);
      expect(star, `killed after ${delayMs} ms`).toEqual(wanted);
    }
  }, 600_000);
});

describe('a load that fills the disk', () => {
  test('says so, leaves readers the load before, and goes on when there is room', async (context) => {
    const { logs } = inventData(freshFolder(), { seed: 6, days: 8, eventsPerDay: 12_000 });
    const done = await onSmallDisk('14m', async ({ folder: cwd, remount }) => {
      const first = await sparkify(['etl', '--log-data', `${logs}/2018-11-01-events.json`], { cwd });
      expect(first.code, first.stderr).toBe(0);
      const plays = async () =>
        JSON.parse(
          (await sparkify(['query', 'select count(*) as plays from songplays', '--json'], { cwd })).stdout,
        )[0].plays;
      const before = await plays();
      const full = await sparkify(['etl', '--log-data', logs], { cwd });
      // Where the disk is full only when the copy for readers is made, the load is committed.
      expect(full.code).toBe(full.stderr.includes('The load is committed') ? 4 : 1);
      expect(full.stderr).toContain('No space left on the disk');
      expect(full.stderr).not.toContain('line by line');
      expect(await plays()).toBe(before);
      remount('size=400m');
      const again = await sparkify(['etl', '--log-data', logs, '--json'], { cwd });
      expect(again.code, again.stderr).toBe(0);
      expect((await sparkify(['check'], { cwd })).code).toBe(0);
      expect(await plays()).toBe(JSON.parse(again.stdout).tables.songplays.rows);
      return true;
    });
    if (done === null) context.skip('only root on Linux may mount a small disk');
  });
});

describe('a load that is asked to stop', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s commits nothing and exits %i', async (signal, code) => {
    const cwd = freshFolder();
    const { logs, songs } = inventData(cwd, { seed: 2, days: 8, eventsPerDay: 6000 });
    const outcome = await sparkify(['etl', '--log-data', logs, '--song-data', songs], {
      cwd,
      onTalk: (child, talk) => {
        if (talk.includes('star:') && !child.killed) child.kill(signal);
      },
    });
    expect(outcome.code, outcome.stderr).toBe(code);
    expect(outcome.stderr).toContain(`Stopped by ${signal}; nothing was committed.`);
    const status = await sparkify(['status', '--json'], { cwd });
    expect(JSON.parse(status.stdout)).toMatchObject({ files: 0, runs: [] });
    expect(JSON.parse(status.stdout).tables.every(({ rows }: { rows: number }) => rows === 0)).toBe(true);
  });
});
