import type { SourceFile } from '../../sources/source.ts';
import type { KnownFile } from './manifest-reader.ts';
import type { PlanInput } from './plan-input.ts';

/** What a listing and the manifest say of each other, before any file is read. */
export interface Compared {
  /** Known names that are listed otherwise now, or no more. */
  readonly before: ReadonlyMap<string, KnownFile>;
  /** In the listing's order. */
  readonly toRead: readonly SourceFile[];
  /** Whether a name of `before` is listed. */
  readonly listed: ReadonlySet<string>;
  readonly unchanged: number;
  readonly knownDuplicates: number;
}

/** Holds the manifest against the listing page by page; of names that both know alike, only the number is kept. */
export async function compare({ listing, known, ignoreFingerprints }: PlanInput): Promise<Compared> {
  const listed = new Map(listing.files.map((file, at) => [file.path, at]));
  const isAlike = new Uint8Array(listing.files.length);
  const before = new Map<string, KnownFile>();
  const listedBefore = new Set<string>();
  let unchanged = 0;
  let knownDuplicates = 0;
  for await (const page of known.pages()) {
    for (const row of page) {
      const at = listed.get(row.path);
      if (at === undefined) {
        if (listing.covers(row.path)) before.set(row.path, row);
      } else if (!ignoreFingerprints && listing.files[at]?.fingerprint === row.fingerprint) {
        isAlike[at] = 1;
        if (row.duplicate) knownDuplicates += 1;
        else unchanged += 1;
      } else {
        before.set(row.path, row);
        listedBefore.add(row.path);
      }
    }
  }
  const toRead = listing.files.filter((_, at) => isAlike[at] === 0);
  return { before, toRead, listed: listedBefore, unchanged, knownDuplicates };
}
