import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { localSource } from '../../src/sources/local.ts';
import { s3Source } from '../../src/sources/s3.ts';
import type { Source, SourceFile } from '../../src/sources/source.ts';
import { writeFiles } from '../support/records.ts';
import { gateway } from '../support/s3-gateway.ts';
import { type S3Server, startS3Server } from '../support/s3-server.ts';
import { freshFolder } from '../support/warehouse.ts';

/** A place that a source reads, as a test may change it. */
interface World {
  /** The source of a folder below the root; empty for the root. */
  source(folder: string): Source;
  put(name: string, content: string): Promise<void> | void;
  remove(name: string): Promise<void> | void;
  /** The name below the root that a path stands for. */
  nameOf(path: string): string;
  pathOf(name: string): string;
}

/** The SDK looks for credentials when it first needs them. */
function asking(env: Readonly<Record<string, string>>, source: Source): Source {
  Object.assign(process.env, env);
  return source;
}

let server: S3Server;
let buckets = 0;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());

/** Narrowed for good, as an import is not. */
const real = gateway;
const worlds: readonly (readonly [string, () => World | Promise<World>])[] = [
  [
    'a local folder',
    () => {
      const root = freshFolder();
      return {
        source: (folder) => localSource(join(root, folder), Date.now),
        put: (name, content) => void writeFiles(root, { [name]: content }),
        remove: (name) => rmSync(join(root, name)),
        nameOf: (path) => path.slice(root.length + 1),
        pathOf: (name) => join(root, name),
      };
    },
  ],
  [
    'an S3 bucket',
    () => {
      buckets += 1;
      const bucket = `bucket-${buckets}`;
      const root = `s3://${bucket}`;
      return {
        source: (folder) => {
          const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = server;
          return asking(
            { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY },
            s3Source(`${root}/${folder}`, { endpoint: server.endpoint }),
          );
        },
        put: (name, content) => server.put(bucket, name, content),
        remove: (name) => server.remove(bucket, name),
        nameOf: (path) => path.slice(root.length + 1),
        pathOf: (name) => `${root}/${name}`,
      };
    },
  ],
  ...(real === null
    ? []
    : [
        [
          'a bucket of a real S3 server',
          async (): Promise<World> => {
            const bucket = `contract-${randomUUID()}`;
            await real.makeBucket(bucket);
            const root = `s3://${bucket}`;
            return {
              source: (folder) =>
                asking(real.env, s3Source(`${root}/${folder}`, { endpoint: real.endpoint })),
              put: (name, content) => real.put(bucket, name, content),
              remove: (name) => real.remove(bucket, name),
              nameOf: (path) => path.slice(root.length + 1),
              pathOf: (name) => `${root}/${name}`,
            };
          },
        ] as const,
      ]),
];

async function textOf(source: Source, file: SourceFile): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of source.open(file)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

describe.each(worlds)('%s', (_, makeWorld) => {
  test('lists what lies below a folder, sorted, and nothing beside it; other endings are passed over', async () => {
    const world = await makeWorld();
    for (const name of [
      'log_data/b/2.json',
      'log_data/b/1.jsonl',
      'log_data/a.ndjson.gz',
      'log_data/ü ñ+&.json',
      'log_data/README.md',
      'log_data_old/3.json',
      'log_data.json',
    ]) {
      await world.put(name, name);
    }
    for (const folder of ['log_data', 'log_data/']) {
      const { files, skipped, covers } = await world.source(folder).list();
      expect(files.map(({ path }) => world.nameOf(path))).toEqual(
        ['log_data/a.ndjson.gz', 'log_data/b/1.jsonl', 'log_data/b/2.json', 'log_data/ü ñ+&.json'].sort(
          (a, b) => (a < b ? -1 : 1),
        ),
      );
      expect(skipped.map(world.nameOf)).toEqual(['log_data/README.md']);
      expect(covers(world.pathOf('log_data/gone.json'))).toBe(true);
      expect(covers(world.pathOf('log_data_old/3.json'))).toBe(false);
    }
  });

  test('reads each file whole, in chunks and at once, as many bytes as listed', async () => {
    const world = await makeWorld();
    const long = 'long line\n'.repeat(300_000);
    const contents: Record<string, string> = {
      'a.json': '{}',
      'empty.json': '',
      'long.json': long,
      'x y/ü.json': 'ü',
    };
    for (const [name, content] of Object.entries(contents)) await world.put(name, content);
    const source = world.source('');
    for (const file of (await source.list()).files) {
      const expected = contents[world.nameOf(file.path)] as string;
      expect(file.bytes).toBe(Buffer.byteLength(expected));
      expect(await textOf(source, file)).toBe(expected);
      expect((await source.readSmall(file)).toString()).toBe(expected);
      // Read again, and by path where the source says that it can be.
      expect(await textOf(source, file)).toBe(expected);
    }
    await source.close();
  });

  test('fetches files for other programs, and gives their paths in the order that they were asked for', async () => {
    const world = await makeWorld();
    const names = Array.from({ length: 9 }, (_, nth) => `${nth}.json`);
    for (const name of names) await world.put(name, `content of ${name}`);
    const source = world.source('');
    const asked = [...(await source.list()).files].reverse();
    expect(await source.fetch([])).toEqual([]);
    for (let nth = 0; nth < 2; nth += 1) {
      const paths = await source.fetch(asked);
      expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual(
        names.map((name) => `content of ${name}`).reverse(),
      );
    }
    for (const file of asked) await source.release(file);
    expect(await textOf(source, asked[0] as SourceFile)).toBe('content of 8.json');
    await source.close();
  });

  test('is one file if it names one', async () => {
    const world = await makeWorld();
    await world.put('folder/a.json', '{}');
    await world.put('folder/b.json', '{}');
    const { files, covers } = await world.source('folder/a.json').list();
    expect(files.map(({ path }) => world.nameOf(path))).toEqual(['folder/a.json']);
    expect(covers(world.pathOf('folder/a.json'))).toBe(true);
    expect(covers(world.pathOf('folder/b.json'))).toBe(false);
  });

  test('knows a file by a fingerprint that changes with the content, and whether it is gone', async () => {
    const world = await makeWorld();
    await world.put('a.json', '{"a":1}');
    const source = world.source('');
    const [before] = (await source.list()).files;
    expect((await source.relist(before as SourceFile))?.fingerprint).toBe(before?.fingerprint);
    await world.put('a.json', '{"a":2}');
    expect((await source.relist(before as SourceFile))?.fingerprint).not.toBe(before?.fingerprint);
    await world.remove('a.json');
    expect(await source.relist(before as SourceFile)).toBeNull();
  });

  test('says so where nothing lies, or nothing of ours', async () => {
    const world = await makeWorld();
    await world.put('other/README.md', 'text');
    await expect(world.source('other').list()).rejects.toThrow(
      /No JSON files under .*other.*1 (file|object) has another ending/,
    );
    await expect(world.source('nowhere').list()).rejects.toThrow(/nowhere/);
  });
});

test('a file that is written to while it is read is not taken for the one that was listed', async () => {
  server.put('changing', 'a.json', 'a'.repeat(500_000));
  const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = server;
  const source = asking(
    { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY },
    s3Source('s3://changing/', { endpoint: server.endpoint }),
  );
  const [file] = (await source.list()).files;
  server.put('changing', 'a.json', 'b'.repeat(500_000));
  await expect(textOf(source, file as SourceFile)).rejects.toThrow(/changed while it was being read/);
});
