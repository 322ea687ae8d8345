import { CommittedError, LoadError, NeverPublishedError } from '../../errors.ts';
import type { Observer } from '../../telemetry/observer.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import type { Run } from '../load-context.ts';
import type { Brought } from '../stage/staged.ts';
import { type Check, type CheckResult, runChecks } from './check.ts';

/** A limit of refused records: a number of them, a share of the load's records, or both to be exceeded. */
export interface RejectLimit {
  readonly share: number | null;
  readonly count: number | null;
}

/** Without a limit of the user's: more than half refused, and more than a handful. */
export const USUAL_REJECT_LIMIT: RejectLimit = { share: 0.5, count: 100 };

/** Throws LoadError where a load refused more records than its limit; it says which, and where the first one is. */
export async function assertFewRejects(
  brought: readonly Brought[],
  limit: RejectLimit,
  run: Run,
  warehouse: Warehouse,
): Promise<void> {
  const rejected = brought.reduce((sum, { balance }) => sum + balance.rejected, 0);
  const records = brought.reduce((sum, { balance }) => sum + balance.lines - balance.blank, 0);
  const overShare = limit.share !== null && rejected > records * limit.share;
  const overCount = limit.count !== null && rejected > limit.count;
  const over = limit.share !== null && limit.count !== null ? overShare && overCount : overShare || overCount;
  if (!over) return;
  const rules = await warehouse.rows(
    `select rule, count(*) as records from ops.rejects where run_id = $1 group by rule order by records desc, rule`,
    [run.id],
  );
  const [first] = await warehouse.rows(
    'select path, line, reason from ops.rejects where run_id = $1 order by path, line limit 1',
    [run.id],
  );
  const byRule = rules.map(({ rule, records: count }) => `${rule} ${count}`).join(', ');
  throw new LoadError(
    `${rejected} of ${records} records were refused (${byRule}), more than ${describeLimit(limit)}; nothing was committed.`,
    {
      hint: `The first: ${first?.path}:${first?.line}: ${first?.reason}.\nMend the files, or load them elsewhere to see all: --max-rejects 100% --warehouse duckdb:scratch.duckdb`,
    },
  );
}

function describeLimit({ share, count }: RejectLimit): string {
  const percent = share === null ? '' : `${Number((share * 100).toPrecision(12))} %`;
  const parts = [percent, count === null ? '' : `${count}`].filter((part) => part !== '');
  return `the limit of ${parts.join(' and of ')}`;
}

/** Runs checks; throws LoadError where one fails that must hold before a commit. */
export async function assertChecks(
  checks: readonly Check[],
  warehouse: Warehouse,
  observer: Observer,
): Promise<CheckResult[]> {
  observer.step('checks', checks.length, 'checks');
  const results = await runChecks(checks, warehouse, () => observer.advance(1));
  const broken = results.find((result, at) => result.status === 'failed' && checks[at]?.blocks);
  if (broken) {
    const first = broken.sample[0] === undefined ? '' : ` First: ${JSON.stringify(broken.sample[0])}.`;
    throw new LoadError(
      `The check "${broken.name}" failed: it is not true that ${broken.claim} (${broken.failures} rows).${first}`,
      {
        hint: 'Nothing was committed. sparkify etl --full-refresh reads damaged contents again and builds the star again; if that fails too, please report it.',
      },
    );
  }
  return results;
}

/** Publishes what has committed; a failure here is a CommittedError with the report of what was done. */
export async function publishCommitted(
  warehouse: Pick<Warehouse, 'publish'>,
  reportOf: () => unknown,
  done = 'The load is committed',
): Promise<void> {
  try {
    await warehouse.publish();
  } catch (cause) {
    const why = (cause as Error).message;
    const seen =
      cause instanceof NeverPublishedError ? 'see nothing yet' : 'still see what was published before';
    throw new CommittedError(`${done}, but readers ${seen}: ${why}`, {
      cause,
      report: reportOf(),
      hint: 'Fix the cause, then run sparkify status: it publishes again.',
    });
  }
}

/** The report of work that committed, and what failed after the commit; rejects where nothing was committed. */
export async function withFailure<T>(
  work: Promise<T>,
): Promise<{ report: T; failure: CommittedError | null }> {
  try {
    return { report: await work, failure: null };
  } catch (error) {
    if (error instanceof CommittedError && error.report !== null)
      return { report: error.report as T, failure: error };
    throw error;
  }
}
