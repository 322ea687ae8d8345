import { readFile } from 'node:fs/promises';
import { ConfigError } from '../../errors.ts';

/** A file of certificates or a key, as text; ConfigError where it cannot be read. `what` says what it holds. */
export function readPem(what: string, path: string, hint: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause) => {
    throw new ConfigError(`Cannot read ${what} ${path}: ${(cause as Error).message}`, { cause, hint });
  });
}
