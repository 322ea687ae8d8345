import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type LiveOptions, type Position, streamLive } from '../../src/simulator/live.ts';
import { sparkify } from '../support/command.ts';
import { sampleOneIn } from '../support/sample.ts';
import { logTexts, settingsWith, simulated } from '../support/simulated.ts';
import { freshFolder } from '../support/warehouse.ts';

sampleOneIn(2);

const beginMs = Date.parse('2018-11-01T00:00:00Z');
const settings = settingsWith({ days: 3_650 });

/** Runs a stream by a clock that jumps when the stream sleeps; hears each line with the time at which it came. */
async function stream(
  change: Partial<LiveOptions>,
): Promise<{ lines: { line: string; atMs: number }[]; next: Position }> {
  let nowMs = beginMs;
  const lines: { line: string; atMs: number }[] = [];
  const { next } = await streamLive(
    settings,
    {
      async write(block) {
        for (const line of block.toString().trimEnd().split('\n')) lines.push({ line, atMs: nowMs });
      },
      async rest() {},
    },
    {
      pace: { kind: 'real time' },
      from: null,
      beginMs,
      isStopped: () => false,
      limit: 900,
      clock: {
        nowMs: () => nowMs,
        sleep: async (ms) => {
          nowMs += ms;
        },
      },
      ...change,
    },
  );
  return { lines, next };
}

describe('a stream', () => {
  const whole = simulated({ days: 9 }).then((folder) => logTexts(folder).flatMap((text) => text.split('\n')));

  test('in real time writes each event when its time comes, within a tenth of a second', async () => {
    const { lines } = await stream({});
    expect(lines.map(({ line }) => line)).toEqual((await whole).slice(0, 900));
    for (const { line, atMs } of lines) {
      const late = atMs - JSON.parse(line).ts;
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThan(101);
    }
  });

  test('at a speed writes the same events in a fraction of the time', async () => {
    const { lines } = await stream({ pace: { kind: 'speed', factor: 3_600 } });
    expect(lines.map(({ line }) => line)).toEqual((await whole).slice(0, 900));
    const last = lines.at(-1) as (typeof lines)[number];
    const simulatedMs = JSON.parse(last.line).ts - beginMs;
    expect(Math.abs(last.atMs - beginMs - simulatedMs / 3_600)).toBeLessThan(101);
  });

  test('at a rate writes so many a second, whatever their times', async () => {
    const { lines } = await stream({ pace: { kind: 'rate', perSecond: 50 } });
    expect(lines.map(({ line }) => line)).toEqual((await whole).slice(0, 900));
    for (const [nth, { atMs }] of lines.entries()) {
      expect(atMs - beginMs - nth * 20).toBeGreaterThanOrEqual(0);
      expect(atMs - beginMs - nth * 20).toBeLessThan(101);
    }
  });

  test('goes on where it was stopped, at any event, across days', async () => {
    for (const limit of [1, 300, 611]) {
      const first = await stream({ limit });
      expect(first.lines.length).toBe(limit);
      const rest = await stream({
        from: first.next,
        limit: 900 - limit,
        pace: { kind: 'rate', perSecond: 1_000 },
      });
      const lines = [...first.lines, ...rest.lines].map(({ line }) => line);
      expect(lines).toEqual((await whole).slice(0, 900));
    }
  });

  test('in real time leaves out what happened before it began', async () => {
    const noon = beginMs + 43_200_000;
    const { lines } = await stream({ beginMs: noon, limit: 5 });
    const expected = (await whole).filter((line) => JSON.parse(line).ts >= noon).slice(0, 5);
    expect(lines.map(({ line }) => line)).toEqual(expected);
  });
});

describe('sparkify simulate --live', () => {
  function linesIn(folder: string): string[] {
    const logs = join(folder, 'log_data/2018/11');
    return readdirSync(logs)
      .sort()
      .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'));
  }

  test('fills closed files, ends cleanly by a signal, and the same command goes on', async () => {
    const cwd = freshFolder();
    const flags = [
      'simulate',
      '--live',
      '--out',
      'live',
      '--users',
      '60',
      '--songs',
      '71',
      '--rate',
      '200/s',
      '--roll',
      '1',
    ];
    const stopped = await sparkify(flags, {
      cwd,
      onTalk: (child, talk) => {
        if (talk.includes('Streaming')) setTimeout(() => child.kill('SIGTERM'), 1_600);
      },
    });
    expect(`${stopped.code} ${stopped.stdout}`).toMatch(/^143 Wrote \d+ events/);
    const first = linesIn(join(cwd, 'live'));
    expect(first.length).toBeGreaterThan(50);
    const second = await sparkify([...flags, '--limit', '100'], { cwd });
    expect(`${second.code} ${second.stderr}`).toContain('0 Continuing');
    const lines = linesIn(join(cwd, 'live'));
    const whole = logTexts(await simulated({ days: 9 })).flatMap((text) => text.split('\n'));
    expect(lines).toEqual(whole.slice(0, first.length + 100));
    expect(readdirSync(join(cwd, 'live')).sort()).toEqual(['live.json', 'log_data', 'song_data']);
    const other = await sparkify([...flags, '--seed', '9'], { cwd });
    expect(`${other.code} ${other.stderr}`).toContain('2 ');
    expect(other.stderr).toContain('made with --seed 1, not --seed 9; nothing was written');
  });

  test('killed while it writes songs or files goes on as if it had not been', async () => {
    const cwd = freshFolder();
    const flags = [
      'simulate',
      '--live',
      '--out',
      'live',
      '--users',
      '60',
      '--songs',
      '3000',
      '--rate',
      '300/s',
      '--roll',
      '1',
    ];
    for (const afterMs of [150, 250, 900, 1_700]) {
      await sparkify(flags, { cwd, onStart: (child) => setTimeout(() => child.kill('SIGKILL'), afterMs) });
    }
    const { code, stderr } = await sparkify([...flags, '--limit', '200'], { cwd });
    expect(`${code} ${stderr}`).toMatch(/^0 /);
    const songs = readdirSync(join(cwd, 'live/song_data'), { recursive: true, encoding: 'utf8' });
    expect(songs.filter((name) => name.endsWith('.json')).length).toBe(3_000);
    const lines = linesIn(join(cwd, 'live'));
    const whole = logTexts(await simulated({ days: 9, songs: 3_000 })).flatMap((text) => text.split('\n'));
    expect(lines).toEqual(whole.slice(0, lines.length));
    const otherPace = await sparkify(
      flags.filter((flag) => !['--rate', '300/s'].includes(flag)),
      { cwd },
    );
    expect(otherPace.stderr).toContain('made with rate, not real time; nothing was written');
    writeFileSync(join(cwd, 'live/live.json'), '{}');
    const broken = await sparkify(flags, { cwd });
    expect(`${broken.code} ${broken.stderr}`).toMatch(/^2 error .*live.json does not belong to a stream/);
  });

  test('goes to a pipe, and ends with its reader', async () => {
    const cwd = freshFolder();
    const flags = [
      'simulate',
      '--live',
      '--out',
      '-',
      '--users',
      '60',
      '--songs',
      '71',
      '--rate',
      '5000/s',
      '--limit',
      '300',
    ];
    const { code, stdout } = await sparkify(flags, { cwd });
    expect(code).toBe(0);
    const whole = logTexts(await simulated({ days: 9 })).flatMap((text) => text.split('\n'));
    expect(stdout.trimEnd().split('\n')).toEqual(whole.slice(0, 300));
  });
});
