import { allTables } from '../models/book.ts';
import { qualifiedName } from '../schema/table.ts';
import type { ReadOnlyWarehouse, SqlRow, TableStorage, Warehouse } from '../warehouses/warehouse.ts';

export interface Status {
  readonly warehouse: string;
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  readonly runs: readonly SqlRow[];
  /** ISO 8601, UTC. */
  readonly latestEvent: string | null;
  readonly files: number;
  readonly rejects: number;
  readonly duplicates: number;
  readonly conflicts: number;
  /** How the tables lie on the slices of a cluster; null where they do not, or nobody tells. */
  readonly storage: readonly TableStorage[] | null;
}

/** The latest event's time (ISO 8601, UTC), and the drift in all that is loaded, by key. */
export async function readFreshness(
  warehouse: Pick<Warehouse, 'rows'>,
): Promise<{ latestEvent: string | null; drift: SqlRow[] }> {
  const [latest] = await warehouse.rows('select max(ts) as ts from staging.events');
  const ts = latest?.ts ?? null;
  return {
    latestEvent: ts === null ? null : new Date(Number(ts)).toISOString(),
    drift: await warehouse.rows(
      `select change, key, sum(records) as records, count(*) as files
       from ops.drift group by change, key order by records desc, key`,
    ),
  };
}

/** What the warehouse holds and what happened to it last. */
export async function readStatus(
  warehouse: Pick<ReadOnlyWarehouse, 'rows' | 'name' | 'storage'>,
  runLimit: number,
): Promise<Status> {
  const count = async (from: string): Promise<number> => {
    const [row] = await warehouse.rows(`select count(*) as records from ${from}`);
    return Number(row?.records ?? 0);
  };
  const ours = new Set(allTables.map(qualifiedName));
  const shown = allTables.filter((table) => table.schema !== 'ops');
  const tables = [];
  for (const table of shown)
    tables.push({ name: qualifiedName(table), rows: await count(qualifiedName(table)) });
  const { latestEvent } = await readFreshness(warehouse);
  return {
    warehouse: warehouse.name,
    tables,
    runs: await warehouse.rows(
      `select run_id, command, started_at, duration_seconds, files_loaded, events_staged, songs_staged, rejected
       from ops.runs order by started_at desc, run_id desc limit ${runLimit}`,
    ),
    latestEvent,
    files: await count('ops.files'),
    rejects: await count('ops.rejects'),
    duplicates:
      (await count("ops.repeated_events where repeat = 'duplicate'")) +
      (await count("ops.repeated_songs where repeat = 'duplicate'")),
    conflicts:
      (await count("ops.repeated_events where repeat = 'conflict'")) +
      (await count("ops.repeated_songs where repeat = 'conflict'")),
    storage: (await warehouse.storage?.())?.filter(({ name }) => ours.has(name)) ?? null,
  };
}
