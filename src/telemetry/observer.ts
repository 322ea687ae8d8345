import { setMaxListeners } from 'node:events';
import { CommittedError } from '../errors.ts';
import type { LoadEvent } from './events.ts';

/** Hears each event as it happens, and keeps nothing waiting: what takes longer is its own to queue. */
export type Listener = (event: LoadEvent) => void;

/** What work tells of itself, and by what it hears that it is to stop. */
export interface Observer {
  /** Never throws. */
  emit(event: LoadEvent): void;
  /** Work looks at it at its natural boundaries, and ends by its reason. */
  readonly signal: AbortSignal;
}

/** An observer whose events these listeners hear, in this order; one that throws hears no more of them. */
export function observerOf(listeners: readonly Listener[], signal: AbortSignal = never): Observer {
  const hearing = new Set(listeners);
  const emit = (event: LoadEvent): void => {
    for (const listener of hearing) {
      try {
        listener(event);
      } catch (error) {
        hearing.delete(listener);
        const message = `A listener failed, and hears no more of what is done: ${(error as Error)?.message}`;
        emit({ type: 'warning', message });
      }
    }
  };
  return { emit, signal };
}

/** The observer, whose events one more listener hears first. */
export function alsoHeardBy(listener: Listener, observer: Observer): Observer {
  return observerOf([listener, observer.emit], observer.signal);
}

/** Does work, and tells of its failure. */
export async function tellingFailure<T>(observer: Observer, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // What an engine says of a statement that was ended is no reason.
    const why =
      observer.signal.aborted && !(error instanceof CommittedError) ? observer.signal.reason : error;
    const { name, message } = why instanceof Error ? why : new Error(String(why));
    observer.emit({ type: 'failed', error: name, message, isCommitted: error instanceof CommittedError });
    throw error;
  }
}

const never = new AbortController().signal;
setMaxListeners(0, never);

/** Tells nobody, and never stops anything. */
export const silent: Observer = observerOf([]);
