import { Cursor, type ReadingSettings } from '../session/cursor.ts';

/** A table as a statement names it. */
export interface TableName {
  readonly schema: string | null;
  readonly name: string;
}

/** What FROM makes known to the expressions of its query. */
export interface Scope {
  /** Aliases (or names) of tables; the schema where the table was named with one and has no alias. */
  readonly tables: Map<string, string | null>;
  /** Aliases that stand for SUPER values: of unnested arrays and unpivoted objects. */
  readonly values: Set<string>;
  /** Whether a table of an outer query is named within, and whether a window function stands there. */
  correlated: boolean;
  windowed: boolean;
}

/** A scope that knows these tables. */
export const newScope = (tables: readonly (readonly [string, string | null])[] = []): Scope => ({
  tables: new Map(tables),
  values: new Set(),
  correlated: false,
  windowed: false,
});

/** A statement that is being read: its cursor and what is known so far. */
export interface Reading {
  readonly cursor: Cursor;
  /** Innermost last. */
  readonly scopes: Scope[];
  /** How many scopes there are around the ON of an outer join; null outside of one. */
  outerJoinDepth: number | null;
  /** Names of common table expressions, innermost last. */
  readonly common: string[];
  /** Every user table that the statement reads. */
  readonly reads: TableName[];
  /** What it calls or reads that only the leader node has. */
  readonly leader: string[];
  /** The system tables that it reads from the compute nodes. */
  readonly compute: string[];
  /** Makes names for what needs one only behind the double. */
  unnamed: number;
}

/** A piece of the statement that goes to PostgreSQL. */
export interface Expression {
  readonly sql: string;
  /** The name of the output column that it makes where it has no alias. */
  readonly name: string;
  /** Whether it is a SUPER value that was only navigated to, not cast. */
  readonly navigated: boolean;
}

/** Begins to read a statement. */
export function startReading(sql: string, settings: ReadingSettings): Reading {
  const cursor = new Cursor(sql, settings);
  return {
    cursor,
    scopes: [],
    outerJoinDepth: null,
    common: [],
    reads: [],
    leader: [],
    compute: [],
    unnamed: 0,
  };
}

/** An expression; without a name it makes a column without one. */
export const expression = (sql: string, name = '?column?', navigated = false): Expression => ({
  sql,
  name,
  navigated,
});
