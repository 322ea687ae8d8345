import type { LoadEvent } from './events.ts';
import type { Listener } from './observer.ts';

/** Seconds by phase. */
export type PhaseSeconds = Readonly<Record<string, number>>;

/** Measures the phases of a run from its events, each of which ends one; starts now. */
export function phaseTimer(nowMs: () => number): { readonly hear: Listener; readonly seconds: PhaseSeconds } {
  const seconds: Record<string, number> = {};
  let lastMs = nowMs();
  return {
    seconds,
    hear(event) {
      const phase = endedBy(event);
      if (phase === null) return;
      const now = nowMs();
      seconds[phase] = Math.round((seconds[phase] ?? 0) * 1000 + (now - lastMs)) / 1000;
      lastMs = now;
    },
  };
}

/** The phase that an event ends. */
function endedBy(event: LoadEvent): string | null {
  switch (event.type) {
    case 'planned':
      return 'plan';
    case 'copied':
      return `copy ${event.kind}s`;
    case 'staged':
      return `stage ${event.kind}s`;
    case 'deduplicated':
      return 'repeats';
    case 'built':
      return 'build';
    case 'checked':
      return 'check';
    case 'recorded':
      return 'report';
    case 'committed':
      return 'commit';
    case 'published':
      return 'publish';
    default:
      return null;
  }
}
