import { CommittedError, interruptionIn, LoadError, NeverPublishedError } from '../../errors.ts';
import type { Observer } from '../../telemetry/observer.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { type Check, type CheckResult, runChecks } from './check.ts';

/** Runs checks; throws LoadError where one fails that must hold before a commit. */
export async function assertChecks(
  checks: readonly Check[],
  warehouse: Warehouse,
  observer: Observer,
): Promise<CheckResult[]> {
  observer.signal.throwIfAborted();
  observer.emit({ type: 'stepStarted', step: 'checks', total: checks.length, unit: 'checks' });
  const results = await runChecks(checks, warehouse, () => observer.emit({ type: 'progressed', amount: 1 }));
  const failures = results.filter(({ status }) => status === 'failed').map(({ name }) => name);
  const passedChecks = results.length - failures.length;
  observer.emit({ type: 'checked', passedChecks, failedChecks: failures.length, failures });
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
  warehouse: Pick<Warehouse, 'name' | 'publish'>,
  observer: Observer,
  reportOf: () => unknown,
  done = 'The load is committed',
): Promise<void> {
  try {
    await warehouse.publish();
    observer.emit({ type: 'published', warehouse: warehouse.name });
  } catch (cause) {
    const why = (cause as Error).message;
    const seen =
      cause instanceof NeverPublishedError ? 'see nothing yet' : 'still see what was published before';
    throw new CommittedError(`${done}, but readers ${seen}: ${why}`, {
      cause,
      report: reportOf(),
      hint:
        interruptionIn(cause) !== null
          ? 'sparkify status publishes it.'
          : 'Fix the cause, then run sparkify status: it publishes again.',
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
