import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  linkSync,
  lstatSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { SparkifyError, UsageError } from '../errors.ts';
import { isKept, isKeptName, keptError } from './kept-files.ts';
import { isGivenOpen, outputAsItIs } from './output-as-it-is.ts';
import { remember, sweepUnfinished } from './unfinished-files.ts';

/** A file that is written under another name beside it and takes its own once it is complete. */
export interface OutputFile {
  /** Where to write. */
  readonly aside: string;
  /** Whether it is a terminal, which data must not drive. */
  readonly isTerminal: boolean;
  /** Whether it is this process's stdout, where nothing else must be said then. */
  readonly isStdout: boolean;
  /** Gives the file its name. */
  finish(): void;
  /** Removes what has no name yet; an exit of the process does so too. */
  discard(): void;
}

export interface OutputRules {
  /** Whether a file that is there is replaced. */
  readonly isReplacing: boolean;
  /** The flag that says so, for the hint (default: --overwrite). */
  readonly replaceFlag?: string;
  /** Files that are never written to, whether they are there or not. */
  readonly keeps: readonly string[];
}

/** Writes a file by `work`, whole or not at all: what `work` wrote aside gets its name when it has ended. */
export async function writeOutput<T>(
  path: string,
  rules: OutputRules,
  work: (file: OutputFile) => Promise<T>,
): Promise<T> {
  const file = outputFile(path, rules);
  try {
    const result = await work(file);
    file.finish();
    return result;
  } catch (cause) {
    throw isOfSystem(cause) ? cannotWrite(path, cause) : cause;
  } finally {
    file.discard();
  }
}

/** Makes ready to write a file; a UsageError, and nothing is changed, where it cannot or must not be written. */
export function outputFile(path: string, rules: OutputRules): OutputFile {
  if (path === '') throw new UsageError('The name of the file to write is empty.');
  const found = existing(path);
  if (found?.isDirectory()) {
    throw new UsageError(`${path} is a folder.`, { hint: `Name a file: ${join(path, 'result')}` });
  }
  if (found !== null && isKept(path, found, rules)) throw keptError(path);
  if (found !== null && (!found.isFile() || isGivenOpen(path))) return outputAsItIs(path, found, remember);
  const target = found === null ? newPath(path) : realpathSync(path);
  if (found === null && isKeptName(target, rules)) throw keptError(path);
  if (found !== null && !rules.isReplacing) throw thereError(path, rules);
  assertWritable(path, dirname(target));
  sweepUnfinished(dirname(target));
  const aside = join(dirname(target), `.sparkify-${process.pid}-${randomBytes(4).toString('hex')}.part`);
  const forget = remember(aside);
  return {
    aside,
    isTerminal: false,
    isStdout: false,
    finish() {
      if (found !== null) chmodSync(aside, found.mode & 0o777);
      if (rules.isReplacing) renameSync(aside, target);
      else takeFreeName(aside, target, () => thereError(path, rules));
      forget();
    },
    discard() {
      rmSync(aside, { force: true });
      forget();
    },
  };
}

/** Renames without replacing what may have come meanwhile. */
function takeFreeName(aside: string, target: string, isThere: () => UsageError): void {
  try {
    linkSync(aside, target);
    rmSync(aside);
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') throw isThere();
    // Some file systems have no links.
    renameSync(aside, target);
  }
}

function existing(path: string): Stats | null {
  try {
    return statSync(path);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null;
    throw cannotWrite(path, cause);
  }
}

/** The full path of a file that is not there yet. */
function newPath(path: string): string {
  const folder = dirname(resolve(path));
  try {
    if (lstatSync(path).isSymbolicLink()) {
      throw new UsageError(`${path} is a link to a file that does not exist.`, {
        hint: 'Name another file.',
      });
    }
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
  }
  try {
    return join(realpathSync(folder), basename(resolve(path)));
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cannotWrite(path, cause);
    throw new UsageError(`Cannot write ${path}: there is no folder ${folder}.`, {
      cause,
      hint: `mkdir -p '${folder}'`,
    });
  }
}

function assertWritable(path: string, folder: string): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw new UsageError(`Cannot write ${path}: no permission to write in ${folder}.`, {
      cause,
      hint: 'Name a file in another folder.',
    });
  }
}

function thereError(path: string, { replaceFlag = '--overwrite' }: OutputRules): UsageError {
  return new UsageError(`There is a file ${path} already.`, {
    hint: `Name a new file, or add ${replaceFlag} to replace it.`,
  });
}

function isOfSystem(cause: unknown): boolean {
  return !(cause instanceof SparkifyError) && codeOf(cause) !== undefined;
}

/** What the machine is to blame for, whatever file is named. */
const OF_MACHINE = ['ENOSPC', 'EDQUOT', 'EIO'];

/** What a system's error means for the user who named the file. */
function cannotWrite(path: string, cause: unknown): SparkifyError {
  const why = (cause as Error).message.replace(/^[A-Z]+: /, '').replace(/, \w+( '.*)?$/, '');
  const ofMachine = OF_MACHINE.includes(codeOf(cause) ?? '');
  return new (ofMachine ? SparkifyError : UsageError)(`Cannot write ${path}: ${why}.`, { cause });
}

function codeOf(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException).code;
}
