type FileKind = 'log' | 'song';
type StepUnit = 'bytes' | 'checks' | 'events' | 'files' | 'tables';

/** A run begins to plan; all that follows is of it, until it is committed or has failed. */
interface Started {
  readonly type: 'started';
  readonly runId: string;
  readonly command: string;
  readonly warehouse: string;
}

/** The files of a kind are compared with the manifest; of a dry run, this is all. */
interface Planned {
  readonly type: 'planned';
  readonly kind: FileKind;
  readonly newFiles: number;
  readonly changedFiles: number;
  readonly unchangedFiles: number;
  readonly duplicateFiles: number;
  readonly movedFiles: number;
  readonly vanishedFiles: number;
  readonly skippedFiles: number;
  readonly unreadableFiles: number;
  /** Of the files to be loaded. */
  readonly bytes: number;
}

/** A step begins; `total` is in `unit`, or null where it cannot be known; of so many files, where it is of files. */
interface StepStarted {
  readonly type: 'stepStarted';
  readonly step: string;
  readonly total: number | null;
  readonly unit: StepUnit;
  readonly files?: number;
}

/** So much of the step is done since the last one, in its unit; one for each chunk. */
interface Progressed {
  readonly type: 'progressed';
  readonly amount: number;
}

/** A file was read to be planned, or could not be. */
interface FileRead {
  readonly type: 'fileRead';
  readonly path: string;
  readonly bytes: number;
}

/** What an engine reads by itself is copied, before the transaction. */
interface Copied {
  readonly type: 'copied';
  readonly kind: FileKind;
}

/** The new contents of a kind stand in staging, in balance. */
interface Staged {
  readonly type: 'staged';
  readonly kind: FileKind;
  readonly files: number;
  readonly bytes: number;
  readonly lines: number;
  readonly stagedRecords: number;
  readonly rejectedRecords: number;
  readonly blankLines: number;
}

/** Repeats of a kind's keys are set aside. */
interface Deduplicated {
  readonly type: 'deduplicated';
  readonly kind: FileKind;
  readonly duplicates: number;
  readonly conflicts: number;
}

/** A table is in line with staging. */
interface Built {
  readonly type: 'built';
  readonly table: string;
  readonly rows: number;
  readonly insertedRows: number;
  readonly updatedRows: number;
  readonly deletedRows: number;
}

/** The checks were run; where one failed that must hold, `failed` follows. */
interface Checked {
  readonly type: 'checked';
  readonly passedChecks: number;
  readonly failedChecks: number;
  /** The names of those that failed. */
  readonly failures: readonly string[];
}

/** The run's row is written, in the transaction. */
interface Recorded {
  readonly type: 'recorded';
}

/** What follows is the commit: from here on a signal comes too late. */
interface Committing {
  readonly type: 'committing';
}

interface Committed {
  readonly type: 'committed';
  /** Null where no run is recorded: of the tables themselves. */
  readonly runId: string | null;
}

/** Readers see what was committed. */
interface Published {
  readonly type: 'published';
  readonly warehouse: string;
}

/** A table was written to where an export goes. */
interface Exported {
  readonly type: 'exported';
  readonly table: string;
  readonly location: string;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
}

/** An attempt failed by what passes, and committed nothing; the next one starts from the beginning. */
interface Retrying {
  readonly type: 'retrying';
  /** Of the attempt that failed, from 1. */
  readonly attempt: number;
  readonly message: string;
}

interface Failed {
  readonly type: 'failed';
  /** The class: `LoadError`. */
  readonly error: string;
  readonly message: string;
  /** Whether all is committed, and what failed came after it. */
  readonly isCommitted: boolean;
}

/** Something that the user should know, once. */
interface Note {
  readonly type: 'note';
  readonly message: string;
}

/** Something that the user should look into; it stands in the result as well. */
interface Warning {
  readonly type: 'warning';
  readonly message: string;
}

/** What a load, a replay or an export does, as plain data; it says nothing of when. */
export type LoadEvent =
  | Started
  | Planned
  | StepStarted
  | Progressed
  | FileRead
  | Copied
  | Staged
  | Deduplicated
  | Built
  | Checked
  | Recorded
  | Committing
  | Committed
  | Published
  | Exported
  | Retrying
  | Failed
  | Note
  | Warning;
