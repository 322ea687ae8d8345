import type { BackendResult } from '../copy/copy-session.ts';
import type { TableName } from '../grammar/reading.ts';

/** What a statement may do to the session that runs it. */
export interface Work {
  /** PostgreSQL's own SQL on the session's connection, within its transaction. */
  query(sql: string): Promise<BackendResult>;
  notice(text: string): void;
  /** Changes a setting that the double itself keeps. */
  remember(setting: string, value: string): void;
}

/** How a statement is carried out. */
export interface Plan {
  readonly kind: 'rows' | 'count' | 'run' | 'copy' | 'unload' | 'begin' | 'commit' | 'rollback' | 'set';
  /** What is sent on, for rows and counts; null where `run` does the work. */
  readonly sql: string | null;
  readonly run: ((work: Work) => Promise<void>) | null;
  /** The command tag that Redshift answers; null where PostgreSQL's own stands. */
  readonly tag: string | null;
  readonly reads: readonly TableName[];
  readonly writes: readonly TableName[];
  /** Tables that must be tables, not views. */
  readonly realTables: readonly TableName[];
  readonly block: 'anywhere' | 'inside' | 'outside' | 'ends';
}

const nothing: Omit<Plan, 'kind'> = {
  sql: null,
  run: null,
  tag: null,
  reads: [],
  writes: [],
  realTables: [],
  block: 'anywhere',
};

/** A plan of that kind, with what differs from doing nothing. */
export const plan = (kind: Plan['kind'], more: Partial<Omit<Plan, 'kind'>> = {}): Plan => ({
  ...nothing,
  ...more,
  kind,
});

/** A statement that the double runs itself, in one transaction. */
export const runs = (tag: string, run: (work: Work) => Promise<void>, more: Partial<Plan> = {}): Plan =>
  plan('run', { ...more, tag, run });
