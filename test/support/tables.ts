import { allTables } from '../../src/models/book.ts';
import { columnNames, qualifiedName } from '../../src/schema/table.ts';
import { columnName } from '../../src/warehouses/sql.ts';
import type { SqlRow } from '../../src/warehouses/statement.ts';
import type { Warehouse } from '../../src/warehouses/warehouse.ts';
import { rowsOf } from './ad-hoc.ts';

/** What differs from run to run, whatever the data; a fingerprint tells when a file was written. */
const ofTheRun = ['run_id', 'last_run_id', 'loaded_at', 'rejected_at', 'fingerprint'];

/** Every row of every table but ops.runs, in an order of its own; without what belongs to the run, not to the data. */
export async function readTables(warehouse: Pick<Warehouse, 'rows'>): Promise<Record<string, SqlRow[]>> {
  const tables: Record<string, SqlRow[]> = {};
  for (const table of allTables.filter(({ name }) => name !== 'runs')) {
    const kept = columnNames(table).filter((name) => !ofTheRun.includes(name));
    const columns = kept.map(columnName).join(', ');
    const rows = await rowsOf(warehouse, `select ${columns} from ${qualifiedName(table)}`);
    const keyed = rows.map((row): [string, SqlRow] => [JSON.stringify(row), row]);
    tables[qualifiedName(table)] = keyed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }
  return tables;
}
