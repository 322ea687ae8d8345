import { SourceChangedError, SourceError, UnreadableFileError } from '../../errors.ts';
import type { FileFailure } from '../../reading/survey-pool.ts';
import type { Unreadable } from '../../sources/source.ts';
import type { Observer } from '../../telemetry/observer.ts';

const TRIES = 3;
const NAMES_SAID = 20;

/** The files that a load does without, from one attempt to the next. */
export interface PassedOver {
  /** Paths, and why. */
  readonly reasons: ReadonlyMap<string, string>;
  /** A file that could not be read while planning; throws where all is to be planned again. */
  leave(failure: FileFailure): Unreadable;
  /** Whether the load may start again after an error, since a file had changed, or goes without it. */
  mayGoOn(error: unknown): boolean;
  /** Says which files are skipped, each once. */
  say(files: readonly Unreadable[]): void;
}

/** Files that change while they are read are tried this often; a plan without a load gets one try. */
export function passedOver(observer: Observer, tries = TRIES): PassedOver {
  const reasons = new Map<string, string>();
  const said = new Set<string>();
  let left = tries;
  const note = (message: string): void => observer.emit({ type: 'note', message });

  return {
    reasons,
    leave(failure) {
      const { path, reason } = failure;
      if (path === null || (failure instanceof SourceChangedError && left > 1)) throw failure;
      return { path, reason };
    },
    mayGoOn(error) {
      if (error instanceof SourceChangedError && left > 1) {
        left -= 1;
        note(`${error.message} Planning again.`);
        return true;
      }
      if (!(error instanceof UnreadableFileError || error instanceof SourceChangedError)) return false;
      const { path, reason } = error;
      if (path === null || reasons.has(path)) return false;
      reasons.set(path, reason);
      return true;
    },
    say(files) {
      const fresh = files.filter(({ path }) => !said.has(path));
      for (const { path, reason } of fresh) {
        if (said.size < NAMES_SAID) note(`Skipped ${path}: ${reason}.`);
        said.add(path);
      }
      const more = Math.min(fresh.length, said.size - NAMES_SAID);
      if (more > 0) note(`Skipped ${more} more files that cannot be read.`);
    },
  };
}

/** If nothing can be read of what a source has, that is the source's fault, and not a file's. */
export function sourceFailed({ message, hint, cause }: SourceError): SourceError {
  return new SourceError(message, hint === undefined ? { cause } : { cause, hint });
}
