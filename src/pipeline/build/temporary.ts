import type { Warehouse } from '../../warehouses/warehouse.ts';

/** Makes a temporary table of a SELECT, in place of one that an earlier attempt left; never of a table of the user's. */
export async function makeTemporary(warehouse: Warehouse, name: string, select: string): Promise<void> {
  await dropTemporary(warehouse, name);
  const rows = await warehouse.run(`create temporary table ${name} as ${select}`);
  await warehouse.analyze?.(warehouse.dialect.temporary(name), rows);
}

export async function dropTemporary({ run, dialect }: Warehouse, name: string): Promise<void> {
  await run(`drop table if exists ${dialect.temporary(name)}`);
}
