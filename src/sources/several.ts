import { SourceError, UsageError } from '../errors.ts';
import type { Listing, Source, SourceFile } from './source.ts';

/** Several sources as one; a file that two of them list is there once. UsageError where some are of this machine and some of S3. */
export function severalSources(sources: readonly [Source, ...Source[]]): Source {
  const [first] = sources;
  if (sources.length === 1) return first;
  if (sources.some(({ isLocal }) => isLocal !== first.isLocal)) {
    throw new UsageError('One load cannot read files of one kind both from this machine and from S3.', {
      hint: 'Run two loads, one for each; or copy the files to one of the two.',
    });
  }
  /** Who listed a file first reads it. */
  const owners = new Map<string, Source>();
  const ownerOf = ({ path }: SourceFile): Source => owners.get(path) ?? first;
  return {
    isLocal: first.isLocal,
    concurrency: first.concurrency,
    async list(onFound) {
      const listings = await listAll(sources.map((source) => () => source.list(onFound)));
      owners.clear();
      const files = new Map<string, SourceFile>();
      for (const [at, listing] of listings.entries()) {
        for (const file of listing.files) {
          if (files.has(file.path)) continue;
          files.set(file.path, file);
          owners.set(file.path, sources[at] as Source);
        }
      }
      return merge(listings, files);
    },
    open: (file) => ownerOf(file).open(file),
    readSmall: (file) => ownerOf(file).readSmall(file),
    relist: (file) => ownerOf(file).relist(file),
    async fetch(files) {
      const paths = new Map<string, string>();
      for (const source of sources) {
        const own = files.filter((file) => ownerOf(file) === source);
        const fetched = own.length > 0 ? await source.fetch(own) : [];
        for (const [at, { path }] of own.entries()) paths.set(path, fetched[at] as string);
      }
      return files.map(({ path }) => paths.get(path) as string);
    },
    release: (file) => ownerOf(file).release(file),
    async close() {
      await Promise.all(sources.map((source) => source.close()));
    },
  };
}

/** One listing of several, with the files that they list; what one source reads, none skips. */
function merge(listings: readonly Listing[], files: ReadonlyMap<string, SourceFile>): Listing {
  const skipped = new Set(listings.flatMap((listing) => [...listing.skipped]));
  const unreadable = new Map(listings.flatMap((listing) => listing.unreadable.map((one) => [one.path, one])));
  return {
    files: [...files.values()].sort(byPath),
    unreadable: [...unreadable.values()].filter(({ path }) => !files.has(path)).sort(byPath),
    skipped: [...skipped].filter((path) => !files.has(path)),
    covers: (path) => listings.some((listing) => listing.covers(path)),
  };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : 1;
}

/**
 * Lists one source after the other. Of those that cannot be listed, one SourceError names all, so that they need not be
 * fixed one by one.
 */
export async function listAll(lists: readonly (() => Promise<Listing>)[]): Promise<Listing[]> {
  const listings: Listing[] = [];
  const failures: SourceError[] = [];
  for (const list of lists) {
    try {
      listings.push(await list());
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      failures.push(error);
    }
  }
  const [failure] = failures;
  if (failure === undefined) return listings;
  if (failures.length === 1) throw failure;
  const lines = (texts: readonly (string | undefined)[]): string =>
    [...new Set(texts.filter((text) => text !== undefined))].join('\n');
  throw new SourceError(lines(failures.map(({ message }) => message)), {
    hint: lines(failures.map(({ hint }) => hint)),
    cause: failure,
  });
}
