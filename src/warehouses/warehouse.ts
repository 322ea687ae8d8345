import type { Column } from '../schema/column.ts';
import type { Table } from '../schema/table.ts';
import type { EngineReads } from './engine-reads.ts';
import type { SqlRow, SqlValue, Statement } from './statement.ts';

/** What differs between engines in the text of SQL. */
export interface Dialect {
  /** A column's type. */
  readonly type: (column: Column) => string;
  /** Functions that models call by our name; each takes one column and gives the engine's expression. */
  readonly functions: Readonly<
    Record<
      'utc_timestamp' | 'iso_weekday' | 'byte_length' | 'md5_number' | 'ms_of_day',
      (argument: string) => string
    >
  >;
  /** The schema of the star where it is the user's choice; null where the engine has one. */
  readonly starSchema: string | null;
  /** Whether a load stages rows before the star's transaction: DuckDB reads its own uncommitted rows slowly. */
  readonly stagesBeforeTransaction: boolean;
  /** A temporary table's name that can mean no other table. */
  readonly temporary: (name: string) => string;
  /** Whether a transaction can still alter a table of before that it has written to. */
  readonly altersWritten: boolean;
  /** What CREATE TABLE says of a column after its type, and after the columns; absent where the engine decides. */
  readonly storage?: {
    readonly column: (table: Table, name: string) => string;
    readonly table: (table: Table) => string;
  };
}

/** How a table lies on the slices of a cluster. */
export interface TableStorage {
  readonly name: string;
  /** `KEY(start_time)`, `ALL`, `EVEN` or `AUTO(…)`. */
  readonly distribution: string;
  readonly sort: string | null;
  readonly rows: number;
  /** Rows on the fullest slice divided by rows on the emptiest; null where every node has all of them. */
  readonly skew: number | null;
  /** Rows that are not in order yet, percent. */
  readonly unsortedPercent: number | null;
  /** How far the planner's statistics are off, percent. */
  readonly staleStatisticsPercent: number | null;
}

/** A result as columns, for people and files; its rows come as they are read, once. */
export interface QueryResult {
  readonly columns: readonly string[];
  readonly batches: AsyncIterable<readonly (readonly SqlValue[])[]>;
}

/** What an engine is told of a transaction. */
export interface TransactionOptions {
  /** Tables that it will change, for engines that lock them first. */
  readonly writes?: readonly Table[];
  /** Tables that it creates and fills. */
  readonly makes?: readonly Table[];
  /** Called when nothing but the commit is left to do; it may throw to roll back. */
  readonly beforeCommit?: () => void;
}

/** Where tables are. One connection, one writer; every method rejects with a WarehouseError. */
export interface Warehouse {
  /** What people call it: `duckdb:sparkify.duckdb`. */
  readonly name: string;
  readonly dialect: Dialect;
  rows(statement: Statement): Promise<SqlRow[]>;
  /** Runs a statement; the number of rows that it changed. */
  run(statement: Statement): Promise<number>;
  /** Appends rows by column name; missing columns are null. */
  append(table: Table, rows: readonly object[]): Promise<void>;
  /**
   * All or nothing: rolls back if `work` throws. A CommitUnknownError where it is not known which of them it was. The
   * tables that it writes and makes get the indexes that they lack, after the work.
   */
  transaction<T>(work: () => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Absent where the engine reads no files by itself. */
  readonly engineReads?: EngineReads;
  /** To be called when so many rows came to a table: renews what the planner knows of it. Absent where the engine does it by itself. */
  readonly afterWrite?: (table: string, addedRows: number) => Promise<void>;
  /** A new connection in place of one that was lost, with the lease. Absent where nothing can be lost. */
  readonly reconnect?: () => Promise<void>;
  /** Makes what was committed visible to readers that must not block a load. */
  publish(): Promise<void>;
  close(): Promise<void>;
}

/** What the role may not read, of tables that are there. */
export interface Unreadable {
  readonly role: string;
  /** Their names: `songplays`, `ops.files`. */
  readonly tables: readonly string[];
  /** The statements by which their owner grants the rights. */
  readonly grant: string;
}

/** A read-only view of what was last published; never blocks a load. */
export interface ReadOnlyWarehouse {
  readonly name: string;
  readonly dialect: Dialect;
  rows(statement: Statement): Promise<SqlRow[]>;
  /** How the tables lie on the slices; null where the user may not see it. Absent where an engine has none. */
  readonly storage?: () => Promise<TableStorage[] | null>;
  /**
   * Which of these tables are there, but not to be read by this role; null where it is not known. Absent where an
   * engine has no roles.
   */
  readonly unreadable?: (tables: readonly Table[]) => Promise<Unreadable | null>;
  /** Runs one statement that only reads; anything else is a UsageError. */
  answer(sql: string): Promise<QueryResult>;
  /**
   * Writes a SELECT's result to a Parquet file, one of those that the reader was opened to write; how many rows. All that
   * one reader writes is of one load.
   */
  writeParquet(sql: string, path: string): Promise<number>;
  /**
   * Has the engine itself write a SELECT's result as Parquet files right below an address that ends in a slash; how many
   * rows. What lies there is replaced, or refused by a NotEmptyError. Absent where an engine cannot.
   */
  readonly unload?: (sql: string, address: string, isReplacing: boolean) => Promise<number>;
  close(): Promise<void>;
}
