import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  DiskFullError,
  LeaseError,
  NeverPublishedError,
  NoPermissionError,
  NothingLoadedError,
  OtherProgramError,
  WarehouseError,
} from '../../errors.ts';
import type { LeaseOptions } from '../lease.ts';
import type { ReaderOptions } from '../reader-options.ts';
import type { SqlRow } from '../statement.ts';
import type { ReadOnlyWarehouse, Warehouse } from '../warehouse.ts';
import { duckdbDialect } from './dialect.ts';
import { restoreHint } from './errors.ts';
import { hasContent } from './file.ts';
import { isPublished, publishedPath } from './publish.ts';
import { queries } from './queries.ts';
import { openReader } from './query.ts';
import { openSnapshot } from './snapshot.ts';
import { MEMORY_LIMIT, openDuckDb } from './writer.ts';

/**
 * Opens what was last published. If that is older than the warehouse and nobody writes, a load was killed before
 * it could publish: then the warehouse is recovered and published first. Where this reader cannot do that, for want of
 * disk or rights, it reads what there is and says so.
 */
export async function openPublishedDuckDb(
  file: string,
  { nowMs, recover, note = () => {}, writes = [], signal }: ReaderOptions,
): Promise<ReadOnlyWarehouse> {
  const published = publishedPath(file);
  const stop = signal === undefined ? {} : { signal };
  if (!(await hasContent(file))) throw noWarehouse(file);
  if (!(await isPublished(file))) {
    await assertOurs(file);
    const failed = await publishIfFree(file, { command: 'publish', waitMs: 0, nowMs, ...stop }, recover);
    if (failed !== null && !existsSync(published)) {
      throw new WarehouseError(`Nothing of ${file} is published yet. ${failed.message}`, {
        cause: failed,
        hint: failed instanceof LeaseError ? 'Try again when it is free.' : (failed.hint ?? ''),
      });
    }
    // While a load of ours runs, readers read the one before, as ever.
    if (failed !== null && (!(failed instanceof LeaseError) || failed instanceof OtherProgramError)) {
      const { mtime } = await stat(published);
      note(
        `${file} holds more than was published at ${mtime.toISOString().slice(0, 19)}Z, which is what is read now. ${failed.message}`,
      );
    }
  }
  const { connection, ...reader } = await openReader(await openSnapshot(published, note, signal), {
    file,
    published,
    writes,
    memoryLimit: MEMORY_LIMIT,
    ...stop,
  });
  return {
    ...queries(connection, file),
    ...reader,
    name: `duckdb:${file}`,
    dialect: duckdbDialect,
  };
}

function noWarehouse(file: string): WarehouseError {
  const load = 'Load it first: sparkify etl';
  return new WarehouseError(`There is no warehouse ${file} yet.`, {
    hint: existsSync(publishedPath(file)) ? `${load}\n${restoreHint(file)}` : load,
  });
}

/** Throws for somebody else's database, to which none but a load may write; while a load holds the file, it is ours. */
export async function assertOurs(file: string): Promise<void> {
  let found: SqlRow[];
  try {
    const instance = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    found = await queries(connection, file).rows({
      name: 'open: whose tables these are',
      sql: `select count(*) as tables, count(*) filter (where table_schema = 'ops' and table_name = 'warehouse') as ours
       from information_schema.tables`,
    });
    connection.closeSync();
    instance.closeSync();
  } catch {
    return;
  }
  if (Number(found[0]?.ours) > 0) return;
  if (Number(found[0]?.tables) === 0) throw new NothingLoadedError(`duckdb:${file}`);
  throw new WarehouseError(`duckdb:${file} holds no tables of sparkify's yet.`, {
    hint: 'Load it: sparkify etl --log-data FOLDER --song-data FOLDER',
  });
}

/** Publishes what was left unpublished; why it could not be, where readers can go on without. */
async function publishIfFree(
  file: string,
  lease: LeaseOptions,
  recover: (warehouse: Warehouse) => Promise<void>,
): Promise<WarehouseError | null> {
  try {
    const warehouse = await openDuckDb(file, lease);
    try {
      await recover(warehouse);
      await warehouse.publish();
    } finally {
      await warehouse.close();
    }
    return null;
  } catch (thrown) {
    const error = thrown instanceof NeverPublishedError ? thrown.cause : thrown;
    if (error instanceof LeaseError || error instanceof DiskFullError || error instanceof NoPermissionError)
      return error;
    throw error;
  }
}
