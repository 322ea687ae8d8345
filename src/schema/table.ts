import type { Column, ColumnType } from './column.ts';

/** `star` is the warehouse's default schema: what analysts see. */
export type SchemaName = 'star' | 'staging' | 'ops';

interface Reference {
  readonly columns: readonly string[];
  readonly table: string;
  readonly to: readonly string[];
}

/** Refuses a record in which `column` has the value `equals` and one of `columns` is null or empty. */
export interface RequiredWhen {
  readonly rule: string;
  readonly column: string;
  readonly equals: string;
  readonly columns: readonly string[];
}

/** Where an engine that spreads its tables over nodes puts the rows, and in which order. */
interface Placement {
  readonly distribute: 'all' | 'even' | { readonly by: string };
  readonly sort: readonly string[];
}

export interface Table<Columns extends Record<string, Column> = Record<string, Column>> {
  readonly schema: SchemaName;
  readonly name: string;
  readonly doc: string;
  /** What one row is. */
  readonly grain: string;
  /** Unique and not null; empty where rows have no identity of their own. */
  readonly key: readonly string[];
  readonly columns: Columns;
  readonly references?: readonly Reference[];
  readonly requiredWhen?: RequiredWhen;
  readonly placement: Placement;
  /** Columns that rows are looked up by, beside the key, for engines that have indexes. */
  readonly indexes?: readonly (readonly string[])[];
}

/** Declares a table, once; DDL, row types, checks and the data dictionary derive from it. */
export function table<const Columns extends Record<string, Column>>(
  declaration: Table<Columns>,
): Table<Columns> {
  return Object.freeze(declaration);
}

interface ValueOf {
  text: string;
  integer: number;
  bigint: number;
  double: number;
  timestamp: Date;
  boolean: boolean;
}

type Value<C extends Column> =
  C extends Column<infer Type extends ColumnType, infer Nullable>
    ? ValueOf[Type] | (Nullable extends true ? null : never)
    : never;

/** One row of a declared table; integers are safe integers, timestamps are UTC. */
export type Row<T> =
  T extends Table<infer Columns> ? { -readonly [Name in keyof Columns]: Value<Columns[Name]> } : never;

/** The name to use in SQL: `songplays`, `staging.events`. */
export function qualifiedName(table: Pick<Table, 'schema' | 'name'>): string {
  return table.schema === 'star' ? table.name : `${table.schema}.${table.name}`;
}

/** Column names in their declared order. */
export function columnNames(table: Pick<Table, 'columns'>): string[] {
  return Object.keys(table.columns);
}

/** The columns that are read from JSON objects: name, column and source field, in declared order. */
export function sourceColumns(table: Table): { name: string; column: Column; from: SourceFieldOf }[] {
  return Object.entries(table.columns).flatMap(([name, column]) =>
    column.from ? [{ name, column, from: column.from }] : [],
  );
}

type SourceFieldOf = NonNullable<Column['from']>;
