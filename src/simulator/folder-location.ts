import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FileKey } from '../answer-key/answer-key.ts';
import { SparkifyError, UsageError } from '../errors.ts';
import { isProcessAlive } from '../sources/process-alive.ts';
import { openFile } from './file-writer.ts';
import type { OutputLocation } from './output-location.ts';
import { notAsMade } from './output-location.ts';
import type { Part } from './part.ts';
import type { Settings } from './settings.ts';
import { isLockName, lockName, lockText, parseLock } from './writing-lock.ts';

/** A folder on this machine; it is made with its first file. */
export function folderLocation(folder: string): OutputLocation {
  const at = (path: string): string => join(folder, ...path.split('/'));
  return {
    name: folder,
    filesAtOnce: 1,
    names: async () => namesIn(folder),
    read: async (path) => readOrNull(at(path)),
    open: (path, isPacked) => openFile(at(path), isPacked),
    remove: async (path) => rmSync(at(path), { force: true }),
    missing: (files) => missingFiles(files, at),
    async lock(settings, part) {
      const lock = lockFolder(folder, settings, part);
      return { release: async () => lock.release() };
    },
    tidy: async () => removeUnfinished(folder),
    freeBytes() {
      let place = resolve(folder);
      while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
      const { bavail, bsize } = statfsSync(place);
      return bavail * bsize;
    },
    close: async () => {},
  };
}

/** What lies in a folder that is to be written to; empty if there is none. UsageError if it is a file. */
export function namesIn(folder: string): string[] {
  if (folder === '') throw new UsageError('--out is empty; it must name a folder.');
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR')
      throw new UsageError(`${folder} is a file, not a folder; nothing was written.`, {
        hint: 'Name an empty or a new folder with --out.',
      });
    throw error;
  }
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function missingFiles(
  files: ReadonlyMap<string, FileKey>,
  at: (path: string) => string,
): Promise<string[]> {
  const missing: string[] = [];
  for (const [path, { bytes, sha256 }] of files) {
    const place = at(path);
    const size = statSync(place, { throwIfNoEntry: false })?.size;
    if (size === undefined) missing.push(path);
    else if (size !== bytes || (await hashOf(place)) !== sha256) throw notAsMade(place);
  }
  return missing;
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1_048_576 }), hash);
  return hash.digest('hex');
}

/**
 * Takes a folder for one writer, or for one writer of each part; what other writers left unfinished is removed. The
 * lock stays if the work ends early, and then says what was started.
 */
export function lockFolder(folder: string, settings: Settings, part: Part | null): { release(): void } {
  mkdirSync(folder, { recursive: true });
  const name = lockName(part);
  for (const other of readdirSync(folder).filter(isLockName)) {
    const lock = parseLock(readOrNull(join(folder, other)));
    const isRival = other === name || part === null || other === lockName(null);
    if (lock === null || !isRival || isOurs(lock.pid) || !isProcessAlive(lock.pid)) continue;
    throw new SparkifyError(`Process ${lock.pid} is writing into ${folder}; nothing was written.`, {
      hint: 'Wait until it has ended.',
    });
  }
  const file = join(folder, name);
  rmSync(file, { force: true });
  writeFileSync(file, lockText(settings), { flag: 'wx' });
  removeUnfinished(folder);
  return { release: () => rmSync(file, { force: true }) };
}

/** What this process left behind before does not bind it. */
function isOurs(pid: number): boolean {
  return pid === process.pid;
}

/** Removes files that no living process will finish. */
function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const [, pid] = /\.json(?:\.gz)?\.(\d+)\.part$/.exec(name) ?? [];
    if (pid === undefined || (!isOurs(Number(pid)) && isProcessAlive(Number(pid)))) continue;
    rmSync(join(folder, name), { force: true });
  }
}
