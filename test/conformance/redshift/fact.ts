import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import type { Trial } from './trial.ts';

/** What came of asking a cluster. */
export type Verdict = 'confirmed' | { readonly differs: string } | { readonly notRun: string };

/**
 * How far a fact is from being known: no page says it, and nobody told; it follows from pages, from PostgreSQL 8.0 or
 * from what others report; the guide says it.
 */
type Doubt = 'open' | 'inferred' | 'documented';

/** Something about Amazon Redshift that the adapter relies on. */
export interface Fact {
  readonly id: string;
  readonly claim: string;
  /** Of the Database Developer Guide, or `not documented`. */
  readonly page: string;
  readonly doubt: Doubt;
  /** What of ours goes wrong where it does not hold. */
  readonly reliedOnBy: string;
  check(cluster: Trial): Promise<Verdict>;
}

export const UNDOCUMENTED = 'not documented';

/** Why a fact cannot be asked of this cluster. */
export class NotRun extends Error {}

/** The verdict of comparing what was seen with what is relied on. */
export function same(seen: unknown, reliedOn: unknown): Verdict {
  if (isDeepStrictEqual(seen, reliedOn)) return 'confirmed';
  return { differs: `${shown(seen)}, not ${shown(reliedOn)}` };
}

/** `holds`, or what was seen instead. */
export function holds(isSo: boolean, seen: unknown): Verdict {
  return isSo ? 'confirmed' : { differs: shown(seen) };
}

/** The first of several verdicts that is no confirmation. */
export async function all(...verdicts: readonly (Verdict | Promise<Verdict>)[]): Promise<Verdict> {
  for (const verdict of verdicts) if ((await verdict) !== 'confirmed') return verdict;
  return 'confirmed';
}

const LONGEST_SHOWN = 600;

export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** A fact that one statement shows: its only row, as an object. */
export function row(sql: string, reliedOn: Record<string, unknown>): Fact['check'] {
  return async (cluster) => same(await cluster.rows(sql), [reliedOn]);
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly detail: string;
  /** The class of ours that it became, and what that says. */
  readonly as: string;
  readonly said: string;
}

/** What a statement was refused with; null if it was not. */
export async function refusal(work: Promise<unknown>): Promise<Refusal | null> {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof NotRun) throw error;
    const { cause, message } = error as Error;
    const { code, message: said, detail } = (cause ?? error) as pg.DatabaseError;
    return {
      code: code ?? '',
      message: said ?? message,
      detail: detail?.trim().replaceAll(/\s+/g, ' ') ?? '',
      as: (error as Error).constructor.name,
      said: message,
    };
  }
}

/** `CODE message (detail)` */
export function worded(found: Refusal | null): string {
  if (found === null) return 'not refused';
  const { code, message, detail, as } = found;
  return `${code} ${message}${detail === '' ? '' : ` (${detail})`}, taken as ${as}`;
}

/** Asks a cluster about a fact; whatever goes wrong is a verdict. */
export async function judge(fact: Fact, cluster: Trial): Promise<Verdict> {
  try {
    return await fact.check(cluster);
  } catch (error) {
    if (error instanceof NotRun) return { notRun: error.message };
    return { differs: `failed: ${worded(await refusal(Promise.reject(error)))}` };
  }
}
