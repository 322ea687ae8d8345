import type { Table } from '../schema/table.ts';
import { warehouse } from './ops/warehouse.ts';

/**
 * One change of a table that cannot be derived from others. `table` is as the layout of the step declares it: a later
 * step that changes it leaves a copy of the older declaration here.
 */
export type LayoutChange =
  /** A table that older layouts lack; `rows` is a SELECT of what it holds at first. */
  | { readonly change: 'create'; readonly table: Table; readonly rows?: string }
  /** A column that older layouts lack; `value` is an expression over the row's other columns, else it is null. */
  | {
      readonly change: 'add column';
      readonly table: Table;
      readonly column: string;
      readonly value?: string;
    }
  /** The table in a new form; `rows` is a SELECT of all its columns, in order, from the table as it was. */
  | { readonly change: 'rebuild'; readonly table: Table; readonly rows: string }
  /** A table that is there no more. */
  | { readonly change: 'drop'; readonly table: Pick<Table, 'schema' | 'name'> };

/** What makes a layout of the one before. Tables that are derived need no step: they are made again from staging. */
export interface LayoutStep {
  readonly to: number;
  readonly changes: readonly LayoutChange[];
}

/** In order, one for each layout from 2 on. */
export const layoutSteps: readonly LayoutStep[] = [
  { to: 2, changes: [{ change: 'add column', table: warehouse, column: 'last_run_id' }] },
];
