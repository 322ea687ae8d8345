import type { Part } from './part.ts';
import type { Settings } from './settings.ts';

/** Who writes a data set, or wrote until it was stopped. */
interface WritingLock {
  readonly format: 'sparkify writing 1';
  readonly pid: number;
  readonly settings: Settings;
}

/** The file that a writer of a data set, or of a part, leaves while it writes. */
export function lockName(part: Part | null): string {
  return part === null ? 'writing.lock' : `writing.part-${part.part}-of-${part.of}.lock`;
}

export function isLockName(name: string): boolean {
  return /^writing\S*\.lock$/.test(name);
}

export function lockText(settings: Settings): string {
  const lock: WritingLock = { format: 'sparkify writing 1', pid: process.pid, settings };
  return JSON.stringify(lock);
}

/** What a lock's text says; null if it is not a lock. */
export function parseLock(text: string | null): WritingLock | null {
  try {
    const lock = JSON.parse(text ?? '') as WritingLock | null;
    return lock?.format === 'sparkify writing 1' ? lock : null;
  } catch {
    return null;
  }
}
