import { UsageError } from '../errors.ts';
import { plural } from '../terminal/format.ts';
import { type Command, warehouseFlag } from './command.ts';
import { withWriter } from './warehouse-of.ts';

export const command: Command = {
  define(createTables) {
    createTables
      .option('--drop', 'drop the tables and all that they hold first')
      .option('--yes', 'do not ask before dropping')
      .option('--wait-seconds <seconds>', 'how long to wait for another writer (default: 0)');
    warehouseFlag(createTables);
  },
  async run(context, flags) {
    const config = await context.config(flags);
    const { dropTables, ensureTables, hasTables } = await import('../pipeline/setup.ts');
    const { allTables } = await import('../models/book.ts');
    return withWriter(
      context,
      config,
      { command: 'create-tables', defaultWaitSeconds: 0 },
      async (warehouse) => {
        let dropped = false;
        if (flags.drop === true && (await hasTables(warehouse))) {
          const [held] = await warehouse.rows('select count(*) as plays from songplays');
          const question = `Drop all tables of ${warehouse.name} (${plural(Number(held?.plays), 'songplay')})?`;
          if (flags.yes !== true && !(await context.confirm(question))) {
            throw new UsageError('Nothing was dropped.', { hint: 'Say yes, or give --yes.' });
          }
          await dropTables(warehouse);
          dropped = true;
        }
        const created = await ensureTables(warehouse);
        await warehouse.publish();
        const tables = allTables.length;
        const text = created
          ? `${dropped ? 'Dropped and created' : 'Created'} ${tables} tables in ${warehouse.name}.`
          : `All ${tables} tables stand in ${warehouse.name} already.`;
        return {
          json: { status: created ? 'created' : 'unchanged', dropped, warehouse: warehouse.name, tables },
          text,
        };
      },
    );
  },
};
