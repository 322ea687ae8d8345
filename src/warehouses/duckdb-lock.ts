import { literal } from './sql.ts';

/**
 * Statements after which a DuckDB instance opens no file but its own database and those that it may write, loads no
 * extension, and cannot be changed again.
 */
export function lockedTo(writes: readonly string[]): string {
  return `set allowed_paths = [${writes.map(literal).join(', ')}];
    set enable_external_access = false;
    set autoinstall_known_extensions = false;
    set autoload_known_extensions = false;
    set lock_configuration = true;`;
}
