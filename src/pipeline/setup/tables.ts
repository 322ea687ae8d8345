import { qualifiedName, type Table } from '../../schema/table.ts';
import { createTableSql } from '../../warehouses/sql.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';

type Runner = Pick<Warehouse, 'run' | 'dialect'>;

/** Makes a table as it is declared. */
export async function createTable(table: Table, { run, dialect }: Runner): Promise<void> {
  await run({ name: `set up: create ${qualifiedName(table)}`, sql: createTableSql(table, dialect) });
}

/** Drops a table that is there. */
export async function dropTable(table: Table, { run }: Pick<Runner, 'run'>): Promise<void> {
  await run({ name: `set up: drop ${qualifiedName(table)}`, sql: `drop table ${qualifiedName(table)}` });
}
