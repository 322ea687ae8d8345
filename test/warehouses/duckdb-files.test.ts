import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runOn } from '../support/ad-hoc.ts';
import { sparkify } from '../support/command.ts';
import { openElsewhere } from '../support/other-program.ts';
import { eventRecord, jsonLines, writeFiles } from '../support/records.ts';
import { sampleOneIn } from '../support/sample.ts';
import { onSmallDisk } from '../support/small-disk.ts';
import { deliver, freshFolder, withWarehouse } from '../support/warehouse.ts';

sampleOneIn(5);

const etl = ['etl', '--log-data', 'logs'];
const count = ['query', 'select count(*) as plays from songplays', '--json'];

/** A folder with a log, and a warehouse that it was loaded into. */
async function loaded(): Promise<string> {
  const cwd = withLog();
  const first = await sparkify(etl, { cwd });
  expect(first.code, first.stderr).toBe(0);
  return cwd;
}

function withLog(): string {
  const cwd = freshFolder();
  writeFiles(cwd, { 'logs/a.json': jsonLines([eventRecord()]) });
  return cwd;
}

/** A file's SHA-256, by another process: this one would give up its lock on the file. */
function hashOf(file: string): string {
  return spawnSync(process.execPath, ['-e', HASH, file], { encoding: 'utf8' }).stdout;
}

const HASH = `
  const { createHash } = require('node:crypto');
  console.log(createHash('sha256').update(require('node:fs').readFileSync(process.argv[1])).digest('hex'));`;

/** The names in a folder that belong to its warehouse. */
function filesOf(cwd: string): string[] {
  return readdirSync(cwd)
    .filter((name) => name.startsWith('sparkify.'))
    .sort();
}

describe('the file of a warehouse', () => {
  test('that is empty is a new warehouse', async () => {
    const cwd = withLog();
    writeFileSync(join(cwd, 'sparkify.duckdb'), '');
    const told = await sparkify(['status'], { cwd });
    expect([told.code, told.stderr]).toEqual([1, expect.stringContaining('There is no warehouse')]);
    const dry = await sparkify([...etl, '--dry-run'], { cwd });
    expect(dry.code, dry.stderr).toBe(0);
    const first = await sparkify(etl, { cwd });
    expect(first.code, first.stderr).toBe(0);
    expect(JSON.parse((await sparkify(count, { cwd })).stdout)).toEqual([{ plays: 1 }]);
    expect(filesOf(cwd)).toEqual(['sparkify.duckdb', 'sparkify.published.duckdb']);
  });

  test.each([8192])('that ends after %i bytes is told as incomplete, with the way out', async (size) => {
    const cwd = await loaded();
    truncateSync(join(cwd, 'sparkify.duckdb'), size);
    for (const args of [['create-tables', '--drop', '--yes'], ['status']]) {
      const outcome = await sparkify(args, { cwd });
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toContain('is incomplete');
      expect(outcome.stderr).toMatch(/install -m 600 '.*sparkify.published.duckdb' '.*sparkify.duckdb'/);
    }
    const doctor = await sparkify(['doctor'], { cwd });
    expect([doctor.code, doctor.stdout]).toEqual([1, expect.stringContaining('is incomplete')]);
    spawnSync('rm', [join(cwd, 'sparkify.published.duckdb')]);
    const told = (await sparkify(etl, { cwd })).stderr;
    const remedy = told.match(/rm -f '.*'$/m)?.[0] as string;
    expect(spawnSync('sh', ['-c', remedy]).status).toBe(0);
    expect((await sparkify(etl, { cwd })).code).toBe(0);
  });

  test('that is damaged further on is told as damaged, and its published copy restores it', async () => {
    const cwd = await loaded();
    const file = join(cwd, 'sparkify.duckdb');
    truncateSync(file, statSync(file).size - 300_000);
    const outcome = await sparkify(etl, { cwd });
    expect([outcome.code, outcome.stderr]).toEqual([1, expect.stringContaining('is damaged')]);
    const remedy = outcome.stderr.match(/install -m 600 '.*' '.*'/)?.[0] as string;
    expect(spawnSync('sh', ['-c', remedy]).status).toBe(0);
    const after = await sparkify([...etl, '--json'], { cwd });
    expect(JSON.parse(after.stdout).status, after.stderr).toBe('unchanged');
  });

  test('that is a folder, or no file to keep data in, is told as such', async (context) => {
    const cwd = withLog();
    mkdirSync(join(cwd, 'folder'));
    for (const args of [etl, ['status'], [...etl, '--dry-run']]) {
      const outcome = await sparkify([...args, '--warehouse', 'duckdb:folder'], { cwd });
      expect(outcome.code, outcome.stderr).toBe(2);
      expect(outcome.stderr).toMatch(/folder is a folder[\s\S]*folder\/sparkify\.duckdb/);
    }
    if (spawnSync('mkfifo', [join(cwd, 'pipe')]).status !== 0) context.skip('mkfifo is missing');
    const outcome = await sparkify([...etl, '--warehouse', 'duckdb:pipe'], { cwd });
    expect([outcome.code, outcome.stderr]).toEqual([2, expect.stringContaining('is not a regular file')]);
  });

  test.each([
    ['where there is none', false],
    ['where an empty one is', true],
  ])('is made by one of several first writers %s, and nothing else is left', async (_, isEmpty) => {
    const cwd = freshFolder();
    if (isEmpty) writeFileSync(join(cwd, 'sparkify.duckdb'), '');
    const outcomes = await Promise.all(
      Array.from({ length: 3 }, () => sparkify(['create-tables', '--wait-seconds', '30', '--json'], { cwd })),
    );
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
    const made = outcomes.map(({ stdout }) => JSON.parse(stdout).status);
    expect(made.filter((status) => status === 'created')).toHaveLength(1);
    expect(filesOf(cwd)).toEqual(['sparkify.duckdb', 'sparkify.published.duckdb']);
  });

  test('is made where a link points', async () => {
    const cwd = withLog();
    mkdirSync(join(cwd, 'data'));
    symlinkSync(join(cwd, 'data', 'w.duckdb'), join(cwd, 'sparkify.duckdb'));
    const outcome = await sparkify(etl, { cwd });
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(statSync(join(cwd, 'data', 'w.duckdb')).size).toBeGreaterThan(0);
    expect(JSON.parse((await sparkify(count, { cwd })).stdout)).toEqual([{ plays: 1 }]);
  });

  test('by a link is the file that the link leads to, with its log and its published copy', async () => {
    const cwd = freshFolder();
    mkdirSync(join(cwd, 'data'));
    symlinkSync('data/sparkify.duckdb', join(cwd, 'link.duckdb'));
    writeFiles(cwd, { 'data/logs/a.json': jsonLines([eventRecord()]) });
    const load = ['etl', '--log-data', 'data/logs', '--warehouse', 'link.duckdb'];
    expect((await sparkify(load, { cwd })).code).toBe(0);
    await commitUnpublished(join(cwd, 'link.duckdb'));
    const asked = await sparkify([...count, '--warehouse', 'link.duckdb'], { cwd });
    expect([JSON.parse(asked.stdout), asked.stderr]).toEqual([[{ plays: 2 }], '']);
    expect(readdirSync(cwd).sort()).toEqual(['data', 'link.duckdb']);
    expect(filesOf(join(cwd, 'data'))).toEqual(['sparkify.duckdb', 'sparkify.published.duckdb']);
    truncateSync(join(cwd, 'data/sparkify.duckdb'), 8192);
    const told = await sparkify(['status', '--warehouse', 'link.duckdb'], { cwd });
    expect(told.stderr).toMatch(/install -m 600 '.*data\/sparkify.published.duckdb'/);
  });

  test('by a link that leads back to itself is told alike by every command', async () => {
    const cwd = withLog();
    symlinkSync('sparkify.duckdb', join(cwd, 'sparkify.duckdb'));
    for (const args of [etl, ['status'], ['query', 'select 1', '-o', 'x.csv']]) {
      const outcome = await sparkify(args, { cwd });
      expect([outcome.code, outcome.stderr]).toEqual([2, expect.stringContaining('leads back to itself')]);
    }
  });

  test.each(['wal', 'wal.checkpoint'])('is not written where its .%s is a link', async (end) => {
    for (const cwd of [withLog(), await loaded()]) {
      writeFiles(cwd, { 'logs/b.json': jsonLines([eventRecord({ itemInSession: 9 })]) });
      writeFileSync(join(cwd, 'victim'), 'mine');
      symlinkSync('victim', join(cwd, `sparkify.duckdb.${end}`));
      const load = await sparkify(etl, { cwd });
      expect([load.code, load.stderr]).toEqual([1, expect.stringContaining('is a symbolic link')]);
      expect(readFileSync(join(cwd, 'victim'), 'utf8')).toBe('mine');
      const remedy = load.stderr.match(/rm -f '.*'/)?.[0] as string;
      expect(spawnSync('sh', ['-c', remedy]).status).toBe(0);
      expect((await sparkify(etl, { cwd })).code).toBe(0);
      expect(readFileSync(join(cwd, 'victim'), 'utf8')).toBe('mine');
    }
  });

  test('that is somebody else’s is not changed by doctor, nor is its log', async () => {
    const cwd = freshFolder();
    const file = join(cwd, 'theirs.duckdb');
    const writer = await openElsewhere(file, 'READ_WRITE', 'create table mine as from range(1000)');
    await writer.kill();
    const before = [hashOf(file), hashOf(`${file}.wal`)];
    const doctor = await sparkify(['doctor', '--warehouse', 'duckdb:theirs.duckdb'], { cwd });
    expect([doctor.code, doctor.stdout]).toEqual([1, expect.stringContaining('holds no tables of sparkify')]);
    expect([hashOf(file), hashOf(`${file}.wal`)]).toEqual(before);
    expect(readdirSync(cwd).sort()).toEqual(['theirs.duckdb', 'theirs.duckdb.wal']);
  });

  test('is free of what killed writers left beside it', async () => {
    const cwd = withLog();
    const left = ['sparkify.duckdb', 'sparkify.published.duckdb', 'sparkify.duckdb.lease'].map(
      (name) => `${name}.999999999-0123abcd.tmp`,
    );
    for (const name of left) writeFileSync(join(cwd, name), 'x');
    writeFileSync(join(cwd, 'sparkify.duckdb.notes.tmp'), 'mine');
    expect((await sparkify(etl, { cwd })).code).toBe(0);
    expect(filesOf(cwd)).toEqual([
      'sparkify.duckdb',
      'sparkify.duckdb.notes.tmp',
      'sparkify.published.duckdb',
    ]);
  });

  test('with no table in it yet is told as one that holds no load', async () => {
    const cwd = freshFolder();
    const made = await openElsewhere(join(cwd, 'sparkify.duckdb'), 'READ_WRITE');
    const during = await sparkify(['status'], { cwd });
    expect([during.code, during.stderr]).toEqual([
      1,
      expect.stringMatching(/published yet\. .* is open for writing/),
    ]);
    await made.close();
    const after = await sparkify(['status'], { cwd });
    expect([after.code, after.stderr]).toEqual([1, expect.stringContaining('No load into')]);
    expect(filesOf(cwd)).toEqual(['sparkify.duckdb']);
    writeFiles(cwd, { 'logs/a.json': jsonLines([eventRecord()]) });
    const dry = await sparkify([...etl, '--dry-run', '--json'], { cwd });
    expect([dry.code, JSON.parse(dry.stdout).status], dry.stderr).toEqual([0, 'planned']);
  });

  test('is made again where it was removed and its log was left', async () => {
    const cwd = freshFolder();
    await withUnpublished(cwd);
    rmSync(join(cwd, 'sparkify.duckdb'));
    const told = await sparkify(['status'], { cwd });
    expect(told.stderr).toMatch(/There is no warehouse[\s\S]*install -m 600/);
    const again = await sparkify([...etl, '--json'], { cwd });
    expect([again.code, JSON.parse(again.stdout).status], again.stderr).toEqual([0, 'committed']);
  });

  test('is told as replaced where the log of another state was left beside it', async () => {
    const cwd = freshFolder();
    await withUnpublished(cwd);
    const file = join(cwd, 'sparkify.duckdb');
    copyFileSync(`${file}.wal`, join(cwd, 'log'));
    expect((await sparkify(count, { cwd })).code).toBe(0);
    copyFileSync(join(cwd, 'log'), `${file}.wal`);
    const load = await sparkify(etl, { cwd });
    expect([load.code, load.stderr]).toEqual([1, expect.stringContaining('belongs to another state')]);
    const remedy = load.stderr.match(/rm -f '.*'/)?.[0] as string;
    expect(spawnSync('sh', ['-c', remedy]).status).toBe(0);
    expect((await sparkify(etl, { cwd })).code).toBe(0);
  });
});

describe('the lease', () => {
  test.each([
    ['small', 1],
    ['large', 10_000_000],
  ])('is held until the warehouse is closed, after publishing a %s one too', async (_, numbers) => {
    const cwd = withLog();
    await withWarehouse(join(cwd, 'sparkify.duckdb'), async (warehouse) => {
      await runOn(
        warehouse,
        `create schema mine; create table mine.numbers as select random() as number from range(${numbers})`,
      );
      await deliver(warehouse, { logs: join(cwd, 'logs') });
      const [own, copy] = ['sparkify.duckdb', 'sparkify.published.duckdb'].map((name) =>
        hashOf(join(cwd, name)),
      );
      expect(own).toMatch(/^[0-9a-f]{64}\n$/);
      expect(copy).toBe(own);
      const other = await sparkify([...etl, '--wait-seconds', '0'], { cwd });
      expect([other.code, other.stderr]).toEqual([
        1,
        expect.stringContaining(`is being written by sparkify test (process ${process.pid}`),
      ]);
    });
  });

  test('writes through no link', async () => {
    const cwd = withLog();
    writeFileSync(join(cwd, 'precious'), 'gold');
    symlinkSync('precious', join(cwd, 'sparkify.duckdb.lease'));
    symlinkSync('precious', join(cwd, 'sparkify.published.duckdb'));
    expect((await sparkify(etl, { cwd })).code).toBe(0);
    expect(readFileSync(join(cwd, 'precious'), 'utf8')).toBe('gold');
    expect(existsSync(join(cwd, 'sparkify.duckdb.lease'))).toBe(false);
  });
});

describe('another program', () => {
  test('that only reads the warehouse is told as a reader, with the file to open instead', async () => {
    const cwd = await loaded();
    const reader = await openElsewhere(join(cwd, 'sparkify.duckdb'), 'READ_ONLY');
    const load = await sparkify([...etl, '--wait-seconds', '0'], { cwd });
    const doctor = await sparkify(['doctor'], { cwd });
    await reader.close();
    expect(load.code).toBe(1);
    expect(load.stderr).toMatch(new RegExp(`is open for reading in process ${reader.pid} \\(.*node\\)`));
    expect(load.stderr).toContain('sparkify.published.duckdb');
    expect(load.stderr).toContain('read_only');
    expect(load.stderr).not.toContain('written');
    expect(doctor.stdout).toContain(`is open for reading in process ${reader.pid}`);
  });

  test('that reads an unpublished warehouse keeps readers at what was published, and they are told', async () => {
    const cwd = freshFolder();
    await withUnpublished(cwd);
    const reader = await openElsewhere(join(cwd, 'sparkify.duckdb'), 'READ_ONLY');
    const during = await plays(cwd);
    await reader.close();
    expect(during).toEqual({
      plays: 1,
      stderr: expect.stringMatching(/holds more than was published at .*is open for reading in process/),
    });
  });

  test('that opens the warehouse to write is not taken for a load of ours', async () => {
    const cwd = await loaded();
    const writer = await openElsewhere(join(cwd, 'sparkify.duckdb'), 'READ_WRITE');
    const load = await sparkify([...etl, '--wait-seconds', '0'], { cwd });
    await writer.close();
    expect(load.code).toBe(1);
    expect(load.stderr).toMatch(new RegExp(`is open for writing in process ${writer.pid} \\(.*node\\)`));
    expect(load.stderr).toContain('sparkify.published.duckdb');
  });

  test('that opens the published copy to write locks no reader out, and nothing is left of their copies', async () => {
    const cwd = await loaded();
    const tool = await openElsewhere(join(cwd, 'sparkify.published.duckdb'), 'READ_WRITE');
    try {
      for (const args of [count, ['check'], ['export', '--parquet', 'out']]) {
        const outcome = await sparkify(args, { cwd });
        expect(outcome.code, outcome.stderr).toBe(0);
        expect(outcome.stderr).toMatch(
          new RegExp(`is open for writing in process ${tool.pid}.*reading a copy`),
        );
      }
      expect(filesOf(cwd)).toEqual(['sparkify.duckdb', 'sparkify.published.duckdb']);
    } finally {
      await tool.close();
    }
    expect((await sparkify(count, { cwd })).stderr).toBe('');
  });

  test('that left a log beside the published copy changes nothing for readers', async () => {
    const cwd = await loaded();
    const tool = await openElsewhere(
      join(cwd, 'sparkify.published.duckdb'),
      'READ_WRITE',
      'delete from songplays',
    );
    await tool.kill();
    expect(existsSync(join(cwd, 'sparkify.published.duckdb.wal'))).toBe(true);
    expect(JSON.parse((await sparkify(count, { cwd })).stdout)).toEqual([{ plays: 1 }]);
    writeFiles(cwd, { 'logs/b.json': jsonLines([eventRecord({ itemInSession: 1 })]) });
    expect((await sparkify(etl, { cwd })).code).toBe(0);
    expect(JSON.parse((await sparkify(count, { cwd })).stdout)).toEqual([{ plays: 2 }]);
    expect(filesOf(cwd)).toEqual(['sparkify.duckdb', 'sparkify.published.duckdb']);
    // So does what is no log at all; a reader says what ends the copying.
    writeFileSync(join(cwd, 'sparkify.published.duckdb.wal'), 'no log');
    const told = await sparkify(count, { cwd });
    const remedy = told.stderr.match(/rm -f '.*published.duckdb.wal'/)?.[0] as string;
    expect(spawnSync('sh', ['-c', remedy]).status).toBe(0);
    expect((await sparkify(count, { cwd })).stderr).toBe('');
  });

  test('that was killed while it read a copy of its own leaves it to the next one', async () => {
    const cwd = await loaded();
    const left = `sparkify.published.duckdb.999999999-0123abcd.copy`;
    const alive = `sparkify.published.duckdb.${process.pid}-0123abcd.copy`;
    for (const name of [left, alive]) writeFileSync(join(cwd, name), 'x');
    writeFiles(cwd, { 'logs/b.json': jsonLines([eventRecord({ itemInSession: 1 })]) });
    expect((await sparkify(etl, { cwd })).code).toBe(0);
    expect(filesOf(cwd)).toEqual(['sparkify.duckdb', 'sparkify.published.duckdb', alive]);
  });
});

const plays = async (cwd: string, uid?: number) => {
  const { code, stdout, stderr } = await sparkify(count, { cwd, ...(uid === undefined ? {} : { uid }) });
  return { plays: code === 0 ? JSON.parse(stdout)[0].plays : stdout, stderr };
};

/** A warehouse of one play, with a second one committed and not published. */
async function withUnpublished(cwd: string): Promise<void> {
  writeFiles(cwd, { 'logs/a.json': jsonLines([eventRecord()]) });
  expect((await sparkify(etl, { cwd })).code).toBe(0);
  await commitUnpublished(join(cwd, 'sparkify.duckdb'));
}

/** Commits a second play to a warehouse, and is killed. */
async function commitUnpublished(file: string): Promise<void> {
  const writer = await openElsewhere(
    file,
    'READ_WRITE',
    "insert into songplays by name (select * replace ('second' as songplay_id) from songplays)",
  );
  await writer.kill();
  expect(existsSync(`${realpathSync(file)}.wal`)).toBe(true);
}

describe('a reader', () => {
  const NOBODY = 65_534;

  /** Why no command can be run as another user; null if it can. */
  async function whyNotAsNobody(): Promise<string | null> {
    if (process.getuid?.() !== 0) return 'only root may run a command as another user';
    const cwd = freshFolder();
    chmodSync(cwd, 0o755);
    const tried = await sparkify(['--version'], { cwd, uid: NOBODY }).catch(() => null);
    return tried?.code === 0 ? null : 'another user may not read this program';
  }

  test('without the right to write reads what was last published, and says that it is older', async (context) => {
    const why = await whyNotAsNobody();
    if (why !== null) context.skip(why);
    const cwd = freshFolder();
    await withUnpublished(cwd);
    chmodSync(cwd, 0o755);
    for (const name of filesOf(cwd)) chmodSync(join(cwd, name), 0o644);
    expect(await plays(cwd, NOBODY)).toEqual({
      plays: 1,
      stderr: expect.stringMatching(/holds more than was published at .*No permission to write/),
    });
    const load = await sparkify(etl, { cwd, uid: NOBODY });
    expect([load.code, load.stderr]).toEqual([1, expect.stringContaining('No permission to write')]);
    const doctor = await sparkify(['doctor', '--log-data', 'logs', '--song-data', 'logs'], {
      cwd,
      uid: NOBODY,
    });
    expect([doctor.code, doctor.stdout]).toEqual([
      0,
      expect.stringMatching(/note +warehouse .*1 songplays; this user can read it, but not load/),
    ]);
    // Whoever may write publishes.
    expect(await plays(cwd)).toEqual({ plays: 2, stderr: '' });
    expect(await plays(cwd, NOBODY)).toEqual({ plays: 2, stderr: '' });
  });

  test('that may not read the copy is told so', async (context) => {
    const why = await whyNotAsNobody();
    if (why !== null) context.skip(why);
    const cwd = await loaded();
    chmodSync(cwd, 0o755);
    for (const name of filesOf(cwd)) chmodSync(join(cwd, name), 0o600);
    expect((await plays(cwd, NOBODY)).stderr).toMatch(
      /No permission.*sparkify.published.duckdb[\s\S]*FILE_MODE/,
    );
  });

  test('reads on a read-only disk, and on a full one, what was last published', async (context) => {
    const done = await onSmallDisk('20m', async ({ folder: cwd, remount }) => {
      await withUnpublished(cwd);
      remount('ro');
      expect(await plays(cwd)).toEqual({
        plays: 1,
        stderr: expect.stringMatching(/holds more than was published at .*read-only/),
      });
      remount('rw');
      fill(cwd);
      expect(await plays(cwd)).toEqual({
        plays: 1,
        stderr: expect.stringMatching(/holds more than was published at .*No space left/),
      });
      expect(statfsSync(cwd).bavail).toBe(0);
      const tool = await openElsewhere(join(cwd, 'sparkify.published.duckdb'), 'READ_WRITE');
      const copied = await plays(cwd);
      await tool.close();
      expect(copied).toEqual({ plays: 1, stderr: expect.stringContaining('reading a copy of it') });
      spawnSync('rm', [join(cwd, 'full')]);
      expect(await plays(cwd)).toEqual({ plays: 2, stderr: '' });
      return true;
    });
    if (done === null) context.skip('only root on Linux may mount a small disk');
  });
});

/** Takes every byte that is free. */
function fill(cwd: string): void {
  spawnSync('sh', ['-c', `dd if=/dev/zero of='${join(cwd, 'full')}' bs=4096 2>/dev/null`]);
}
