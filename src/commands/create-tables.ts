import { CommittedError, InterruptedError, SparkifyError, UsageError } from '../errors.ts';
import { plural } from '../terminal/format.ts';
import type { Warehouse } from '../warehouses/warehouse.ts';
import { type Command, type Context, EXIT_CODES, type Result, warehouseFlag } from './command.ts';
import { withWriter } from './warehouse-of.ts';

export const command: Command = {
  define(createTables) {
    createTables
      .option('--drop', 'drop the tables and all that they hold first')
      .option('--yes', 'do not ask before dropping')
      .option('--wait-seconds <seconds>', 'how long to wait for another writer (default: 0)');
    warehouseFlag(createTables);
    createTables.addHelpText('after', `\n${EXIT_CODES}`);
  },
  async run(context, flags) {
    const config = await context.config(flags);
    const stopped: InterruptedError[] = [];
    context.onInterrupt((why) => stopped.push(why));
    const lease = { command: 'create-tables', defaultWaitSeconds: 0 };
    return withWriter(context, config, lease, async (warehouse) => {
      const committed: string[] = [];
      try {
        const isDropping = flags.drop === true && (await mayDrop(warehouse, context, flags.yes === true));
        return await createTables(warehouse, context, isDropping, committed);
      } catch (error) {
        const done = committed.at(-1);
        if (done === undefined || error instanceof CommittedError) throw error;
        const [why] = stopped;
        if (why !== undefined) throw new InterruptedError(why.signal, `${done}.`);
        throw afterCommit(done, error);
      }
    });
  },
};

/** Drops if it is to, and creates what is missing; says in `committed` how far it has come. */
async function createTables(
  warehouse: Warehouse,
  context: Context,
  isDropping: boolean,
  committed: string[],
): Promise<Result> {
  const { dropTables, ensureTables } = await import('../pipeline/setup.ts');
  const { publishCommitted, withFailure } = await import('../pipeline/guards.ts');
  const { allTables } = await import('../models/book.ts');
  if (isDropping) {
    await dropTables(warehouse);
    committed.push('the tables were dropped, and not created again');
  }
  const created = await ensureTables(warehouse);
  if (created) committed.push('the tables were created');
  const tables = allTables.length;
  const { name } = warehouse;
  const status = created ? 'created' : 'unchanged';
  const json = { status, dropped: isDropping, warehouse: name, tables };
  const text = created
    ? `${isDropping ? 'Dropped and created' : 'Created'} ${tables} tables in ${name}.`
    : `All ${tables} tables stand in ${name} already.`;
  if (created) context.voice.committing();
  const { failure } = await withFailure(
    publishCommitted(warehouse, () => json, created ? 'The tables were created' : 'The tables stand'),
  );
  return { json, text, failure };
}

/** Whether to drop: false if there is nothing to drop; UsageError without a yes. */
async function mayDrop(warehouse: Warehouse, context: Context, isAgreed: boolean): Promise<boolean> {
  const { hasTables } = await import('../pipeline/setup.ts');
  if (!(await hasTables(warehouse))) return false;
  const [held] = await warehouse.rows('select count(*) as plays from songplays');
  const question = `Drop all tables of ${warehouse.name} (${plural(Number(held?.plays), 'songplay')})?`;
  if (!isAgreed && !(await context.confirm(question))) {
    throw new UsageError('Nothing was dropped.', { hint: 'Say yes, or give --yes.' });
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
