import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readChunks } from './local.ts';

/** Copies of objects that were streamed once, so that nothing is fetched twice and engines can read them by path. */
export interface Spool {
  /** Gives the chunks on while it writes them down; the copy counts once the last one came. */
  keep(name: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer>;
  /** Where a copy lies; null if there is none. */
  pathOf(name: string): string | null;
  read(name: string): AsyncIterable<Buffer> | null;
  remove(name: string): Promise<void>;
  /** Bytes of all copies. */
  readonly bytes: number;
  close(): Promise<void>;
}

const ROOT = 'sparkify-spool';

/** An empty spool in the system's folder for passing files; what killed processes left there is removed. */
export function openSpool(): Spool {
  const root = join(tmpdir(), ROOT);
  let folder: string | null = null;
  const copies = new Map<string, { readonly path: string; readonly bytes: number }>();
  let nth = 0;
  let held = 0;

  function place(): string {
    if (folder !== null) return folder;
    mkdirSync(root, { recursive: true });
    for (const name of readdirSync(root)) {
      if (!isAlive(Number(name.split('-')[0]))) rmSync(join(root, name), { recursive: true, force: true });
    }
    for (let another = 0; folder === null; another += 1) {
      try {
        const candidate = join(root, `${process.pid}-${another}`);
        mkdirSync(candidate);
        folder = candidate;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
    return folder;
  }

  return {
    async *keep(name, chunks) {
      nth += 1;
      const path = join(place(), `${nth}.json`);
      let bytes = 0;
      let isWhole = false;
      const handle = await open(path, 'wx');
      try {
        for await (const chunk of chunks) {
          await writeAll(handle, chunk, path);
          bytes += chunk.length;
          held += chunk.length;
          yield chunk;
        }
        isWhole = true;
        copies.set(name, { path, bytes });
      } finally {
        await handle.close();
        if (!isWhole) {
          held -= bytes;
          rmSync(path, { force: true });
        }
      }
    },
    get bytes() {
      return held;
    },
    pathOf: (name) => copies.get(name)?.path ?? null,
    read(name) {
      const copy = copies.get(name);
      return copy === undefined ? null : readChunks(copy.path);
    },
    async remove(name) {
      const copy = copies.get(name);
      if (copy === undefined) return;
      copies.delete(name);
      held -= copy.bytes;
      await rm(copy.path, { force: true });
    },
    async close() {
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
      folder = null;
      copies.clear();
    },
  };
}

async function writeAll(handle: FileHandle, chunk: Buffer, path: string): Promise<void> {
  try {
    for (let at = 0; at < chunk.length; )
      at += (await handle.write(chunk, at, chunk.length - at)).bytesWritten;
  } catch (error) {
    throw Object.assign(error as Error, { path });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
