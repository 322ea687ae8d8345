import { SparkifyError } from '../errors.ts';
import type { ReadOnlyWarehouse } from './warehouse.ts';

/** One thing that was looked at before a load. */
export interface Diagnosis {
  readonly what: string;
  readonly status: 'good' | 'note' | 'bad';
  readonly detail: string;
  /** What to do about it: in words, or the words of a command, which a shell may want quoted. */
  readonly fix: string | readonly string[] | null;
}

/** What a look at a warehouse needs beside its address. */
export interface ExamineOptions {
  readonly nowMs: () => number;
  /** Where a load would read; an engine that reads files by itself is asked to. */
  readonly reads: { readonly logs: readonly string[]; readonly songs: readonly string[] };
  /** Whether the group is to read the files of a warehouse on this machine. */
  readonly isForGroup: boolean;
  /** Works on what was last published, if all its tables stand. */
  readPublished<T>(work: (warehouse: ReadOnlyWarehouse) => Promise<T>): Promise<T>;
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
