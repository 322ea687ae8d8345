import { getEventListeners, setMaxListeners } from 'node:events';
import { InterruptedError } from '../errors.ts';
import { pause } from '../stopping.ts';
import type { Listener } from '../telemetry/observer.ts';

/** What signals have asked for, and whether it is too late. */
export interface Interruption {
  /** The first signal aborts it, with an InterruptedError for its reason. */
  readonly signal: AbortSignal;
  /** Hears of commits: while one is under way, a signal comes too late, and after it the work is not undone. */
  readonly hear: Listener;
  /** Whether something is committed, or is being. */
  readonly hasCommitted: boolean;
  /** Why the process ends has been said: nothing is to be printed any more. */
  readonly isLeaving: boolean;
  /** What the work puts away after a signal may take as long as it takes; a second signal ends it all the same. */
  stopsByItself(): void;
  /** Ends the process that was interrupted, whatever it has left under way. */
  leave(exitCode: number): Promise<never>;
}

/** What has not ended so long after a signal is ended from outside: the next run makes right what it leaves. */
const STOP_MS = 850;
/** What a thread of the pool is at, which an exit would wait for: a pipe that nobody writes to, a name server that is silent. */
const HOLDS_EXIT = /^(fsreq|getaddrinfo|getnameinfo)/i;

/** What ends by itself has this much time for it. */
const EXIT_MS = 100;
const POLL_MS = 5;

/** Listens for SIGINT and SIGTERM; `tell` prints why the process ends, and gives its exit code. */
export function listenForSignals(tell: (why: InterruptedError) => number): Interruption {
  const controller = new AbortController();
  const { signal } = controller;
  setMaxListeners(0, signal);
  let isCommitting = false;
  let committed = false;
  let isLeaving = false;
  let stopsByItself = false;

  const leave = async (exitCode: number): Promise<never> => {
    const { reason } = signal as { reason: InterruptedError };
    for (let waitedMs = 0; isExitHeld() && waitedMs < EXIT_MS; waitedMs += POLL_MS) await pause(POLL_MS);
    if (isExitHeld()) killOnExit(reason);
    return process.exit(exitCode);
  };
  const endHard = (reason: InterruptedError): never => {
    const exitCode = tell(reason);
    killOnExit(reason);
    return process.exit(exitCode);
  };
  const interrupt = (name: 'SIGINT' | 'SIGTERM'): void => {
    if (isCommitting) return;
    // Asked twice: whatever is still being put away is left to the next run.
    if (signal.aborted) endHard(signal.reason);
    const reason = new InterruptedError(name, committed ? 'what was committed stays.' : undefined);
    const isHeard = stopsByItself || getEventListeners(signal, 'abort').length > 0;
    controller.abort(reason);
    if (!isHeard) {
      const exitCode = tell(reason);
      isLeaving = true;
      void leave(exitCode);
    }
    setTimeout(() => {
      if (!stopsByItself) endHard(reason);
    }, STOP_MS).unref();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupt(name));

  return {
    signal,
    leave,
    get hasCommitted() {
      return committed || isCommitting;
    },
    get isLeaving() {
      return isLeaving;
    },
    stopsByItself() {
      stopsByItself = true;
    },
    hear(event) {
      if (event.type === 'committing') isCommitting = true;
      if (['committed', 'retrying', 'failed'].includes(event.type)) isCommitting = false;
      committed ||= event.type === 'committed' || (event.type === 'failed' && event.isCommitted);
    },
  };
}

function isExitHeld(): boolean {
  return process.getActiveResourcesInfo().some((name) => HOLDS_EXIT.test(name));
}

/** An exit alone would wait for a statement that an engine is at; what it removes is removed before this. */
function killOnExit({ signal }: InterruptedError): void {
  process.on('exit', () => {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
