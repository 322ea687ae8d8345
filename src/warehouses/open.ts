import { resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { LeaseOptions } from './duckdb-lease.ts';
import type { ReadOnlyWarehouse, Warehouse } from './warehouse.ts';

/** The engine that was chosen and where it is. */
export type Place =
  | { readonly engine: 'duckdb'; readonly file: string }
  | { readonly engine: 'postgres' | 'redshift'; readonly url: string | null };

/** Opens the warehouse for its one writer; engines are imported only when they are needed. */
export async function openWarehouse(place: Place, lease: LeaseOptions): Promise<Warehouse> {
  const { openDuckDb } = await import('./duckdb.ts');
  return openDuckDb(fileOf(place), lease);
}

/** Opens what was last published, for readers; `recover` mends what a killed load left, should it have to. */
export async function openPublished(
  place: Place,
  nowMs: () => number,
  recover: (warehouse: Warehouse) => Promise<void>,
): Promise<ReadOnlyWarehouse> {
  const { openPublishedDuckDb } = await import('./duckdb.ts');
  return openPublishedDuckDb(fileOf(place), nowMs, recover);
}

/** The DuckDB file of a place, as an absolute path. */
export function fileOf(place: Place): string {
  if (place.engine === 'duckdb') return resolve(place.file);
  throw new ConfigError(`This version loads into DuckDB only, not into ${place.engine}.`, {
    hint: 'Choose a file: --warehouse duckdb:sparkify.duckdb',
  });
}
