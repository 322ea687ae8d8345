import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sparkify } from './support/command.ts';
import { freshFolder } from './support/warehouse.ts';

test('the demo needs nothing, shows the whole path, agrees with its answer key, and runs again without harm', async () => {
  const cwd = freshFolder();
  // A configuration that leads elsewhere must not lead the demo there.
  writeFileSync(join(cwd, 'dwh.cfg'), '[WAREHOUSE]\nURL=postgres://nowhere/\n[S3]\nLOG_DATA=/nowhere\n');
  const first = await sparkify(['demo'], { cwd });
  expect(`${first.code} ${first.stderr}`).toMatch(/^0 /);
  for (const part of [
    /Made [\d,]+ events of one month and 3,000 songs in sparkify-demo\/data/,
    /songplays +[\d,]{6,}/,
    /found their song \((89|90|91)\.\d %\)/,
    /The songs that are played most\nsong +artist +listeners +plays\n.+█{24}/,
    /00 01 02 03 .* 23/,
    /paid +[\d,]+ .*█/,
    /New York-Newark-Jersey City/,
    /rm -r sparkify-demo/,
  ]) {
    expect(first.stdout).toMatch(part);
  }
  expect(readdirSync(cwd).sort()).toEqual(['dwh.cfg', 'sparkify-demo']);
  // What it says to try next works as it stands there.
  const steps = [...first.stdout.matchAll(/^ {2}sparkify ((?:query|rejects|check) .*)$/gm)].map(
    ([, command]) => command as string,
  );
  expect(steps.length).toBe(3);
  for (const step of steps) {
    const args = [...step.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => (quoted ?? word) as string);
    const { code, stderr } = await sparkify(args, { cwd });
    expect(`${code} ${stderr}`).toMatch(/^0 /);
  }
  const second = await sparkify(['demo', '--json'], { cwd });
  const { status, reports, load } = JSON.parse(second.stdout);
  expect(status).toBe('unchanged');
  expect(reports['plays-by-hour'].length).toBe(24);
  // A demo whose load cannot be published shows all the same what it has, and says so.
  const file = (name: string): string => join(cwd, 'sparkify-demo', name);
  for (const name of ['sparkify.duckdb', 'sparkify.published.duckdb']) rmSync(file(name));
  mkdirSync(file('sparkify.published.duckdb'));
  const third = await sparkify(['demo'], { cwd, env: { npm_command: 'exec' } });
  expect(`${third.code} ${third.stderr}`).toMatch(/^4 .*The load is committed, but readers see nothing yet/s);
  expect(third.stdout).toMatch(/The songs that are played most.*\n {2}npx sparkify check /s);
  const plays = (reports['plays-by-hour'] as { plays: number }[]).reduce((sum, hour) => sum + hour.plays, 0);
  expect(plays).toBe(load.tables.songplays.rows);
});

test('the demo leaves a folder alone that holds something else', async () => {
  const cwd = freshFolder();
  mkdirSync(join(cwd, 'sparkify-demo/data'), { recursive: true });
  writeFileSync(join(cwd, 'sparkify-demo/data/mine.txt'), 'mine');
  const { code, stderr } = await sparkify(['demo'], { cwd });
  expect(`${code} ${stderr}`).toContain('2 ');
  expect(stderr).toContain('holds something else, for example "mine.txt"; nothing was written');
  expect(existsSync(join(cwd, 'sparkify-demo/sparkify.duckdb'))).toBe(false);
});

test('the demo never loads into a warehouse that is not its own', async () => {
  const cwd = freshFolder();
  writeFileSync(join(cwd, 'sparkify.duckdb'), 'mine');
  const { code, stderr } = await sparkify(['demo', '--out', '.'], { cwd });
  expect(`${code} ${stderr}`).toContain(
    '2 error . holds something else, for example "sparkify.duckdb"; nothing was written',
  );
  expect(readdirSync(cwd)).toEqual(['sparkify.duckdb']);
});
