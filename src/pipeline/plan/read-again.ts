import { SourceError } from '../../errors.ts';
import type { Listing, SourceFile } from '../../sources/source.ts';
import { cannotReadAgain } from './damage.ts';
import { type Content, keyOf } from './file-plan.ts';
import type { KnownFile } from './manifest-reader.ts';

/** Known contents of which some came, went or are damaged, and what each name holds after this load. */
export interface Holdings {
  /** The known names of every read unit that may have gained or lost a content. */
  readonly touched: readonly KnownFile[];
  readonly contentOf: Map<string, Content>;
}

/**
 * The read units that lost a content and still hold others: which row came from which file is not known, so that the unit
 * is read again without it. A unit of one file has lost all then, and is never among them.
 */
export function brokenUnits({ touched, contentOf }: Holdings): Set<number> {
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
 * The known files of units that are to be read again, and the names that can be forgotten, since they hold nothing or what
 * they held lies under another name. SourceError where a content has gone, since its rows could not be kept.
 */
export function filesToReadAgain(
  units: ReadonlySet<number>,
  damaged: ReadonlySet<number>,
  { touched, contentOf }: Holdings,
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
    if (!units.has(known.file_id) || content?.fileId !== known.file_id || content.sha256 !== known.sha256)
      continue;
    const file = listed.get(known.path);
    if (file !== undefined) again.files.push(file);
    else if (known.bytes === 0 || there.has(keyOf(content))) again.forgotten.push(known.path);
    else if (damaged.has(known.file_id)) throw cannotReadAgain(known.path);
    else throw cannotSpare(known.path);
  }
  return again;
}

function cannotSpare(path: string): SourceError {
  return new SourceError(
    `${path} is gone, and was loaded in one batch with a file that has changed: reading the batch again would lose its rows.`,
    {
      hint: 'Put it back; or give the changed file its old content and the new one another name, so that nothing is replaced.',
    },
  );
}

/** Whether an id is of one content alone. */
export function holdsOne(fileId: number, { touched }: Holdings): boolean {
  return new Set(touched.filter((file) => file.file_id === fileId).map(({ sha256 }) => sha256)).size === 1;
}
