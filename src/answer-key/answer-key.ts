import type { Rule } from '../reading/reject.ts';

export const ANSWER_KEY_FILE = 'manifest.json';
export const ANSWER_KEY_FORMAT = 'sparkify answer key 1';

/** A file of a data set, and what a load must make of it. */
export interface FileKey {
  /** Below the data set's folder, with `/`. */
  readonly path: string;
  readonly kind: 'log' | 'song';
  readonly bytes: number;
  readonly sha256: string;
  readonly lines: number;
  readonly staged: number;
  readonly rejected: number;
  /** Keys that records of the file lack, and how many records. */
  readonly missing?: Readonly<Record<string, number>>;
  /** Another path with the same content, which counts once. */
  readonly copyOf?: string;
}

/** What the songplays of one UTC day must come to. */
export interface DayKey {
  /** `2018-11-01`. */
  readonly date: string;
  plays: number;
  paid: number;
  matched: number;
  /** Distinct start times: the day's rows of `time`. */
  startTimes: number;
  /** The sum over plays of a number that follows from all columns of the row (see row-sums.ts). */
  rows: number;
}

const faultNames = [
  'duplicate-event',
  'duplicate-file',
  'redelivered-file',
  'late',
  'out-of-order',
  'truncated',
  'broken-json',
  'wrong-type',
  'other-case',
  'new-key',
  'double-encoded',
  'quoted-agent',
  'key-conflict',
] as const;
export type FaultName = (typeof faultNames)[number];

/** Something planted in a file, and what a load must find there. */
export interface Fault {
  readonly fault: FaultName;
  readonly path: string;
  /** From 1; null if it is the complete file. */
  readonly line: number | null;
  /** The reject that must be in ops.rejects for this line. */
  readonly reject?: { readonly rule: Rule; readonly field: string | null };
  /** The rows that must be in ops.drift for this file, one record each. */
  readonly drift?: readonly { readonly change: 'new' | 'missing' | 'other case'; readonly key: string }[];
  /** The event that must be in ops.repeated_events. */
  readonly repeat?: {
    readonly as: 'duplicate' | 'conflict';
    readonly sessionId: number;
    readonly item: number;
  };
  readonly detail?: string;
}

/** Everything that a warehouse must hold once a data set is loaded; `manifest.json` beside the data. */
export interface AnswerKey {
  readonly format: typeof ANSWER_KEY_FORMAT;
  /** 2 once files were delivered again. */
  readonly delivery: 1 | 2;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly events: { readonly lines: number; readonly staged: number; readonly rejected: number };
  readonly songs: { readonly lines: number; readonly staged: number; readonly rejected: number };
  readonly tables: Readonly<Record<'songplays' | 'users' | 'songs' | 'artists' | 'time', number>>;
  readonly usersByLevel: Readonly<Record<'free' | 'paid', number>>;
  /** Sums over the dimensions' rows, of all their columns (see row-sums.ts). */
  readonly rowSums: Readonly<Record<'users' | 'songs' | 'artists', number>>;
  readonly days: readonly DayKey[];
  readonly files: readonly FileKey[];
  readonly faults: readonly Fault[];
}

/** The answer key in a text; null if the text is not one. */
export function parseAnswerKey(text: string): AnswerKey | null {
  try {
    const value = JSON.parse(text) as Partial<AnswerKey> | null;
    const isKey =
      value?.format === ANSWER_KEY_FORMAT &&
      [value.days, value.files, value.faults].every(Array.isArray) &&
      [value.settings, value.tables, value.usersByLevel, value.rowSums, value.events, value.songs].every(
        (part) => typeof part === 'object' && part !== null,
      );
    return isKey ? (value as AnswerKey) : null;
  } catch {
    return null;
  }
}
