import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isProcessAlive } from './process-alive.ts';

const unfinished = new Set<string>();

/** Keeps in mind what an exit removes, until what it returns is called. */
export function remember(path: string): () => void {
  if (unfinished.size === 0) process.on('exit', removeUnfinished);
  unfinished.add(path);
  return () => {
    unfinished.delete(path);
    if (unfinished.size === 0) process.off('exit', removeUnfinished);
  };
}

function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { recursive: true, force: true });
}

/** Removes what killed processes left in a folder. */
export function sweepUnfinished(folder: string): void {
  try {
    for (const name of readdirSync(folder)) {
      const pid = /^\.sparkify-(\d+)-[0-9a-f]{8}\.part$/.exec(name)?.[1];
      if (pid !== undefined && !isProcessAlive(Number(pid))) rmSync(join(folder, name), { force: true });
    }
  } catch {
    // Others may own it, or may have been faster.
  }
}
