import pc from 'picocolors';
import { openFilesHint, SparkifyError } from '../errors.ts';
import { printable } from './printable.ts';

/** An error as programs get it. */
export interface Failure {
  readonly kind: string;
  readonly message: string;
  readonly hint: string | null;
  readonly exitCode: number;
  /** Which of sparkify's own statements the engine failed at; absent for any other error. */
  readonly statement?: string;
}

/** What to say of an error; `safe` takes out secrets, `asCalled` names the program as the user does. */
export function failureOf(
  thrown: unknown,
  safe: (text: string) => string,
  asCalled: (text: string) => string,
): Failure {
  const error = fromFileSystem(thrown);
  const kind = error instanceof Error ? error.name : 'Error';
  if (!(error instanceof SparkifyError)) {
    const message = safe(`A fault in sparkify: ${(error as Error)?.message ?? error}`);
    return { kind, message, hint: 'Please report it with what follows.', exitCode: 1 };
  }
  const hint = error.hint === undefined ? null : asCalled(safe(error.hint));
  const statement = statementOf(error);
  return {
    kind,
    message: safe(error.message),
    hint,
    exitCode: error.exitCode,
    ...(statement === undefined ? {} : { statement }),
  };
}

/** The statement that an error is about, or what it came from. */
function statementOf(thrown: SparkifyError): string | undefined {
  for (let at: unknown = thrown; at instanceof SparkifyError; at = at.cause)
    if (at.statement !== undefined) return at.statement;
  return undefined;
}

/** An error for people: what failed, what to do, and where in the program it was if that is of use. */
export function drawFailure(
  { message, hint }: Failure,
  thrown: unknown,
  safe: (text: string) => string,
  isVerbose: boolean,
): string {
  const known = fromFileSystem(thrown) instanceof SparkifyError;
  const stack = known ? isVerbose && causesOf(thrown) : (thrown as Error)?.stack;
  return [
    `${pc.red('error')} ${indented(message)}\n`,
    hint === null ? '' : `      ${indented(hint)}\n`,
    typeof stack === 'string' ? `${indented(safe(stack))}\n` : '',
  ].join('');
}

/** The stacks of what an error came from, the nearest first. */
function causesOf(thrown: unknown): string | null {
  const stacks: string[] = [];
  for (let at = thrown instanceof SparkifyError ? thrown.cause : thrown; at instanceof Error; at = at.cause)
    stacks.push(at.stack ?? at.message);
  return stacks.length === 0 ? null : stacks.join('\nbecause of ');
}

/** A file that cannot be read or written is the user's to fix, wherever it was met. */
function fromFileSystem(error: unknown): unknown {
  const { code, syscall, path, message } = error as NodeJS.ErrnoException;
  if (error instanceof SparkifyError || !code || !syscall) return error;
  const why = message.replace(/^[A-Z]+: /, '').replace(/, \w+( '.*)?$/, '');
  const hint = openFilesHint(code);
  return new SparkifyError(`Cannot ${syscall} ${path ?? 'a file'}: ${why}.`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Several lines below one another, none of which can drive the terminal. */
function indented(text: string): string {
  return text.split('\n').map(printable).join('\n      ');
}
