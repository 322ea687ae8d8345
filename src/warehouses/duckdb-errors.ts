import { InterruptedError, WarehouseError } from '../errors.ts';

/** Runs DuckDB's part of the work; its errors become ours, with what to do. */
export async function guarded<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    return refuse(file, cause);
  }
}

/** Throws DuckDB's error as ours. */
export function refuse(file: string, cause: unknown): never {
  if (cause instanceof WarehouseError || cause instanceof InterruptedError) throw cause;
  const message = (cause as Error).message;
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
  if (/no space left|disk full|ENOSPC/i.test(message) || (cause as NodeJS.ErrnoException).code === 'ENOSPC') {
    throw new WarehouseError(`No space left on the disk of ${file}.`, {
      cause,
      hint: 'Make room and run again; what did not commit left nothing behind.',
    });
  }
  throw new WarehouseError(`${file}: ${message.trim()}`, { cause });
}
