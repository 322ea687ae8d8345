import { ConfigError } from '../../errors.ts';
import { pause } from '../../stopping.ts';
import type { LeaseOptions } from '../lease.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** How long a server may be away before a load gives it up. */
const RECONNECT_MS = 60_000;

/** Connects again; tries for a while, since a server that restarts or resizes takes some time. */
export async function reconnect<T>(
  connect: () => Promise<T>,
  { nowMs, signal }: Pick<LeaseOptions, 'nowMs' | 'signal'>,
): Promise<T> {
  const until = nowMs() + RECONNECT_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      return await connect();
    } catch (error) {
      signal?.throwIfAborted();
      if (nowMs() >= until || error instanceof ConfigError) throw error;
    }
    await pause(pauseMs * (0.5 + Math.random() / 2), signal);
  }
}
