import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { type OutputFile, outputFile } from '../../src/sources/output-file.ts';
import { printable } from '../../src/terminal/printable.ts';
import { shellWord } from '../../src/terminal/shell.ts';
import { warehouseFiles } from '../../src/warehouses/open.ts';
import { type Outcome, sparkify } from '../support/command.ts';
import { eventRecord, jsonLines, songRecord, writeFiles } from '../support/records.ts';
import { env as s3Env, server, useS3Server } from '../support/s3-world.ts';
import { sampleOneIn } from '../support/sample.ts';
import { freshFolder } from '../support/warehouse.ts';

sampleOneIn(4);

useS3Server();

const isRoot = process.getuid?.() === 0;
/** Text that would clear a screen, turn its line about and pass for other text, by controls of one and two bytes. */
const HOSTILE = 'a\u001b[2J\u009b31m\u202eb\u2066\u200f\u061c\u2028\u200bc';
const cwd = freshFolder();
const file = join(cwd, 'w.duckdb');

beforeAll(async () => {
  writeFiles(cwd, {
    'logs/a.json': jsonLines([
      eventRecord(),
      eventRecord({ itemInSession: 1, song: HOSTILE }),
      `{"${HOSTILE}`,
    ]),
    'songs/a.json': JSON.stringify(songRecord()),
  });
  const loaded = await run('etl', '--log-data', 'logs', '--song-data', 'songs');
  expect(loaded.code, loaded.stderr).toBe(0);
});

function run(...args: string[]): Promise<Outcome> {
  return sparkify([...args, '--warehouse', file], { cwd, env: s3Env() });
}

/** The ways to write a file, each with what it takes before `-o FILE`. */
const writers: readonly (readonly [string, readonly string[]])[] = [
  ['csv', ['query', 'select 1 as one', '--format', 'csv']],
  ['json', ['query', 'select 1 as one', '--json']],
  ['table', ['query', 'select 1 as one']],
  ['parquet', ['query', 'select 1 as one', '--format', 'parquet']],
  ['rejects', ['rejects', 'export']],
];

/** Names and times of all files of a folder, and what they hold. */
function holding(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { size, ino, ctimeMs } = statSync(join(folder, name), { throwIfNoEntry: false }) ?? {};
      return `${name} ${size} ${ino} ${ctimeMs}`;
    });
}

async function refused(args: readonly string[], words: string): Promise<void> {
  const outcome = await run(...args);
  expect(outcome, `${args.join(' ')}: ${outcome.stderr}`).toMatchObject({ code: 2, signal: null });
  expect(outcome.stderr).toContain(words);
  expect(outcome.stderr).not.toMatch(/\.part\b|\bat .*\.js:/);
}

const ours = /one|PAR1|reject_id/;

describe.each(writers)('a result written as %s', (_, args) => {
  test('replaces no file, unless it is told to, and is then as private as that was', async () => {
    const folder = freshFolder();
    const path = join(folder, 'r.out');
    writeFileSync(path, 'mine');
    chmodSync(path, 0o600);
    await refused([...args, '-o', path], `There is a file ${path} already.`);
    expect(readFileSync(path, 'utf8')).toBe('mine');
    const replaced = await run(...args, '-o', path, '--overwrite');
    expect(replaced.code, replaced.stderr).toBe(0);
    expect(readFileSync(path, 'latin1')).toMatch(ours);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const fresh = await run(...args, '-o', `${path}.new`);
    expect(fresh.code, fresh.stderr).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['r.out', 'r.out.new']);
  });

  test('never replaces the warehouse or a part of it', async () => {
    const folder = freshFolder();
    linkSync(file, join(folder, 'hard.csv'));
    const before = [holding(cwd), holding(folder)];
    await Promise.all(
      ['./w.published.duckdb', `${file}.wal`, join(folder, 'hard.csv')].map((target) =>
        refused([...args, '-o', target, '--overwrite'], 'is a DuckDB database or a part of one'),
      ),
    );
    expect([holding(cwd), holding(folder)]).toEqual(before);
  });

  test('is not written where there is no folder, and goes to a pipe as it is', async () => {
    const nowhere = join(cwd, 'none');
    await refused([...args, '-o', join(nowhere, 'x')], `there is no folder ${nowhere}`);
    expect(existsSync(nowhere)).toBe(false);
    const piped = spawnSync('sh', ['-c', `${commandLine([...args, '-o', '/dev/stdout'])} | cat`]);
    expect(piped.stdout.toString('latin1'), piped.stderr.toString()).toMatch(ours);
  });
});

function commandLine(args: readonly string[]): string {
  const words = [process.execPath, join(process.cwd(), 'dist/cli.js'), ...args, '--warehouse', file];
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}

describe('an output', () => {
  /** Replaces a file as --overwrite does. */
  const replacing = (path: string): OutputFile =>
    outputFile(path, { isReplacing: true, keeps: warehouseFiles({ engine: 'duckdb', file }) });

  test('is never a warehouse or a part of one, whatever its name', () => {
    const folder = freshFolder();
    const published = join(cwd, 'w.published.duckdb');
    writeFileSync(`${file}.lease`, '{}');
    linkSync(file, join(folder, 'hard.csv'));
    linkSync(`${file}.lease`, join(folder, 'lease.csv'));
    symlinkSync(published, join(folder, 'link.csv'));
    symlinkSync(cwd, join(folder, 'way'));
    const other = join(folder, 'other');
    writeFileSync(other, `12345678DUCK${'x'.repeat(100)}`);
    const before = [holding(cwd), holding(folder)];
    const targets = [
      ...[file, published, `${file}.lease`, `${file}.wal`, `${published}.wal`],
      relative(process.cwd(), file),
      `${cwd}/../${basename(cwd)}/./w.duckdb`,
      ...['way/w.duckdb', 'way/w.duckdb.wal', 'way/w.duckdb.wal.recovery'].map((name) => join(folder, name)),
      ...['hard.csv', 'lease.csv', 'link.csv'].map((name) => join(folder, name)),
      ...[other, `${other}.wal`, `${other}.lease`, `${other}.wal.checkpoint`],
    ];
    for (const target of targets)
      expect(() => replacing(target), target).toThrow('is a DuckDB database or a part of one');
    expect([holding(cwd), holding(folder)]).toEqual(before);
    rmSync(`${file}.lease`);
  });

  test('that cannot be written says why, and leaves nothing behind', () => {
    const folder = freshFolder();
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'plain'), '');
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
    const before = holding(folder);
    const places: [string, string][] = [
      ['none/x', 'there is no folder'],
      ['sub', 'is a folder'],
      ['plain/x', 'not a directory'],
      ['dangling', 'is a link to a file that does not exist'],
    ];
    for (const [name, words] of places) expect(() => replacing(join(folder, name)), name).toThrow(words);
    expect(() => replacing('')).toThrow('empty');
    chmodSync(join(folder, 'sub'), 0o555);
    // Root may write everywhere.
    if (!isRoot) expect(() => replacing(join(folder, 'sub', 'x'))).toThrow('no permission to write');
    chmodSync(join(folder, 'sub'), 0o755);
    expect(holding(folder).map(namesOnly)).toEqual(before.map(namesOnly));
    expect(replacing('/dev/null')).toMatchObject({ aside: '/dev/null', isTerminal: false });
  });

  test('by a link replaces what it leads to, and leaves it a link', () => {
    const folder = freshFolder();
    writeFileSync(join(folder, 'old'), 'mine');
    symlinkSync('old', join(folder, 'latest'));
    const output = replacing(join(folder, 'latest'));
    writeFileSync(output.aside, 'ours');
    output.finish();
    expect(readlinkSync(join(folder, 'latest'))).toBe('old');
    expect(readFileSync(join(folder, 'old'), 'utf8')).toBe('ours');
    expect(readdirSync(folder).sort()).toEqual(['latest', 'old']);
  });

  test('of a statement that fails leaves what was there', async () => {
    const path = join(freshFolder(), 'r.csv');
    writeFileSync(path, 'mine');
    const sql = "select case when range = 90000 then error('boom') else 'x' end as a from range(100000)";
    for (const format of ['csv', 'json', 'parquet'])
      await refused(['query', sql, '--format', format, '-o', path, '--overwrite'], 'boom');
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(readdirSync(join(path, '..'))).toEqual(['r.csv']);
  });

  test('of a query that is stopped leaves nothing', async () => {
    const folder = freshFolder();
    const outcome = await sparkify(
      [
        'query',
        'from range(1000000000)',
        '--format',
        'csv',
        '-o',
        join(folder, 'r.csv'),
        '--warehouse',
        file,
      ],
      {
        cwd,
        onStart: (child) =>
          void vi
            .waitFor(() => expect(readdirSync(folder)).toHaveLength(1), { timeout: 20_000 })
            .finally(() => child.kill('SIGINT')),
      },
    );
    expect(outcome.code, outcome.stderr).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('that another program made meanwhile is kept', () => {
    const path = join(freshFolder(), 'r.csv');
    const output = outputFile(path, { isReplacing: false, keeps: [] });
    writeFileSync(output.aside, 'ours');
    writeFileSync(path, 'theirs');
    expect(() => output.finish()).toThrow(`There is a file ${path} already.`);
    output.discard();
    expect(readdirSync(join(path, '..'))).toEqual(['r.csv']);
    expect(readFileSync(path, 'utf8')).toBe('theirs');
  });

  test.each(writers.filter(([name]) => name !== 'parquet'))(
    'as %s goes on behind what a log holds, and is all that stdout gets',
    (_, args) => {
      const log = join(freshFolder(), 'log');
      const plain = spawnSync('sh', ['-c', commandLine(args)]).stdout.toString();
      for (const output of ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1', '-']) {
        writeFileSync(log, 'kept\n');
        const written = spawnSync('sh', [
          '-c',
          `{ echo before; ${commandLine([...args, '-o', output])}; echo after; } >> '${log}'`,
        ]);
        expect(readFileSync(log, 'utf8'), `${output} ${written.stderr}`).toBe(
          `kept\nbefore\n${plain}after\n`,
        );
      }
      const piped = spawnSync('sh', ['-c', `${commandLine([...args, '-o', '/dev/stdout'])} | cat`]);
      expect(piped.stdout.toString()).toBe(plain);
    },
  );

  test('as Parquet to stdout is that file and nothing more', async () => {
    const args = ['query', 'select 1 as one', '--format', 'parquet', '-o'];
    const path = join(freshFolder(), 'r.parquet');
    expect((await run(...args, path)).code).toBe(0);
    for (const output of ['-', '/dev/stdout'])
      for (const way of [`> '${path}.out'`, `| cat > '${path}.out'`]) {
        spawnSync('sh', ['-c', `${commandLine([...args, output])} ${way}`]);
        expect(readFileSync(`${path}.out`).equals(readFileSync(path)), `${output} ${way}`).toBe(true);
      }
  });

  test('may have as long a name as the system allows; what a killed process left beside it goes', async () => {
    const folder = freshFolder();
    const path = join(folder, `${'n'.repeat(251)}.csv`);
    writeFileSync(join(folder, '.sparkify-999999999-0123abcd.part'), 'x');
    writeFileSync(join(folder, `.sparkify-${process.pid}-0123abcd.part`), 'mine');
    const written = await run('query', 'select 1 as one', '--format', 'csv', '-o', path);
    expect(written.code, written.stderr).toBe(0);
    expect(readdirSync(folder).sort()).toEqual([`.sparkify-${process.pid}-0123abcd.part`, basename(path)]);
    await refused(['query', 'select 1', '-o', `${path}s`], 'name too long');
  });

  test('of an export that cannot name one of its files leaves none of them', async () => {
    const folder = join(freshFolder(), 'out');
    const { exportTarget } = await import('../../src/exports/target.ts');
    const names = ['artists', 'songs', 'time', 'users'].map((name) => `${name}.parquet`);
    const place = exportTarget(folder, {}, { isReplacing: false, keeps: [] });
    for (const name of names) writeFileSync(place.passing(name), 'ours');
    writeFileSync(join(folder, 'time.parquet'), 'theirs');
    await expect(place.finish()).rejects.toThrow('time.parquet already');
    await place.close();
    expect(readdirSync(folder)).toEqual(['time.parquet']);
    expect(readFileSync(join(folder, 'time.parquet'), 'utf8')).toBe('theirs');
    const over = exportTarget(folder, {}, { isReplacing: true, keeps: [] });
    for (const name of names) writeFileSync(over.passing(name), 'ours');
    rmSync(join(folder, 'time.parquet'));
    mkdirSync(join(folder, 'time.parquet'));
    await expect(over.finish()).rejects.toThrow(/artists.parquet, songs.parquet in .* were written before/);
    await over.close();
    symlinkSync('nowhere', join(folder, 'dangling'));
    await refused(['export', '--parquet', join(folder, 'dangling')], 'is a link to a folder that does not');
  });

  test('in S3 is of rejects only, and replaces no object, unless it is told to', async () => {
    server.put('lake', 'r.jsonl', 'mine');
    await refused(['query', 'select 1', '-o', 's3://lake/q.csv'], 'to a file on this machine');
    await refused(
      ['rejects', 'export', '-o', 's3://lake/r.jsonl'],
      'There is an object s3://lake/r.jsonl already.',
    );
    expect(server.get('lake', 'r.jsonl')?.toString()).toBe('mine');
    for (const more of [
      ['-o', 's3://lake/new.jsonl'],
      ['-o', 's3://lake/r.jsonl', '--overwrite'],
    ]) {
      const outcome = await run('rejects', 'export', ...more);
      expect(outcome.code, outcome.stderr).toBe(0);
      expect(server.get('lake', (more[1] as string).slice('s3://lake/'.length))?.toString()).toContain(
        'reject_id',
      );
    }
  });

  test('of an export never replaces a warehouse, even with --overwrite', async () => {
    const folder = freshFolder();
    const mine = join(folder, 'songs.parquet');
    const load = ['etl', '--log-data', 'logs', '--song-data', 'songs', '--warehouse', mine];
    expect((await sparkify(load, { cwd })).code).toBe(0);
    const before = holding(folder);
    const outcome = await sparkify(['export', '--parquet', folder, '--overwrite', '--warehouse', mine], {
      cwd,
    });
    expect(outcome, outcome.stderr).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(`${mine} is a DuckDB database or a part of one`);
    expect(holding(folder)).toEqual(before);
  });
});

describe('init', () => {
  test('never replaces a warehouse or a part of it, even with --force', async () => {
    const before = holding(cwd);
    for (const target of ['w.duckdb', 'w.published.duckdb', 'w.duckdb.wal']) {
      const outcome = await sparkify(['init', target, '--force'], { cwd });
      expect([outcome.code, outcome.stderr]).toEqual([2, expect.stringContaining('is a DuckDB database')]);
    }
    expect(holding(cwd)).toEqual(before);
  });

  test('replaces a file only if it is told to, whole, with its mode, and leaves a link a link', async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, 'shared.cfg'), 'mine');
    chmodSync(join(folder, 'shared.cfg'), 0o640);
    symlinkSync('shared.cfg', join(folder, 'dwh.cfg'));
    // Another name of the old content shows whether that was written to.
    linkSync(join(folder, 'shared.cfg'), join(folder, 'other-name'));
    const refused = await sparkify(['init'], { cwd: folder });
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/already\.[\s\S]*--force/)]);
    expect((await sparkify(['init', '--force'], { cwd: folder })).code).toBe(0);
    expect(readFileSync(join(folder, 'shared.cfg'), 'utf8')).toContain('LOG_DATA');
    expect(statSync(join(folder, 'shared.cfg')).mode & 0o777).toBe(0o640);
    expect(readFileSync(join(folder, 'other-name'), 'utf8')).toBe('mine');
    expect(readlinkSync(join(folder, 'dwh.cfg'))).toBe('shared.cfg');
  });
});

describe('a terminal', () => {
  const driving = /(?!\n)[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
  const sql = `select song as "${HOSTILE}" from staging.events where song <> 'x' order by length(song) desc`;

  test('is driven by no result and no error, in no format', async () => {
    const outcomes = await Promise.all([
      run('query', sql),
      run('query', sql, '--json'),
      run('query', sql, '--format', 'json'),
      run('query', `select error('${HOSTILE}')`, '--json'),
      run('query', `select "${HOSTILE}" from songs`, '--json', '--verbose'),
      run('query', 'select 1', '-o', `/${HOSTILE}/x`, '--json'),
      run('rejects', 'export'),
      run('rejects', 'list'),
      run('rejects', 'list', '--json'),
    ]);
    for (const { stdout, stderr } of outcomes) {
      expect(stdout).not.toMatch(driving);
      expect(stderr).not.toMatch(driving);
    }
    const [asked, exported] = [outcomes[1], outcomes[6]] as [Outcome, Outcome];
    expect(JSON.parse(asked.stdout)[0]).toEqual({ [HOSTILE]: HOSTILE });
    expect(JSON.parse(exported.stdout).raw).toBe(`{"${HOSTILE}`);
  });

  test('is driven by no name that a user gave', async () => {
    const folder = freshFolder();
    const name = `x\u001b[31m'y`;
    const path = join(folder, `${name}.duckdb`);
    writeFiles(folder, { 'logs/a.json': jsonLines([eventRecord()]) });
    const warehouse = ['--warehouse', path];
    const simulate = ['simulate', '--users', '3', '--days', '1', '--songs', '71', '--song-files', 'packed'];
    const steps = [
      [...simulate, '--out', name],
      [...simulate, '--out', name],
      [...simulate, '--out', name, '--dry-run'],
      ['etl', '--log-data', 'logs', '--dry-run', ...warehouse],
      ['etl', '--log-data', 'logs', ...warehouse],
      ['create-tables', ...warehouse],
      ['status', ...warehouse],
      ['check', '--against', join(name, 'manifest.json'), ...warehouse],
      ['doctor', '--log-data', 'logs', ...warehouse],
      ['export', 'users', '--parquet', `${name}.out`, ...warehouse],
      ['query', 'select 1', '-o', `${name}.csv`, ...warehouse],
      ['rejects', 'export', '-o', `${name}.jsonl`, ...warehouse],
      ['init', `${name}.cfg`],
    ];
    for (const args of steps) {
      const { stdout, stderr } = await sparkify(args, { cwd: folder });
      expect(`${stdout}${stderr}`, args.join(' ')).not.toMatch(driving);
      expect(`${stdout}${stderr}`, args.join(' ')).toContain('x\\x1b[31m');
    }
    // What is shown for a shell names the same file there.
    const shown = spawnSync('bash', ['-c', `printf %s ${shellWord(name)}`], { encoding: 'utf8' });
    if (!shown.error) expect(shown.stdout).toBe(name);
  });

  test('gets CSV that drives nothing; a file and a pipe get the data', async (context) => {
    const args = ['query', sql, '--format', 'csv'];
    const piped = await run(...args);
    expect(piped.stdout).toContain(HOSTILE);
    expect((await run(...args, '-o', 'hostile.csv')).code).toBe(0);
    expect(readFileSync(join(cwd, 'hostile.csv'), 'utf8')).toBe(piped.stdout);
    const typed = commandLine(args);
    const shown = spawnSync('script', ['-qec', `${typed}; ${typed} -o /dev/tty`, '/dev/null'], {
      encoding: 'utf8',
    });
    if (shown.error) return context.skip('script(1), which makes a terminal, is not installed');
    expect(shown.stdout.replaceAll('\r\n', '\n')).not.toMatch(driving);
    expect(shown.stdout.split('\\x1b[2J\\x9b31m\\u202eb')).toHaveLength(5);
  });

  test('shows joiners where scripts and emoji need them, and nowhere else', () => {
    for (const word of ['👩‍🚀', '❤️‍🔥', 'می‌خواهم', 'क्‍ष', 'Jóga', 'a b']) expect(printable(word)).toBe(word);
    expect(printable('pass\u200cword')).toBe('pass\\u200cword');
    expect(printable('\u{e0041}\u00ad\u3164')).toBe('\\u{e0041}\\xad\\u3164');
  });
});

function namesOnly(entry: string): string {
  return entry.split(' ')[0] as string;
}
