import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sourceError } from './file-errors.ts';
import { readChunks } from './local.ts';
import { isProcessAlive } from './process-alive.ts';

/** Copies of objects that were streamed once, so that nothing is fetched twice and engines can read them by path. */
export interface Spool {
  /** Takes room for a copy that will be kept; false if there is not so much left, unless it must be. */
  reserve(name: string, bytes: number, must: boolean): boolean;
  /** Gives the chunks on while it writes them down; the copy counts once the last one came. Room is reserved before. */
  keep(name: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer>;
  /** Where a copy lies; null if there is none. */
  pathOf(name: string): string | null;
  read(name: string): AsyncIterable<Buffer> | null;
  remove(name: string): Promise<void>;
  /** Removes all copies; nothing is kept from then on. */
  close(): Promise<void>;
}

/** Folders of ours: the process that made one, and a number. */
const FOLDER = /^(\d+)-\d+$/;

/** Room on disk that spools share. */
export interface SpoolRoom {
  readonly mostBytes: number;
  heldBytes: number;
}

/** Copies that are kept from the survey to the staging; objects beyond are fetched again when their turn comes. */
const MOST_BYTES = 4_000_000_000;

export function spoolRoom(mostBytes = MOST_BYTES): SpoolRoom {
  return { mostBytes, heldBytes: 0 };
}

/**
 * An empty spool in the system's folder for passing files, in a folder that only this user can read;
 * what killed processes left there is removed.
 */
export function openSpool(room: SpoolRoom): Spool {
  let folder: string | null = null;
  let isClosed = false;
  let nth = 0;
  const reserved = reservations(room);
  const copies = new Map<string, string>();
  const removeFolder = (): void => {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
    folder = null;
  };

  function place(): string {
    if (isClosed) throw new Error('the load was stopped');
    if (folder === null) {
      folder = makeFolder();
      process.on('exit', removeFolder);
    }
    return folder;
  }

  return {
    reserve: reserved.take,
    async *keep(name, chunks) {
      nth += 1;
      const path = join(place(), `${nth}.json`);
      const handle = await open(path, 'wx', 0o600);
      let isWhole = false;
      try {
        for await (const chunk of chunks) {
          await handle.writeFile(chunk).catch((error) => {
            // Errors of writing, unlike those of opening, do not say where.
            throw Object.assign(error, { path });
          });
          yield chunk;
        }
        isWhole = true;
        copies.set(name, path);
      } finally {
        await handle.close();
        if (!isWhole) {
          reserved.giveBack(name);
          rmSync(path, { force: true });
        }
      }
    },
    pathOf: (name) => copies.get(name) ?? null,
    read(name) {
      const path = copies.get(name);
      return path === undefined ? null : readChunks(path, sourceError);
    },
    async remove(name) {
      const path = copies.get(name);
      if (path === undefined) return;
      copies.delete(name);
      reserved.giveBack(name);
      await rm(path, { force: true });
    },
    async close() {
      isClosed = true;
      process.off('exit', removeFolder);
      removeFolder();
      copies.clear();
      reserved.giveBackAll();
    },
  };
}

/** Room that is taken for copies by their names, of what spools share. */
function reservations(room: SpoolRoom) {
  const reserved = new Map<string, number>();
  const giveBack = (name: string): void => {
    room.heldBytes -= reserved.get(name) ?? 0;
    reserved.delete(name);
  };
  return {
    take(name: string, bytes: number, must: boolean): boolean {
      if (reserved.has(name)) return true;
      if (!must && room.heldBytes + bytes > room.mostBytes) return false;
      reserved.set(name, bytes);
      room.heldBytes += bytes;
      return true;
    },
    giveBack,
    giveBackAll(): void {
      for (const name of [...reserved.keys()]) giveBack(name);
    },
  };
}

/** A new folder below this user's own; what is not ours there, or not ours alone, is not touched. */
function makeFolder(): string {
  const root = join(tmpdir(), `sparkify-spool-${process.getuid?.() ?? 'user'}`);
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(root);
    const isOwn =
      lstatSync(root).isDirectory() && uid === (process.getuid?.() ?? uid) && (mode & 0o022) === 0;
    if (!isOwn) throw new Error(`${root} is not this user's own.`);
    for (const name of readdirSync(root)) {
      const [, pid] = FOLDER.exec(name) ?? [];
      if (pid === undefined || isProcessAlive(Number(pid))) continue;
      rmSync(join(root, name), { recursive: true, force: true });
    }
    for (let another = 0; ; another += 1) {
      const candidate = join(root, `${process.pid}-${another}`);
      try {
        mkdirSync(candidate, { mode: 0o700 });
        return candidate;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  } catch {
    return mkdtempSync(join(tmpdir(), 'sparkify-spool-'));
  }
}
