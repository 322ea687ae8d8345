import { readFileSync, statSync } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { SourceError } from '../errors.ts';
import { DATA_FILE, type Listing, type Source, type SourceFile } from './source.ts';

/** A file touched so recently may change again within its clock's grain, so its times prove nothing. */
const GRAIN_MS = 50;
/** Some file systems keep whole seconds only. */
const COARSE_GRAIN_MS = 2_000;
const STATS_PER_TURN = 256;
const CHUNK_BYTES = 1024 * 1024;

/** A folder, one file, or a glob on this machine. */
export function localSource(place: string, nowMs: () => number): Source {
  return {
    isLocal: true,
    smallAtOnce: 8,
    largeAtOnce: 1,
    bring: async () => {},
    localPath: (file) => file.path,
    release: async () => {},
    close: async () => {},
    list: () => list(place, nowMs()),
    open: (file) => readChunks(file.path),
    async readSmall(file) {
      try {
        return readFileSync(file.path);
      } catch (cause) {
        return fail(file.path, cause);
      }
    },
    async relist(file) {
      try {
        return describe(file.path, nowMs());
      } catch (cause) {
        return isMissing(cause) ? null : fail(file.path, cause);
      }
    },
  };
}

/** A file's bytes in chunks of one buffer that is used again and again: each is valid until the next. */
export async function* readChunks(path: string): AsyncGenerator<Buffer> {
  const file = await open(path).catch((cause) => fail(path, cause));
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES).catch((cause) => fail(path, cause));
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function list(place: string, nowMs: number): Promise<Listing> {
  const root = resolve(place);
  const found = await stat(root).catch((cause) => (isMissing(cause) ? null : fail(root, cause)));
  if (found?.isFile()) {
    return { files: [describe(root, nowMs)], skipped: [], covers: (path) => path === root };
  }
  if (found?.isDirectory()) {
    const paths = await walk(root);
    const files = paths.filter((path) => DATA_FILE.test(path));
    const skipped = paths.filter((path) => !DATA_FILE.test(path));
    if (files.length === 0) throw nothingIn(root, skipped.length);
    const prefix = root.endsWith(sep) ? root : root + sep;
    return { files: await describeAll(files, nowMs), skipped, covers: (path) => path.startsWith(prefix) };
  }
  if (found) throw new SourceError(`${root} is neither a file nor a folder.`);
  if (!isDynamicPattern(place)) {
    throw new SourceError(`There is no file or folder ${root}.`, {
      hint: 'Check the path; LOG_DATA and SONG_DATA take a folder, one file or a glob.',
    });
  }
  const paths = await glob(place, { absolute: true, dot: false });
  if (paths.length === 0) {
    throw new SourceError(`No file matches ${place}.`, {
      hint: 'Quote a glob so that the shell leaves it alone.',
    });
  }
  return { files: await describeAll(paths, nowMs), skipped: [], covers: () => false };
}

/** Every file below a folder, links followed; hidden names, loops and links to nothing are passed over. */
async function walk(root: string): Promise<string[]> {
  const paths: string[] = [];
  const first = { path: root, real: await realpath(root) };
  const visited = new Set([first.real]);
  const pending = [first];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const { path: here, real } = folder;
    const entries = await readdir(here, { withFileTypes: true }).catch((cause) => fail(here, cause));
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const path = join(here, entry.name);
      const isLink = entry.isSymbolicLink();
      const kind = isLink
        ? await stat(path).catch((cause) => (isMissing(cause) ? null : fail(path, cause)))
        : entry;
      if (kind === null) continue;
      if (kind.isFile()) paths.push(path);
      if (!kind.isDirectory()) continue;
      const below = { path, real: isLink ? await realpath(path) : join(real, entry.name) };
      if (visited.has(below.real)) continue;
      visited.add(below.real);
      pending.push(below);
    }
  }
  return paths;
}

/** Files sorted by path; synchronous calls are the fastest here, with a pause for signals now and then. */
async function describeAll(paths: readonly string[], nowMs: number): Promise<SourceFile[]> {
  const sorted = [...paths].sort((a, b) => (a < b ? -1 : 1));
  const files: SourceFile[] = [];
  for (const [at, path] of sorted.entries()) {
    if (at % STATS_PER_TURN === 0) await new Promise(setImmediate);
    try {
      files.push(describe(path, nowMs));
    } catch (cause) {
      fail(path, cause);
    }
  }
  return files;
}

/** Size, both times and the inode: a change of content moves ctime, which no program can set back. */
function describe(path: string, nowMs: number): SourceFile {
  const { size, mtimeMs, ctimeMs, ino } = statSync(path);
  return {
    path,
    bytes: size,
    fingerprint: `${size}:${mtimeMs}:${ctimeMs}:${ino}`,
    settled: Math.max(mtimeMs, ctimeMs) < nowMs - (mtimeMs % 1000 === 0 ? COARSE_GRAIN_MS : GRAIN_MS),
  };
}

function nothingIn(root: string, others: number): SourceError {
  const also = others > 0 ? ` (${others} ${others === 1 ? 'file has' : 'files have'} another ending)` : '';
  return new SourceError(`No JSON files under ${root}${also}.`, {
    hint: 'Expected are .json, .jsonl or .ndjson, plain or with .gz or .zst.',
  });
}

function isMissing(cause: unknown): boolean {
  const code = (cause as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Turns a file system's error into one that says what to do. */
export function fail(path: string, cause: unknown): never {
  if (cause instanceof SourceError) throw cause;
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'EACCES' || code === 'EPERM') {
    throw new SourceError(`No permission to read ${path}.`, {
      cause,
      hint: `Give this user read rights: chmod +r '${path}'`,
    });
  }
  if (isMissing(cause))
    throw new SourceError(`${path} vanished while it was being read.`, { cause, hint: 'Run again.' });
  throw new SourceError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
}
