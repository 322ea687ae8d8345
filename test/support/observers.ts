import type { LoadEvent } from '../../src/telemetry/events.ts';
import { type Observer, observerOf } from '../../src/telemetry/observer.ts';

/** An observer that keeps the notes that it is told, and lets steps be heard by their names. */
export function noting(onStep: (step: string) => void = () => {}): { observer: Observer; notes: string[] } {
  const notes: string[] = [];
  const hear = (event: LoadEvent): void => {
    if (event.type === 'note') notes.push(event.message);
    if (event.type === 'stepStarted') onStep(event.step);
  };
  return { observer: observerOf([hear]), notes };
}
