import { CommittedError, InterruptedError, SparkifyError, UsageError } from '../errors.ts';
import type { Prepared } from '../pipeline/setup/setup.ts';
import { plural } from '../terminal/format.ts';
import { printable } from '../terminal/printable.ts';
import type { Warehouse } from '../warehouses/warehouse.ts';
import { type Command, type Context, EXIT_CODES, type Result, warehouseFlag } from './shared/command.ts';
import { withWriter } from './shared/warehouse.ts';

export const command: Command = {
  define(createTables) {
    createTables
      .option('--drop', 'first drop the tables and all their data')
      .option('--yes', 'do not ask before dropping')
      .option('--wait-seconds <seconds>', 'how long to wait for a running load (default: 0)');
    warehouseFlag(createTables);
    createTables.addHelpText('after', `\n${EXIT_CODES}`);
  },
  async run(context, flags) {
    const config = await context.config(flags);
    const lease = { command: 'create-tables', defaultWaitSeconds: 0 };
    return withWriter(context, config, lease, async (warehouse) => {
      const committed: string[] = [];
      try {
        const isDropping = flags.drop === true && (await mayDrop(warehouse, context, flags.yes === true));
        return await createTables(warehouse, context, isDropping, committed);
      } catch (error) {
        const done = committed.at(-1);
        if (done === undefined || error instanceof CommittedError) throw error;
        const why: unknown = context.signal.reason;
        if (why instanceof InterruptedError) throw new InterruptedError(why.signal, `${done}.`);
        throw afterCommit(done, error);
      }
    });
  },
};

/** Drops if it is to, and makes the tables ready; says in `committed` how far it has come. */
async function createTables(
  warehouse: Warehouse,
  context: Context,
  isDropping: boolean,
  committed: string[],
): Promise<Result> {
  const { dropTables, ensureTables } = await import('../pipeline/setup/setup.ts');
  const { publishCommitted, withFailure } = await import('../pipeline/check/guards.ts');
  const { allTables } = await import('../models/book.ts');
  if (isDropping) {
    await dropTables(warehouse);
    committed.push('the tables were dropped, and not created again');
  }
  const prepared = await ensureTables(warehouse, context.console.observer);
  const { upgraded, remade } = prepared;
  const { name } = warehouse;
  const { status, done, text } = describe(prepared, isDropping, allTables.length, name);
  const json = { status, dropped: isDropping, warehouse: name, tables: allTables.length, upgraded, remade };
  if (status !== 'unchanged') {
    committed.push(done);
    if (prepared.created) context.console.observer.emit({ type: 'committed', runId: null });
  }
  const sentence = `${done.charAt(0).toUpperCase()}${done.slice(1)}`;
  const { failure } = await withFailure(
    publishCommitted(warehouse, context.console.observer, () => json, sentence),
  );
  return { json, text, failure };
}

/** Whether to drop: false if there is nothing to drop; UsageError without a yes. */
async function mayDrop(warehouse: Warehouse, context: Context, isAgreed: boolean): Promise<boolean> {
  const { countDroppable } = await import('../pipeline/setup/setup.ts');
  const held = await countDroppable(warehouse);
  if (held === null) return false;
  const plays = held.plays === null ? 'no songplays' : plural(held.plays, 'songplay');
  const question = `Drop all tables of ${printable(warehouse.name)} (${plays})?`;
  if (!isAgreed && !(await context.confirm(question))) {
    throw new UsageError('Nothing was dropped.', { hint: 'Confirm with y, or pass --yes.' });
  }
  return true;
}

/** What failed after a part was committed: its exit code must not say that nothing was. */
function afterCommit(done: string, cause: unknown): CommittedError {
  const hint = cause instanceof SparkifyError ? cause.hint : undefined;
  const why = (cause as Error).message;
  return new CommittedError(`${done.charAt(0).toUpperCase()}${done.slice(1)}: ${why}`, {
    cause,
    hint: hint ?? 'Fix the cause, then run sparkify create-tables.',
  });
}

/** What became of the tables: for programs, for a message about what failed afterwards, and for people. */
function describe(
  { created, upgraded, remade }: Prepared,
  dropped: boolean,
  tables: number,
  name: string,
): { status: string; done: string; text: string } {
  if (created) {
    const done = dropped ? 'Dropped and created' : 'Created';
    return {
      status: 'created',
      done: 'the tables were created',
      text: `${done} ${tables} tables in ${printable(name)}.`,
    };
  }
  if (upgraded !== null) {
    const text = `Upgraded ${name} from layout ${upgraded.from} to ${upgraded.to}.`;
    return { status: 'upgraded', done: 'the tables were upgraded', text };
  }
  if (remade.length > 0) {
    const text = `Made ${remade.join(', ')} of ${name} again from staging.`;
    return { status: 'repaired', done: 'the tables were made again', text };
  }
  return {
    status: 'unchanged',
    done: 'the tables exist',
    text: `All ${tables} tables exist in ${printable(name)} already.`,
  };
}
