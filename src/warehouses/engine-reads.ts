import type { Table } from '../schema/table.ts';

/**
 * Files that are read in one piece and whose rows share one file id: a file of this machine's disk, or several objects
 * in S3, where no engine says which row came from which.
 */
export interface ReadUnit {
  readonly fileId: number;
  readonly kind: string;
  /** The staging table that the rows are for. */
  readonly table: Table;
  /** Where refused records go. */
  readonly rejects: Table;
  readonly files: readonly UnitFile[];
  readonly compression: 'none' | 'gzip' | 'zstd';
  readonly runId: string;
  readonly startedAt: Date;
}

interface UnitFile {
  /** Where the engine finds it. */
  readonly path: string;
  readonly bytes: number;
  /** Lines in the file as this program counted them; null where the engine takes it unseen. */
  readonly lines: number | null;
}

/** What came of a unit. */
export interface UnitRead {
  readonly fileId: number;
  readonly staged: number;
  /** Refused by a rule. */
  readonly rejected: number;
  /** The paths of files from which nothing was taken: they must be read line by line. */
  readonly leftover: readonly string[];
  readonly drift: readonly {
    readonly change: 'new' | 'missing' | 'other case';
    readonly key: string;
    readonly records: number;
  }[];
  /** The engine's words, where its reader refused what it read as a whole. */
  readonly refusal?: string;
}

/** How an engine reads files by itself, so that no record passes through this program. */
export interface EngineReads {
  /**
   * How many objects make up a unit where the engine reads a listing of so many objects and bytes unseen by this program;
   * null where this program had better read them. Absent where the engine takes nothing unseen.
   */
  readonly objectsPerUnit?: (objects: number, bytes: number) => number | null;
  /** Whether the engine takes a file that this program has surveyed: `path` is null for what does not lie on this machine. */
  accepts(file: { readonly path: string | null; readonly isClean: boolean }): boolean;
  /** What it opens: files of this machine's disk, objects where they lie, or nothing at all, as in a dry run. */
  readonly opens: 'local files' | 'objects' | 'nothing';
  /** What can be done before the transaction of the load. Absent where there is nothing. */
  readonly prepare?: (unit: ReadUnit) => Promise<void>;
  /**
   * Takes units with consecutive ids into their staging table, by the rules of the line-by-line reader. Of a file that it
   * leaves over no row stays.
   */
  read(units: readonly ReadUnit[]): Promise<readonly UnitRead[]>;
}
