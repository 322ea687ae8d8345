import { readFileSync } from 'node:fs';

/** The SQL in a file beside a module: `readSql('./star/songs.sql', import.meta.url)`. */
export function readSql(path: string, module: string): string {
  try {
    return readFileSync(new URL(path, module), 'utf8');
  } catch (cause) {
    throw new Error(`SQL is missing from this installation (${path}).`, { cause });
  }
}
