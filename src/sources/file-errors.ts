import { openFilesHint, SourceError, UnreadableFileError } from '../errors.ts';

/** A file system's errors that are of this process or machine, and would meet every other file as well. */
const OF_ALL = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  ELOOP: 'a link that leads back to itself',
  ENAMETOOLONG: 'its path is too long for this system',
  EIO: 'the disk could not read it (EIO)',
};

/** Node gives such names with U+FFFD in them, and no file has that name. */
export const NOT_UTF8 = 'its name is not UTF-8';

/** Whether there is nothing under a name. */
export function isMissing(cause: unknown): boolean {
  const code = codeOf(cause);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** An error of the file system with one file, as one that a load skips; what would meet every file is a SourceError. */
export function fileError(path: string, cause: unknown): SourceError {
  if (cause instanceof SourceError) return cause;
  const whole = sourceError(path, cause);
  if (OF_ALL.has(codeOf(cause))) return whole;
  const { message, hint } = whole;
  const given = { path, reason: reasonOf(path, cause), cause };
  return new UnreadableFileError(message, hint === undefined ? given : { ...given, hint });
}

/** An error of the file system as one that says what to do. */
export function sourceError(path: string, cause: unknown): SourceError {
  const code = codeOf(cause);
  if (code === 'EACCES' || code === 'EPERM') {
    return new SourceError(`No permission to read ${path}.`, {
      cause,
      hint: `Give this user read rights: chmod +r '${path}'`,
    });
  }
  const hint = openFilesHint(code);
  if (hint !== undefined)
    return new SourceError(`Cannot open ${path}: too many open files.`, { cause, hint });
  if (isMissing(cause))
    return new SourceError(`${path} vanished while it was being read.`, { cause, hint: 'Run again.' });
  return new SourceError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
}

/** Why a file cannot be read, in a few words. */
function reasonOf(path: string, cause: unknown): string {
  const known = REASONS[codeOf(cause)];
  if (known !== undefined) return known;
  if (!isMissing(cause)) return (cause as Error).message;
  return path.includes('\ufffd') ? NOT_UTF8 : 'it was gone before it was read';
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? '';
}
