import { ConfigError, WarehouseError } from '../errors.ts';
import { allTables } from '../models/book.ts';
import { LAYOUT_VERSION, warehouse as warehouseTable } from '../models/ops/warehouse.ts';
import { songplays } from '../models/star/songplays.ts';
import { qualifiedName } from '../schema/table.ts';
import { version } from '../version.ts';
import { createTableSql } from '../warehouses/sql.ts';
import type { ReadOnlyWarehouse, Warehouse } from '../warehouses/warehouse.ts';
import { assertReadable } from './rights.ts';
import { discardUnfinished } from './stage.ts';

/** How plays find their songs. */
export type MatchOn = 'title, artist, duration' | 'title, artist';

/** Creates the tables that are missing, in a transaction of their own; true if the warehouse is new. */
export async function ensureTables(warehouse: Warehouse): Promise<boolean> {
  if (await hasTables(warehouse)) {
    await checkLayout(warehouse);
    return false;
  }
  await assertNothingOfOthers(warehouse);
  await warehouse.transaction(async () => {
    for (const schema of [warehouse.starSchema, 'staging', 'ops']) {
      if (schema !== null && !(await schemaExists(warehouse, schema))) {
        await warehouse.run(`create schema if not exists "${schema}"`);
      }
    }
    for (const table of allTables) await warehouse.run(createTableSql(table, warehouse.dialect));
    await warehouse.append(warehouseTable, [
      {
        layout_version: LAYOUT_VERSION,
        created_by: version,
        next_file_id: 1,
        match_on: 'title, artist, duration',
      },
    ]);
  });
  return true;
}

/** Mends what a killed load may have left, so that what is published is a whole load. */
export async function recover(warehouse: Warehouse): Promise<void> {
  if (!(await hasTables(warehouse))) return;
  await checkLayout(warehouse);
  if (warehouse.bringsApart) await discardUnfinished(warehouse);
}

/** A table that has one of our names, where there is no warehouse of ours, is somebody else's. */
async function assertNothingOfOthers(warehouse: Warehouse): Promise<void> {
  for (const table of allTables) {
    if (!(await tableExists(warehouse, table.schema, table.name, warehouse.starSchema))) continue;
    throw new ConfigError(
      `${warehouse.name} holds a table ${qualifiedName(table)} that sparkify did not make; nothing was touched.`,
      {
        hint: 'Choose another database or file; on PostgreSQL, the star can have a schema of its own (?schema=analytics).',
      },
    );
  }
}

/** Drops every table of ours, and nothing else. */
export async function dropTables(warehouse: Warehouse): Promise<void> {
  if (!(await hasTables(warehouse))) return;
  await warehouse.transaction(async () => {
    for (const table of [...allTables].reverse()) {
      if (await tableExists(warehouse, table.schema, table.name))
        await warehouse.run(`drop table ${qualifiedName(table)}`);
    }
  });
}

/** Whether the warehouse holds our tables, of whatever version, and be it that this role may not read them. */
export async function hasTables(warehouse: Pick<ReadOnlyWarehouse, 'rows' | 'unreadable'>): Promise<boolean> {
  if (await tableExists(warehouse, 'ops', 'warehouse')) return true;
  return (await warehouse.unreadable?.([warehouseTable]))?.tables.length === 1;
}

/** Refuses a warehouse that a newer version made, or that somebody else's tables stand in. */
export async function checkLayout(
  warehouse: Pick<ReadOnlyWarehouse, 'rows' | 'name' | 'unreadable'>,
): Promise<void> {
  if (!(await hasTables(warehouse))) {
    throw new WarehouseError(`${warehouse.name} holds no tables of sparkify's yet.`, {
      hint: 'Load it: sparkify etl --log-data FOLDER --song-data FOLDER',
    });
  }
  await assertReadable(warehouse, 'readers need the star', [songplays]);
  // A role that may read the star alone cannot know the layout.
  const isHidden = (await warehouse.unreadable?.([warehouseTable]))?.tables.length === 1;
  const [row] = isHidden ? [] : await warehouse.rows('select layout_version, created_by from ops.warehouse');
  const found = isHidden ? LAYOUT_VERSION : Number(row?.layout_version ?? 0);
  if (found === LAYOUT_VERSION) {
    if (await tableExists(warehouse, 'star', 'songplays')) return;
    throw new ConfigError(`${warehouse.name} holds a warehouse, but its star is in another schema.`, {
      hint: 'Name that one: SCHEMA below [WAREHOUSE] in dwh.cfg, SPARKIFY_SCHEMA, or ?schema= in the address.',
    });
  }
  if (found > LAYOUT_VERSION) {
    throw new WarehouseError(
      `${warehouse.name} was made by sparkify ${row?.created_by} (layout ${found}); this version knows layout ${LAYOUT_VERSION}.`,
      { hint: 'Upgrade sparkify; the warehouse was not touched.' },
    );
  }
  throw new ConfigError(`${warehouse.name} has layout ${found}, which this version does not know.`, {
    hint: 'Make it anew: sparkify create-tables --drop, then sparkify etl.',
  });
}

/** Asked for first: where schemas were made for the loading role, it may lack the right to make more. The catalogue shows those of others, too. */
async function schemaExists(warehouse: Pick<ReadOnlyWarehouse, 'rows'>, schema: string): Promise<boolean> {
  const found = await warehouse.rows(`select 1 as found from pg_namespace where nspname = '${schema}'`);
  return found.length > 0;
}

async function tableExists(
  warehouse: Pick<ReadOnlyWarehouse, 'rows'>,
  schema: string,
  name: string,
  starSchema: string | null = null,
): Promise<boolean> {
  const star = starSchema === null ? 'current_schema()' : `'${starSchema}'`;
  const place = schema === 'star' ? star : `'${schema}'`;
  const found = await warehouse.rows(
    `select 1 as found from information_schema.tables where table_schema = ${place} and table_name = '${name}'`,
  );
  return found.length > 0;
}
