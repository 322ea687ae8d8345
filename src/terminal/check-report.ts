import pc from 'picocolors';
import type { MatchSummary } from '../pipeline/build/match.ts';
import type { CheckResult } from '../pipeline/check/check.ts';
import type { SqlRow } from '../warehouses/statement.ts';
import { plural } from './format.ts';
import { drawMatch } from './load-summary.ts';
import { printable } from './printable.ts';

/** What the checks of a warehouse found, and what else it shows. */
export interface CheckReport {
  readonly status: 'passed' | 'failed';
  readonly warehouse: string;
  readonly checks: readonly CheckResult[];
  readonly match: MatchSummary;
  readonly latestEvent: string | null;
  readonly drift: readonly SqlRow[];
  readonly extraColumns: readonly string[];
}

/** One line a check, with rows that break it, and the sum of all. */
export function drawChecks({ checks, match, latestEvent, drift, extraColumns }: CheckReport): string {
  const failed = checks.filter(({ status }) => status === 'failed').length;
  return [
    ...checks.map(drawCheck),
    '',
    `match   ${drawMatch(match)}`,
    `fresh   ${latestEvent === null ? 'no events yet' : `the latest event is from ${latestEvent}`}`,
    ...drawDrift(drift),
    ...extraColumns.map((column) => `column  ${printable(column)} is not sparkify's; it is not changed`),
    '',
    failed === 0
      ? pc.green(`All ${checks.length} checks passed.`)
      : pc.red(`${failed} of ${checks.length} checks failed.`),
  ].join('\n');
}

function drawCheck({ claim, status, failures, sample }: CheckResult): string {
  if (status === 'passed') return `${pc.green('passed')}  ${claim}`;
  const rows = sample.map((row) => `        ${printable(JSON.stringify(row))}`);
  return [
    `${pc.red('failed')}  ${claim}: ${plural(failures, 'row')} ${failures === 1 ? 'breaks' : 'break'} this rule`,
    ...rows,
  ].join('\n');
}

const DRIFT_SHOWN = 20;

/** Keys that are not as declared, over all that is loaded. */
function drawDrift(drift: readonly SqlRow[]): string[] {
  const lines = drift.slice(0, DRIFT_SHOWN).map(({ change, key, records }) => {
    return `drift   ${change} key ${printable(String(key))} in ${plural(Number(records), 'record')}`;
  });
  const left = drift.length - lines.length;
  return left > 0 ? [...lines, `drift   and ${left} more keys; see ops.drift`] : lines;
}
