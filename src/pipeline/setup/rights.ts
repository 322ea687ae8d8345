import { WarehouseError } from '../../errors.ts';
import type { Table } from '../../schema/table.ts';
import type { ReadOnlyWarehouse, Unreadable } from '../../warehouses/warehouse.ts';

/** A WarehouseError where the role may not read one of the tables; it says which, and what grants it. */
export async function assertMayRead(
  warehouse: Pick<ReadOnlyWarehouse, 'name' | 'unreadable'>,
  what: string,
  tables: readonly Table[],
): Promise<void> {
  const unreadable = (await warehouse.unreadable?.(tables)) ?? null;
  if (unreadable === null || unreadable.tables.length === 0) return;
  throw new WarehouseError(`${warehouse.name}: ${what}, and ${mayNotRead(unreadable)}.`, {
    hint: hintOn(unreadable),
  });
}

/** `analyst may not read ops.files, ops.runs` */
export function mayNotRead({ role, tables }: Unreadable): string {
  return `${role} may not read ${tables.join(', ')}`;
}

/** What the owner of the tables can do about it. */
export function hintOn({ grant }: Unreadable): string {
  return `As the owner of the tables: ${grant}`;
}
