/** Seconds by phase of a load. */
export interface PhaseClock {
  lap(phase: string): void;
  /** Seconds by phase, so far. */
  readonly phases: Record<string, number>;
}

/** Starts now. */
export function phaseClock(nowMs: () => number): PhaseClock {
  const phases: Record<string, number> = {};
  let last = nowMs();
  return {
    phases,
    lap(phase) {
      const now = nowMs();
      phases[phase] = Math.round((phases[phase] ?? 0) * 1000 + (now - last)) / 1000;
      last = now;
    },
  };
}
