import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { localSource } from '../../src/sources/local.ts';
import { writeFiles } from '../support/records.ts';
import { freshFolder } from '../support/warehouse.ts';

const namesIn = async (place: string, root: string): Promise<string[]> =>
  (await localSource(place, Date.now).list()).files.map(({ path }) => path.slice(root.length + 1));

describe('a folder', () => {
  test('is listed to its depth, sorted, without hidden files and files of other kinds', async () => {
    const root = writeFiles(freshFolder(), {
      'b/2.json': '',
      'b/1.jsonl': '',
      'a.ndjson.gz': '',
      'c.JSON': '',
      '.hidden.json': '',
      '.git/x.json': '',
      'README.md': '',
      _SUCCESS: '',
    });
    expect(await namesIn(root, root)).toEqual(['a.ndjson.gz', 'b/1.jsonl', 'b/2.json', 'c.JSON']);
    const { skipped } = await localSource(root, Date.now).list();
    expect(skipped.map((path) => path.slice(root.length + 1)).sort()).toEqual(['README.md', '_SUCCESS']);
  });

  test('with links is listed once, whatever they point to', async () => {
    const root = writeFiles(freshFolder(), { 'a/1.json': '', 'a/b/2.json': '' });
    const outside = writeFiles(freshFolder(), { '3.json': '' });
    symlinkSync(join(root, 'a'), join(root, 'a/b/loop'));
    symlinkSync(outside, join(root, 'linked'));
    symlinkSync(join(root, 'nowhere'), join(root, 'dangling.json'));
    expect(await namesIn(root, root)).toEqual(['a/1.json', 'a/b/2.json', 'linked/3.json']);
  });

  test('covers what is below it and nothing beside it', async () => {
    const root = writeFiles(freshFolder(), { 'log_data/1.json': '', 'log_data_old/2.json': '' });
    const listing = await localSource(join(root, 'log_data/'), Date.now).list();
    expect(listing.covers(join(root, 'log_data/gone.json'))).toBe(true);
    expect(listing.covers(join(root, 'log_data_old/2.json'))).toBe(false);
  });
});

describe('a glob', () => {
  test('lists what it matches; a path that has its characters is taken as a path first', async () => {
    const root = writeFiles(freshFolder(), {
      'x/1.json': '',
      'x/2.json': '',
      'y/1.json': '',
      '[z]/1.json': '',
    });
    expect(await namesIn(join(root, '{x,y}/1.json'), root)).toEqual(['x/1.json', 'y/1.json']);
    expect(await namesIn(join(root, '[z]'), root)).toEqual(['[z]/1.json']);
  });

  test('that matches nothing says so', async () => {
    await expect(localSource(join(freshFolder(), '*.json'), Date.now).list()).rejects.toThrow(
      'No file matches',
    );
  });
});
