import type { Statement } from '../../warehouses/statement.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';

/** Makes a temporary table of a SELECT, in place of one that an earlier attempt left; never of a table of the user's. */
export async function makeTemporary(
  warehouse: Warehouse,
  table: string,
  { name, sql }: Pick<Statement, 'name' | 'sql'>,
): Promise<void> {
  await dropTemporary(warehouse, table);
  const rows = await warehouse.run({
    name,
    sql: `create temporary table ${table} as ${sql}`,
    temporary: { makes: table },
  });
  await warehouse.afterWrite?.(warehouse.dialect.temporary(table), rows);
}

export async function dropTemporary({ run, dialect }: Warehouse, table: string): Promise<void> {
  await run({
    name: `temporary tables: drop ${table}`,
    sql: `drop table if exists ${dialect.temporary(table)}`,
    temporary: { drops: table },
  });
}
