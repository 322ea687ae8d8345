/** What a user can meet. `exitCode` is the process's; `hint` says what to do about it. */
export class SparkifyError extends Error {
  readonly exitCode: number = 1;
  readonly hint: string | undefined;

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = new.target.name;
    this.hint = options.hint;
  }
}

/** The command line asks for something that does not exist or does not fit together. */
export class UsageError extends SparkifyError {
  override readonly exitCode = 2;
}

/** The place that is to be written to holds something already. */
export class NotEmptyError extends UsageError {
  constructor(place: string, found: readonly string[] = []) {
    const more = found.length > 3 ? ` and ${found.length - 3} more` : '';
    const what = found.length === 0 ? '' : ` (it holds ${found.slice(0, 3).join(', ')}${more})`;
    super(`${place} is not empty${what}.`, {
      hint: 'Name an empty or a new place, or add --overwrite: it replaces what bears the names of the tables, and leaves the rest.',
    });
  }
}

/** dwh.cfg, the environment or a flag holds a value that cannot be used. */
export class ConfigError extends SparkifyError {
  override readonly exitCode = 2;
}

/** Files cannot be found, listed or read. */
export class SourceError extends SparkifyError {}

/** A file changed between the moment it was surveyed and the moment it was read. */
export class SourceChangedError extends SourceError {}

/** The warehouse cannot be opened, read or written. */
export class WarehouseError extends SparkifyError {}

/** The warehouse is there, but no load into it has finished yet. */
export class NothingLoadedError extends WarehouseError {
  readonly warehouse: string;

  constructor(warehouse: string) {
    super(`No load into ${warehouse} has finished yet.`, {
      hint: 'Load it: sparkify etl --log-data FOLDER --song-data FOLDER',
    });
    this.warehouse = warehouse;
  }
}

/** A disk is full, or a quota is. */
export class DiskFullError extends WarehouseError {}

/** This user may not read or write a file of the warehouse. */
export class NoPermissionError extends WarehouseError {}

/** The engine's own reader refused what a file holds: the files must be read line by line. */
export class CleanReadFailed extends WarehouseError {}

/** Another process holds the warehouse's only writer's place. */
export class LeaseError extends WarehouseError {}

/** What failed may well succeed if all of it is done again on a new connection: a conflict, a lost connection. */
export class PassingError extends WarehouseError {}

/** The connection was lost while committing: whether it committed is for the next connection to find out. */
export class CommitUnclearError extends PassingError {}

/** The load refused to commit: too many rejects, a file that does not balance, a failed check. */
export class LoadError extends SparkifyError {}

/** SIGINT or SIGTERM ended the work; nothing half done stays behind. */
export class InterruptedError extends SparkifyError {
  override readonly exitCode: number;
  readonly signal: 'SIGINT' | 'SIGTERM';

  constructor(signal: 'SIGINT' | 'SIGTERM', left = 'nothing was committed.') {
    super(`Stopped by ${signal}; ${left}`);
    this.signal = signal;
    this.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}
