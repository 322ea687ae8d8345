import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isProcessAlive } from '../../sources/process-alive.ts';

/**
 * `tmp`: what a writer makes before it gives it its name. `copy`: what a reader keeps for itself while it reads. `spill`:
 * a folder for what does not fit into a reader's memory.
 * `empty`: a file that was empty when it was moved; never swept, in case it was not.
 */
type Kind = 'tmp' | 'copy' | 'spill' | 'empty';

/** A name beside a file that cannot be guessed, so that no link waits there; it says which process made it. */
export function asidePath(file: string, kind: Kind): string {
  return `${file}.${process.pid}-${randomBytes(4).toString('hex')}.${kind}`;
}

/** Removes what processes that were killed left beside a file. The holder of the lease knows that `all` is left over. */
export async function sweepAside(file: string, kind: Kind, which: 'all' | 'of the dead'): Promise<void> {
  const folder = dirname(file);
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(basename(file))) continue;
    const found = /^\.(\d+)(?:-[0-9a-f]{8})?\.(tmp|copy|spill)(?:\.\w+)?$/.exec(
      name.slice(basename(file).length),
    );
    if (found === null || found[2] !== kind) continue;
    if (which === 'of the dead' && isProcessAlive(Number(found[1]))) continue;
    // Others may have been faster, or may own it.
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
  }
}
