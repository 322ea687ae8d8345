import { NotEmptyError, UsageError, WarehouseError } from '../errors.ts';
import { qualifiedName, type Table } from '../schema/table.ts';
import type { Observer } from '../telemetry/observer.ts';
import { listColumns } from '../warehouses/sql.ts';
import type { ReadOnlyWarehouse } from '../warehouses/warehouse.ts';
import type { ExportTarget } from './target.ts';

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
  /** Whether files with the tables' names are replaced. */
  readonly isReplacing: boolean;
  /** What was in the place before. */
  readonly found: readonly string[];
  readonly observer: Observer;
  /** Hears of a table before the engine itself writes it. */
  readonly onUnload: (table: string) => void;
  readonly onExported: (exported: ExportedTable) => void;
}

/** Makes a place ready; a NotEmptyError where something lies already, unless it may be replaced. */
export async function prepareExport(
  tables: readonly Table[],
  place: ExportTarget,
  isReplacing: boolean,
): Promise<{ found: string[]; writes: string[] }> {
  const found = await place.names();
  if (found.length > 0 && !isReplacing) throw new NotEmptyError(place.name, found.sort());
  return { found: found.sort(), writes: tables.map((table) => place.passing(fileOf(qualifiedName(table)))) };
}

/** Writes tables of one load as Parquet to a place that is ready. */
export async function exportTables(
  warehouse: ReadOnlyWarehouse,
  tables: readonly Table[],
  place: ExportTarget,
  { isReplacing, found, observer, onUnload, onExported }: ExportOptions,
): Promise<void> {
  observer.emit({ type: 'stepStarted', step: 'export', total: tables.length, unit: 'tables' });
  const written = new Set<string>();
  for (const table of tables) {
    observer.signal.throwIfAborted();
    const name = qualifiedName(table);
    const sql = `select ${listColumns(table)} from ${name}`;
    let exported: ExportedTable;
    if (place.takesAtOnce && warehouse.unload !== undefined) {
      onUnload(name);
      const at = place.at(`${name}/`);
      const rows = await warehouse.unload(sql, at, isReplacing);
      const sizes = await place.sizes(name);
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      exported = { table: name, at, rows, files: sizes.length, bytes };
    } else exported = await writeFile(warehouse, name, sql, place);
    written.add(exported.at);
    onExported(exported);
    const { at: location, ...counts } = exported;
    observer.emit({ type: 'exported', location, ...counts });
    observer.emit({ type: 'progressed', amount: 1 });
  }
  const left = found.filter((name) => !written.has(place.at(name)) && !written.has(`${place.at(name)}/`));
  if (left.length > 0)
    observer.emit({ type: 'note', message: `Left as it was in ${place.name}: ${left.join(', ')}` });
  observer.signal.throwIfAborted();
  observer.emit({ type: 'committing' });
  await place.finish();
}

async function writeFile(
  warehouse: ReadOnlyWarehouse,
  table: string,
  sql: string,
  place: ExportTarget,
): Promise<ExportedTable> {
  const file = fileOf(table);
  const rows = await warehouse.writeParquet(sql, place.passing(file)).catch((cause) => {
    // Readers take an error in SQL for the user's, but this SQL is ours.
    if (!(cause instanceof UsageError)) throw cause;
    throw new WarehouseError(`Cannot export ${table}: ${cause.message}`, { cause });
  });
  return { table, at: place.at(file), rows, files: 1, bytes: await place.take(file) };
}

function fileOf(table: string): string {
  return `${table}.parquet`;
}
