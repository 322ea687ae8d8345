import { allTables } from '../models/book.ts';
import { readSql } from '../models/sql-file.ts';
import { qualifiedName } from '../schema/table.ts';
import type { SqlRow, Statement } from '../warehouses/statement.ts';
import type { ReadOnlyWarehouse, TableStorage, Unreadable, Warehouse } from '../warehouses/warehouse.ts';

export interface Status {
  readonly warehouse: string;
  readonly tables: readonly { readonly name: string; readonly rows: number | null }[];
  readonly runs: readonly SqlRow[] | null;
  /** ISO 8601, UTC. */
  readonly latestEvent: string | null;
  readonly files: number | null;
  readonly rejects: number | null;
  readonly duplicates: number | null;
  readonly conflicts: number | null;
  /** What this role may not read, of which all above is null; null where it may read everything. */
  readonly unreadable: Unreadable | null;
  /** How the tables lie on the slices of a cluster; null where they do not, or it is not known. */
  readonly storage: readonly TableStorage[] | null;
}

/** The latest event's time (ISO 8601, UTC), and the drift in all that is loaded, by key. */
export async function readFreshness(
  warehouse: Pick<Warehouse, 'rows'>,
): Promise<{ latestEvent: string | null; drift: SqlRow[] }> {
  const [latest] = await warehouse.rows({
    name: 'status: the latest event',
    sql: 'select max(ts) as ts from staging.events',
  });
  const ts = latest?.ts ?? null;
  return {
    latestEvent: ts === null ? null : new Date(Number(ts)).toISOString(),
    drift: await warehouse.rows({
      name: 'status: drift by key',
      sql: readSql('./status/drift.sql', import.meta.url).trim(),
    }),
  };
}

/** What the warehouse holds and what happened to it last, as far as the role may read it. */
export async function readStatus(
  warehouse: Pick<ReadOnlyWarehouse, 'rows' | 'name' | 'storage' | 'unreadable'>,
  runLimit: number,
): Promise<Status> {
  const unreadable = (await warehouse.unreadable?.(allTables)) ?? null;
  const mayRead = (...tables: string[]): boolean =>
    !tables.some((table) => unreadable?.tables.includes(table));
  const count = async (table: string, where = ''): Promise<number | null> => {
    if (!mayRead(table)) return null;
    const [row] = await warehouse.rows({
      name: `status: rows of ${table}`,
      sql: `select count(*) as records from ${table}${where}`,
    });
    return Number(row?.records ?? 0);
  };
  const repeats = async (repeat: string): Promise<number | null> => {
    const where = ` where repeat = '${repeat}'`;
    const events = await count('ops.repeated_events', where);
    const songs = await count('ops.repeated_songs', where);
    return events === null || songs === null ? null : events + songs;
  };
  const ours = new Set(allTables.map(qualifiedName));
  const shown = allTables.filter((table) => table.schema !== 'ops').map(qualifiedName);
  const tables = [];
  for (const name of shown) tables.push({ name, rows: await count(name) });
  return {
    warehouse: warehouse.name,
    tables,
    runs: mayRead('ops.runs') ? await warehouse.rows(latestRuns(runLimit)) : null,
    latestEvent: mayRead('staging.events', 'ops.drift') ? (await readFreshness(warehouse)).latestEvent : null,
    files: await count('ops.files'),
    rejects: await count('ops.rejects'),
    duplicates: await repeats('duplicate'),
    conflicts: await repeats('conflict'),
    unreadable: unreadable !== null && unreadable.tables.length > 0 ? unreadable : null,
    storage: (await warehouse.storage?.())?.filter(({ name }) => ours.has(name)) ?? null,
  };
}

function latestRuns(limit: number): Statement {
  const sql = readSql('./status/latest-runs.sql', import.meta.url).trim();
  return { name: 'status: latest runs', sql: sql.replace('most_runs', String(limit)) };
}
