import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { program, sparkify } from './support/command.ts';
import { eventRecord, jsonLines, writeFiles } from './support/records.ts';
import { sampleOneIn } from './support/sample.ts';
import { freshFolder } from './support/warehouse.ts';

sampleOneIn(2);

const PUBLISHED = 'sparkify.published.duckdb';
const etl = ['etl', '--log-data', 'logs'];
const folderWithLogs = (): string =>
  writeFiles(freshFolder(), { 'logs/a.json': `${jsonLines([eventRecord()])}{"broken\n` });

/** A folder in the place of the published copy, which no file can be renamed to. */
function obstruct(cwd: string): void {
  rmSync(join(cwd, PUBLISHED), { force: true });
  mkdirSync(join(cwd, PUBLISHED));
}

describe('what is committed, but not published,', () => {
  test('exits 4 with the whole report, and is published by the next command', async () => {
    const cwd = folderWithLogs();
    obstruct(cwd);
    const outcome = await sparkify([...etl, '--json'], { cwd });
    expect(outcome.code, outcome.stderr).toBe(4);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      status: 'committed',
      events: { staged: 1, rejected: 1 },
      exitCode: 4,
      warnings: [],
      error: {
        kind: 'CommittedError',
        exitCode: 4,
        message: expect.stringContaining('The load is committed'),
      },
    });
    expect(outcome.stderr).toContain('error The load is committed, but readers see nothing yet');
    // Nothing is new for the next load, but it cannot publish either.
    const again = await sparkify(etl, { cwd });
    expect(again.code).toBe(4);
    expect(again.stdout).toContain('Unchanged.');
    expect(again.stderr).toContain('error Nothing is new, but readers see nothing yet');
    rmdirSync(join(cwd, PUBLISHED));
    const status = await sparkify(['status', '--json'], { cwd });
    expect(JSON.parse(status.stdout)).toMatchObject({ files: 1, exitCode: 0, warnings: [] });
  });

  test('by rejects replay and create-tables exits 4 too', async () => {
    const cwd = folderWithLogs();
    obstruct(cwd);
    const created = await sparkify(['create-tables', '--json'], { cwd });
    expect(created.code, created.stderr).toBe(4);
    expect(JSON.parse(created.stdout)).toMatchObject({ status: 'created', exitCode: 4 });
    rmdirSync(join(cwd, PUBLISHED));
    expect((await sparkify(etl, { cwd })).code).toBe(0);
    const [reject] = JSON.parse(
      (await sparkify(['rejects', 'export'], { cwd })).stdout.replace(/^(.*)\n$/, '[$1]'),
    );
    const raw = JSON.stringify(eventRecord({ itemInSession: 1 }));
    writeFileSync(join(cwd, 'rejects.jsonl'), JSON.stringify({ ...reject, raw }));
    obstruct(cwd);
    const replayed = await sparkify(['rejects', 'replay', 'rejects.jsonl', '--json'], { cwd });
    expect(replayed.code, replayed.stderr).toBe(4);
    expect(JSON.parse(replayed.stdout)).toMatchObject({ status: 'committed', accepted: 1, exitCode: 4 });
    const dropped = await sparkify(['create-tables', '--drop', '--yes'], { cwd });
    expect(dropped.code, dropped.stderr).toBe(4);
    expect(dropped.stdout).toMatch(/^Dropped and created/);
  });
});

describe('a report that cannot be printed', () => {
  const run = (args: readonly string[], cwd: string, stdout: number) =>
    new Promise<{ code: number | null; stderr: string }>((resolve) => {
      const env = { PATH: process.env.PATH ?? '', HOME: cwd, NO_COLOR: '1' };
      const child = spawn(process.execPath, [program, ...args], {
        cwd,
        env,
        stdio: ['ignore', stdout, 'pipe'],
      });
      let stderr = '';
      child.stderr?.on('data', (piece) => {
        stderr += piece;
      });
      child.on('close', (code) => resolve({ code, stderr }));
    });

  test('is told: exit 4 after a commit, 1 where nothing was committed', async (context) => {
    if (!existsSync('/dev/full')) return context.skip('/dev/full, a disk that is always full, is Linux’s');
    const full = openSync('/dev/full', 'w');
    const cwd = folderWithLogs();
    for (const flags of [['--json'], []]) {
      const committed = await run([...etl, ...flags, '--full-refresh'], cwd, full);
      expect(`${committed.code} ${committed.stderr}`).toMatch(
        /^4 .*error All is committed, but its report could not be printed\. Cannot write to stdout: .*no space left/s,
      );
    }
    for (const args of [etl, ['status'], ['query', 'select 1'], ['--help']]) {
      const { code, stderr } = await run(args, cwd, full);
      expect(`${code} ${stderr}`, args.join(' ')).toMatch(
        /^1 .*error Cannot write to stdout: .*no space left/s,
      );
    }
  });

  test('because nobody reads it any more is no error, and does not hide what else is wrong', async () => {
    const cwd = folderWithLogs();
    obstruct(cwd);
    const { code } = await sparkify(etl, { cwd, onStart: (child) => child.stdout?.destroy() });
    expect(code).toBe(4);
    rmdirSync(join(cwd, PUBLISHED));
    const unchanged = await sparkify(etl, { cwd, onStart: (child) => child.stdout?.destroy() });
    expect(unchanged.code).toBe(0);
  });
});

describe('a cron job in another folder', () => {
  test('means the same files and the same warehouse as any other, and a warehouse at the old place is told', async () => {
    const home = folderWithLogs();
    const elsewhere = freshFolder();
    writeFiles(home, { 'dwh.cfg': '[S3]\nLOG_DATA = logs\n' });
    expect((await sparkify(['etl'], { cwd: home })).code).toBe(0);
    const job = ['etl', '--json', '--config', join(home, 'dwh.cfg')];
    const { stdout, stderr } = await sparkify(job, { cwd: elsewhere });
    expect(JSON.parse(stdout)).toMatchObject({ status: 'unchanged', warnings: [] });
    expect(stderr).not.toContain('warning');
    expect(existsSync(join(elsewhere, 'sparkify.duckdb'))).toBe(false);
    for (const name of ['sparkify.duckdb', PUBLISHED]) renameSync(join(home, name), join(elsewhere, name));
    const moved = await sparkify(job, { cwd: elsewhere });
    expect(JSON.parse(moved.stdout).warnings).toEqual([
      expect.stringContaining(`There is no warehouse ${join(home, 'sparkify.duckdb')} yet, but there is`),
    ]);
  });

  test('finds what init wrote for it, whatever folder that was written from', async () => {
    const cwd = folderWithLogs();
    mkdirSync(join(cwd, 'conf'));
    await sparkify(['init', 'conf/dwh.cfg', '--log-data', 'logs', '--song-data', 's3://bucket/songs'], {
      cwd,
    });
    expect(readFileSync(join(cwd, 'conf/dwh.cfg'), 'utf8')).toMatch(
      /^LOG_DATA = \.\.\/logs\nSONG_DATA = s3:\/\/bucket\/songs$/m,
    );
  });
});

describe('help and hints', () => {
  test('call the program as it was called', async () => {
    const cwd = freshFolder();
    const byNpx = { cwd, env: { npm_command: 'exec' } };
    expect((await sparkify(['status'], { cwd })).stderr).toContain('Load it first: sparkify etl');
    expect((await sparkify(['status'], byNpx)).stderr).toContain('Load it first: npx sparkify etl');
    expect((await sparkify(['etl', '--help'], byNpx)).stdout).toMatch(
      /^Usage: npx sparkify etl .*\n {2}npx sparkify etl --log-data/s,
    );
    expect((await sparkify(['elt'], byNpx)).stderr).toContain('(see npx sparkify --help)');
  });

  test('help etl is etl --help', async () => {
    const cwd = freshFolder();
    const help = async (...args: string[]) => (await sparkify(args, { cwd })).stdout;
    expect(await help('help', 'etl')).toBe(await help('etl', '--help'));
    expect(await help('help', 'rejects', 'list')).toBe(await help('rejects', 'list', '--help'));
    expect(await help('help')).toBe(await help('--help'));
    expect(await sparkify(['help', 'elt'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('etl?'),
    });
  });

  test.each([
    ['etl', '--warehouse'],
    ['check', '--against'],
    ['status', '--runs'],
    ['simulate', '--seed'],
    ['doctor', '--config'],
  ])('%s takes %s once', async (command, flag) => {
    const outcome = await sparkify([command, flag, '1', `${flag}=2`], { cwd: freshFolder() });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain(`${flag} is given twice, and takes one value.`);
  });
});

test.each(['5x', '1e3', '-1', ''])('status takes no --runs=%s', async (runs) => {
  const outcome = await sparkify(['status', `--runs=${runs}`], { cwd: freshFolder() });
  expect([outcome.code, outcome.stderr]).toEqual([2, expect.stringContaining('--runs takes a number')]);
});

describe('too few file handles', () => {
  test.runIf(process.platform !== 'win32').each([24, 40, 64])(
    '(%i of them) end in words and exit 1',
    async (handles) => {
      const cwd = folderWithLogs();
      const under = ['sh', '-c', `ulimit -n ${handles}; exec "$@"`, 'sh'];
      const outcome = await sparkify([...etl, '--json'], { cwd, under });
      expect(outcome.code, outcome.stderr).toBe(1);
      expect(outcome.stderr).toMatch(/^error .*(too many open files|it may not open enough files at once)/);
      expect(outcome.stderr).toContain('ulimit -n 1024');
      expect(outcome.stderr).not.toContain('    at ');
      expect(JSON.parse(outcome.stdout)).toMatchObject({ status: 'failed', exitCode: 1 });
      expect(existsSync(join(cwd, 'sparkify.duckdb'))).toBe(false);
    },
  );
});
