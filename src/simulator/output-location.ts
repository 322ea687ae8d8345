import type { FileKey } from '../answer-key/answer-key.ts';
import { SparkifyError } from '../errors.ts';
import type { Writer } from './file-writer.ts';
import type { Part } from './part.ts';
import type { Settings } from './settings.ts';

/** Where a data set is: a folder, or a prefix in S3. Paths are relative to it, with slashes. */
export interface OutputLocation {
  /** What people call it. */
  readonly name: string;
  /** What lies right below; empty if there is nothing. */
  names(): Promise<readonly string[]>;
  /** A text file; null if there is none. */
  read(path: string): Promise<string | null>;
  /** Starts a file, compressed by gzip or not, that is there once it is complete. */
  open(path: string, isPacked: boolean): Promise<Writer>;
  remove(path: string): Promise<void>;
  /** The files among these that are gone; SparkifyError if one is not what was made. */
  missing(files: ReadonlyMap<string, FileKey>): Promise<string[]>;
  /** Takes the place for one writer, or one writer of each part; SparkifyError if another has it. */
  lock(settings: Settings, part: Part | null): Promise<LocationLock>;
  /** Removes what was started by writers that ended before their files did. */
  tidy(): Promise<void>;
  /** Bytes that fit; null where it cannot be known. */
  freeBytes(): number | null;
  /** Small files that are best written at a time. */
  readonly filesAtOnce: number;
  /** Gives up files that have not ended. */
  close(): Promise<void>;
}

/** Held while a data set is written; what stays of it if the work ends early says what was started. */
interface LocationLock {
  release(): Promise<void>;
}

/** A path below a place, as people write it. */
export function below(out: string, path: string): string {
  return `${out.replace(/\/+$/, '')}/${path}`;
}

/** Writes a text file that is there completely or not at all. */
export async function writeText(
  place: OutputLocation,
  path: string,
  pieces: Iterable<string>,
): Promise<void> {
  const writer = await place.open(path, false);
  try {
    for (const piece of pieces) {
      writer.write(Buffer.from(piece));
      await writer.ready();
    }
    await writer.end();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** A file of a data set was changed. */
export function notAsMade(name: string): SparkifyError {
  return new SparkifyError(`${name} is not as it was made; nothing was written.`, {
    hint: 'Remove it to have it made again, or name an empty or a new folder with --out.',
  });
}
