import { allTables } from '../models/book.ts';
import { qualifiedName } from '../schema/table.ts';
import type {
  ReadOnlyWarehouse,
  SqlRow,
  TableStorage,
  Unreadable,
  Warehouse,
} from '../warehouses/warehouse.ts';

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
    const [row] = await warehouse.rows(`select count(*) as records from ${table}${where}`);
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

function latestRuns(limit: number): string {
  return `select run_id, command, started_at, duration_seconds, files_loaded, events_staged, songs_staged, rejected
       from ops.runs order by started_at desc, run_id desc limit ${limit}`;
}
