import type { Source } from '../sources/source.ts';
import type { MatchOn } from './match-on.ts';

export interface LoadOptions {
  readonly command: string;
  readonly logs: Source | null;
  readonly songs: Source | null;
  readonly fullRefresh: boolean;
  /** Null keeps what the warehouse was matched on before. */
  readonly matchOn: MatchOn | null;
  readonly maxRejects: RejectLimit;
  readonly nowMs: () => number;
}

/** A limit of refused records: a number of them, a share of the load's records, or both to be exceeded. */
export interface RejectLimit {
  readonly share: number | null;
  readonly count: number | null;
}

/** Without a limit of the user's: more than half refused, and more than a handful. */
export const DEFAULT_REJECT_LIMIT: RejectLimit = { share: 0.5, count: 100 };
