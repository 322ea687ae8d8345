import { channel } from 'node:diagnostics_channel';

/** A value in a result: integers as safe numbers, times as Date in UTC. */
export type SqlValue = string | number | boolean | Date | null;
export type SqlRow = Record<string, SqlValue>;

/** SQL that an engine is sent, and what is known of it. */
export interface Statement {
  /** What it is for, in the words of a log: `deduplicate: contested keys`. The same for all values, files and runs. */
  readonly name: string;
  readonly sql: string;
  readonly parameters?: readonly SqlValue[];
  /**
   * What a dry run, which sends nothing, takes for its answer: rows, or how many were changed. `ask`: it reads what
   * stands, so it is asked for real. Without it, what is asked outside a transaction is asked for real, and within one
   * finds nothing.
   */
  readonly whenDryRun?: 'ask' | readonly SqlRow[] | number;
  /** The temporary table that it makes or drops. */
  readonly temporary?: { readonly makes: string } | { readonly drops: string };
}

/** Whoever subscribes to `diagnostics_channel` hears of each statement right before it is sent. */
const sent = channel('sparkify:statement');

/** Tells the listeners that a statement goes to an engine now. */
export function reportStatement(statement: Statement): void {
  if (sent.hasSubscribers) sent.publish(statement);
}
