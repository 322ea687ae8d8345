import { closeSync, openSync, readSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../errors.ts';

interface Keeping {
  /** Files that are never written to, whether they are there or not. */
  readonly keeps: readonly string[];
}

/** What DuckDB, and we, keep beside a database. */
const BESIDE_DATABASE = /\.(wal(\.\w+)?|lease)$/;

/** Whether a file that is there is one of those to keep, by whatever name, or a DuckDB database or a part of one. */
export function isKept(path: string, found: Stats, { keeps }: Keeping): boolean {
  const isSame = (kept: string): boolean => {
    const other = statSync(kept, { throwIfNoEntry: false });
    return other !== undefined && other.dev === found.dev && other.ino === found.ino;
  };
  if (!found.isFile()) return false;
  if (keeps.some(isSame) || isDatabase(path)) return true;
  return isKeptName(realpathSync(path), { keeps });
}

/** Whether a name is one of those to keep, or would be read as a part of a database beside it. */
export function isKeptName(target: string, { keeps }: Keeping): boolean {
  const isSame = (kept: string): boolean => {
    try {
      return join(realpathSync(dirname(kept)), basename(kept)) === target;
    } catch {
      return false;
    }
  };
  return (
    keeps.some(isSame) || (BESIDE_DATABASE.test(target) && isDatabase(target.replace(BESIDE_DATABASE, '')))
  );
}

/** Whether a file begins as DuckDB's databases do: a checksum, then DUCK. */
function isDatabase(path: string): boolean {
  try {
    const file = openSync(path, 'r');
    try {
      const head = Buffer.alloc(12);
      return readSync(file, head, 0, 12, 0) === 12 && head.toString('latin1', 8) === 'DUCK';
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}

/** The error of a file that is to be kept. */
export function keptError(path: string): UsageError {
  return new UsageError(`${path} is a DuckDB database or a part of one; a result never replaces it.`, {
    hint: 'Name another file.',
  });
}
