import { existsSync, statSync } from 'node:fs';
import {
  atStatement,
  DiskFullError,
  NoPermissionError,
  SparkifyError,
  WarehouseError,
} from '../../errors.ts';
import { publishedPath } from './publish.ts';

/** Runs DuckDB's part of the work; its errors become ours, with what to do, and say at which `statement` of ours it was. */
export async function guarded<T>(file: string, work: () => Promise<T>, statement?: string): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (statement === undefined) return refuse(file, cause);
    try {
      return refuse(file, cause);
    } catch (error) {
      throw atStatement(error, statement);
    }
  }
}

/** Throws DuckDB's error as ours; `restore` says what to do about a file that is damaged. */
export function refuse(file: string, cause: unknown, restore = restoreHint(file)): never {
  if (cause instanceof SparkifyError) throw cause;
  const message = (cause as Error).message.trim();
  if (/not a valid DuckDB database file/i.test(message)) {
    throw new WarehouseError(`${file} is not a DuckDB database.`, {
      cause,
      hint: 'Choose another file with --warehouse.',
    });
  }
  if (/newer version|storage version|version number/i.test(message) && /database file/i.test(message)) {
    throw new WarehouseError(`${file} was written by a newer DuckDB: ${message}`, {
      cause,
      hint: 'Upgrade sparkify.',
    });
  }
  // DuckDB gives its temporary files what is free on the disk, and calls the end of that a lack of memory.
  if (/no space left|disk full|ENOSPC|disk quota exceeded|EDQUOT|max_temp_directory_size/i.test(message)) {
    throw new DiskFullError(`No space left on the disk of ${file}.`, {
      cause,
      hint: `Free some space and run again; what was not committed is ignored.${leftLog(file)}`,
    });
  }
  if (/read-only file system|\bEROFS\b/i.test(message)) {
    throw new NoPermissionError(`${file} is on a read-only file system.`, {
      cause,
      hint: 'Mount it writable, or choose another file with --warehouse.',
    });
  }
  if (/permission denied|\bEACCES\b|\bEPERM\b/i.test(message)) {
    throw new NoPermissionError(`No permission to open ${file}.`, {
      cause,
      hint: 'Its owner can let a group read: chmod 640 the warehouse, or FILE_MODE = 640 below [WAREHOUSE] for a new one. The next load publishes a copy with the same readers.',
    });
  }
  if (/^out of memory error/i.test(message)) {
    throw new WarehouseError(`Not enough memory: ${message}`, {
      cause,
      hint: 'Give this machine or container more memory, or load fewer files at once.',
    });
  }
  if (/WAL does not match|WAL was created for/i.test(message)) {
    const log = `${file}.wal`;
    throw new WarehouseError(`The log ${log} belongs to another state of ${file}.`, {
      cause,
      hint: `If the warehouse was restored or replaced, remove the log: rm -f ${quoted(log)}`,
    });
  }
  if (/could not read enough bytes|corrupt (database|wal)|computed checksum/i.test(message)) {
    throw new WarehouseError(`${file} is damaged: ${message}`, { cause, hint: restore });
  }
  throw new WarehouseError(`${file}: ${message}`, { cause });
}

/** How a file comes back that cannot be read any more. */
export function restoreHint(file: string): string {
  const [at, log, published] = [quoted(file), quoted(`${file}.wal`), publishedPath(file)];
  return existsSync(published)
    ? `The last published copy is still there. To continue from it: rm -f ${log} && install -m 600 ${quoted(published)} ${at}`
    : `Restore it from a backup, or remove it and load again: rm -f ${at} ${log}`;
}

/** A path for a shell. */
export function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}

/** What stays on a full disk. */
function leftLog(file: string): string {
  try {
    const { size } = statSync(`${file}.wal`);
    if (size === 0) return '';
    const bytes = size < 1e6 ? `${(size / 1e3).toFixed(1)} kB` : `${(size / 1e6).toFixed(1)} MB`;
    // It may hold a load that committed, too.
    return `\n${file}.wal (${bytes}) stays until a run has room for it; leave it there.`;
  } catch {
    return '';
  }
}
