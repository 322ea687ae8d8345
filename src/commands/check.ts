import { UsageError } from '../errors.ts';
import type { MatchOn } from '../pipeline/match-on.ts';
import { type CheckReport, drawChecks } from '../terminal/check-report.ts';
import type { ReadOnlyWarehouse } from '../warehouses/warehouse.ts';
import { type Command, type Context, type Flags, type Result, warehouseFlag } from './shared/command.ts';
import { readText } from './shared/sources.ts';
import { withPublished } from './shared/warehouse.ts';

export const command: Command = {
  define(check) {
    check
      .option('--max-age-hours <hours>', 'fail if the latest event is older')
      .option('--min-match-rate <percent>', 'fail if less than this share of the plays found their song')
      .option('--against <manifest>', 'compare the warehouse with the answer key of simulated data');
    warehouseFlag(check);
    check.addHelpText('after', '\nExit codes: 0 all passed, 3 a check failed.');
  },
  async run(context, flags) {
    if (typeof flags.against === 'string') return against(context, flags, flags.against);
    return withPublished(
      context,
      flags,
      async (warehouse) => {
        const report = await checkAll(context, flags, warehouse);
        return {
          json: report,
          text: drawChecks(report),
          exitCode: report.status === 'passed' ? 0 : 3,
        };
      },
      { asksWhole: true },
    );
  },
};

async function checkAll(context: Context, flags: Flags, warehouse: ReadOnlyWarehouse): Promise<CheckReport> {
  const { allChecks, driftChecks, limitChecks, runChecks } = await import('../pipeline/check/check.ts');
  const { lastDrift } = await import('../pipeline/record/totals.ts');
  const { matchSummary } = await import('../pipeline/build/match.ts');
  const { assertMayRead } = await import('../pipeline/setup/rights.ts');
  const { allTables } = await import('../models/book.ts');
  const { readFreshness } = await import('../pipeline/status.ts');
  const { extraColumns } = await import('../pipeline/setup/found-tables.ts');
  const limits = limitChecks({
    maxAgeHours: limitOf(flags.maxAgeHours, '--max-age-hours'),
    minMatchPercent: limitOf(flags.minMatchRate, '--min-match-rate'),
    nowMs: context.nowMs(),
  });
  await assertMayRead(warehouse, 'check reads every table', allTables);
  const [state] = await warehouse.rows({
    name: 'check: what plays are matched on',
    sql: 'select match_on from ops.warehouse',
  });
  const checks = [
    ...allChecks(state?.match_on as MatchOn, warehouse.dialect),
    ...driftChecks(await lastDrift(warehouse)),
    ...limits,
  ];
  const { emit } = context.console.observer;
  emit({ type: 'stepStarted', step: 'checks', total: checks.length, unit: 'checks' });
  const results = await runChecks(checks, warehouse, () => emit({ type: 'progressed', amount: 1 }));
  const match = await matchSummary(warehouse);
  return {
    status: results.some(({ status }) => status === 'failed') ? 'failed' : 'passed',
    warehouse: warehouse.name,
    checks: results,
    match,
    ...(await readFreshness(warehouse)),
    extraColumns: await extraColumns(warehouse),
  };
}

/** Compares the warehouse with the answer key of a simulated data set. */
async function against(context: Context, flags: Flags, file: string): Promise<Result> {
  if (flags.maxAgeHours !== undefined || flags.minMatchRate !== undefined) {
    throw new UsageError('--against compares with the answer key only; run the other checks without it.');
  }
  const { ANSWER_KEY_FILE, ANSWER_KEY_FORMAT, parseAnswerKey } = await import('../answer-key/answer-key.ts');
  const { compareWith } = await import('../answer-key/compare.ts');
  const { drawComparison } = await import('../terminal/comparison.ts');
  const { assertMayRead } = await import('../pipeline/setup/rights.ts');
  const { allTables } = await import('../models/book.ts');
  const key = parseAnswerKey(await readText(context, flags, 'the answer key', file));
  if (key === null) {
    throw new UsageError(`${file} is not an answer key (it says nothing of "${ANSWER_KEY_FORMAT}").`, {
      hint: `sparkify simulate --out FOLDER writes FOLDER/${ANSWER_KEY_FILE}.`,
    });
  }
  return withPublished(
    context,
    flags,
    async (warehouse) => {
      await assertMayRead(warehouse, 'check reads every table', allTables);
      const comparison = await compareWith(key, warehouse);
      const agrees = comparison.differences.length === 0;
      return {
        json: {
          status: agrees ? 'agrees' : 'differs',
          warehouse: warehouse.name,
          answerKey: file,
          ...comparison,
        },
        text: drawComparison(comparison, key, file),
        exitCode: agrees ? 0 : 3,
      };
    },
    { asksWhole: true },
  );
}

function limitOf(value: string | boolean | undefined, flag: string): number | null {
  if (value === undefined) return null;
  const limit = Number(String(value).replace('%', ''));
  if (Number.isFinite(limit) && limit >= 0) return limit;
  throw new UsageError(`${flag} takes a number, not "${value}".`);
}
