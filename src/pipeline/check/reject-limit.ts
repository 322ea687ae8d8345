import { LoadError } from '../../errors.ts';
import type { ChangeContext } from '../load-context.ts';
import type { RejectLimit } from '../load-options.ts';
import type { StagedFiles } from '../stage/staged-files.ts';

/** Throws LoadError where a load refused more records than its limit; it says which, and where the first one is. */
export async function assertFewRejects(
  staged: readonly StagedFiles[],
  limit: RejectLimit,
  { run, warehouse }: ChangeContext,
): Promise<void> {
  const rejected = staged.reduce((sum, { balance }) => sum + balance.rejected, 0);
  const records = staged.reduce((sum, { balance }) => sum + balance.lines - balance.blank, 0);
  const overShare = limit.share !== null && rejected > records * limit.share;
  const overCount = limit.count !== null && rejected > limit.count;
  const over = limit.share !== null && limit.count !== null ? overShare && overCount : overShare || overCount;
  if (!over) return;
  const rules = await warehouse.rows({
    name: 'reject limit: refused records by rule',
    sql: 'select rule, count(*) as records from ops.rejects where run_id = $1 group by rule order by records desc, rule',
    parameters: [run.id],
  });
  const [first] = await warehouse.rows({
    name: 'reject limit: the first refused record',
    sql: 'select path, line, reason from ops.rejects where run_id = $1 order by path, line limit 1',
    parameters: [run.id],
  });
  const byRule = rules.map(({ rule, records: count }) => `${rule} ${count}`).join(', ');
  throw new LoadError(
    `${rejected} of ${records} records were refused (${byRule}), more than ${describeLimit(limit)}; nothing was committed.`,
    {
      hint: `The first: ${first?.path}:${first?.line}: ${first?.reason}.\nFix the files, or load them into another warehouse to see all rejects: --max-rejects 100% --warehouse duckdb:scratch.duckdb`,
    },
  );
}

function describeLimit({ share, count }: RejectLimit): string {
  const percent = share === null ? '' : `${Number((share * 100).toPrecision(12))} %`;
  const parts = [percent, count === null ? '' : `${count}`].filter((part) => part !== '');
  return `the limit of ${parts.join(' and of ')}`;
}
