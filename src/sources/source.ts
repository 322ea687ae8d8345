import { SourceChangedError } from '../errors.ts';

/** What a file's name must end in to be read. */
export const DATA_FILE = /\.(json|jsonl|ndjson)(\.(gz|zst))?$/i;

/** One file as its source lists it. */
export interface SourceFile {
  /** The file's identity: an absolute path or an address. */
  readonly path: string;
  readonly bytes: number;
  /** What the source says of the content without reading it; it changes whenever the content does. */
  readonly fingerprint: string;
  /** False where the file changed so recently that its fingerprint may not show a later change. */
  readonly isStable: boolean;
}

/** A name that is skipped since it cannot be read, and why, in a few words. */
export interface Unreadable {
  /** As text: bytes of a name that are not UTF-8 are written as \xNN. */
  readonly path: string;
  readonly reason: string;
}

/** What is at a place, and what was skipped there. */
export interface Listing {
  /** Sorted by path. */
  readonly files: readonly SourceFile[];
  /** Names that are not JSON files. */
  readonly skipped: readonly string[];
  /** Files and folders that cannot be read, sorted by path. */
  readonly unreadable: readonly Unreadable[];
  /** Whether a known file would be listed here if it still existed; false for what is unreadable, and below it. */
  covers(path: string): boolean;
}

/** A place where files are. Its methods reject with a SourceError that says what to do. */
export interface Source {
  /** What is there now; `onFound` hears of files as they are found, where that takes long. */
  list(onFound?: (files: number) => void): Promise<Listing>;
  /** The file's bytes as stored, in chunks; each is valid only until the next one is asked for. */
  open(file: SourceFile): AsyncIterable<Buffer>;
  /** Reads a small file completely. */
  readSmall(file: SourceFile): Promise<Buffer>;
  /** The file as it is listed now; null if it is gone. */
  relist(file: SourceFile): Promise<SourceFile | null>;
  /** Makes sure that other programs on this machine can read the files, as they were listed; their paths, in order. */
  fetch(files: readonly SourceFile[]): Promise<readonly string[]>;
  /** The file will not be read again. */
  release(file: SourceFile): Promise<void>;
  /** Files that are best read at a time. */
  readonly concurrency: { readonly small: number; readonly large: number };
  /** Whether the files themselves lie on this machine, so that threads can read them by path. */
  readonly isLocal: boolean;
  /** Removes what the source keeps on this machine. */
  close(): Promise<void>;
}

/** The error of a file that is no longer what was listed. */
export function changedWhileRead({ path }: SourceFile): SourceChangedError {
  return new SourceChangedError(`${path} changed while it was being read.`, {
    path,
    hint: 'Run again when it is completely written.',
  });
}

/** Throws where a file is not, or no longer, what was listed. */
export async function assertSame(file: SourceFile, source: Source): Promise<void> {
  const now = await source.relist(file);
  if (now?.fingerprint !== file.fingerprint) throw changedWhileRead(file);
}
