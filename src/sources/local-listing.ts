import { accessSync, constants, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isDynamicPattern } from 'tinyglobby';
import { SourceError, UnreadableFileError } from '../errors.ts';
import { withoutSecrets } from '../secrets.ts';
import { fileError, isMissing, sourceError } from './file-errors.ts';
import { type Found, matching, walk } from './local-names.ts';
import { DATA_FILE, type Listing, type SourceFile, type Unreadable } from './source.ts';

/** A file changed so recently may change again within the grain of its clock, and its times would not show it. */
const GRAIN_MS = 50;
/** Some file systems keep whole seconds only. */
const COARSE_GRAIN_MS = 2_000;
const STATS_PER_TURN = 256;

/** What lies at a path or glob now. Rejects only where the place as a whole cannot be read. */
export async function list(place: string, nowMs: number, signal?: AbortSignal): Promise<Listing> {
  const root = resolve(place);
  // An address without its scheme looks like a path.
  const shown = withoutSecrets(place) === place ? root : withoutSecrets(place);
  const found = await stat(root).catch((cause) => {
    if (isMissing(cause)) return null;
    throw sourceError(root, cause);
  });
  if (found?.isFile()) return listOne(root, nowMs);
  if (found?.isDirectory()) return listFolder(root, nowMs, signal);
  if (found) throw new SourceError(`${root} is neither a file nor a folder.`);
  if (!isDynamicPattern(place)) {
    throw new SourceError(`There is no file or folder ${shown}.`, {
      hint: 'Check the path: a folder, one file or a glob. In dwh.cfg it is relative to that file.',
    });
  }
  const { files, unreadable } = await describeAll(await matching(place), nowMs, signal);
  if (files.length === 0 && unreadable.length === 0) {
    throw new SourceError(`No file matches ${withoutSecrets(place)}.`, {
      hint: 'Quote a glob so that the shell does not expand it.',
    });
  }
  return { files, unreadable, skipped: [], covers: () => false };
}

/** Those of these files that this user may not read, by their rights alone. */
export function closedAmong(files: readonly SourceFile[]): Unreadable[] {
  return files.flatMap(({ path }) => {
    try {
      accessSync(path, constants.R_OK);
      return [];
    } catch (cause) {
      const error = fileError(path, cause);
      if (!(error instanceof UnreadableFileError)) throw error;
      return [{ path, reason: error.reason }];
    }
  });
}

/** The user named this very file: if it cannot be read, there is nothing to skip. */
function listOne(path: string, nowMs: number): Listing {
  try {
    accessSync(path, constants.R_OK);
    const files = [describe(path, nowMs)];
    return { files, unreadable: [], skipped: [], covers: (known) => known === path };
  } catch (cause) {
    throw sourceError(path, cause);
  }
}

async function listFolder(root: string, nowMs: number, signal?: AbortSignal): Promise<Listing> {
  const found = await walk(root, signal);
  const isData = (path: string): boolean => DATA_FILE.test(path);
  const skipped = found.paths.filter((path) => !isData(path));
  const { files, unreadable } = await describeAll(
    { ...found, paths: found.paths.filter(isData) },
    nowMs,
    signal,
  );
  if (files.length === 0 && unreadable.length === 0) throw nothingIn(root, skipped.length);
  const prefix = root.endsWith(sep) ? root : root + sep;
  const hidden = new Set(unreadable.map(({ path }) => path));
  const covers = (path: string): boolean => path.startsWith(prefix) && !liesIn(path, hidden, root);
  return { files, unreadable, skipped, covers };
}

/** Whether a path or one of its folders below the root is among these. */
function liesIn(path: string, names: ReadonlySet<string>, root: string): boolean {
  if (names.size === 0) return false;
  for (let at = path; at.length > root.length; at = dirname(at)) if (names.has(at)) return true;
  return false;
}

/** Files sorted by path; synchronous calls are the fastest here, with a pause for signals now and then. */
async function describeAll(
  { paths, unreadable: found }: Found,
  nowMs: number,
  signal: AbortSignal | undefined,
): Promise<{ files: SourceFile[]; unreadable: Unreadable[] }> {
  const byPath = (a: string, b: string): number => (a < b ? -1 : 1);
  const files: SourceFile[] = [];
  const unreadable = [...found];
  for (const [at, path] of [...paths].sort(byPath).entries()) {
    if (at % STATS_PER_TURN === 0) await setImmediate(undefined, signal === undefined ? {} : { signal });
    try {
      files.push(describe(path, nowMs));
    } catch (cause) {
      const error = fileError(path, cause);
      if (!(error instanceof UnreadableFileError)) throw error;
      unreadable.push(error);
    }
  }
  const named = unreadable.map(({ path, reason }) => ({ path, reason }));
  return { files, unreadable: named.sort((a, b) => byPath(a.path, b.path)) };
}

/** Size, both times and the inode: a change of content moves ctime, which no program can set back. */
export function describe(path: string, nowMs: number): SourceFile {
  const found = statSync(path);
  if (!found.isFile()) {
    const reason = found.isFIFO()
      ? 'a pipe, not a file'
      : found.isSocket()
        ? 'a socket, not a file'
        : 'not a file';
    throw new UnreadableFileError(`${path} is not a file.`, { path, reason });
  }
  const { size, mtimeMs, ctimeMs, ino } = found;
  return {
    path,
    bytes: size,
    fingerprint: `${size}:${mtimeMs}:${ctimeMs}:${ino}`,
    isStable: Math.max(mtimeMs, ctimeMs) < nowMs - (mtimeMs % 1000 === 0 ? COARSE_GRAIN_MS : GRAIN_MS),
  };
}

function nothingIn(root: string, others: number): SourceError {
  const also = others > 0 ? ` (${others} ${others === 1 ? 'file has' : 'files have'} another ending)` : '';
  return new SourceError(`No JSON files under ${root}${also}.`, {
    hint: 'Expected: .json, .jsonl or .ndjson, plain or with .gz or .zst.',
  });
}
