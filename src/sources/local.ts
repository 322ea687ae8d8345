import { createReadStream } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { SourceError } from '../errors.ts';
import type { Listing, Source, SourceFile } from './source.ts';

const DATA_FILE = /\.(json|jsonl|ndjson)(\.(gz|zst))?$/i;
/** A file touched so recently may change again within the clock's grain, so its times prove nothing. */
const RACY_MS = 2_000;
const STATS_AT_ONCE = 64;

/** A folder, one file, or a glob on this machine. */
export function localSource(place: string, nowMs: () => number): Source {
  return {
    isLocal: true,
    list: () => list(place, nowMs()),
    open: (file) => createReadStream(file.path, { highWaterMark: 1 << 20 }),
    readSmall: (file) => readFile(file.path).catch((cause) => fail(file.path, cause)),
    relist: (file) =>
      describe(file.path, nowMs()).catch((cause) => (isMissing(cause) ? null : fail(file.path, cause))),
  };
}

async function list(place: string, nowMs: number): Promise<Listing> {
  const root = resolve(place);
  const found = await stat(root).catch((cause) => (isMissing(cause) ? null : fail(root, cause)));
  if (found?.isFile()) {
    return { files: [await describe(root, nowMs)], skipped: [], covers: (path) => path === root };
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

/** Every file below a folder, links followed, hidden names and loops passed over. */
async function walk(root: string): Promise<string[]> {
  const paths: string[] = [];
  const visited = new Set<string>();
  const pending = [root];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const real = await realpath(folder).catch((cause) => fail(root, cause));
    if (visited.has(real)) continue;
    visited.add(real);
    const here = folder;
    const entries = await readdir(folder, { withFileTypes: true }).catch((cause) => fail(here, cause));
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const path = join(folder, entry.name);
      const kind = entry.isSymbolicLink() ? await stat(path).catch((cause) => fail(path, cause)) : entry;
      if (kind.isDirectory()) pending.push(path);
      else if (kind.isFile()) paths.push(path);
    }
  }
  return paths;
}

async function describeAll(paths: readonly string[], nowMs: number): Promise<SourceFile[]> {
  const sorted = [...paths].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const files: SourceFile[] = [];
  for (let start = 0; start < sorted.length; start += STATS_AT_ONCE) {
    const some = sorted.slice(start, start + STATS_AT_ONCE);
    files.push(
      ...(await Promise.all(some.map((path) => describe(path, nowMs).catch((cause) => fail(path, cause))))),
    );
  }
  return files;
}

/** Size, both times and the inode: a change of content moves ctime, which no program can set back. */
async function describe(path: string, nowMs: number): Promise<SourceFile> {
  const { size, mtimeMs, ctimeMs, ino } = await stat(path);
  return {
    path,
    bytes: size,
    fingerprint: `${size}:${mtimeMs}:${ctimeMs}:${ino}`,
    settled: Math.max(mtimeMs, ctimeMs) < nowMs - RACY_MS,
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
