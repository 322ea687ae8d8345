import type { LoadEvent } from '../telemetry/events.ts';
import { type Observer, observerOf } from '../telemetry/observer.ts';
import type { Interruption } from './interruption.ts';
import { drawProgress } from './progress.ts';

/** How a command talks to people: on stderr only, so that stdout stays for results. */
export interface Console {
  readonly isVerbose: boolean;
  /** Hears what is done, and tells when to stop. */
  readonly observer: Observer;
  note(message: string): void;
  warn(message: string): void;
  /** Ends a progress bar that is still drawn. */
  done(): void;
}

interface ConsoleOptions {
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** A text without a secret. */
  readonly safe: (text: string) => string;
  readonly onWarning: (message: string) => void;
}

/** A console whose words are events, too. All events are heard by the listener of the signals, the result and the terminal. */
export function openConsole(
  interruption: Interruption,
  { quiet, verbose, safe, onWarning }: ConsoleOptions,
): Console {
  const seconds = (): number => performance.now() / 1000;
  const { hear, done } = drawProgress({ quiet, verbose, stream: process.stderr, seconds });
  const keepWarning = (event: LoadEvent): void => {
    if (event.type === 'warning') onWarning(event.message);
  };
  const all = observerOf([interruption.hear, keepWarning, hear], interruption.signal);
  const emit = (event: LoadEvent): void => all.emit(safely(event, safe));
  return {
    isVerbose: verbose,
    observer: { emit, signal: all.signal },
    note: (message) => emit({ type: 'note', message }),
    warn: (message) => emit({ type: 'warning', message }),
    done,
  };
}

/** The event without a secret in what it says; the many that say how far the work has come have none. */
function safely(event: LoadEvent, safe: (text: string) => string): LoadEvent {
  if (event.type === 'progressed' || event.type === 'fileRead') return event;
  const texts = Object.entries(event).filter(([, value]) => typeof value === 'string');
  return { ...event, ...Object.fromEntries(texts.map(([name, text]) => [name, safe(String(text))])) };
}
