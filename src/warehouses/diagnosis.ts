import { SparkifyError } from '../errors.ts';

/** One thing that was looked at before a load. */
export interface Diagnosis {
  readonly what: string;
  readonly status: 'good' | 'note' | 'bad';
  readonly detail: string;
  /** What to do about it. */
  readonly fix: string | null;
}

/** What is as it should be. */
export function good(what: string, detail: string): Diagnosis {
  return { what, status: 'good', detail, fix: null };
}

/** What failed, and what its error says to do. */
export function badFrom(what: string, error: unknown): Diagnosis {
  const fix = error instanceof SparkifyError ? (error.hint ?? null) : null;
  return { what, status: 'bad', detail: (error as Error).message, fix };
}
