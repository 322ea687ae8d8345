import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, describe, expect, test } from 'vitest';
import { runOn } from './support/ad-hoc.ts';
import { type Outcome, type RunOptions, sparkify } from './support/command.ts';
import { eventRecord, jsonLines, songRecord, writeFiles } from './support/records.ts';
import { freshFolder, withWarehouse } from './support/warehouse.ts';

const isRoot = process.getuid?.() === 0;
let cwd: string;
let loaded: Outcome;

beforeAll(async () => {
  cwd = freshFolder();
  writeFiles(cwd, {
    'log_data/a.json': jsonLines([
      eventRecord(),
      eventRecord({ itemInSession: 1, song: 'Jóga' }),
      '{"broken',
    ]),
    'song_data/a.json': JSON.stringify(songRecord()),
  });
  loaded = await sparkify(['etl', '--log-data', 'log_data', '--song-data', 'song_data'], { cwd });
});

const run = (args: readonly string[], options: Partial<RunOptions> = {}): Promise<Outcome> =>
  sparkify(args, { cwd, ...options });
const json = async (args: readonly string[]): Promise<ReturnType<typeof JSON.parse>> =>
  JSON.parse((await run([...args, '--json'])).stdout);

describe('etl', () => {
  test('prints a report on stdout, its talk on stderr', () => {
    expect(loaded.code, loaded.stderr).toBe(0);
    expect(loaded.stdout).toContain('Loaded 2 new files');
    expect(loaded.stdout).toMatch(/events\s+3\s+2\s+1\s+0/);
    expect(loaded.stdout).toContain('1 of 2 plays found its song (50.0 %)');
    expect(loaded.stdout).toContain('malformed_json');
    expect(loaded.stderr).toContain('star: 6 tables');
  });

  test('--json prints one document with what is promised', async () => {
    const report = await json(['etl', '--log-data', 'log_data', '--song-data', 'song_data']);
    expect(report).toMatchObject({
      status: 'unchanged',
      files: { new: 0, changed: 0, unchanged: 2, duplicate: 0, vanished: 0 },
      events: { lines: 0, staged: 0, rejected: 0, blank: 0 },
      tables: { songplays: { rows: 2, inserted: 0, updated: 0, deleted: 0 } },
      match: {
        plays: 2,
        matched: 1,
        rate: 0.5,
        misses: { artistUnknown: 0, titleUnknown: 1, durationDiffers: 0 },
      },
    });
    for (const field of [
      'warehouse',
      'songs',
      'duplicates',
      'conflicts',
      'drift',
      'checks',
      'durationSeconds',
    ])
      expect(report).toHaveProperty(field);
  });

  test('says in its first line what happened: nothing, new names, another match, a refresh', async () => {
    const folder = freshFolder();
    const content = jsonLines([eventRecord()]);
    writeFiles(folder, { 'logs/a.json': content, 'logs/b.json': content });
    const first = async (...flags: string[]) =>
      (await sparkify(['etl', '--log-data', 'logs', ...flags], { cwd: folder })).stdout.split('\n')[0];
    expect(await first()).toMatch(/^Loaded 1 new file /);
    expect(await first()).toMatch(/^Unchanged\. 2 known files/);
    writeFiles(folder, { 'logs/c.json': content });
    expect(await first()).toMatch(/^Noted new names of known files .*; the star is unchanged\./);
    expect(await first('--match-on', 'title, artist')).toMatch(/^Matched the plays again into /);
    expect(await first('--full-refresh')).toMatch(/^Built the star from scratch into /);
  });

  test('--dry-run plans, changes nothing and makes no file', async () => {
    const planned = await json([
      'etl',
      '--dry-run',
      '--log-data',
      'log_data',
      '--warehouse',
      'duckdb:new.duckdb',
    ]);
    expect(planned).toMatchObject({
      status: 'planned',
      warehouseExists: false,
      files: { new: 1 },
      tables: ['songplays', 'users', 'time'],
    });
    expect(() => readFileSync(join(cwd, 'new.duckdb'))).toThrow();
  });

  test('reads dwh.cfg, beaten by the environment, beaten by flags', async () => {
    const folder = freshFolder();
    writeFiles(folder, { 'dwh.cfg': "[S3]\r\nlog_data : 'nowhere'\r\nLOG_DATAX = 1\r\nHOST = x\r\n" });
    const log = join(cwd, 'log_data');
    const byFile = await sparkify(['etl'], { cwd: folder });
    expect(byFile).toMatchObject({ code: 1 });
    expect(byFile.stderr).toContain('There is no file or folder');
    expect(byFile.stderr).toContain(
      'dwh.cfg:4: the key HOST in [S3] is unknown and ignored. Did you mean [CLUSTER] HOST?',
    );
    const byEnvironment = await sparkify(['etl', '--json'], { cwd: folder, env: { SPARKIFY_LOG_DATA: log } });
    expect(JSON.parse(byEnvironment.stdout).status).toBe('committed');
    const byFlag = await sparkify(['etl', '--log-data', 'elsewhere'], {
      cwd: folder,
      env: { SPARKIFY_LOG_DATA: log },
    });
    expect(byFlag.stderr).toContain('elsewhere');
  });
});

describe('a mistake gets one clear message, and the exit code of its kind', () => {
  const mistakes: [string, string[], number, string[]][] = [
    [
      'an unknown flag',
      ['etl', '--log-date', 'x'],
      2,
      ["Unknown option '--log-date'.", 'Did you mean --log-data?'],
    ],
    ['an unknown command', ['elt'], 2, ["Unknown command 'elt'.", 'Did you mean etl?']],
    ['nothing to load', ['etl'], 2, ['neither log data nor song data is named', '--log-data FOLDER']],
    [
      'a wrong path',
      ['etl', '--log-data', 'lgo_data', '--warehouse', 'duckdb:other.duckdb'],
      1,
      ['There is no file or folder', 'lgo_data'],
    ],
    [
      'a missing configuration',
      ['etl', '--config', 'no.cfg'],
      2,
      ['The configuration file no.cfg does not exist.', 'sparkify init'],
    ],
    [
      'a configuration that is a folder',
      ['etl', '--config', 'log_data'],
      2,
      ['The configuration file log_data is a folder.'],
    ],
    [
      'a limit that is none',
      ['etl', '--max-rejects', 'few'],
      2,
      ['--max-rejects: the value "few" must be a number of records (100) or a share'],
    ],
    [
      'a warehouse of no known kind',
      ['status', '--warehouse', 'mysql://me:hush@host/db'],
      2,
      ['"mysql://…" is not of a kind that sparkify knows'],
    ],
    [
      'a warehouse that is not there',
      ['status', '--warehouse', 'none.duckdb'],
      1,
      ['There is no warehouse', 'none.duckdb yet'],
    ],
    [
      'a warehouse that is not DuckDB',
      ['etl', '--log-data', 'log_data', '--warehouse', 'log_data/a.json'],
      1,
      ['is not a DuckDB database', '--warehouse'],
    ],
    [
      'a warehouse in no folder',
      ['etl', '--log-data', 'log_data', '--warehouse', 'no/w.duckdb'],
      1,
      ['The folder', 'does not exist', 'mkdir -p'],
    ],
    ['a statement that writes', ['query', 'drop table songplays'], 2, ['query only reads']],
    [
      'a statement that writes a file',
      ['query', "explain analyze copy (select 1) to 'sparkify.duckdb' (format csv)"],
      2,
      ['query explains a statement without running it', 'no ANALYZE'],
    ],
    [
      'a statement that reads a file',
      ['query', "select * from read_text('/etc/hostname')"],
      2,
      ['query does not call read_text()', 'never files'],
    ],
    ['two statements', ['query', 'select 1; drop table songplays'], 2, ['query takes one statement, not 2']],
    ['a statement that is wrong', ['query', 'select nothing from songplays'], 2, ['"nothing" not found']],
    ['no statement', ['query'], 2, ['query needs a statement']],
    ['an unknown event', ['explain', '9-9'], 2, ['The warehouse holds no event 9-9.']],
    ['an unknown reject', ['rejects', 'show', '9:9'], 2, ['There is no reject 9:9.']],
    [
      'a replay of something else',
      ['rejects', 'replay', 'log_data/a.json'],
      2,
      ['log_data/a.json:1 is not a line of a rejects export'],
    ],
    ['dropping without a yes', ['create-tables', '--drop'], 2, ['Nothing was dropped.', '--yes']],
  ];

  test.each(mistakes)('%s', async (_, args, code, words) => {
    const outcome = await run(args);
    expect(outcome.code, outcome.stderr).toBe(code);
    for (const word of words) expect(outcome.stderr).toContain(word);
    expect(outcome.stderr).not.toMatch(/hush|node_modules|\bat .*\.js:/);
    expect(outcome.stdout).toBe('');
  });

  test('and with --json one document', async () => {
    const outcome = await run(['etl', '--log-data', 'nowhere', '--json', '--warehouse', 'x.duckdb']);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      status: 'failed',
      error: { kind: 'SourceError', exitCode: 1 },
    });
  });

  test.skipIf(isRoot)('no permission to read (skipped for root, who may read all)', async () => {
    writeFiles(cwd, { 'secret/a.json': '{}' });
    chmodSync(join(cwd, 'secret/a.json'), 0);
    const outcome = await run(['etl', '--log-data', 'secret']);
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.stderr).toContain('No permission to read');
  });

  test('a warehouse that a newer version made is not touched', async () => {
    const folder = freshFolder();
    const file = join(folder, 'w.duckdb');
    await sparkify(['create-tables', '--warehouse', file], { cwd: folder });
    await withWarehouse(file, (warehouse) =>
      runOn(warehouse, "update ops.warehouse set layout_version = 99, created_by = '9.0.0'"),
    );
    for (const args of [['etl', '--log-data', join(cwd, 'log_data')], ['status']]) {
      const outcome = await sparkify([...args, '--warehouse', file], { cwd: folder });
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toContain('was made by sparkify 9.0.0 (layout 99); this version knows layout 2');
    }
  });
});

describe('rejects', () => {
  test('are listed, shown, exported, mended and replayed', async () => {
    const [reject] = await json(['rejects', 'list']);
    expect(reject).toMatchObject({ rule: 'malformed_json', line: 3, raw: '{"broken' });
    expect((await run(['rejects', 'show', reject.reject_id])).stdout).toContain('log_data/a.json:3');
    await run(['rejects', 'export', '-o', 'rejects.jsonl']);
    const entry = JSON.parse(readFileSync(join(cwd, 'rejects.jsonl'), 'utf8'));
    writeFileSync(
      join(cwd, 'rejects.jsonl'),
      `${JSON.stringify({ ...entry, raw: JSON.stringify(eventRecord({ itemInSession: 2 })) })}\n`,
    );
    expect(await json(['rejects', 'replay'])).toMatchObject({
      status: 'unchanged',
      accepted: 0,
      stillRefused: [{ rule: 'malformed_json' }],
    });
    expect(await json(['rejects', 'replay', 'rejects.jsonl'])).toMatchObject({
      status: 'committed',
      accepted: 1,
      stillRefused: [],
    });
    expect(await json(['rejects', 'list'])).toEqual([]);
    expect(
      await json(['query', 'select count(*) as plays, count(song_id) as matched from songplays']),
    ).toEqual([{ plays: 3, matched: 2 }]);
    expect((await run(['check'])).code).toBe(0);
    expect((await json(['etl', '--log-data', 'log_data', '--full-refresh'])).tables.songplays.rows).toBe(3);
  });
});

describe('query', () => {
  test('that fails when most of its result has come fails, and leaves no half file', async () => {
    const sql = "select case when range = 900000 then error('boom') else 'x' end as a from range(1000000)";
    for (const args of [[], ['--format', 'csv'], ['--format', 'csv', '-o', 'half.csv']]) {
      const { code, stderr } = await run(['query', sql, ...args]);
      expect(`${code} ${stderr}`).toMatch(/^2 .*boom/s);
    }
    expect(existsSync(join(cwd, 'half.csv'))).toBe(false);
    // A pipe stays one, and gets the result.
    const pipe = join(cwd, 'pipe');
    if (spawnSync('mkfifo', [pipe]).status !== 0) return;
    const reader = spawn('cat', [pipe]);
    let read = '';
    reader.stdout.on('data', (piece) => {
      read += piece;
    });
    const [written] = await Promise.all([
      run(['query', 'select 1 as one', '--format', 'csv', '-o', pipe]),
      new Promise((resolve) => reader.once('close', resolve)),
    ]);
    expect(`${written.code} ${read}`).toBe('0 one\n1\n');
    expect(statSync(pipe).isFIFO()).toBe(true);
  });

  const sql =
    "select songplay_id, level, song_id, 'a,\"b' as odd, '' as empty from songplays order by 1 limit 2";

  test('answers as table, csv and json', async () => {
    expect((await run(['query', sql])).stdout).toContain('songplay_id  level  song_id');
    expect((await run(['query', sql, '--format', 'csv'])).stdout).toBe(
      'songplay_id,level,song_id,odd,empty\n1-0,free,SOUNDO,"a,""b",""\n1-1,free,,"a,""b",""\n',
    );
    expect(await json(['query', sql])).toHaveLength(2);
  });

  test('writes Parquet that reads back', async () => {
    const outcome = await run(['query', sql, '--format', 'parquet', '-o', "it's.parquet"]);
    expect(outcome.stdout).toContain('Wrote 2 rows');
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const reader = await connection.runAndReadAll(`select songplay_id, song_id from '${cwd}/it''s.parquet'`);
    expect(reader.getRowsJson()).toEqual([
      ['1-0', 'SOUNDO'],
      ['1-1', null],
    ]);
  });
});

test('explain traces a play to its file and line', async () => {
  const explained = await json(['explain', '1-1']);
  expect(explained.provenance).toMatchObject([
    { line: 2, path: join(cwd, 'log_data/a.json'), missing: null },
  ]);
  expect(explained.match).toBe('the catalogue has songs by Björk, but none titled Jóga');
});

test('check fails with exit code 3 where a limit of the user’s is broken', async () => {
  expect((await run(['check', '--min-match-rate', '10'])).code).toBe(0);
  const outcome = await run(['check', '--min-match-rate', '99', '--max-age-hours', '1']);
  expect(outcome.code).toBe(3);
  expect(outcome.stdout).toContain('at least 99 % of the plays found their song: 1 row breaks this rule');
});

test('doctor finds what is in the way of a load', async () => {
  expect((await run(['doctor', '--log-data', 'log_data', '--song-data', 'song_data'])).code).toBe(0);
  const outcome = await run(['doctor', '--log-data', 'nowhere']);
  expect(outcome.code).toBe(1);
  expect(outcome.stdout).toMatch(/bad\s+log data\s+There is no file or folder/);
});

test('init writes a configuration that loads, and does not replace one', async () => {
  const folder = freshFolder();
  mkdirSync(join(folder, 'log_data'));
  writeFiles(folder, {
    'log_data/a.json': jsonLines([eventRecord()]),
    'song_data/a.json': JSON.stringify(songRecord()),
  });
  expect((await sparkify(['init'], { cwd: folder })).code).toBe(0);
  const etl = await sparkify(['etl', '--json'], { cwd: folder });
  expect(etl.stderr).not.toContain('warning');
  expect(JSON.parse(etl.stdout).match).toMatchObject({ plays: 1, matched: 1 });
  expect(await sparkify(['init'], { cwd: folder })).toMatchObject({ code: 2 });
});

test('a secret is never shown, wherever it stands', async () => {
  const folder = freshFolder();
  writeFiles(folder, {
    'dwh.cfg':
      "[CLUSTER]\nHOST = 'redshift.example'\nDB_PASSWORD = 'hush%hush\n[IAM_ROLE]\nARN = arn:hush\n[WAREHOUSE]\nURL = postgres://me:hush@h/db\nhushhushhushhush\n",
  });
  for (const args of [
    ['etl', '--log-data', 'x'],
    ['doctor'],
    ['status', '--json'],
    ['etl', '--log-data', 'x', '--verbose'],
  ]) {
    const { stdout, stderr } = await sparkify(args, { cwd: folder });
    expect(stdout + stderr).not.toContain('hush%');
    expect(stdout + stderr).not.toContain('arn:hush');
    expect(stdout + stderr).not.toContain('me:hush');
    expect(stderr).toContain('dwh.cfg:3: the value of DB_PASSWORD has a quote without its pair');
  }
});
