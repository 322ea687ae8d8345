import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { defaultRates } from '../../src/simulator/faults.ts';
import { predict, solve } from '../../src/simulator/prediction.ts';
import { sparkify } from '../support/command.ts';
import { sampleOneIn } from '../support/sample.ts';
import { eventsIn, hashesIn, logTexts, settingsWith, simulate, simulated } from '../support/simulated.ts';
import { freshFolder } from '../support/warehouse.ts';

sampleOneIn(6);

const dirty = {
  users: [80],
  days: 5,
  rates: { ...defaultRates, 'redelivered-file': 0.4, 'duplicate-file': 0.3 },
};

/** Files of the first that the second has too must be the same. */
function expectKept(before: Record<string, string>, after: Record<string, string>): void {
  for (const [name, hash] of Object.entries(before)) {
    if (!name.endsWith('manifest.json')) expect(`${name} ${after[name]}`).toBe(`${name} ${hash}`);
  }
}

describe('a data set', () => {
  test('is the same, byte for byte, for any number of workers and in any parts', async () => {
    for (const flags of [[], ['--dirty'], ['--profile', 'full', '--format', 'ndjson', '--gzip']]) {
      const cwd = freshFolder();
      const make = (out: string, ...more: string[]) =>
        sparkify(
          ['simulate', '--out', out, '--users', '90', '--days', '7', '--songs', '150', ...flags, ...more],
          { cwd },
        );
      const runs = [
        make('one', '--workers', '1'),
        make('three', '--workers', '3'),
        make('parts', '--part', '2/3')
          .then(() => make('parts', '--part', '3/3'))
          .then(() => make('parts', '--part', '1/3')),
      ];
      for (const { code, stderr } of await Promise.all(runs)) expect(`${code} ${stderr}`).toMatch(/^0 /);
      const one = hashesIn(join(cwd, 'one'));
      expect(Object.keys(one).length).toBeGreaterThan(150);
      expect(hashesIn(join(cwd, 'three'))).toEqual(one);
      expect(hashesIn(join(cwd, 'parts'))).toEqual(one);
    }
  });

  test('keeps its files when days are added, and equals one that had them from the beginning', async () => {
    for (const change of [{}, dirty]) {
      const folder = await simulated({ ...change, days: 3 });
      const before = hashesIn(folder);
      await simulate(folder, settingsWith({ ...change, days: 5 }));
      const after = hashesIn(folder);
      expectKept(before, after);
      expect(after).toEqual(hashesIn(await simulated({ ...change, days: 5 })));
    }
  });

  test('keeps its files when users are added, and holds the events of one that had them from the beginning', async () => {
    const folder = await simulated({ users: [40] });
    const before = hashesIn(folder);
    await simulate(folder, settingsWith({ users: [100] }));
    expectKept(before, hashesIn(folder));
    const sorted = (made: string): string[] =>
      logTexts(made)
        .flatMap((text) => text.split('\n'))
        .sort();
    const whole = await simulated({ users: [100] });
    expect(sorted(folder)).toEqual(sorted(whole));
    const keyOf = (made: string) => JSON.parse(readFileSync(join(made, 'manifest.json'), 'utf8'));
    expect(keyOf(folder).tables).toEqual(keyOf(whole).tables);
    expect(keyOf(folder).days).toEqual(keyOf(whole).days);
  });

  test('is made once: the second run changes nothing, a removed file comes back', async () => {
    const folder = await simulated();
    const before = hashesIn(folder);
    expect((await simulate(folder, settingsWith())).status).toBe('unchanged');
    const name = Object.keys(before).find((path) => path.includes('log_data')) as string;
    rmSync(join(folder, name));
    await simulate(folder, settingsWith());
    expect(hashesIn(folder)).toEqual(before);
  });

  test('differs by seed, and says so instead of mixing', async () => {
    const folder = await simulated({ seed: 1 });
    const before = hashesIn(folder);
    await expect(simulate(folder, settingsWith({ seed: 2 }))).rejects.toThrow(
      /made with --seed 1, not --seed 2; nothing was written/,
    );
    await expect(simulate(folder, settingsWith({ days: 2 }))).rejects.toThrow(
      /made with --days 4, not --days 2/,
    );
    expect(hashesIn(folder)).toEqual(before);
    expect(hashesIn(await simulated({ seed: 2 }))['log_data/2018/11/2018-11-02-events.json']).not.toBe(
      before['log_data/2018/11/2018-11-02-events.json'],
    );
  });

  test('never touches a folder that holds something else', async () => {
    for (const name of ['notes.txt', 'log_data/2018/11/2018-11-01-events.json', 'manifest.json']) {
      const folder = freshFolder();
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), 'mine');
      const before = hashesIn(folder);
      await expect(simulate(folder, settingsWith())).rejects.toThrow(/nothing was written/);
      expect(hashesIn(folder)).toEqual(before);
    }
    const file = join(freshFolder(), 'file');
    writeFileSync(file, 'mine');
    await expect(simulate(file, settingsWith())).rejects.toThrow(/is a file, not a folder/);
  });

  test('never touches files that were changed since, nor a set whose second delivery lies over the first', async () => {
    const change = { rates: { 'redelivered-file': 1 } };
    const folder = await simulated(change);
    const name = join(folder, 'log_data/2018/11/2018-11-02-events.json');
    const content = readFileSync(name, 'utf8');
    writeFileSync(name, content.replace('"GET"', '"PUT"'));
    const before = hashesIn(folder);
    await expect(simulate(folder, settingsWith({ ...change, days: 6 }))).rejects.toThrow(
      /is not as it was made; nothing was written/,
    );
    expect(hashesIn(folder)).toEqual(before);
    writeFileSync(name, content);
    cpSync(join(folder, 'redelivery'), folder, { recursive: true });
    const again = hashesIn(folder);
    expect((await simulate(folder, settingsWith(change))).status).toBe('unchanged');
    await expect(simulate(folder, settingsWith({ ...change, days: 6 }))).rejects.toThrow(
      /cannot grow: its second delivery/,
    );
    expect(hashesIn(folder)).toEqual(again);
  });

  test('in parts never mixes with other parts, another number of parts, or a whole', async () => {
    const folder = join(freshFolder(), 'data');
    await simulate(folder, settingsWith(), { part: 1, of: 2 });
    const before = hashesIn(folder);
    for (const [change, part, why] of [
      [{ seed: 2 }, { part: 1, of: 2 }, /made with --seed 1, not --seed 2/],
      [{}, { part: 1, of: 3 }, /holds part 1 of 2/],
      [{}, null, /holds part 1 of 2/],
    ] as const) {
      await expect(simulate(folder, settingsWith(change), part)).rejects.toThrow(why);
    }
    expect(hashesIn(folder)).toEqual(before);
    await simulate(folder, settingsWith(), { part: 2, of: 2 });
    expect(hashesIn(folder)).toEqual(hashesIn(await simulated()));
    await expect(simulate(folder, settingsWith({ users: [90] }), { part: 1, of: 2 })).rejects.toThrow(
      /cannot grow: parts/,
    );
  });

  test('made in parts by several processes at once is the same; two writers of the whole are told of each other', async () => {
    const cwd = freshFolder();
    const flags = ['simulate', '--out', 'made', '--users', '2500', '--days', '12', '--songs', '300'];
    const parts = ['1/3', '2/3', '3/3'].map((part) => sparkify([...flags, '--part', part], { cwd }));
    for (const { code, stderr } of await Promise.all(parts)) expect(`${code} ${stderr}`).toMatch(/^0 /);
    const whole = flags.map((flag) => (flag === 'made' ? 'whole' : flag));
    let second: ReturnType<typeof sparkify> | null = null;
    const first = await sparkify(whole, {
      cwd,
      onTalk: (_, talk) => {
        if (talk.includes('Making')) second ??= sparkify(whole, { cwd });
      },
    });
    expect(first.code).toBe(0);
    const { code, stderr } = await (second as unknown as ReturnType<typeof sparkify>);
    expect(`${code} ${stderr}`).toMatch(/^1 error Process \d+ is writing into whole; nothing was written/);
    expect(hashesIn(join(cwd, 'made'))).toEqual(hashesIn(join(cwd, 'whole')));
  });

  test('that grows and is killed keeps its answer key and its files, and grows when asked again', async () => {
    const cwd = freshFolder();
    const flags = ['simulate', '--out', 'made', '--songs', '300', '--users', '2500'];
    await sparkify([...flags, '--days', '2'], { cwd });
    const before = hashesIn(join(cwd, 'made'));
    await sparkify([...flags, '--days', '25'], {
      cwd,
      onTalk: (child, talk) => {
        if (talk.includes('Making')) setTimeout(() => child.kill('SIGKILL'), 300);
      },
    });
    const after = hashesIn(join(cwd, 'made'));
    for (const [name, hash] of Object.entries(before))
      expect(`${name} ${after[name]}`).toBe(`${name} ${hash}`);
    expect((await sparkify([...flags, '--days', '25'], { cwd })).stdout).toContain('Extended');
    await sparkify([...flags.map((flag) => (flag === 'made' ? 'whole' : flag)), '--days', '25'], { cwd });
    expect(hashesIn(join(cwd, 'made'))).toEqual(hashesIn(join(cwd, 'whole')));
  });

  test('packs the same records that it writes plainly', async () => {
    const plain = await simulated();
    const packed = await simulated({ gzip: true, songFiles: 'packed' });
    const unpacked = readdirSync(join(packed, 'log_data/2018/11')).map((name) =>
      gunzipSync(readFileSync(join(packed, 'log_data/2018/11', name))).toString(),
    );
    expect(unpacked.sort()).toEqual(logTexts(plain).sort());
    const songs = gunzipSync(readFileSync(join(packed, 'song_data/songs-001.json.gz')))
      .toString()
      .split('\n');
    const single = readdirSync(join(plain, 'song_data'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.json'))
      .map((name) => readFileSync(join(plain, 'song_data', name), 'utf8'));
    expect(songs.sort()).toEqual(single.sort());
  });

  test('comes within five per cent of what was predicted, for a few thousand users', async () => {
    for (const profile of ['classic', 'full'] as const) {
      const settings = settingsWith({ users: [4_000], days: 14, profile });
      const events = eventsIn(await simulated(settings)).length;
      expect(predict(settings).events / events).toBeGreaterThan(0.95);
      expect(predict(settings).events / events).toBeLessThan(1.05);
    }
    const wanted = solve(settingsWith({ days: 30 }), { events: 300_000 }, 'users');
    expect(Math.abs(predict(wanted).events - 300_000)).toBeLessThan(1_000);
    const days = solve(settingsWith({ users: [500] }), { bytes: 30e6 }, 'days');
    expect(Math.abs(predict(days).logBytes / 30e6 - 1)).toBeLessThan(0.03);
  });

  test('stopped by a signal leaves no half file, and the same command finishes it', async () => {
    const cwd = freshFolder();
    const flags = ['simulate', '--out', 'made', '--users', '3000', '--days', '20', '--workers', '2'];
    const stopped = await sparkify(flags, {
      cwd,
      onStart: (child) => child.stderr?.once('data', () => setTimeout(() => child.kill('SIGINT'), 250)),
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('Stopped by SIGINT');
    const names = Object.keys(hashesIn(join(cwd, 'made')));
    expect(names.filter((name) => name.endsWith('.part'))).toEqual([]);
    expect((await sparkify(['check', '--against', 'made/manifest.json'], { cwd })).stderr).toContain(
      'Cannot read the answer key',
    );
    expect((await sparkify(flags, { cwd })).code).toBe(0);
    await sparkify(
      flags.map((flag) => (flag === 'made' ? 'whole' : flag)),
      { cwd },
    );
    expect(hashesIn(join(cwd, 'made'))).toEqual(hashesIn(join(cwd, 'whole')));
  });
});

describe('sparkify simulate', () => {
  test.each([
    [['--users', 'many'], '--users is "many", not a number'],
    [['--users', '0'], '--users is 0, not a whole number from 1'],
    [['--days', '1.5'], '--days is 1.5, not a whole number'],
    [['--from', '2018-02-30'], '--from is "2018-02-30", and there is no such day'],
    [['--from', '1999-01-01'], 'are not between 2001-09-10'],
    [['--growth', '10', '--days', '3000'], 'which is too many'],
    [['--out', ''], '--out is empty'],
    [['--out', '-', '--part', '1/2'], '--part cannot be used with --out -'],
    [['--songs', '70'], '--songs is 70, not a whole number from 71 to 1,000,000'],
    [['--match-share', '1.2'], '--match-share is 1.2, not a share from 0 to 1'],
    [['--attrition', '1'], '--attrition is 1'],
    [['--profile', 'jazz'], '--profile is "jazz", not classic or full'],
    [['--size', 'big'], '--size is "big", not a size'],
    [['--size', '1PB'], 'So much is not possible'],
    [['--size', '900TB'], 'So much is not possible'],
    [['--events', '0'], '--events is 0'],
    [['--events', '1e6', '--users', '10', '--days', '2'], 'leave one of them out'],
    [['--dirty', 'gremlins=0.1'], '--dirty does not know the fault "gremlins"'],
    [['--dirty', 'late=2'], '--dirty late is "2", not a rate from 0 to 1'],
    [['--dirty', 'late=0.9,new-key=0.9'], 'cannot be more than 1 together'],
    [['--part', '5/4'], '--part is "5/4"'],
    [['--workers', '0'], '--workers is 0'],
    [['--day', '2018-11-03'], '--day needs --out -'],
    [['--out', '-', '--day', '2019-01-01'], 'not a day from 2018-11-01 to 2018-11-30'],
    [['--speed', '60x'], '--speed needs --live'],
    [['--live', '--speed', 'fast'], '--speed is "fast"'],
    [['--live', '--dirty'], '--dirty cannot be used with --live'],
    [['--format', 'csv'], '--format is "csv"'],
  ])('%j is wrong usage, and nothing is written', async (flags, message) => {
    const cwd = freshFolder();
    const out = flags.includes('--out') ? [] : ['--out', 'made'];
    const { code, stderr } = await sparkify(['simulate', ...out, ...flags], { cwd });
    expect(`${code} ${stderr}`).toContain(message);
    expect(code).toBe(2);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('writes the same lines to stdout as to files', async () => {
    const cwd = freshFolder();
    const { stdout } = await sparkify(
      ['simulate', '--out', '-', '--users', '60', '--days', '4', '--songs', '71'],
      { cwd },
    );
    const texts = logTexts(await simulated());
    expect(stdout).toBe(`${texts.join('\n')}\n`);
    const flags = [
      'simulate',
      '--out',
      '-',
      '--users',
      '60',
      '--days',
      '4',
      '--songs',
      '71',
      '--day',
      '2018-11-03',
    ];
    expect((await sparkify(flags, { cwd })).stdout).toBe(`${texts[2]}\n`);
  });

  test('says what it would make, and makes nothing, with --dry-run', async () => {
    const cwd = freshFolder();
    const { stdout } = await sparkify(['simulate', '--size', '1GB', '--dry-run'], { cwd });
    expect(stdout).toMatch(/about 2,\d{3},\d{3} events of \d\d,\d{3} users and \d+ who join them on 30 days/);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('refuses more than the disk holds before it begins', async () => {
    const cwd = freshFolder();
    const { code, stderr } = await sparkify(['simulate', '--users', '9000000', '--days', '300'], { cwd });
    expect(code).toBe(1);
    expect(stderr).toMatch(/needs about [\d,]+ MB, and [\d,]+ MB are free; nothing was written/);
    expect(readdirSync(cwd)).toEqual([]);
  });
});
