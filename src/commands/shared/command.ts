import type { Command as Commander } from 'commander';
import type { Config } from '../../config/config.ts';
import type { CommittedError } from '../../errors.ts';
import type { Console } from '../../terminal/console.ts';

/** What a command gives back: `json` for --json, `text` for people; both go to stdout. Undefined: it was written. */
export interface Result {
  readonly json: unknown;
  readonly text: string;
  readonly exitCode?: number;
  /** What failed after the commit: it is reported after the result, and its exit code counts. */
  readonly failure?: CommittedError | null;
}

/** Flags as commander parses them, but for those that hold several values, which only the configuration reads. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>;

/** The world, as a command may touch it. */
export interface Context {
  readonly console: Console;
  readonly nowMs: () => number;
  /** The terminal's width in characters. */
  readonly columns: number;
  /** How this program is called here: `sparkify`, or `npx sparkify`. */
  readonly program: string;
  /** A hint with the program as it is called here. */
  asCalled(hint: string): string;
  /** A message with no secret in it. */
  withoutSecrets(message: string): string;
  /** Whether stdout is a terminal, which data must not drive. */
  readonly isTerminal: boolean;
  /** Reads dwh.cfg, environment and the flags that are settings, once; warnings are spoken. */
  config(flags: Flags): Promise<Config>;
  /** Writes a part of a long result to stdout, as fast as that takes it. */
  write(text: string): Promise<void>;
  /** Asks a person at a terminal; false elsewhere. */
  confirm(question: string): Promise<boolean>;
  /** Aborted by Ctrl-C, with an InterruptedError for its reason; what has not ended within a second then is ended. */
  readonly signal: AbortSignal;
  /** What is to be put away after a signal may take longer: the process is not ended from outside. */
  stopsByItself(): void;
}

/** One command: its flags, and what it does. */
export interface Command {
  /** What it writes is made up: others may read it as the user's own umask has it. */
  readonly isMadeUp?: true;
  define(command: Commander): void;
  run(context: Context, flags: Flags, args: readonly string[]): Promise<Result>;
}

/** For the help of commands that write. */
export const EXIT_CODES =
  'Exit codes:\n' +
  '  0         done\n' +
  '  1         failed; nothing was committed\n' +
  '  2         wrong usage or configuration\n' +
  '  3         committed, but a check failed or a file could not be read\n' +
  '            (it is named and skipped, and the next load tries it again)\n' +
  '  4         committed, but publishing or printing the report failed\n' +
  '  130, 143  stopped by a signal';

/** The flag that most commands take. */
export function warehouseFlag(command: Commander): void {
  command.option(
    '--warehouse <url>',
    'the warehouse: duckdb:sparkify.duckdb, postgres://user@host/database; put the password in PGPASSWORD or ~/.pgpass',
  );
}

/** For flags that may be given several times. */
export function several(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
