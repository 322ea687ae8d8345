import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { S3Options } from '../sources/s3-client.ts';
import type { Diagnosis, ExamineOptions } from './diagnosis.ts';
import { isMissing } from './duckdb/file.ts';
import { publishedPath } from './duckdb/publish.ts';
import type { LeaseOptions } from './lease.ts';
import type { PostgresServer } from './postgres/server.ts';
import type { ReaderOptions } from './reader-options.ts';
import type { DryRun } from './redshift/dry-run.ts';
import type { RedshiftAuth, RedshiftServer } from './redshift/server.ts';
import type { ReadOnlyWarehouse, Warehouse } from './warehouse.ts';

export type { DryRun, PostgresServer, RedshiftAuth, RedshiftServer };

/** The engine that was chosen and where it is. */
export type WarehouseAddress =
  | { readonly engine: 'duckdb'; readonly file: string }
  | { readonly engine: 'postgres'; readonly server: PostgresServer }
  | { readonly engine: 'redshift'; readonly server: RedshiftServer; readonly s3: S3Options };

/** Opens the warehouse for its one writer; engines are imported only when they are needed. */
export async function openWarehouse(place: WarehouseAddress, lease: LeaseOptions): Promise<Warehouse> {
  if (place.engine === 'postgres') {
    const { openPostgres } = await import('./postgres/writer.ts');
    return openPostgres(place.server, lease);
  }
  if (place.engine === 'redshift') {
    const { openRedshift } = await import('./redshift/writer.ts');
    return openRedshift(place.server, lease, place.s3);
  }
  const file = fileOf(place);
  const { openDuckDb } = await import('./duckdb/writer.ts');
  return openDuckDb(file, lease);
}

/** Opens what was last published, for readers. */
export async function openPublished(
  place: WarehouseAddress,
  options: ReaderOptions,
): Promise<ReadOnlyWarehouse> {
  if (place.engine === 'postgres') {
    const { openPublishedPostgres } = await import('./postgres/reader.ts');
    return openPublishedPostgres(place.server, options);
  }
  if (place.engine === 'redshift') {
    const { openPublishedRedshift } = await import('./redshift/reader.ts');
    return openPublishedRedshift(place.server, place.s3, options);
  }
  const file = fileOf(place);
  const { openPublishedDuckDb } = await import('./duckdb/reader.ts');
  return openPublishedDuckDb(file, options);
}

/** Opens a warehouse that prints a load's statements instead of running them; null for engines that cannot. */
export async function openDryRun(place: WarehouseAddress, lease: LeaseOptions): Promise<DryRun | null> {
  if (place.engine !== 'redshift') return null;
  const { dryRunRedshift } = await import('./redshift/dry-run.ts');
  return dryRunRedshift(place.server, lease, place.s3);
}

/** What is in the way of a load into the warehouse, or may be. */
export async function examine(place: WarehouseAddress, options: ExamineOptions): Promise<Diagnosis[]> {
  if (place.engine === 'postgres') {
    const { examinePostgres } = await import('./postgres/doctor.ts');
    return examinePostgres(place.server);
  }
  if (place.engine === 'redshift') {
    const { examineRedshift } = await import('./redshift/doctor.ts');
    return examineRedshift(place.server, place.s3, options.nowMs, options.reads);
  }
  const file = fileOf(place);
  const { examineDuckDb } = await import('./duckdb/doctor.ts');
  return examineDuckDb(file, options);
}

/** The name of a warehouse that its first load would make; null where it is there, or where that cannot be known. */
export function missingWarehouse(place: WarehouseAddress): string | null {
  if (place.engine !== 'duckdb') return null;
  const file = fileOf(place);
  return isMissing(file) ? `duckdb:${file}` : null;
}

/** The files that make up a warehouse on this machine, whether they are there or not. */
export function warehouseFiles(place: WarehouseAddress): string[] {
  if (place.engine !== 'duckdb') return [];
  const file = fileOf(place);
  const published = publishedPath(file);
  return [file, `${file}.wal`, `${file}.lease`, published, `${published}.wal`];
}

/**
 * The DuckDB file of a place, as an absolute path. A link is followed once, here, also where nothing lies there yet:
 * DuckDB keeps its log beside the file itself, and so must all that is kept beside it.
 */
function fileOf(place: Extract<WarehouseAddress, { engine: 'duckdb' }>): string {
  const named = resolve(place.file);
  let file = named;
  for (let links = 0; links < MOST_LINKS; links += 1) {
    const next = linkTarget(file);
    if (next === null) return file;
    file = next;
  }
  throw new ConfigError(`The warehouse duckdb:${named} is a link that leads back to itself.`, {
    hint: 'Choose another file with --warehouse.',
  });
}

/** As many as Linux follows. */
const MOST_LINKS = 40;

/** Where a link leads to; null for what is not a link, or cannot be looked at: its opening says why. */
function linkTarget(file: string): string | null {
  try {
    return lstatSync(file).isSymbolicLink() ? resolve(realpathSync(dirname(file)), readlinkSync(file)) : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return file;
    return null;
  }
}
