import type { ChildProcess } from 'node:child_process';
import { type Outcome, type RunOptions, sparkify } from './command.ts';

/** How a command ended that was sent a signal, and how long after it. */
export interface Stopped extends Outcome {
  readonly stopMs: number;
}

export interface StopOptions extends RunOptions {
  readonly signal?: 'SIGINT' | 'SIGTERM';
  /** Whether the command is in the state in which it is to be stopped; it is stopped a little later, so that it is well in it. */
  readonly when: (talk: string) => boolean;
  readonly afterMs?: number;
}

const POLL_MS = 20;

/** Runs the command, and sends it a signal once it is in a state. */
export async function stopped(
  args: readonly string[],
  { signal = 'SIGINT', when, afterMs = 300, ...options }: StopOptions,
): Promise<Stopped> {
  let talk = '';
  let sentAtMs = 0;
  const watch = (child: ChildProcess): void => {
    const timer = setInterval(() => {
      if (!when(talk)) return;
      clearInterval(timer);
      setTimeout(() => {
        sentAtMs = performance.now();
        child.kill(signal);
      }, afterMs);
    }, POLL_MS);
    child.once('exit', () => clearInterval(timer));
  };
  const outcome = await sparkify(args, {
    ...options,
    onStart: watch,
    onTalk: (_, all) => {
      talk = all;
    },
  });
  return { ...outcome, stopMs: sentAtMs === 0 ? Number.NaN : performance.now() - sentAtMs };
}
