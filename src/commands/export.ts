import { InterruptedError, UsageError } from '../errors.ts';
import type { ExportedTable } from '../exports/export.ts';
import type { ExportTarget } from '../exports/target.ts';
import type { Table } from '../schema/table.ts';
import { drawTable, formatBytes, formatCount, plural } from '../terminal/format.ts';
import { printable } from '../terminal/printable.ts';
import type { ReadOnlyWarehouse } from '../warehouses/warehouse.ts';
import { type Command, type Result, warehouseFlag } from './shared/command.ts';
import { outputRules } from './shared/output.ts';
import { s3OptionsOf } from './shared/sources.ts';
import { withPublished } from './shared/warehouse.ts';

export const command: Command = {
  define(program) {
    program
      .argument(
        '[table...]',
        'the tables (default: those of the star); staging.… and ops.… by their full names',
      )
      .option('--parquet <place>', 'an empty or a new folder, or s3://bucket/prefix')
      .option(
        '--overwrite',
        'overwrite <table>.parquet (or the folder <table>/) there, and keep all other files',
      );
    warehouseFlag(program);
    program.addHelpText(
      'after',
      `
All tables are of the same load. Each table is one file. From Redshift to S3, it is a folder of files:
the cluster writes them by itself (UNLOAD), and no row passes through this machine.

Examples:
  sparkify export --parquet exported
  sparkify export --parquet s3://bucket/star songplays users`,
    );
  },
  async run(context, flags, args) {
    if (typeof flags.parquet !== 'string') {
      throw new UsageError('export needs a place to write to.', {
        hint: 'sparkify export --parquet FOLDER, or --parquet s3://bucket/prefix',
      });
    }
    const tables = await tablesOf(args);
    const { exportTarget } = await import('../exports/target.ts');
    const { exportTables, prepareExport } = await import('../exports/export.ts');
    const config = await context.config(flags);
    const rules = await outputRules(context, flags);
    const place = exportTarget(flags.parquet, { ...s3OptionsOf(config), signal: context.signal }, rules);
    // What was begun in S3 is given up there.
    if (place.takesAtOnce) context.stopsByItself();
    const exported: ExportedTable[] = [];
    const unloading: string[] = [];
    try {
      const isReplacing = flags.overwrite === true;
      const { found, writes } = await prepareExport(tables, place, isReplacing);
      const work = async (warehouse: ReadOnlyWarehouse): Promise<Result> => {
        await exportTables(warehouse, tables, place, {
          isReplacing,
          found,
          observer: context.console.observer,
          onUnload: (table) => unloading.push(table),
          onExported: (table) => exported.push(table),
        });
        return {
          json: { status: 'exported', warehouse: warehouse.name, place: place.name, tables: exported },
          text: draw(exported, place.name),
        };
      };
      return await withPublished(context, flags, work, { writes });
    } catch (error) {
      const left = place.takesAtOnce ? await leftBehind(place, exported, unloading) : null;
      const why: unknown = context.signal.reason;
      if (why instanceof InterruptedError)
        throw new InterruptedError(why.signal, left ?? 'nothing was exported.');
      if (left !== null) context.console.warn(left);
      throw error;
    } finally {
      await place.close();
    }
  },
};

/** The tables that are named, in the order of the book; those of the star if none is. */
async function tablesOf(names: readonly string[]): Promise<readonly Table[]> {
  const { allTables, starTables } = await import('../models/book.ts');
  const { qualifiedName } = await import('../schema/table.ts');
  if (names.length === 0) return starTables;
  const known = allTables.map(qualifiedName);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return allTables.filter((table) => names.includes(qualifiedName(table)));
  throw new UsageError(`There is no table "${unknown}".`, { hint: `One of ${known.join(', ')}.` });
}

function draw(tables: readonly ExportedTable[], place: string): string {
  const drawn = drawTable(
    ['table', 'rows', 'files', 'bytes'],
    tables.map(({ table, rows, files, bytes }) => [
      table,
      formatCount(rows),
      formatCount(files),
      formatBytes(bytes),
    ]),
    [false, true, true, true],
  );
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  return `${drawn}\n\nWrote ${plural(rows, 'row')} of ${plural(tables.length, 'table')} to ${printable(place)}.`;
}

/** What an export that ended early left in S3, where objects stay once they are there; null if nothing. */
async function leftBehind(
  place: ExportTarget,
  exported: readonly ExportedTable[],
  unloading: readonly string[],
): Promise<string | null> {
  const whole = exported.map(({ table }) => table);
  const last = unloading.find((table) => !whole.includes(table));
  const files = last === undefined ? [] : await place.sizes(last).catch(() => []);
  const left = [
    ...(whole.length === 0 ? [] : [`${whole.join(', ')} stayed in ${place.name}, complete`]),
    ...(files.length === 0 ? [] : [`of ${last} some files are there`]),
  ];
  return left.length === 0 ? null : `${left.join('; ')}.`;
}
