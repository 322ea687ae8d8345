import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { s3Source } from '../../src/sources/s3.ts';
import type { Source, SourceFile } from '../../src/sources/source.ts';
import { spoolRoom } from '../../src/sources/spool.ts';
import { sparkify } from '../support/command.ts';
import { env, server, spooled, upload, useS3Server } from '../support/s3-world.ts';
import { simulated } from '../support/simulated.ts';
import { freshFolder } from '../support/warehouse.ts';

useS3Server();

async function read(source: Source, file: SourceFile): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source.open(file)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

describe('objects in S3', () => {
  test('lists thousands of keys page by page, in an order of its own', async () => {
    const keys = Array.from(
      { length: 2_500 },
      (_, nth) =>
        `many/${createHash('md5').update(String(nth)).digest('hex')}${nth % 3 === 0 ? 'é😀' : ''}.json`,
    );
    for (const key of keys) server.put('pages', key, '{}');
    const { files } = await s3Source('s3://pages/many', { endpoint: server.endpoint }).list();
    expect(files.map(({ path }) => path)).toEqual(
      keys.map((key) => `s3://pages/${key}`).sort((a, b) => (a < b ? -1 : 1)),
    );
    expect(server.requests.length).toBe(3);
  });

  test('resumes a body that broke off by a range, and gives every byte once', async () => {
    const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => 33 + ((at * 7919) % 90)));
    server.put('resume', 'a.json', content);
    let broken = 0;
    server.trouble = (request) => {
      if (!request.startsWith('GET') || broken === 3) return null;
      broken += 1;
      return 'truncated';
    };
    const source = s3Source('s3://resume/a.json', { endpoint: server.endpoint });
    const [file] = (await source.list()).files;
    const hash = createHash('sha256');
    for await (const chunk of source.open(file as SourceFile)) hash.update(chunk);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'));
    expect(server.requests.filter((request) => request.startsWith('GET')).length).toBe(4);
    await source.close();
  });

  test('takes a resumed body for what it is only if all of it gives the ETag', async () => {
    server.put('corrupt', 'a.json', Buffer.alloc(400_000, 'a'));
    let gets = 0;
    server.trouble = (request) => {
      if (!request.startsWith('GET')) return null;
      gets += 1;
      return gets === 1 ? 'truncated' : 'other bytes';
    };
    const source = s3Source('s3://corrupt/a.json', { endpoint: server.endpoint });
    const [file] = (await source.list()).files as [SourceFile];
    await expect(source.fetch([file])).rejects.toThrow(/do not match its ETag/);
    // What came wrong was not kept: it is asked for again.
    server.trouble = () => null;
    server.requests.length = 0;
    const [path] = await source.fetch([file]);
    expect(server.requests).toEqual(['GET corrupt/a.json']);
    expect(readFileSync(path as string).equals(Buffer.alloc(400_000, 'a'))).toBe(true);
    await source.close();
  });

  test('fetches a large object by ranges at once, whatever breaks off', async () => {
    const content = Buffer.alloc(50_000_003, 'some bytes, ');
    server.put('large', 'a.json', content);
    let gets = 0;
    server.trouble = (request) => {
      if (!request.startsWith('GET')) return null;
      gets += 1;
      return gets === 2 ? 'truncated' : gets === 4 ? 'reset' : gets === 5 ? '503' : null;
    };
    const source = s3Source('s3://large/a.json', { endpoint: server.endpoint });
    const [file] = (await source.list()).files as [SourceFile];
    expect(
      createHash('sha256')
        .update(await read(source, file))
        .digest('hex'),
    ).toBe(createHash('sha256').update(content).digest('hex'));
    expect(gets).toBe(6 + 3);
    // Another version is not mixed in.
    let changed = false;
    server.onGet = () => {
      if (!changed && gets > 11) server.put('large', 'a.json', Buffer.alloc(content.length, 'other'));
      changed = gets > 11;
    };
    server.remove('large', 'a.json');
    server.put('large', 'a.json', content);
    const again = s3Source('s3://large/a.json', { endpoint: server.endpoint });
    const [listed] = (await again.list()).files as [SourceFile];
    await expect(read(again, listed)).rejects.toThrow(/changed while it was being read/);
    await Promise.all([source.close(), again.close()]);
  });

  test.each([
    ['of one size', [10_000_000, 20_000_000, 30_000_000, 40_000_000]],
    ['of several sizes', [10_000_000, 15_000_000, 40_000_000]],
  ])('an object that came in parts %s is compared with its ETag', async (_, partEnds) => {
    const content = Buffer.alloc(40_000_000, 'abcdefg');
    server.put('parts', 'a.json', content, partEnds);
    const source = s3Source('s3://parts/a.json', { endpoint: server.endpoint });
    const [file] = (await source.list()).files as [SourceFile];
    expect((await read(source, file)).equals(content)).toBe(true);
    await source.close();
    let gets = 0;
    server.trouble = (request) => (request.startsWith('GET') && ++gets === 3 ? 'other bytes' : null);
    const corrupted = s3Source('s3://parts/a.json', { endpoint: server.endpoint });
    await expect(read(corrupted, file)).rejects.toThrow(/do not match its ETag/);
    await corrupted.close();
  });

  test('asks for a small object again that came with a wrong checksum', async () => {
    server.put('wrong', 'a.json', 'content');
    let gets = 0;
    server.trouble = (request) => (request.startsWith('GET') && ++gets < 3 ? 'wrong checksum' : null);
    const source = s3Source('s3://wrong/a.json', { endpoint: server.endpoint });
    const [file] = (await source.list()).files as [SourceFile];
    expect((await source.readSmall(file)).toString()).toBe('content');
    expect(gets).toBe(3);
    await source.close();
  });

  test('asks a server again that says nothing, before and within an answer', async () => {
    server.put('silent', 'log/a.json', Buffer.alloc(400_000, 'a'));
    const asked = new Map<string, number>();
    server.trouble = (request) => {
      const nth = (asked.get(request) ?? 0) + 1;
      asked.set(request, nth);
      return nth === 1 ? 'silent' : nth === 2 && request.startsWith('GET') ? 'stall' : null;
    };
    const source = s3Source('s3://silent/log', { endpoint: server.endpoint, stallMs: 300 });
    const [file] = (await source.list()).files as [SourceFile];
    await source.fetch([file]);
    expect([...asked.values()]).toEqual([2, 3]);
    await source.close();
  });

  test('reserves room in the spool before it fills it', async () => {
    for (const name of ['a', 'b', 'c', 'd']) server.put('room', `${name}.json`, Buffer.alloc(90_000, name));
    const source = s3Source('s3://room', { endpoint: server.endpoint, room: spoolRoom(100_000) });
    const { files } = await source.list();
    await Promise.all(
      files.map(async (file) => {
        for await (const _chunk of source.open(file));
      }),
    );
    // What was kept is not fetched again; the room of the others is taken all the same.
    server.requests.length = 0;
    expect(new Set(await source.fetch(files)).size).toBe(4);
    expect(server.requests.length).toBe(3);
    await source.close();
  });

  test('removes nothing from the folder for passing files but dead spools of its own', async () => {
    const folder = await simulated({ days: 1, users: [200] });
    upload(join(folder, 'log_data'), 'tidy', 'log_data');
    const cwd = freshFolder();
    const root = `sparkify-spool-${process.getuid?.() ?? 'user'}`;
    mkdirSync(join(cwd, 'tmp', root, 'docs'), { recursive: true, mode: 0o700 });
    mkdirSync(join(cwd, 'tmp', root, '99999999-0'));
    mkdirSync(join(cwd, 'tmp', root, `${process.pid}-7`));
    const load = (tmp: string) =>
      sparkify(['etl', '--log-data', 's3://tidy/log_data'], {
        cwd,
        env: { ...env(), TMPDIR: join(cwd, tmp) },
      });
    expect((await load('tmp')).code).toBe(0);
    expect(spooled(join(cwd, 'tmp')).sort()).toEqual([`${process.pid}-7`, 'docs'].sort());
    // A link that somebody laid there leads nowhere.
    mkdirSync(join(cwd, 'other'));
    mkdirSync(join(cwd, 'victim/99999999-0'), { recursive: true });
    symlinkSync(join(cwd, 'victim'), join(cwd, 'other', root));
    server.put(
      'tidy',
      'log_data/new.json',
      readFileSync(join(folder, 'log_data/2018/11/2018-11-01-events.json')),
    );
    expect((await load('other')).code).toBe(0);
    expect(readdirSync(join(cwd, 'victim'))).toEqual(['99999999-0']);
    expect(readdirSync(join(cwd, 'other'))).toEqual([root]);
  });
});
