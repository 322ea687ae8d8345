import type { Survey } from '../reading/survey.ts';
import { surveyAll } from '../reading/survey-pool.ts';
import type { Table } from '../schema/table.ts';
import type { Listing, Source, SourceFile } from '../sources/source.ts';
import type { KnownFile, KnownFiles } from './known-files.ts';
import type { Observer } from './observer.ts';

export type FileKind = 'log' | 'song';
/** A file whose content is to be loaded. */
export interface FileToLoad {
  readonly fileId: number;
  readonly survey: Survey;
  /** Its name was known with another content. */
  readonly changed: boolean;
}

/** A second name of a content. */
interface DuplicateFile {
  readonly fileId: number;
  readonly survey: Survey;
  /** Another name of it; null where the content only moved from a name that has another content now. */
  readonly of: string | null;
  /** Its name was known with another content. */
  readonly changed: boolean;
}

/** What one kind of files asks for. */
export interface FilePlan {
  readonly kind: FileKind;
  readonly load: readonly FileToLoad[];
  readonly duplicates: readonly DuplicateFile[];
  /** Known names with the known content, counted; those that are second names are not among the unchanged. */
  readonly unchanged: number;
  readonly knownDuplicates: number;
  /** Known names with the known content under new times: what the manifest keeps of them is renewed. */
  readonly renewed: readonly SourceFile[];
  /** Names that vanished while their content came under another name: they are forgotten. */
  readonly moved: readonly string[];
  readonly vanished: readonly string[];
  /** Contents that no name has any more; their rows go. */
  readonly removedFileIds: readonly number[];
  readonly skipped: readonly string[];
}

export interface PlanInput {
  readonly kind: FileKind;
  /** The staging table that the files are for. */
  readonly table: Table;
  readonly source: Source;
  readonly listing: Listing;
  readonly known: KnownFiles;
  /** The first id that no content has yet. */
  readonly nextFileId: number;
  /** Read every file, whatever the file system says. */
  readonly distrust: boolean;
}

/** Compares what lies at a source with the manifest; reads only what may have changed. */
export async function planFiles(input: PlanInput, observer: Observer): Promise<FilePlan> {
  const { kind, listing, known, source } = input;
  const compared = await compare(input);
  const { before, toRead, listed } = compared;
  let { unchanged, knownDuplicates } = compared;
  const bytes = toRead.reduce((sum, file) => sum + file.bytes, 0);
  if (toRead.length > 0) observer.step('reading', bytes, 'bytes', toRead.length);
  const surveys = await surveyAll(source, toRead, input.table, observer);
  const sameContent = await known.withContents(surveys.map(({ sha256 }) => sha256));
  const contents = new Map<string, { fileId: number; path: string }>();
  for (const file of sameContent)
    if (!file.duplicate && file.bytes > 0)
      contents.set(file.sha256, { fileId: file.file_id, path: file.path });

  const load: FileToLoad[] = [];
  const duplicates: DuplicateFile[] = [];
  const renewed: SourceFile[] = [];
  const named = new Map<string, number>();
  let nextFileId = input.nextFileId;
  for (const found of surveys) {
    const { file, sha256 } = found;
    const known = before.get(file.path);
    if (known?.sha256 === sha256) {
      if (known.duplicate) knownDuplicates += 1;
      else unchanged += 1;
      if (file.settled && file.fingerprint !== known.fingerprint) renewed.push(file);
      await source.release(file);
      continue;
    }
    const changed = known !== undefined;
    const same = contents.get(sha256);
    if (same) {
      duplicates.push({ fileId: same.fileId, survey: found, of: same.path, changed });
      named.set(file.path, same.fileId);
      await source.release(file);
      continue;
    }
    load.push({ fileId: nextFileId, survey: found, changed });
    named.set(file.path, nextFileId);
    if (file.bytes > 0) contents.set(sha256, { fileId: nextFileId, path: file.path });
    nextFileId += 1;
  }

  const vanished = [...before.keys()].filter((path) => !listed.has(path));
  // Only these contents can have gained or lost a name.
  const changedIds = [...before.values()].filter(({ path }) => named.has(path)).map((file) => file.file_id);
  const touched = await known.withIds([...changedIds, ...duplicates.map(({ fileId }) => fileId)]);
  const idByPath = new Map(touched.map((file) => [file.path, file.file_id]));
  for (const [path, id] of named) idByPath.set(path, id);
  const moved = movedNames(duplicates, vanished, idByPath);
  const gone = new Set(moved);
  const goneIds = moved.map((path) => idByPath.get(path) as number);
  for (const path of gone) idByPath.delete(path);
  const namesOf = new Map<number, string[]>();
  for (const [path, id] of idByPath) {
    const names = namesOf.get(id);
    if (names) names.push(path);
    else namesOf.set(id, [path]);
  }
  const withNames = duplicates.map((file) => {
    const others = (namesOf.get(file.fileId) ?? []).filter((path) => path !== file.survey.file.path);
    return { ...file, of: file.of !== null && others.includes(file.of) ? file.of : (others[0] ?? null) };
  });
  return {
    kind,
    load,
    duplicates: withNames,
    unchanged,
    knownDuplicates,
    renewed,
    moved,
    vanished: vanished.filter((path) => !gone.has(path)),
    removedFileIds: [...new Set([...changedIds, ...goneIds])].filter((id) => !namesOf.has(id)),
    skipped: listing.skipped,
  };
}

/** What a listing and the manifest say of each other, before any file is read. */
interface Compared {
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
async function compare({ listing, known, distrust }: PlanInput): Promise<Compared> {
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
      } else if (!distrust && listing.files[at]?.fingerprint === row.fingerprint) {
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

/** The names from which the contents of new names have gone: a rename, one old name for each new one. */
function movedNames(
  duplicates: readonly DuplicateFile[],
  vanished: readonly string[],
  idByPath: ReadonlyMap<string, number>,
): string[] {
  const came = new Map<number, number>();
  for (const { fileId } of duplicates) came.set(fileId, (came.get(fileId) ?? 0) + 1);
  return vanished.filter((path) => {
    const left = came.get(idByPath.get(path) ?? -1) ?? 0;
    if (left > 0) came.set(idByPath.get(path) as number, left - 1);
    return left > 0;
  });
}

/** Whether the plan changes anything. */
export function isEmpty(plan: FilePlan): boolean {
  return plan.load.length === 0 && plan.duplicates.length === 0;
}
