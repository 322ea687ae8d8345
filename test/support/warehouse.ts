import { join } from 'node:path';
import { load } from '../../src/pipeline/load.ts';
import type { LoadOptions } from '../../src/pipeline/load-options.ts';
import type { LoadSummary } from '../../src/pipeline/record/load-summary.ts';
import { openSource } from '../../src/sources/open.ts';
import { type Observer, silent } from '../../src/telemetry/observer.ts';
import { openDuckDb } from '../../src/warehouses/duckdb/writer.ts';
import type { SqlRow } from '../../src/warehouses/statement.ts';
import type { Warehouse } from '../../src/warehouses/warehouse.ts';
import { rowsOf } from './ad-hoc.ts';
import { freshFolder } from './folders.ts';

export { freshFolder };

/** A fresh folder, with the places in it that tests use. */
export function inFolder(): { folder: string; logs: string; songs: string; file: string } {
  const folder = freshFolder();
  return { folder, logs: join(folder, 'logs'), songs: join(folder, 'songs'), file: join(folder, 'w.duckdb') };
}

/** Opens a DuckDB warehouse file, gives it to `work`, closes it. */
export async function withWarehouse<T>(file: string, work: (warehouse: Warehouse) => Promise<T>): Promise<T> {
  const warehouse = await openDuckDb(file, { command: 'test', waitMs: 0, nowMs: Date.now });
  try {
    return await work(warehouse);
  } finally {
    await warehouse.close();
  }
}

export interface Delivery {
  readonly logs?: string;
  readonly songs?: string;
  readonly options?: Partial<LoadOptions>;
  readonly observer?: Observer;
}

/** One load into an open warehouse. */
export function deliver(
  warehouse: Warehouse,
  { logs, songs, options = {}, observer = silent }: Delivery,
): Promise<LoadSummary> {
  return load(
    warehouse,
    {
      command: 'test',
      logs: logs === undefined ? null : openSource(logs, Date.now),
      songs: songs === undefined ? null : openSource(songs, Date.now),
      fullRefresh: false,
      matchOn: null,
      maxRejects: { share: null, count: null },
      nowMs: Date.now,
      ...options,
    },
    observer,
  );
}

/** Loads one delivery after the other into a new warehouse and reads its star. */
export async function starAfter(deliveries: readonly Delivery[]): Promise<Star> {
  return withWarehouse(join(freshFolder(), 'w.duckdb'), async (warehouse) => {
    for (const delivery of deliveries) await deliver(warehouse, delivery);
    return readStar(warehouse);
  });
}

export type Star = Record<'songplays' | 'users' | 'songs' | 'artists' | 'time' | 'user_levels', SqlRow[]>;

/** Every row of the star and the level history, in the order of their keys. */
export async function readStar(warehouse: Pick<Warehouse, 'rows'>): Promise<Star> {
  return {
    songplays: await rowsOf(warehouse, 'select * from songplays order by songplay_id'),
    users: await rowsOf(warehouse, 'select * from users order by user_id'),
    songs: await rowsOf(warehouse, 'select * from songs order by song_id'),
    artists: await rowsOf(warehouse, 'select * from artists order by artist_id'),
    time: await rowsOf(warehouse, 'select * from time order by start_time'),
    user_levels: await rowsOf(warehouse, 'select * from ops.user_levels order by user_id, valid_from'),
  };
}
