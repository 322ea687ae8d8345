import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { sparkify } from './support/command.ts';
import { inventData } from './support/invented.ts';
import { randomNumbers, useSeed } from './support/random.ts';
import { sampleOneIn } from './support/sample.ts';
import { onSmallDisk } from './support/small-disk.ts';
import { deliver, freshFolder, readStar, type Star, withWarehouse } from './support/warehouse.ts';

sampleOneIn(8);

// Each write from the first to the 20th, and 20 sizes of disk, with SPARKIFY_CRASH_RUNS=20.
const runs = Number(process.env.SPARKIFY_CRASH_RUNS ?? 1);
const random = randomNumbers(useSeed(7));

let logs: string;
let songs: string;
let args: string[];
let wanted: Star;

beforeAll(async () => {
  const folder = freshFolder();
  ({ logs, songs } = inventData(folder, { seed: 8, days: 3, eventsPerDay: 4000 }));
  args = ['etl', '--log-data', logs, '--song-data', songs];
  wanted = await withWarehouse(join(folder, 'whole.duckdb'), async (warehouse) => {
    await deliver(warehouse, { logs, songs });
    return readStar(warehouse);
  });
});

/** So many of the whole numbers from 1 to 20, the first among them. */
function someOfTwenty(): number[] {
  const [first = 1, ...others] = Array.from({ length: 20 }, (_, at) => at + 1);
  while (others.length >= runs && others.length > 1) others.splice(Math.floor(random() * others.length), 1);
  return [first, ...others];
}

/** The next run loads, ends in the star of a load that nothing disturbed, and nothing else is left. */
async function expectWhole(cwd: string, told: string): Promise<void> {
  const next = await sparkify([...args, '--json'], { cwd });
  expect(next.code, `${told}: ${next.stderr}`).toBe(0);
  const checked = await sparkify(['check'], { cwd });
  expect(checked.code, `${told}: ${checked.stdout}`).toBe(0);
  expect(await withWarehouse(join(cwd, 'sparkify.duckdb'), readStar), told).toEqual(wanted);
  expect(readdirSync(cwd).sort(), told).toEqual(['sparkify.duckdb', 'sparkify.published.duckdb']);
}

describe('a first load that is killed', () => {
  // DuckDB writes its database by pwrite64 and its log by write; strace counts them in each thread by itself.
  const kinds = {
    'of the database': ['-e', 'trace=pwrite64', '-e', 'inject=pwrite64:signal=SIGKILL:when='],
    'of the log': [
      '-e',
      'trace=write',
      '-P',
      'sparkify.duckdb.wal',
      '-e',
      'inject=write:signal=SIGKILL:when=',
    ],
  } as const;
  const cannot = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status !== 0;

  test.for(Object.entries(kinds))(
    'at its n-th write %s leaves what the next run loads into',
    { timeout: 600_000 },
    async ([, flags], context) => {
      if (cannot) context.skip('strace is missing, or may not trace');
      let killed = 0;
      for (const at of someOfTwenty()) {
        const cwd = freshFolder();
        const strace = ['strace', '-f', '-o', '/dev/null', ...flags.map(String)];
        strace.push(`${strace.pop()}${at}`);
        const path = strace.indexOf('-P') + 1;
        if (path > 0) strace[path] = join(cwd, 'sparkify.duckdb.wal');
        const first = await sparkify(args, { cwd, under: strace, env: { UV_THREADPOOL_SIZE: '1' } });
        if (first.signal === 'SIGKILL') killed += 1;
        else expect(first.code, first.stderr).toBe(0);
        await expectWhole(cwd, `killed at write ${at}`);
      }
      expect(killed).toBeGreaterThan(0);
    },
  );
});

describe('a load on a disk that is too small', () => {
  test('at any size leaves what the next run loads into, and readers what they had', async (context) => {
    const needed = 12 * 1024;
    for (const step of someOfTwenty()) {
      // From nothing but the pages of the folder, closer to one another at the small end.
      const kilobytes = Math.max(4, Math.round((needed * ((step - 1) / 19) ** 3) / 4) * 4);
      const done = await onSmallDisk(`${kilobytes}k`, async ({ folder: cwd, remount }) => {
        const told = `a disk of ${kilobytes} kB`;
        const first = await sparkify(args, { cwd });
        if (first.code !== 0) {
          expect(first.stderr, told).toContain('No space left on the disk');
          expect(first.stderr, told).not.toContain('line by line');
        }
        if (!existsSync(join(cwd, 'sparkify.duckdb'))) expect(readdirSync(cwd), told).toEqual([]);
        remount('size=400m');
        await expectWhole(cwd, told);
        return true;
      });
      if (done === null) context.skip('only root on Linux may mount a small disk');
    }
  }, 600_000);

  test('keeps readers at what was published, whatever room is left', async (context) => {
    for (const step of someOfTwenty()) {
      const done = await onSmallDisk('400m', async ({ folder: cwd, remount }) => {
        const first = await sparkify(['etl', '--log-data', join(logs, '2018-11-01-events.json')], { cwd });
        expect(first.code, first.stderr).toBe(0);
        const before = await playsOf(cwd);
        const { blocks, bfree, bsize } = statfsSync(cwd);
        const used = ((blocks - bfree) * bsize) / 1024;
        remount(`size=${used + Math.round((6 * 1024 * (step - 1)) / 19 / 4) * 4}k`);
        const told = `${step} of 20 steps of free disk`;
        const full = await sparkify(args, { cwd });
        const after = await playsOf(cwd);
        if (full.code !== 0) expect(full.stderr, told).toContain('No space left on the disk');
        if (
          full.code !== 0 &&
          (statSync(join(cwd, 'sparkify.duckdb.wal'), { throwIfNoEntry: false })?.size ?? 0) > 0 &&
          after === before
        )
          expect(full.stderr, told).toMatch(/sparkify\.duckdb\.wal \(\d+\.\d [kM]B\) stays|committed, but/);
        if (full.code !== 0 && !full.stderr.includes('committed, but')) expect(after, told).toBe(before);
        else expect([before, wanted.songplays.length], told).toContain(after);
        remount('size=400m');
        await expectWhole(cwd, told);
        return true;
      });
      if (done === null) context.skip('only root on Linux may mount a small disk');
    }
  }, 600_000);
});

async function playsOf(cwd: string): Promise<number> {
  const asked = ['query', 'select count(*) as plays from songplays', '--json'];
  const { code, stdout, stderr } = await sparkify(asked, { cwd });
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout)[0].plays;
}
