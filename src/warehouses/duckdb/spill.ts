import { constants, rmSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { asidePath, sweepAside } from './aside.ts';

interface SpillFolder {
  readonly folder: string;
  /** An exit of the process removes it, too. */
  remove(): void;
}

/**
 * A folder of one reader's own for what does not fit into its memory, since two in one folder write over each other:
 * beside the file, or in the folder for temporary files where this user may not write there. DuckDB makes it when it needs it.
 */
export async function spillFolder(file: string): Promise<SpillFolder> {
  const mayWrite = await access(dirname(file), constants.W_OK).then(
    () => true,
    () => false,
  );
  const name = mayWrite ? file : join(tmpdir(), basename(file));
  await sweepAside(name, 'spill', 'of the dead');
  const folder = asidePath(name, 'spill');
  const remove = (): void => {
    process.off('exit', remove);
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', remove);
  return { folder, remove };
}
