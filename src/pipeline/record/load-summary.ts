import type { Balance } from '../balance.ts';
import type { MatchSummary } from '../build/match.ts';
import type { TableChange } from '../build/reconcile.ts';
import type { CheckResult } from '../check/check.ts';

export interface DriftSummary {
  readonly kind: 'log' | 'song';
  readonly change: 'new' | 'missing' | 'other case';
  readonly key: string;
  readonly records: number;
  readonly files: number;
}

/** What `etl --json` prints; the fields' meaning is in docs/load.md. */
export interface LoadSummary {
  readonly status: 'committed' | 'unchanged';
  readonly warehouse: string;
  readonly runId: string | null;
  readonly fullRefresh: boolean;
  /** The plays were matched on something else than before. */
  readonly rematched: boolean;
  /** The layout that the warehouse had before this command, and the one that it has now; null where they are the same. */
  readonly upgraded: { readonly from: number; readonly to: number } | null;
  /** Derived tables that were missing or damaged, and were made again from staging before the load. */
  readonly remade: readonly string[];
  readonly files: {
    readonly new: number;
    readonly changed: number;
    readonly unchanged: number;
    readonly duplicate: number;
    /** Under a new name, with the content of a name that is gone or has another one now. */
    readonly moved: number;
    readonly vanished: number;
    readonly skipped: number;
    /** Files and folders that could not be read: skipped, and tried again by the next load. */
    readonly unreadable: number;
    /** Names, up to a limit, of the files that deserve a look. */
    readonly named: {
      readonly changed: string[];
      readonly duplicate: { path: string; of: string }[];
      readonly vanished: string[];
      readonly skipped: string[];
      readonly unreadable: { path: string; reason: string }[];
    };
  };
  readonly bytes: number;
  readonly events: Balance;
  readonly songs: Balance;
  readonly rejects: readonly {
    readonly rule: string;
    readonly field: string | null;
    readonly records: number;
    readonly example: string;
  }[];
  readonly tables: Readonly<Record<'songplays' | 'users' | 'songs' | 'artists' | 'time', TableChange>>;
  readonly duplicates: { readonly events: number; readonly songs: number };
  readonly conflicts: { readonly events: number; readonly songs: number };
  readonly match: MatchSummary;
  readonly drift: readonly DriftSummary[];
  readonly checks: {
    readonly passed: number;
    readonly failed: number;
    readonly failures: readonly CheckResult[];
  };
  /** The span of event times in the warehouse, UTC. */
  readonly eventsFrom: string | null;
  readonly eventsTo: string | null;
  readonly durationSeconds: number;
  readonly eventsPerSecond: number | null;
  /** Seconds by phase. */
  readonly phases: Readonly<Record<string, number>>;
}
