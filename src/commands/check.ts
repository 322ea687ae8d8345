import pc from 'picocolors';
import { UsageError } from '../errors.ts';
import type { MatchOn } from '../pipeline/match-on.ts';
import { plural } from '../terminal/format.ts';
import { drawMatch } from '../terminal/load-report.ts';
import { printable } from '../terminal/printable.ts';
import type { SqlRow } from '../warehouses/warehouse.ts';
import { type Command, type Context, type Flags, type Result, warehouseFlag } from './shared/command.ts';
import { readText } from './shared/sources.ts';
import { withPublished } from './shared/warehouse.ts';

export const command: Command = {
  define(check) {
    check
      .option('--max-age-hours <hours>', 'fail if the latest event is older')
      .option('--min-match-rate <percent>', 'fail if a smaller share of the plays found their song')
      .option('--against <manifest>', 'compare the warehouse with the answer key of simulated data');
    warehouseFlag(check);
    check.addHelpText('after', '\nExit codes: 0 all passed, 3 a check failed.');
  },
  async run(context, flags) {
    if (typeof flags.against === 'string') return against(context, flags, flags.against);
    const { allChecks, driftChecks, limitChecks, runChecks } = await import('../pipeline/check/check.ts');
    const { lastDrift } = await import('../pipeline/record/totals.ts');
    const { matchReport } = await import('../pipeline/build/match.ts');
    const { assertMayRead } = await import('../pipeline/setup/rights.ts');
    const { allTables } = await import('../models/book.ts');
    return withPublished(
      context,
      flags,
      async (warehouse) => {
        const limits = limitChecks({
          maxAgeHours: limitOf(flags.maxAgeHours, '--max-age-hours'),
          minMatchPercent: limitOf(flags.minMatchRate, '--min-match-rate'),
          nowMs: context.nowMs(),
        });
        await assertMayRead(warehouse, 'check reads every table', allTables);
        const [state] = await warehouse.rows('select match_on from ops.warehouse');
        const checks = [
          ...allChecks(state?.match_on as MatchOn, warehouse.dialect),
          ...driftChecks(await lastDrift(warehouse)),
          ...limits,
        ];
        context.voice.step('checks', checks.length, 'checks');
        const results = await runChecks(checks, warehouse, () => context.voice.advance(1));
        const match = await matchReport(warehouse);
        const { readFreshness } = await import('../pipeline/status.ts');
        const { latestEvent, drift } = await readFreshness(warehouse);
        const { extraColumns } = await import('../pipeline/setup/found-tables.ts');
        const extra = await extraColumns(warehouse);
        const failed = results.filter((result) => result.status === 'failed');
        const lines = results.map(({ claim, status, failures, sample }) => {
          if (status === 'passed') return `${pc.green('passed')}  ${claim}`;
          const rows = sample.map((row) => `        ${printable(JSON.stringify(row))}`);
          return [`${pc.red('failed')}  ${claim}: ${plural(failures, 'row')} to the contrary`, ...rows].join(
            '\n',
          );
        });
        const sum =
          failed.length === 0
            ? pc.green(`All ${results.length} checks passed.`)
            : pc.red(`${failed.length} of ${results.length} checks failed.`);
        return {
          json: {
            status: failed.length === 0 ? 'passed' : 'failed',
            warehouse: warehouse.name,
            checks: results,
            match,
            latestEvent,
            drift,
            extraColumns: extra,
          },
          text: [
            ...lines,
            '',
            `match   ${drawMatch(match)}`,
            `fresh   the latest event is of ${latestEvent ?? 'no time yet'}`,
            ...drawDrift(drift),
            ...extra.map((column) => `column  ${printable(column)} is not sparkify's; it is left alone`),
            '',
            sum,
          ].join('\n'),
          exitCode: failed.length === 0 ? 0 : 3,
        };
      },
      { asksWhole: true },
    );
  },
};

/** Compares the warehouse with the answer key of a simulated data set. */
async function against(context: Context, flags: Flags, file: string): Promise<Result> {
  if (flags.maxAgeHours !== undefined || flags.minMatchRate !== undefined) {
    throw new UsageError('--against compares with the answer key alone; run the other checks without it.');
  }
  const { ANSWER_KEY_FILE, ANSWER_KEY_FORMAT, parseAnswerKey } = await import('../answer-key/answer-key.ts');
  const { compareWith } = await import('../answer-key/compare.ts');
  const { drawComparison } = await import('../terminal/comparison.ts');
  const { assertMayRead } = await import('../pipeline/setup/rights.ts');
  const { allTables } = await import('../models/book.ts');
  const key = parseAnswerKey(await readText(context, flags, 'the answer key', file));
  if (key === null) {
    throw new UsageError(`${file} is no answer key (it says nothing of "${ANSWER_KEY_FORMAT}").`, {
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

const DRIFT_SHOWN = 20;

/** Keys that are not as declared, over all that is loaded. */
function drawDrift(drift: readonly SqlRow[]): string[] {
  const lines = drift.slice(0, DRIFT_SHOWN).map(({ change, key, records }) => {
    return `drift   ${change} key ${printable(String(key))} in ${plural(Number(records), 'record')}`;
  });
  const left = drift.length - lines.length;
  return left > 0 ? [...lines, `drift   and ${left} more keys; see ops.drift`] : lines;
}

function limitOf(value: string | boolean | undefined, flag: string): number | null {
  if (value === undefined) return null;
  const limit = Number(String(value).replace('%', ''));
  if (Number.isFinite(limit) && limit >= 0) return limit;
  throw new UsageError(`${flag} takes a number, not "${value}".`);
}
