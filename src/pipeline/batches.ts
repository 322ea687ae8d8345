import { createHash } from 'node:crypto';
import { SourceError } from '../errors.ts';
import type { Survey } from '../reading/survey.ts';
import type { Listing, SourceFile } from '../sources/source.ts';
import type { KnownFile } from './known-files.ts';

/**
 * Where an engine reads objects by itself, it is not known which row came from which of them: the objects of one read, a
 * batch, share one file id. A batch that loses a content is read again without it, into a new batch.
 */
const MOST_FILES = 200;

/** What the listing alone tells of an object: its content is known by S3's ETag, its compression by its name. */
export function listedSurvey(file: SourceFile): Survey {
  return {
    file,
    sha256: listedIdentity(file),
    lines: 0,
    compression: file.path.endsWith('.gz') ? 'gzip' : file.path.endsWith('.zst') ? 'zstd' : 'none',
    isClean: false,
    content: null,
  };
}

/** Stands for the SHA-256 of a content that nobody here has read: size and ETag, hashed to fit where a SHA-256 does. */
export function listedIdentity({ fingerprint }: SourceFile): string {
  return `etag:${createHash('sha256').update(fingerprint).digest('hex').slice(0, 59)}`;
}

/** Gives file ids: one for each content, or one for each batch of one compression and one in reserve for each content. */
export function idGiver(firstFree: number, byEngine: boolean) {
  let free = firstFree;
  const take = (): number => {
    free += 1;
    return free - 1;
  };
  const open = new Map<string, { id: number; files: number }>();
  return {
    free: () => free,
    next(compression: Survey['compression']): { fileId: number; ownId: number } {
      if (!byEngine) {
        const fileId = take();
        return { fileId, ownId: fileId };
      }
      let batch = open.get(compression);
      if (batch === undefined || batch.files >= MOST_FILES) batch = { id: take(), files: 0 };
      open.set(compression, batch);
      batch.files += 1;
      return { fileId: batch.id, ownId: take() };
    },
  };
}

/**
 * The file ids of `touched` that lost a content and still hold others; `idByPath` says where each known name is now,
 * `fresh` are new names of known contents.
 */
export function brokenBatches(
  touched: readonly KnownFile[],
  idByPath: ReadonlyMap<string, number>,
  fresh: readonly { readonly fileId: number; readonly survey: Survey }[],
): Set<number> {
  const isKept = ({ path, file_id }: KnownFile): boolean => idByPath.get(path) === file_id;
  const broken = new Set<number>();
  for (const id of new Set(touched.map((file) => file.file_id))) {
    const files = touched.filter((file) => file.file_id === id);
    const kept = new Set(files.filter(isKept).map(({ sha256 }) => sha256));
    for (const { fileId, survey } of fresh) if (fileId === id) kept.add(survey.sha256);
    if (kept.size > 0 && files.some(({ sha256 }) => !kept.has(sha256))) broken.add(id);
  }
  return broken;
}

/** The listed files of broken batches; SourceError where one of them has gone, since its rows could not be kept. */
export function filesToReadAgain(
  broken: ReadonlySet<number>,
  touched: readonly KnownFile[],
  { files }: Listing,
): SourceFile[] {
  const listed = new Map(files.map((file) => [file.path, file]));
  return touched.flatMap((known) => {
    if (!broken.has(known.file_id)) return [];
    const file = listed.get(known.path);
    if (file === undefined) {
      throw new SourceError(
        `${known.path} is gone, and was loaded in one batch with a file that has changed: reading the batch again would lose its rows.`,
        {
          hint: 'Put it back; or give the changed file its old content and the new one another name, so that nothing is replaced.',
        },
      );
    }
    // Those that changed themselves are being loaded anew already.
    return file.fingerprint === known.fingerprint ? [file] : [];
  });
}
