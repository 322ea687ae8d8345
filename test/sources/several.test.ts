import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSource } from '../../src/sources/open.ts';
import { listAll, severalSources } from '../../src/sources/several.ts';
import type { Source } from '../../src/sources/source.ts';
import { sparkify } from '../support/command.ts';
import { eventRecord, jsonLines, songRecord, writeFiles } from '../support/records.ts';
import { freshFolder } from '../support/warehouse.ts';

const several = (...places: string[]): Source =>
  severalSources(places.map((place) => openSource(place, Date.now)) as [Source, ...Source[]]);

test('several places are listed as one, each file once, and each covers its own', async () => {
  const folder = writeFiles(freshFolder(), {
    'a/2.json': '2',
    'a/deep/1.json': '1',
    'a/readme.txt': '',
    'b/3.json': '3',
  });
  const at = (name: string): string => join(folder, name);
  const source = several(at('b'), at('a'), at('a/deep'), at('a/../a'), at('a/2.json'));
  const { files, skipped, covers } = await source.list();
  expect(files.map(({ path }) => path)).toEqual([at('a/2.json'), at('a/deep/1.json'), at('b/3.json')]);
  expect(skipped).toEqual([at('a/readme.txt')]);
  expect([at('a/gone.json'), at('b/gone.json'), at('c/gone.json')].map(covers)).toEqual([true, true, false]);
  expect((await source.readSmall(files[2] as (typeof files)[0])).toString()).toBe('3');
});

test('a mix of this machine and S3 is refused', () => {
  expect(() => several('logs', 's3://bucket/logs')).toThrow('both from this machine and from S3');
});

test('all places that are missing are told at once', async () => {
  const source = several('/nowhere/a', '/nowhere/b');
  await expect(source.list()).rejects.toThrow('/nowhere/a.\nThere is no file or folder /nowhere/b.');
  await expect(listAll([() => source.list(), () => source.list()])).rejects.toMatchObject({
    hint: expect.stringMatching(/^Check the path.*$/),
  });
});

test('etl takes every --log-data and --song-data, a known file of any of them vanishes, and a missing one is told', async () => {
  const cwd = writeFiles(freshFolder(), {
    'log_data/a.json': jsonLines([eventRecord()]),
    'log_data/late/b.json': jsonLines([eventRecord({ itemInSession: 1 })]),
    'more/c.json': jsonLines([eventRecord({ itemInSession: 2 })]),
    'songs/a.json': JSON.stringify(songRecord()),
    'more_songs/b.json': JSON.stringify(songRecord({ song_id: 'SOOTHER' })),
  });
  const logs = ['--log-data', 'log_data', '--log-data', 'more', '--log-data=log_data/late'];
  const songs = ['--song-data', 'songs', '--song-data', 'more_songs'];
  const json = async (args: string[]) => JSON.parse((await sparkify([...args, '--json'], { cwd })).stdout);
  expect(await json(['etl', '--dry-run', ...logs, ...songs])).toMatchObject({ files: { new: 5 } });
  expect(await json(['etl', ...logs, ...songs])).toMatchObject({
    status: 'committed',
    files: { new: 5, duplicate: 0 },
    tables: { songplays: { rows: 3 }, songs: { rows: 2 } },
  });
  const { findings } = await json(['doctor', ...logs]);
  expect(findings.filter(({ what }: { what: string }) => what === 'log data')).toHaveLength(3);
  mkdirSync(join(cwd, 'empty'));
  const missing = await sparkify(['etl', '--log-data', 'nowhere', '--song-data', 'empty'], { cwd });
  expect(missing.code).toBe(1);
  expect(missing.stderr).toMatch(/No JSON files under .*empty\.\n {6}There is no file or folder .*nowhere\./);
});
