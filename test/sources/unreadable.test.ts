import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { localSource } from '../../src/sources/local.ts';
import type { Source } from '../../src/sources/source.ts';
import { writeFiles } from '../support/records.ts';
import { freshFolder } from '../support/warehouse.ts';

const NOBODY = 65_534;

/** Root may read all: while it works, this process is somebody else. */
async function withoutRoot(work: () => Promise<void>): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

/** What a listing has and lacks, by names below the root. */
async function listed(source: Source, root: string) {
  const { files, unreadable } = await source.list();
  const below = (path: string): string => path.slice(root.length + 1);
  return {
    files: files.map(({ path }) => below(path)),
    unreadable: unreadable.map(({ path, reason }) => [below(path), reason]),
  };
}

/** A folder with one good file and every kind of entry that cannot be read, whoever asks. */
function badEntries(): string {
  const root = writeFiles(freshFolder(), { 'good.json': '{}' });
  symlinkSync('itself.json', join(root, 'itself.json'));
  symlinkSync('nowhere', join(root, '2018'));
  symlinkSync('nowhere.json', join(root, 'nothing.json'));
  symlinkSync('nowhere', join(root, '.hidden'));
  writeFileSync(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9]), Buffer.from('.json')]), '{}');
  writeFileSync(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9]), Buffer.from('.txt')]), '{}');
  mkdirSync(Buffer.concat([Buffer.from(`${root}/f`), Buffer.from([0xff])]));
  writeFileSync(join(root, 'whole\ufffd.json'), '{}');
  spawnSync('mkfifo', [join(root, 'pipe.json'), join(root, 'pipe')]);
  return root;
}

describe('what cannot be read', () => {
  test('in a folder is named, and all else is listed', async () => {
    const root = badEntries();
    expect(await listed(localSource(root, Date.now), root)).toEqual({
      files: ['good.json', 'whole\ufffd.json'],
      unreadable: [
        ['2018', 'a link that leads to nothing'],
        ['caf\\xe9.json', 'its name is not UTF-8'],
        ['f\\xff', 'its name is not UTF-8'],
        ['itself.json', 'a link that leads back to itself'],
        ['nothing.json', 'a link that leads to nothing'],
        ['pipe.json', 'a pipe, not a file'],
      ],
    });
  });

  test('is named of a glob, too, where the glob matches it', async () => {
    const root = badEntries();
    expect(await listed(localSource(join(root, '*.json'), Date.now), root)).toEqual({
      files: ['good.json', 'whole\ufffd.json'],
      unreadable: [
        ['caf\ufffd.json', 'its name is not UTF-8'],
        ['itself.json', 'a link that leads back to itself'],
        ['nothing.json', 'it was gone before it was read'],
      ],
    });
  });

  test('a socket is no file', async () => {
    const root = writeFiles(freshFolder(), { 'good.json': '{}' });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, 's.json'), resolve));
    const { unreadable } = await listed(localSource(root, Date.now), root);
    server.close();
    expect(unreadable).toEqual([['s.json', 'a socket, not a file']]);
  });

  test('a path that is too long is named', async () => {
    const root = writeFiles(freshFolder(), { 'good.json': '{}' });
    const name = 'd'.repeat(250);
    const made = spawnSync(
      'sh',
      ['-c', `for i in $(seq 18); do mkdir ${name} && cd -P ${name} || exit 1; done; echo '{}' > a.json`],
      { cwd: root },
    );
    expect(made.status, String(made.stderr)).toBe(0);
    const { files, unreadable } = await listed(localSource(root, Date.now), root);
    spawnSync('rm', ['-rf', root]);
    expect(files).toEqual(['good.json']);
    expect(unreadable.map(([, reason]) => reason)).toEqual(['its path is too long for this system']);
  });

  test('is not taken for vanished, nor is what lies below it', async () => {
    const root = badEntries();
    const { covers } = await localSource(root, Date.now).list();
    expect(covers(join(root, 'gone.json'))).toBe(true);
    expect(covers(join(root, 'nothing.json'))).toBe(false);
    expect(covers(join(root, '2018/11/1.json'))).toBe(false);
  });

  test('without permission is named', async () => {
    const root = writeFiles(freshFolder(), {
      'good.json': '{}',
      'closed/1.json': '{}',
      'listed/1.json': '{}',
    });
    chmodSync(root, 0o755);
    chmodSync(join(root, 'closed'), 0);
    chmodSync(join(root, 'listed'), 0o444);
    const expected = {
      files: ['good.json'],
      unreadable: [
        ['closed', 'no permission to read it'],
        ['listed/1.json', 'no permission to read it'],
      ],
    };
    await withoutRoot(async () => {
      expect(await listed(localSource(root, Date.now), root)).toEqual(expected);
      expect(await listed(localSource(join(root, '**/*.json'), Date.now), root)).toEqual(expected);
    });
    for (const name of ['closed', 'listed']) chmodSync(join(root, name), 0o700);
  });

  test('is not the folder that the command runs in, where a glob says from the root where to look', async () => {
    const root = writeFiles(freshFolder(), { 'day/good.json': '{}' });
    chmodSync(root, 0o755);
    const here = process.cwd();
    process.chdir(freshFolder());
    chmodSync('.', 0o700);
    await withoutRoot(async () => {
      expect(await listed(localSource(join(root, '**/*.json'), Date.now), root)).toEqual({
        files: ['day/good.json'],
        unreadable: [],
      });
    }).finally(() => process.chdir(here));
  });
});

describe('a place that cannot be read as a whole', () => {
  test('is an error, and passes nothing over', async () => {
    const root = badEntries();
    const list = (name: string) => localSource(join(root, name), Date.now).list();
    await expect(list('missing')).rejects.toThrow('There is no file or folder');
    await expect(list('itself.json')).rejects.toThrow('Cannot read');
    await expect(list('pipe.json')).rejects.toThrow('is neither a file nor a folder');
    await expect(list('nowhere/*.json')).rejects.toThrow('No file matches');
  });
});
