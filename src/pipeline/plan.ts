import type { files as filesTable } from '../models/ops/files.ts';
import type { Survey } from '../reading/survey.ts';
import { surveyAll } from '../reading/survey-pool.ts';
import type { Row, Table } from '../schema/table.ts';
import type { Listing, Source, SourceFile } from '../sources/source.ts';
import type { Observer } from './observer.ts';

export type FileKind = 'log' | 'song';
/** What the manifest knows of a name. */
export type KnownFile = Pick<
  Row<typeof filesTable>,
  'path' | 'file_id' | 'sha256' | 'bytes' | 'fingerprint' | 'duplicate'
>;

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
  /** Known names with the known content; those that are second names are counted in knownDuplicates too. */
  readonly unchanged: readonly string[];
  readonly knownDuplicates: readonly KnownFile[];
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
  readonly known: readonly KnownFile[];
  /** The first id that no content has yet. */
  readonly nextFileId: number;
  /** Read every file, whatever the file system says. */
  readonly distrust: boolean;
}

/** Compares what lies at a source with the manifest; reads only what may have changed. */
export async function planFiles(input: PlanInput, observer: Observer): Promise<FilePlan> {
  const { kind, listing, known } = input;
  const knownByPath = new Map(known.map((file) => [file.path, file]));
  const isKnown = (file: SourceFile): boolean =>
    !input.distrust && knownByPath.get(file.path)?.fingerprint === file.fingerprint;
  const toRead = listing.files.filter((file) => !isKnown(file));
  if (toRead.length > 0)
    observer.step(
      'reading',
      toRead.reduce((sum, file) => sum + file.bytes, 0),
      'bytes',
    );
  const surveys = await surveyAll(input.source, toRead, input.table, observer.advance);
  const surveyed = new Map(surveys.map((found) => [found.file.path, found]));

  const contents = new Map<string, { fileId: number; path: string }>();
  for (const file of known)
    if (!file.duplicate && file.bytes > 0)
      contents.set(file.sha256, { fileId: file.file_id, path: file.path });

  const load: FileToLoad[] = [];
  const duplicates: DuplicateFile[] = [];
  const unchanged: string[] = [];
  const renewed: SourceFile[] = [];
  const knownDuplicates: KnownFile[] = [];
  const idByPath = new Map(known.map((file) => [file.path, file.file_id]));
  let nextFileId = input.nextFileId;

  for (const file of listing.files) {
    const before = knownByPath.get(file.path);
    const found = surveyed.get(file.path);
    if (before && (!found || found.sha256 === before.sha256)) {
      unchanged.push(file.path);
      if (found?.file.settled && found.file.fingerprint !== before.fingerprint) renewed.push(found.file);
      if (before.duplicate) knownDuplicates.push(before);
      continue;
    }
    if (!found) throw new Error(`${file.path} is neither known nor surveyed.`);
    const changed = before !== undefined;
    const same = contents.get(found.sha256);
    if (same) {
      duplicates.push({ fileId: same.fileId, survey: found, of: same.path, changed });
      idByPath.set(file.path, same.fileId);
      continue;
    }
    load.push({ fileId: nextFileId, survey: found, changed });
    idByPath.set(file.path, nextFileId);
    if (file.bytes > 0) contents.set(found.sha256, { fileId: nextFileId, path: file.path });
    nextFileId += 1;
  }

  const listed = new Set(listing.files.map((file) => file.path));
  const vanished = known.map((file) => file.path).filter((path) => listing.covers(path) && !listed.has(path));
  const moved = movedNames(duplicates, vanished, idByPath);
  const gone = new Set(moved);
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
    removedFileIds: [...new Set(known.map((file) => file.file_id))].filter((id) => !namesOf.has(id)),
    skipped: listing.skipped,
  };
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
