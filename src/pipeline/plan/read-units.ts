import { SourceError } from '../../errors.ts';
import type { Survey } from '../../reading/survey.ts';
import { listedIdentity } from '../../sources/content-identity.ts';
import type { Listing, SourceFile } from '../../sources/source.ts';
import { cannotReadAgain } from '../repair/damage.ts';
import { type Content, keyOf } from './file-plan.ts';
import type { KnownFile } from './manifest-reader.ts';

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
    damage: null,
    content: null,
  };
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

/** The file ids of `touched` that lost a content and still hold others; `contentOf` says what each name holds now. */
export function brokenBatches(
  touched: readonly KnownFile[],
  contentOf: ReadonlyMap<string, Content>,
): Set<number> {
  // A first load touches nothing known, and may bring very many names.
  if (touched.length === 0) return new Set();
  const kept = new Set([...contentOf.values()].map(keyOf));
  const keptIds = new Set([...contentOf.values()].map(({ fileId }) => fileId));
  const broken = new Set<number>();
  for (const { file_id: fileId, sha256 } of touched)
    if (keptIds.has(fileId) && !kept.has(keyOf({ fileId, sha256 }))) broken.add(fileId);
  return broken;
}

/**
 * The known files of broken batches and damaged contents that are to be read again, and the names that can be forgotten, since they hold nothing or
 * what they held lies under another name. SourceError where a content has gone, since its rows could not be kept.
 */
export function filesToReadAgain(
  broken: ReadonlySet<number>,
  damaged: ReadonlySet<number>,
  touched: readonly KnownFile[],
  contentOf: ReadonlyMap<string, Content>,
  { files }: Listing,
): { files: SourceFile[]; forgotten: string[] } {
  const listed = new Map(files.map((file) => [file.path, file]));
  const there = new Set(
    [...contentOf].filter(([path]) => listed.has(path)).map(([, content]) => keyOf(content)),
  );
  const again: { files: SourceFile[]; forgotten: string[] } = { files: [], forgotten: [] };
  // Where the manifest was damaged, a name stands there twice.
  for (const known of new Map(touched.map((file) => [file.path, file])).values()) {
    const content = contentOf.get(known.path);
    // Those that hold something else by now are being loaded already.
    if (!broken.has(known.file_id) || content?.fileId !== known.file_id || content.sha256 !== known.sha256)
      continue;
    const file = listed.get(known.path);
    if (file !== undefined) {
      again.files.push(file);
    } else if (known.bytes === 0 || there.has(keyOf(content))) {
      again.forgotten.push(known.path);
    } else if (damaged.has(known.file_id)) {
      throw cannotReadAgain(known.path);
    } else {
      throw new SourceError(
        `${known.path} is gone, and was loaded in one batch with a file that has changed: reading the batch again would lose its rows.`,
        {
          hint: 'Put it back; or give the changed file its old content and the new one another name, so that nothing is replaced.',
        },
      );
    }
  }
  return again;
}

/** Whether an id is of one content alone, not of a batch. */
export function holdsOne(fileId: number, known: readonly KnownFile[]): boolean {
  return new Set(known.filter((file) => file.file_id === fileId).map(({ sha256 }) => sha256)).size === 1;
}
