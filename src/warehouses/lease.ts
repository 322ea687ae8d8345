import type { LeaseError } from '../errors.ts';
import { pause } from '../stopping.ts';

/** Who writes, for the message that another writer gets. */
export interface LeaseOptions {
  readonly command: string;
  readonly waitMs: number;
  /** Called once when another session holds the lease. */
  readonly onWait?: (message: string) => void;
  readonly nowMs: () => number;
  /** Ends the waiting, and later whatever the warehouse is at. */
  readonly signal?: AbortSignal;
}

/** Another session holds the lease: what it does, for "the warehouse is …", and the error that says so. */
export interface Held {
  readonly does: string;
  readonly error: LeaseError;
}

/** Tries for a lease until it is taken, or throws once the wait is over; says once that it waits. */
export async function waitForLease<T>(
  name: string,
  { waitMs, onWait, nowMs, signal }: LeaseOptions,
  pollMs: number,
  attempt: (nth: number) => Promise<{ readonly taken: T } | Held>,
): Promise<T> {
  const until = nowMs() + waitMs;
  for (let nth = 1; ; nth += 1) {
    const found = await attempt(nth);
    if ('taken' in found) return found.taken;
    if (nowMs() >= until) throw found.error;
    if (nth === 1) onWait?.(`Waiting for ${name}, which is ${found.does}.`);
    await pause(pollMs, signal);
  }
}
