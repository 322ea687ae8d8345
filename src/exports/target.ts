import {
  createReadStream,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { SparkifyError, UsageError } from '../errors.ts';
import { type OutputFile, type OutputRules, outputFile } from '../sources/output-file.ts';
import { isS3Address, parseS3Address, s3Path } from '../sources/s3-address.ts';
import type { S3Options } from '../sources/s3-client.ts';
import { s3Destination } from '../sources/s3-destination.ts';

/** Where an export goes. */
export interface ExportTarget {
  readonly name: string;
  /** Whether files stay as soon as they are taken, so that an export which fails leaves some. */
  readonly takesAtOnce: boolean;
  /** What is there. */
  names(): Promise<string[]>;
  /** Where on this machine a file is written before it is taken. */
  passing(file: string): string;
  /** Takes a file that is complete; its size in bytes. */
  take(file: string): Promise<number>;
  /** Sizes of the files below one folder there. */
  sizes(folder: string): Promise<number[]>;
  /** The name of a file or folder there, for people and programs. */
  at(name: string): string;
  /** Gives the files their names. */
  finish(): Promise<void>;
  /** Removes what has no name yet. */
  close(): Promise<void>;
}

/** A folder, or a prefix in S3; UsageError for what is neither. */
export function exportTarget(place: string, s3: S3Options, rules: OutputRules): ExportTarget {
  if (place === '') throw new UsageError('--parquet is empty; it must name a folder or s3://bucket/prefix.');
  if (isS3Address(place)) return prefixTarget(place, s3);
  if (place.startsWith('file://')) return folderTarget(new URL(place).pathname, rules);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(place)) {
    throw new UsageError(`This version writes to folders and S3, not to ${place}.`, {
      hint: 'For example: --parquet exported, or --parquet s3://bucket/prefix',
    });
  }
  return folderTarget(place, rules);
}

/** All files get their names at the end, so that an export that fails leaves none. */
function folderTarget(place: string, rules: OutputRules): ExportTarget {
  const folder = resolve(place);
  const written = new Map<string, OutputFile>();
  let made: string | undefined;
  const at = (file: string): string => join(folder, file);
  const tidy = (): void => {
    for (const file of written.values()) file.discard();
    written.clear();
    if (made !== undefined) removeEmpty(folder, made);
  };
  process.on('exit', tidy);
  return {
    name: folder,
    takesAtOnce: false,
    async names() {
      try {
        return readdirSync(folder);
      } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        if (code === 'ENOENT') return [];
        if (code !== 'ENOTDIR') throw cause;
        throw new UsageError(`${folder} is a file, not a folder.`, {
          cause,
          hint: 'Name an empty or a new folder.',
        });
      }
    },
    passing(file) {
      made ??= makeFolder(folder);
      const output = written.get(file) ?? outputFile(at(file), rules);
      written.set(file, output);
      return output.aside;
    },
    take: async (file) => statSync((written.get(file) as OutputFile).aside).size,
    sizes: async () => [],
    at,
    async finish() {
      nameAll(written, folder, rules.isReplacing);
      written.clear();
      made = undefined;
    },
    async close() {
      process.off('exit', tidy);
      tidy();
    },
  };
}

/** Makes a folder, with those above it; the first that was made. */
function makeFolder(folder: string): string | undefined {
  try {
    return mkdirSync(folder, { recursive: true });
  } catch (cause) {
    if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() !== true) throw cause;
    throw new UsageError(`${folder} is a link to a folder that does not exist.`, {
      cause,
      hint: 'Name an empty or a new folder.',
    });
  }
}

/** Gives all files their names. Where one cannot have its own, none keeps one, but for those that replaced others. */
function nameAll(written: ReadonlyMap<string, OutputFile>, folder: string, isReplacing: boolean): void {
  const named: { path: string; inode: number }[] = [];
  try {
    for (const [name, file] of written) {
      const { ino } = statSync(file.aside);
      file.finish();
      named.push({ path: join(folder, name), inode: ino });
    }
  } catch (cause) {
    if (isReplacing && named.length > 0) {
      const replaced = named.map(({ path }) => basename(path)).join(', ');
      throw new SparkifyError(`${(cause as Error).message} ${replaced} in ${folder} were written before.`, {
        cause,
        hint: 'Fix the cause and export again, so that all tables are of one load.',
      });
    }
    for (const { path, inode } of isReplacing ? [] : named) {
      // Another program may have put a file there meanwhile.
      if (statSync(path, { throwIfNoEntry: false })?.ino === inode) rmSync(path, { force: true });
    }
    throw cause;
  }
}

/** Folders that were made for nothing go again, up to the first of them; what holds something stays. */
function removeEmpty(folder: string, first: string): void {
  try {
    for (let at = folder; at.length >= first.length; at = dirname(at)) rmdirSync(at);
  } catch {
    // Another program has put something there.
  }
}

/** Each file is written on this machine first and sent from there; an object appears complete or not at all. */
function prefixTarget(place: string, s3: S3Options): ExportTarget {
  const { bucket, key } = parseS3Address(place);
  const name = s3Path(bucket, key).replace(/\/$/, '');
  const objects = s3Destination(name, s3);
  let folder: string | null = null;
  const tidy = (): void => {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
    folder = null;
  };
  const passing = (file: string): string => {
    folder ??= mkdtempSync(join(tmpdir(), 'sparkify-export-'));
    return join(folder, file);
  };
  process.on('exit', tidy);
  return {
    name,
    takesAtOnce: true,
    names: objects.names,
    passing,
    async take(file) {
      const path = passing(file);
      const upload = objects.upload(file);
      for await (const block of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
        await upload.write(block as Buffer);
      }
      await upload.end();
      const { size } = statSync(path);
      rmSync(path);
      return size;
    },
    async sizes(below) {
      const { signal: _, ...unstopped } = s3;
      // Asked after a signal as well, for what was left.
      const there = s3Destination(`${name}/${below}`, unstopped);
      const sizes = await there.sizes().finally(there.close);
      // The empty object that consoles make for a folder has no name within it.
      return [...sizes].filter(([path]) => path !== '').map(([, size]) => size);
    },
    at: (file) => `${name}/${file}`,
    finish: async () => {},
    async close() {
      await objects.close();
      process.off('exit', tidy);
      tidy();
    },
  };
}
