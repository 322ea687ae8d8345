import type { Warehouse } from '../warehouses/warehouse.ts';

/** What a warehouse is asked by. */
export type Reader = Pick<Warehouse, 'rows' | 'dialect'>;

/** A planted fault or a fact of the warehouse, by what makes it the same thing. */
export type Found = ReadonlyMap<string, string>;

/** Counts one more, or several. */
export function add(counts: Map<string, number>, name: string, amount: number): void {
  if (amount > 0) counts.set(name, (counts.get(name) ?? 0) + amount);
}

/** Counts as facts. */
export function texts(counts: ReadonlyMap<string, number>): Found {
  return new Map([...counts].map(([name, count]) => [name, String(count)]));
}
