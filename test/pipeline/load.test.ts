import { renameSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { SourceError } from '../../src/errors.ts';
import { allChecks, runChecks } from '../../src/pipeline/check/check.ts';
import { recover } from '../../src/pipeline/setup/setup.ts';
import { rowsOf, runOn } from '../support/ad-hoc.ts';
import { jsonLines, play, songRecord, writeFiles } from '../support/records.ts';
import { deliver, inFolder, readStar, starAfter, withWarehouse } from '../support/warehouse.ts';

describe('a file delivered again', () => {
  test('with one line cut off and one changed changes exactly its rows', async () => {
    const { logs, songs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0), play(1), play(2)]), 'b.json': jsonLines([play(3)]) });
    writeFiles(songs, { 'a.json': JSON.stringify(songRecord()) });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs, songs });
      writeFiles(logs, { 'a.json': jsonLines([play(0), play(1, { location: 'Elsewhere' })]) });
      const report = await deliver(warehouse, { logs, songs });
      expect(report.files).toMatchObject({ new: 0, changed: 1, unchanged: 2 });
      expect(report.tables.songplays).toEqual({ rows: 3, inserted: 0, updated: 1, deleted: 1 });
      expect(report.tables.time).toEqual({ rows: 3, inserted: 0, updated: 0, deleted: 1 });
      expect(report.tables.users).toEqual({ rows: 1, inserted: 0, updated: 0, deleted: 0 });
      expect(report.tables.songs).toEqual({ rows: 1, inserted: 0, updated: 0, deleted: 0 });
    });
  });

  test('empty takes its rows with it; an empty file is no error', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0)]), 'b.json': '' });
    await withWarehouse(file, async (warehouse) => {
      expect((await deliver(warehouse, { logs })).files.new).toBe(2);
      writeFiles(logs, { 'a.json': '' });
      await deliver(warehouse, { logs });
      expect((await readStar(warehouse)).songplays).toEqual([]);
      expect((await readStar(warehouse)).users).toEqual([]);
      expect((await deliver(warehouse, { logs })).status).toBe('unchanged');
    });
  });

  test('with the contents of two files swapped keeps the star, and calls neither a duplicate', async () => {
    const { logs, file } = inFolder();
    const [one, two] = [jsonLines([play(0)]), jsonLines([play(1)])];
    writeFiles(logs, { 'a.json': one, 'b.json': two });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      const before = await readStar(warehouse);
      writeFiles(logs, { 'a.json': two, 'b.json': one });
      const report = await deliver(warehouse, { logs });
      expect(report.files).toMatchObject({ changed: 2, duplicate: 0, unchanged: 0 });
      expect(await readStar(warehouse)).toEqual(before);
    });
  });
});

describe('the manifest', () => {
  test('loads the same content under a second name once, and lets the second name keep it', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0)]), 'copy.json': jsonLines([play(0)]) });
    await withWarehouse(file, async (warehouse) => {
      const first = await deliver(warehouse, { logs });
      expect(first.files).toMatchObject({ new: 1, duplicate: 1 });
      expect(first.events.staged).toBe(1);
      expect((await deliver(warehouse, { logs })).files).toMatchObject({ unchanged: 1, duplicate: 1 });
      writeFiles(logs, { 'a.json': jsonLines([play(1)]) });
      await deliver(warehouse, { logs });
      const ids = (await readStar(warehouse)).songplays.map(({ songplay_id }) => songplay_id);
      expect(ids).toEqual(['1-0', '1-1']);
    });
  });

  test('follows a file to its new name, where its next content replaces its rows', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0)]) });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      renameSync(join(logs, 'a.json'), join(logs, 'b.json'));
      const moved = await deliver(warehouse, { logs });
      expect(moved.files).toMatchObject({
        new: 0,
        changed: 0,
        unchanged: 0,
        duplicate: 0,
        moved: 1,
        vanished: 0,
      });
      writeFiles(logs, { 'b.json': jsonLines([play(0, { location: 'Corrected' })]) });
      const report = await deliver(warehouse, { logs });
      expect(report.conflicts.events).toBe(0);
      expect((await readStar(warehouse)).songplays).toMatchObject([{ location: 'Corrected' }]);
    });
  });

  test('reports a vanished file, whose rows stay', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0)]), 'b.json': jsonLines([play(1)]) });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      rmSync(join(logs, 'a.json'));
      const report = await deliver(warehouse, { logs });
      expect(report.files).toMatchObject({ unchanged: 1, vanished: 1 });
      expect(report.status).toBe('unchanged');
      expect((await readStar(warehouse)).songplays.length).toBe(2);
      expect((await deliver(warehouse, { logs, options: { fullRefresh: true } })).tables.songplays.rows).toBe(
        2,
      );
    });
  });

  test('renews what it keeps of a touched file, so that it is read once', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0)]) });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      const longAgo = new Date('2020-01-02T03:04:05.500Z');
      utimesSync(join(logs, 'a.json'), longAgo, longAgo);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect((await deliver(warehouse, { logs })).status).toBe('unchanged');
      const [{ fingerprint }] = (await rowsOf(
        warehouse,
        "select fingerprint from ops.files where path like '%a.json'",
      )) as [{ fingerprint: string }];
      expect(fingerprint).toContain(String(longAgo.getTime()));
    });
  });

  test('names a folder without JSON files, and a path that is not there', async () => {
    const { folder, logs, file } = inFolder();
    writeFiles(logs, { 'README.md': 'nothing here' });
    await withWarehouse(file, async (warehouse) => {
      await expect(deliver(warehouse, { logs })).rejects.toThrow(
        /No JSON files under .*logs \(1 file has another ending\)/,
      );
      await expect(deliver(warehouse, { logs: join(folder, 'nowhere') })).rejects.toThrow(SourceError);
    });
  });
});

describe('files', () => {
  const records = [play(0), play(1)];
  /** Three plays as the zstd program packs them, with its content checksum. */
  const zstd = Buffer.from(
    'KLUv/WQQA70IAJbROCZgT3MwMQzDMBCUe/TucIT0y9Y6JBL+D8pOALJReuGwaQEpDQZ5DiwALQAtAPJ8x99rX7Pj+fBi/L09MHJtlZrzp0VdHSN9/H1zM3h+p5pOnMbfr5W3wpMCv+jmtud8C0JxnNJO+PiFGdpV83esQYdBa4U4Gzu/ZxU1IHZu75NKa3syLU/f2YXXnk+vWfmzZ/d+WfZcKRBV5RRO0QwHV6+Vsev5cdLJDXXk7x3h53xKRfIXiQLCAUpH/L8IDBWmSoSoUDblg1o4ZwlQbXAgQAyTIwr55e93dmTUtllzVXPO3rMNEgAAUOkB6iyAYj2ghHjtqBtsgHdAMOXrERTTteqKLgaDg9xBaDkoOTKhORxSm4UyA4WWkY8=',
    'base64',
  );
  const forms: [string, Record<string, string | Buffer>][] = [
    ['pretty-printed', { 'a.json': records.map((record) => JSON.stringify(record, null, 2)).join('\n') }],
    ['concatenated', { 'a.json': records.map((record) => JSON.stringify(record)).join('') }],
    [
      'with CRLF, blank lines and a byte order mark',
      { 'a.json': `\ufeff${records.map((record) => JSON.stringify(record)).join('\r\n\r\n')}\r\n` },
    ],
    ['gzipped, whatever the name says', { 'a.json': gzipSync(jsonLines(records)) }],
    ['with strange names', { "it's [new] *.json": jsonLines(records) }],
  ];

  test.each(forms)('%s give the same star', async (_, files) => {
    const { folder, logs } = inFolder();
    const plain = writeFiles(join(folder, 'plain'), { 'a.json': jsonLines(records) });
    writeFiles(logs, files);
    expect(await starAfter([{ logs }])).toEqual(await starAfter([{ logs: plain }]));
  });

  test('packed by zstd are read, and refused whole if a single bit is wrong', async () => {
    const { folder, logs } = inFolder();
    const plain = writeFiles(join(folder, 'plain'), { 'a.json': jsonLines([...records, play(2)]) });
    writeFiles(logs, { 'a.json.zst': zstd });
    expect(await starAfter([{ logs }])).toEqual(await starAfter([{ logs: plain }]));
    for (const at of [30, 60, zstd.length - 1]) {
      const damaged = Buffer.from(zstd);
      damaged[at] = (damaged[at] as number) ^ 1;
      writeFiles(logs, { 'a.json.zst': damaged });
      await withWarehouse(join(folder, `${at}.duckdb`), async (warehouse) => {
        const report = await deliver(warehouse, { logs });
        expect(report.events).toEqual({ lines: 1, staged: 0, rejected: 1, blank: 0 });
        expect(report.rejects).toMatchObject([{ rule: 'unreadable_file' }]);
      });
    }
  });
});

describe('names of folders', () => {
  test.each(['level=paid', 'userId=99', 'ts=1', 'page=Home'])(
    'such as %s say nothing about the records in them',
    async (folder) => {
      const { logs, file } = inFolder();
      const records = Array.from({ length: 300 }, (_, at) => play(at, { userAgent: 'x'.repeat(90) }));
      writeFiles(logs, { [`${folder}/month=11/day.json`]: jsonLines(records) });
      await withWarehouse(file, async (warehouse) => {
        await deliver(warehouse, { logs });
        expect(
          await rowsOf(
            warehouse,
            'select level, user_id, count(*) as plays from songplays group by level, user_id',
          ),
        ).toEqual([{ level: 'free', user_id: '7', plays: 300 }]);
      });
    },
  );
});

describe('a number of the next content that somebody set too low', () => {
  test('costs no row, is given twice to no content, and is told by check', async () => {
    const { logs, file } = inFolder();
    writeFiles(logs, { 'a.json': jsonLines([play(0), play(1)]), 'b.json': jsonLines([play(2)]) });
    await withWarehouse(file, async (warehouse) => {
      await deliver(warehouse, { logs });
      await runOn(warehouse, 'update ops.warehouse set next_file_id = 1');
      const found = await runChecks(allChecks('title, artist, duration', warehouse.dialect), warehouse);
      expect(found.filter(({ status }) => status === 'failed').map(({ name }) => name)).toEqual([
        'file-numbers-are-new',
      ]);
      await recover(warehouse);
      expect(await rowsOf(warehouse, 'select count(*) as events from staging.events')).toEqual([
        { events: 3 },
      ]);
      writeFiles(logs, { 'c.json': jsonLines([play(3)]) });
      await deliver(warehouse, { logs });
      expect(await rowsOf(warehouse, 'select file_id from ops.files order by file_id')).toEqual([
        { file_id: 1 },
        { file_id: 2 },
        { file_id: 3 },
      ]);
      const after = await runChecks(allChecks('title, artist, duration', warehouse.dialect), warehouse);
      expect(after.filter(({ status }) => status === 'failed')).toEqual([]);
    });
  });
});
