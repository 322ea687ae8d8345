import { appendFileSync, existsSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sparkify } from '../support/command.ts';
import { noting } from '../support/observers.ts';
import { jsonLines, play, songRecord, writeFiles } from '../support/records.ts';
import { env, server, useS3Server } from '../support/s3-world.ts';
import { deliver, freshFolder, inFolder, withWarehouse } from '../support/warehouse.ts';

useS3Server();

/** More than a small file's bytes, so that it is read in chunks and again when it is staged. */
const manyPlays = (from: number): string =>
  jsonLines(Array.from({ length: 100 }, (_, nth) => play(from + nth, { sessionId: from })));

describe('etl over files that cannot be read', () => {
  test('loads all others, names them, and exits 3, now and as long as they are there', async () => {
    const cwd = freshFolder();
    writeFiles(cwd, { 'log/a.json': jsonLines([play(0)]), 'song/a.json': JSON.stringify(songRecord()) });
    symlinkSync('loop\u001b.json', join(cwd, 'log/loop\u001b.json'));
    const args = ['etl', '--log-data', 'log', '--song-data', 'song'];
    const first = await sparkify([...args, '--json'], { cwd });
    expect(first.code, first.stderr).toBe(3);
    const named = [{ path: join(cwd, 'log/loop\u001b.json'), reason: 'a link that leads back to itself' }];
    expect(JSON.parse(first.stdout)).toMatchObject({
      status: 'committed',
      files: { new: 2, unreadable: 1, named: { unreadable: named } },
      tables: { songplays: { rows: 1 } },
    });
    expect(first.stderr.match(/Skipped .*loop\\x1b.json: a link that leads back to itself\./g)).toHaveLength(
      1,
    );
    const second = await sparkify(args, { cwd });
    expect(second.code, second.stderr).toBe(3);
    expect(second.stdout).toContain('Unchanged, but 1 file or folder could not be read');
    expect(second.stdout).toMatch(/unread {4}.*loop\\x1b.json: a link that leads back to itself/);
    const planned = await sparkify([...args, '--dry-run'], { cwd });
    expect(planned.stdout).toMatch(/unread {2}.*loop\\x1b.json: a link that leads back to itself/);
  });

  test('passes over what the disk cannot read', async (context) => {
    if (!existsSync('/proc/self/mem')) return context.skip('needs /proc/self/mem, which cannot be read at 0');
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0)]) });
    symlinkSync('/proc/self/mem', join(logs, 'b.json'));
    await withWarehouse(file, async (warehouse) => {
      const { files } = await deliver(warehouse, { logs });
      expect(files).toMatchObject({ new: 1, unreadable: 1 });
      expect(files.named.unreadable).toEqual([
        { path: join(logs, 'b.json'), reason: 'the disk could not read it (EIO)' },
      ]);
    });
  });

  test('keeps the rows that a file brought before it became unreadable', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0), play(1)]), 'b.json': jsonLines([play(2)]) });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      rmSync(join(logs, 'a.json'));
      symlinkSync('a.json', join(logs, 'a.json'));
      writeFiles(logs, { 'c.json': jsonLines([play(3)]) });
      const without = await deliver(warehouse, { logs });
      expect(without.files).toMatchObject({ new: 1, unchanged: 1, vanished: 0, unreadable: 1 });
      expect(without.tables.songplays.rows).toBe(4);
      rmSync(join(logs, 'a.json'));
      writeFiles(logs, { 'a.json': jsonLines([play(0)]) });
      const again = await deliver(warehouse, { logs });
      expect(again.files).toMatchObject({ changed: 1, unchanged: 2, unreadable: 0 });
      expect(again.tables.songplays.rows).toBe(3);
    });
  });

  test('does not take the files of a folder that is out of reach for moved or vanished', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { '2018/a.json': jsonLines([play(0)]) });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      rmSync(join(logs, '2018'), { recursive: true });
      symlinkSync('/not/mounted', join(logs, '2018'));
      writeFiles(logs, { 'copy.json': jsonLines([play(0)]) });
      const { files } = await deliver(warehouse, { logs });
      expect(files).toMatchObject({ duplicate: 1, moved: 0, vanished: 0, unreadable: 1 });
    });
  });

  test('goes on without a file that is still being written, and takes it when it is whole', async () => {
    const { logs, file } = inFolder();
    const [growing, other] = [join(logs, 'growing.json'), join(logs, 'other.json')];
    writeFiles(logs, { 'growing.json': manyPlays(1), 'other.json': manyPlays(1_000) });
    let nth = 5_000;
    const grow = (): void => {
      nth += 1;
      appendFileSync(growing, jsonLines([play(nth)]));
    };
    await withWarehouse(file, async (warehouse) => {
      // After the files were listed, and again after they were surveyed.
      const { observer, notes } = noting((step) => step === 'reading' && grow());
      const { files, tables } = await deliver(warehouse, { logs, observer });
      expect(files).toMatchObject({ new: 1, unreadable: 1 });
      expect(files.named.unreadable).toEqual([{ path: growing, reason: 'it is still being written' }]);
      expect(tables.songplays.rows).toBe(100);
      expect(notes.filter((note) => note.startsWith('Skipped'))).toHaveLength(1);
      const later = await deliver(warehouse, { logs, observer: noting(() => {}).observer });
      expect(later.files).toMatchObject({ new: 1, unchanged: 1, unreadable: 0 });
    });
    expect(existsSync(other)).toBe(true);
  });

  test('goes on without files that change between survey and staging, one after the other', async () => {
    const { logs, file } = inFolder();
    const names = ['1.json', '2.json', '3.json'].map((name) => join(logs, name));
    for (const at of names.keys()) writeFiles(logs, { [`${at + 1}.json`]: manyPlays(at * 1_000) });
    writeFiles(logs, { 'good.json': manyPlays(9_000) });
    await withWarehouse(file, async (warehouse) => {
      const { observer } = noting((step) => {
        if (step === 'events') for (const path of names) appendFileSync(path, '{"never whole"\n');
      });
      const { files, tables } = await deliver(warehouse, { logs, observer });
      expect(files).toMatchObject({ new: 1, unreadable: 3 });
      expect(tables.songplays.rows).toBe(100);
    });
  });

  test('goes on without a file that is deleted between survey and staging', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': manyPlays(1), 'b.json': manyPlays(1_000) });
    await withWarehouse(file, async (warehouse) => {
      const { observer, notes } = noting((step) => {
        if (step === 'events') rmSync(join(logs, 'a.json'), { force: true });
      });
      const { files, tables } = await deliver(warehouse, { logs, observer });
      expect(files).toMatchObject({ new: 1, unreadable: 0 });
      expect(tables.songplays.rows).toBe(100);
      expect(notes.join()).not.toContain('line by line');
    });
  });
});

describe('etl over objects that S3 does not give', () => {
  const args = ['--log-data', 's3://bad/log', '--song-data', 's3://bad/song', '--json'];
  const small = jsonLines([play(0)]);

  test.each([
    [
      'denies',
      (): void => {
        server.denied = (request) => /GET .*closed/.test(request);
      },
      'access is denied',
    ],
    [
      'keeps in an archive',
      (): void => {
        server.trouble = (request) => (/GET .*closed/.test(request) ? 'archived' : null);
      },
      'it is archived (InvalidObjectState)',
    ],
  ])('loads all others where it %s some', async (_, spoil, reason) => {
    server.put('bad', 'log/a.json', small);
    server.put('bad', 'log/closed.json', jsonLines([play(1)]));
    server.put('bad', 'log/closed-large.json', manyPlays(10));
    server.put('bad', 'song/a.json', JSON.stringify(songRecord()));
    const cwd = freshFolder();
    spoil();
    const first = await sparkify(['etl', ...args], { cwd, env: env() });
    expect(first.code, first.stderr).toBe(3);
    expect(JSON.parse(first.stdout)).toMatchObject({
      files: {
        new: 2,
        unreadable: 2,
        named: {
          unreadable: [
            { path: 's3://bad/log/closed-large.json', reason },
            { path: 's3://bad/log/closed.json', reason },
          ],
        },
      },
      tables: { songplays: { rows: 1 } },
    });
    server.denied = () => false;
    server.trouble = () => null;
    const second = await sparkify(['etl', ...args], { cwd, env: env() });
    expect(second.code, second.stderr).toBe(0);
    expect(JSON.parse(second.stdout).files).toMatchObject({ new: 2, unreadable: 0 });
  });

  test('loads all others where a name cannot be signed', async () => {
    server.put('odd', 'log/a.json', small);
    server.put('odd', 'log/../b.json', jsonLines([play(1)]));
    const { code, stdout, stderr } = await sparkify(['etl', '--log-data', 's3://odd/log', '--json'], {
      cwd: freshFolder(),
      env: env(),
    });
    expect(code, stderr).toBe(3);
    expect(JSON.parse(stdout).files.named.unreadable).toEqual([
      { path: 's3://odd/log/../b.json', reason: 'its name cannot be signed (SignatureDoesNotMatch)' },
    ]);
  });

  test('fails, and commits nothing, where it gives none', async () => {
    server.put('shut', 'log/a.json', small);
    server.put('shut', 'log/b.json', jsonLines([play(1)]));
    server.denied = (request) => request.startsWith('GET');
    const cwd = freshFolder();
    const { code, stderr } = await sparkify(['etl', '--log-data', 's3://shut/log'], { cwd, env: env() });
    expect(code).toBe(1);
    expect(stderr).toContain('access is denied');
    expect(stderr).toContain('s3:GetObject');
  });
});

describe('doctor', () => {
  test('names what cannot be read', async () => {
    const cwd = freshFolder();
    writeFiles(cwd, { 'log/a.json': jsonLines([play(0)]), 'song/a.json': JSON.stringify(songRecord()) });
    symlinkSync('b.json', join(cwd, 'log/b.json'));
    const { stdout, code } = await sparkify(['doctor', '--log-data', 'log', '--song-data', 'song'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/note +log data +1 file.*; 1 file or folder cannot be read/);
    expect(stdout).toContain(`${join(cwd, 'log/b.json')}: a link that leads back to itself`);
    expect(stdout).toMatch(/good +song data/);
    rmSync(join(cwd, 'log/a.json'));
    const nothing = await sparkify(['doctor', '--log-data', 'log', '--song-data', 'song'], { cwd });
    expect(nothing.code).toBe(1);
    expect(nothing.stdout).toMatch(/bad +log data/);
  });
});
