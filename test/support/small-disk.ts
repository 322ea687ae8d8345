import { spawnSync } from 'node:child_process';
import { freshFolder } from './warehouse.ts';

export interface SmallDisk {
  readonly folder: string;
  /** Mounts it again with other options: `size=400m`, `ro`. */
  remount(options: string): void;
}

/** A small disk of its own for `work`; null where this user may not make one. */
export async function onSmallDisk<T>(size: string, work: (disk: SmallDisk) => Promise<T>): Promise<T | null> {
  const folder = freshFolder();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  if (mounted.status !== 0) return null;
  try {
    return await work({
      folder,
      remount: (options) => void spawnSync('mount', ['-o', `remount,${options}`, folder]),
    });
  } finally {
    spawnSync('umount', [folder]);
  }
}
