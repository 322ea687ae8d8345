import { NotEmptyError, UsageError, WarehouseError } from '../errors.ts';
import { qualifiedName, type Table } from '../schema/table.ts';
import { listColumns } from '../warehouses/sql.ts';
import type { ReadOnlyWarehouse } from '../warehouses/warehouse.ts';
import type { ExportPlace } from './export-place.ts';
import type { Observer } from './observer.ts';

/** One table as it was written. */
export interface ExportedTable {
  readonly table: string;
  /** The file, or the folder of files that end in .parquet. */
  readonly at: string;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
}

interface ExportOptions {
  /** Whether what bears the tables' names is replaced; else the place must be empty. */
  readonly isReplacing: boolean;
  readonly observer: Observer;
  /** Hears of each table before it is written, and once it is. */
  readonly onTable: (table: string, exported: ExportedTable | null) => void;
}

/** Writes tables of one load as Parquet; a NotEmptyError, before anything is written, where something lies already. */
export async function exportTables(
  warehouse: ReadOnlyWarehouse,
  tables: readonly Table[],
  place: ExportPlace,
  { isReplacing, observer, onTable }: ExportOptions,
): Promise<void> {
  const found = await place.names();
  if (found.length > 0 && !isReplacing) throw new NotEmptyError(place.name, found.sort());
  observer.step('export', tables.length, 'tables');
  const written = new Set<string>();
  for (const table of tables) {
    const name = qualifiedName(table);
    onTable(name, null);
    const sql = `select ${listColumns(table)} from ${name}`;
    const exported = place.takesAtOnce
      ? await unloadOrSend(warehouse, name, sql, place, isReplacing)
      : await writeFile(warehouse, name, sql, place);
    written.add(exported.at);
    onTable(name, exported);
    observer.advance(1);
  }
  const left = found.filter((name) => !written.has(place.at(name)) && !written.has(`${place.at(name)}/`));
  if (left.length > 0) observer.note(`Left as it was in ${place.name}: ${left.sort().join(', ')}`);
  observer.committing();
  await place.finish();
}

/** By the engine where it can write there by itself. */
async function unloadOrSend(
  warehouse: ReadOnlyWarehouse,
  table: string,
  sql: string,
  place: ExportPlace,
  isReplacing: boolean,
): Promise<ExportedTable> {
  if (warehouse.unload === undefined) return writeFile(warehouse, table, sql, place);
  const at = place.at(`${table}/`);
  const rows = await warehouse.unload(sql, at, isReplacing);
  const sizes = await place.sizes(table);
  return { table, at, rows, files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

async function writeFile(
  warehouse: ReadOnlyWarehouse,
  table: string,
  sql: string,
  place: ExportPlace,
): Promise<ExportedTable> {
  const file = `${table}.parquet`;
  const rows = await warehouse.writeParquet(sql, place.passing(file)).catch((cause) => {
    // Readers take an error in SQL for the user's, but this SQL is ours.
    if (!(cause instanceof UsageError)) throw cause;
    throw new WarehouseError(`Cannot export ${table}: ${cause.message}`, { cause });
  });
  return { table, at: place.at(file), rows, files: 1, bytes: await place.take(file) };
}
