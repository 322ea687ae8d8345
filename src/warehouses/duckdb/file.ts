import { statSync } from 'node:fs';
import { access, constants, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigError, NoPermissionError, WarehouseError } from '../../errors.ts';
import { refuse, restoreHint } from './errors.ts';

/** DuckDB's three headers: a file that is shorter was never a complete database. */
const HEADER_BYTES = 3 * 4096;

/** Whether a load would make the file; whatever else is there is for its opening to judge. */
export function isMissing(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined || (found.isFile() && found.size === 0);
}

/** Throws where no warehouse can lie: a folder, a pipe. Whether there is a file with anything in it. */
export async function hasContent(file: string): Promise<boolean> {
  const found = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return null;
    throw noPermission('look at', file, cause);
  });
  if (found === null) return false;
  if (found.isDirectory()) {
    throw new ConfigError(`The warehouse duckdb:${file} is a folder.`, {
      hint: `Name a file in it: --warehouse duckdb:${join(file, 'sparkify.duckdb')}`,
    });
  }
  if (!found.isFile()) {
    throw new ConfigError(`The warehouse duckdb:${file} is not a regular file.`, {
      hint: 'Choose another file with --warehouse.',
    });
  }
  return found.size > 0;
}

/**
 * Throws where a file is not a database, or only the start of one; DuckDB takes some other files for data to look at.
 */
export async function checkDatabase(file: string): Promise<void> {
  if (!(await hasContent(file))) return;
  const handle = await open(file).catch((cause) => {
    throw noPermission('read', file, cause);
  });
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    const read = buffer.subarray(0, bytesRead);
    if (read.toString('latin1', 8, 12) !== 'DUCK' && read.some((byte) => byte !== 0))
      refuse(file, new Error('not a valid DuckDB database file'));
    if (bytesRead === HEADER_BYTES && read.some((byte) => byte !== 0)) return;
    throw new WarehouseError(
      bytesRead < HEADER_BYTES
        ? `${file} is incomplete: it ends after ${bytesRead} bytes, before its first table.`
        : `${file} is incomplete: it holds no header.`,
      { hint: restoreHint(file) },
    );
  } finally {
    await handle.close();
  }
}

/** Throws where a writer could not make its files. */
export async function checkWritable(file: string): Promise<void> {
  const folder = dirname(file);
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory()) {
    throw new WarehouseError(`The folder ${folder} of the warehouse does not exist.`, {
      hint: `mkdir -p '${folder}'`,
    });
  }
  for (const path of (await hasContent(file)) ? [folder, file] : [folder]) {
    await access(path, constants.W_OK).catch((cause) => {
      throw noPermission('write', path, cause);
    });
  }
}

function noPermission(what: string, path: string, cause: NodeJS.ErrnoException): NoPermissionError {
  const why = cause.code === 'EROFS' ? ': its file system is read-only' : '';
  return new NoPermissionError(`No permission to ${what} ${path}${why}.`, {
    cause,
    hint: 'Ask its owner, or choose another file with --warehouse.',
  });
}
