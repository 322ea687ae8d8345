import { InterruptedError } from '../errors.ts';
import type { Voice } from './progress.ts';

/** What signals have asked for, and whether it is too late. */
export interface Interruption {
  /** The signal that came, if any. */
  readonly reason: InterruptedError | null;
  /** Once a commit is under way, a signal would come too late to stop it. */
  readonly isCommitting: boolean;
  /** Called when a signal ends the work; what has not ended then within a time is ended from outside. */
  onStop(stop: (why: InterruptedError) => void, withinMs?: number): void;
  /** A voice that ends the work where it reports its progress. */
  through(voice: Voice): Voice;
}

/** Listens for SIGINT and SIGTERM; `end` is called where nothing stops by itself or in time, or the user asks twice. */
export function listenForSignals(end: (why: InterruptedError) => void): Interruption {
  let reason: InterruptedError | null = null;
  let isCommitting = false;
  const endHard = (why: InterruptedError): void => {
    // An exit alone would wait for a statement that an engine is at; what it removes is removed before this.
    process.on('exit', () => {
      process.removeAllListeners(why.signal);
      process.kill(process.pid, why.signal);
    });
    end(why);
  };
  const stops: ((why: InterruptedError) => void)[] = [];
  const interrupt = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (isCommitting) return;
    // Asked twice: whatever is still being put away is left to the next run.
    const isFirst = reason === null;
    reason ??= new InterruptedError(signal);
    if (!isFirst) endHard(reason);
    else if (stops.length === 0) end(reason);
    else for (const stop of stops) stop(reason);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt(signal));
  const assertGoingOn = (): void => {
    if (reason) throw reason;
  };
  return {
    get reason() {
      return reason;
    },
    get isCommitting() {
      return isCommitting;
    },
    onStop(stop, withinMs) {
      stops.push((why) => {
        stop(why);
        if (withinMs !== undefined) setTimeout(() => endHard(why), withinMs).unref();
      });
    },
    through: (voice) => ({
      ...voice,
      step(...step) {
        assertGoingOn();
        voice.step(...step);
      },
      advance(amount) {
        assertGoingOn();
        voice.advance(amount);
      },
      note(message) {
        assertGoingOn();
        voice.note(message);
      },
      committing() {
        assertGoingOn();
        isCommitting = true;
        voice.committing();
      },
    }),
  };
}
