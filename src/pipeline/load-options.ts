import type { Source } from '../sources/source.ts';
import type { MatchOn } from './build/match.ts';
import type { RejectLimit } from './check/reject-limit.ts';

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
