/** What a user can meet. `exitCode` is the process's; `hint` says what to do about it. */
export class SparkifyError extends Error {
  readonly exitCode: number = 1;
  readonly hint: string | undefined;
  /** Which of sparkify's own statements an engine failed at, by its name; undefined for any other error. */
  statement: string | undefined;

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
      hint: 'Name an empty or a new place; or add --overwrite: it overwrites the files of these tables and keeps all others.',
    });
  }
}

/** dwh.cfg, the environment or a flag holds a value that cannot be used. */
export class ConfigError extends SparkifyError {
  override readonly exitCode = 2;
}

/** Files cannot be found, listed or read. */
export class SourceError extends SparkifyError {}

/** One file or folder cannot be read, while the others of its source can: a load skips it and names it. */
export class UnreadableFileError extends SourceError {
  readonly path: string;
  /** Why, in a few words. */
  readonly reason: string;

  constructor(
    message: string,
    { path, reason, ...options }: { path: string; reason: string; hint?: string; cause?: unknown },
  ) {
    super(message, options);
    this.path = path;
    this.reason = reason;
  }
}

/** A file changed between the moment it was surveyed and the moment it was read; it may be steady the next time. */
export class SourceChangedError extends SourceError {
  /** Null where it is not known which file did. */
  readonly path: string | null;
  readonly reason: string;

  constructor(
    message: string,
    options: { path?: string; reason?: string; hint?: string; cause?: unknown } = {},
  ) {
    super(message, options);
    this.path = options.path ?? null;
    this.reason = options.reason ?? 'it is still being written';
  }
}

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

/** What was committed could not be published, and nothing ever was: readers see nothing. */
export class NeverPublishedError extends WarehouseError {}

/** A disk is full, or a quota is. */
export class DiskFullError extends WarehouseError {}

/** This user may not read or write a file of the warehouse. */
export class NoPermissionError extends WarehouseError {}

/** Another process holds the warehouse's only writer's place. */
export class LeaseError extends WarehouseError {}

/** A program that is not ours has the warehouse open. */
export class OtherProgramError extends LeaseError {}

/** What failed may well succeed if all of it is done again on a new connection: a conflict, a lost connection. */
export class TransientError extends WarehouseError {}

/** The connection was lost while committing: whether it committed is for the next connection to find out. */
export class CommitUnknownError extends TransientError {}

/**
 * All is committed that was to be; what failed came after it: publishing it, or reporting it. `report` is what was
 * done.
 */
export class CommittedError extends WarehouseError {
  /** 4; the signal's, where a signal ended what came after the commit. */
  override readonly exitCode: number;
  readonly report: unknown;

  constructor(message: string, options: { hint?: string; cause?: unknown; report?: unknown } = {}) {
    super(message, options);
    this.exitCode = interruptionIn(options.cause)?.exitCode ?? 4;
    this.report = options.report ?? null;
  }
}

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

/**
 * The same error, which says at which statement the engine failed; what is transient, such as a lost connection, is not
 * its fault.
 */
export function atStatement<Thrown>(error: Thrown, name: string): Thrown {
  if (!(error instanceof WarehouseError || error instanceof SourceError)) return error;
  if (error.statement !== undefined) return error;
  error.statement = name;
  // After an engine's first line, which says what failed; the others show where.
  if (!(error instanceof TransientError))
    error.message = error.message.replace(/\.?(?=\n|$)/, (end) => ` (${name})${end}`);
  return error;
}

/** The signal that an error came from; null where none did. */
export function interruptionIn(error: unknown): InterruptedError | null {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof InterruptedError) return at;
  return null;
}

/** What to do where no more files can be opened; undefined for any other error of the system. */
export function openFilesHint(code: string | undefined): string | undefined {
  if (code === 'EMFILE')
    return 'This process may not open more files. Raise the limit, then run again: ulimit -n 1024';
  if (code === 'ENFILE')
    return 'The whole system may not open more files. Close other programs, or raise its limit: sysctl fs.file-max';
  return undefined;
}
