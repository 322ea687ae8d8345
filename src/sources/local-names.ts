import { isUtf8 } from 'node:buffer';
import type { Dirent } from 'node:fs';
import * as fs from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, parse, resolve } from 'node:path';
import { type GlobOptions, glob } from 'tinyglobby';
import { UnreadableFileError } from '../errors.ts';
import { fileError, isMissing, NOT_UTF8, sourceError } from './file-errors.ts';
import { DATA_FILE, type Unreadable } from './source.ts';

/** It may stand for a file or for a folder full of them. */
const LEADS_NOWHERE = 'a link that leads to nothing';

/** Names of files, in no order, and what could not be looked into. */
export interface Found {
  readonly paths: string[];
  readonly unreadable: Unreadable[];
}

interface Folder {
  readonly path: string;
  readonly real: string;
}

/**
 * Every file below a folder, links followed; hidden names and loops of folders are skipped. Rejects only where the
 * folder itself cannot be read; whatever else cannot be is named.
 */
export async function walk(root: string, signal?: AbortSignal): Promise<Found> {
  const found: Found = { paths: [], unreadable: [] };
  const first = { path: root, real: await realpath(root) };
  const visited = new Set([first.real]);
  const pending: Folder[] = [first];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    signal?.throwIfAborted();
    const { path: here } = folder;
    const entries = await entriesOf(here, found.unreadable).catch((cause) => {
      if (here === root) throw sourceError(here, cause);
      passOver(here, cause, found.unreadable);
      return [];
    });
    for (const entry of entries) {
      const below = await lookAt(entry, folder, found).catch((cause) =>
        passOver(join(here, entry.name), cause, found.unreadable),
      );
      if (below === null || visited.has(below.real)) continue;
      visited.add(below.real);
      pending.push(below);
    }
  }
  return found;
}

/** The folder that an entry is; null for a file, which is found, and for what is nothing of ours. */
async function lookAt(entry: Dirent, { path: here, real }: Folder, found: Found): Promise<Folder | null> {
  if (entry.name.startsWith('.')) return null;
  const path = join(here, entry.name);
  const isLink = entry.isSymbolicLink();
  const kind = isLink
    ? await stat(path).catch((cause) => passOver(path, cause, found.unreadable, LEADS_NOWHERE))
    : entry;
  if (kind === null) return null;
  if (kind.isDirectory()) return { path, real: isLink ? await realpath(path) : join(real, entry.name) };
  // A pipe or a socket with the name of a data file is named when its size is asked for.
  if (kind.isFile() || DATA_FILE.test(path)) found.paths.push(path);
  return null;
}

/** The paths that a glob matches. */
export async function matching(pattern: string): Promise<Found> {
  const unreadable: Unreadable[] = [];
  // Told nothing else, it reads the folder that the command runs in on its way to an absolute pattern, too.
  const cwd = isAbsolute(pattern) ? parse(pattern).root : process.cwd();
  const paths = await glob(pattern, { cwd, absolute: true, dot: false, fs: tellingFs(unreadable, cwd) });
  return { paths, unreadable };
}

/**
 * A file system for tinyglobby, which says nothing of what it cannot read: folders are named here; a link that leads nowhere
 * is given to it as a file, so that the pattern decides whether it is of interest.
 */
function tellingFs(unreadable: Unreadable[], cwd: string): NonNullable<GlobOptions['fs']> {
  type Answer<T> = (error: Error | null, answer?: T) => void;
  const asked = {
    readdir(path: string, options: { withFileTypes: true }, answer: Answer<Dirent[]>) {
      fs.readdir(path, options, (cause, entries) => {
        // The folder in which a pattern begins need not exist; a name that is not UTF-8 was listed, and is missing.
        if (cause !== null && (!isMissing(cause) || path.includes('\ufffd')))
          passOver(resolve(cwd, path), cause, unreadable);
        answer(cause, entries);
      });
    },
    realpath(path: string, answer: Answer<string>) {
      fs.realpath(path, (error, real) => answer(null, error === null ? real : path));
    },
    stat(path: string, answer: Answer<Pick<fs.Stats, 'isDirectory'>>) {
      fs.stat(path, (error, found) => answer(null, error === null ? found : { isDirectory: () => false }));
    },
  };
  return asked as unknown as NonNullable<GlobOptions['fs']>;
}

/** A folder's entries; those whose names are not UTF-8 cannot be opened by a text, and are named instead. */
async function entriesOf(folder: string, unreadable: Unreadable[]): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  if (!entries.some(({ name }) => name.includes('\ufffd'))) return entries;
  const whole = new Set<string>();
  for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
    const bytes = entry.name as unknown as Buffer;
    if (isUtf8(bytes)) {
      whole.add(bytes.toString('utf8'));
      continue;
    }
    const name = spelled(bytes);
    const isOurs = entry.isFile() ? DATA_FILE.test(name) : true;
    if (isOurs && !name.startsWith('.')) unreadable.push({ path: join(folder, name), reason: NOT_UTF8 });
  }
  // Deleted once found: a broken name can look like a complete one.
  return entries.filter(({ name }) => whole.delete(name));
}

/** A name with its bytes that are not ASCII as \xNN. */
function spelled(name: Buffer): string {
  return name.toString('latin1').replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
}

/** Names what cannot be read; throws what would meet every other file as well. */
function passOver(path: string, cause: unknown, unreadable: Unreadable[], ifMissing?: string): null {
  const error = fileError(path, cause);
  if (!(error instanceof UnreadableFileError)) throw error;
  unreadable.push({ path, reason: isMissing(cause) ? (ifMissing ?? error.reason) : error.reason });
  return null;
}
