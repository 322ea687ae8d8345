import { SourceChangedError } from '../../errors.ts';
import type { Survey } from '../../reading/survey.ts';
import { type FileFailure, surveyAll } from '../../reading/survey-pool.ts';
import type { SourceFile, Unreadable } from '../../sources/source.ts';
import type { Observer } from '../../telemetry/observer.ts';
import { isDamaged, whyReadAgain } from '../repair/damage.ts';
import { type Compared, compare } from './compare.ts';
import { isSameObject, knownContents, movedNames } from './contents.ts';
import { type Content, type DuplicateFile, type FilePlan, type FileToLoad, keyOf } from './file-plan.ts';
import { sourceFailed } from './passed-over.ts';
import type { PlanInput } from './plan-input.ts';
import { brokenBatches, filesToReadAgain, holdsOne, idGiver, listedSurvey } from './read-units.ts';

/** Compares what lies at a source with the manifest; reads only what may have changed. */
export async function planFiles(input: PlanInput, observer: Observer): Promise<FilePlan> {
  const { kind, listing, known, source } = input;
  const compared = await compare(input);
  const { before, listed } = compared;
  let { unchanged, knownDuplicates } = compared;
  const { surveys, unreadable } = await readNew(compared, input, observer);
  const contents = await knownContents(surveys, input);

  const load: FileToLoad[] = [];
  let duplicates: DuplicateFile[] = [];
  const renewed: SourceFile[] = [];
  const named = new Map<string, Content>();
  const ids = idGiver(input.nextFileId, input.byEngine);
  const damaged = new Set(input.damage.fileIds);
  for (const found of surveys) {
    const { file, sha256 } = found;
    const known = before.get(file.path);
    if (known !== undefined && (known.sha256 === sha256 || isSameObject(known, found, source))) {
      if (known.duplicate) knownDuplicates += 1;
      else unchanged += 1;
      if (file.settled && file.fingerprint !== known.fingerprint) renewed.push(file);
      if (isDamaged(known, found, input.byEngine, input.damage)) damaged.add(known.file_id);
      await source.release(file);
      continue;
    }
    const changed = known !== undefined;
    const same = contents.find(found);
    if (same) {
      // Under the identity that it has already, whoever read it first.
      const survey = { ...found, sha256: same.sha256 };
      duplicates.push({ fileId: same.fileId, survey, of: same.path, changed, again: false });
      named.set(file.path, same);
      await source.release(file);
      continue;
    }
    const { fileId, ownId } = ids.next(found.compression);
    load.push({ fileId, ownId, survey: found, changed, again: false });
    named.set(file.path, { fileId, sha256 });
    if (file.bytes > 0) contents.add(found, { fileId, sha256, path: file.path });
  }

  const vanished = [...before.keys()].filter((path) => !listed.has(path));
  // Only these contents can have gained or lost a name.
  const changedIds = [...before.values()].filter(({ path }) => named.has(path)).map((file) => file.file_id);
  const touched = await known.withIds([...changedIds, ...duplicates.map(({ fileId }) => fileId), ...damaged]);
  const contentOf = new Map<string, Content>(
    touched.map((file) => [file.path, { fileId: file.file_id, sha256: file.sha256 }]),
  );
  for (const [path, content] of named) contentOf.set(path, content);
  const moved = movedNames(duplicates, vanished, contentOf);
  const goneIds = moved.map((path) => contentOf.get(path)?.fileId as number);
  for (const path of moved) contentOf.delete(path);
  const lostOne = brokenBatches(touched, contentOf);
  const broken = new Set([
    ...lostOne,
    ...touched.flatMap(({ file_id: id }) => (damaged.has(id) ? [id] : [])),
  ]);
  const restoredIds = new Map<number, number>();
  if (broken.size > 0) {
    const again = filesToReadAgain(broken, damaged, touched, contentOf, listing);
    for (const path of again.forgotten) contentOf.delete(path);
    moved.push(...again.forgotten);
    const left = (await surveysOf(again.files, input, observer, mustRead)).map((survey) => ({
      survey,
      changed: false,
      again: true,
    }));
    // Second names that came for what such a batch holds go with it.
    const names = duplicates.filter(({ fileId }) => broken.has(fileId));
    duplicates = duplicates.filter(({ fileId }) => !broken.has(fileId));
    const read = new Map<string, FileToLoad>();
    for (const { survey, changed, again: isAgain } of [...left, ...names]) {
      const { sha256 } = survey;
      const first = read.get(sha256);
      const id = first ?? ids.next(survey.compression);
      if (first === undefined) {
        const file = { fileId: id.fileId, ownId: id.ownId, survey, changed, again: isAgain };
        load.push(file);
        read.set(sha256, file);
      } else {
        const of = first.survey.file.path;
        duplicates.push({ fileId: id.fileId, survey, changed, again: isAgain, of });
      }
      const before = contentOf.get(survey.file.path);
      if (isAgain && before !== undefined && !input.byEngine && holdsOne(before.fileId, touched))
        restoredIds.set(id.fileId, before.fileId);
      contentOf.set(survey.file.path, { fileId: id.fileId, sha256 });
    }
    if (left.length > 0) observer.note(whyReadAgain(left.length, lostOne.size > 0));
  }
  const gone = new Set(moved);
  const namesOf = new Map<string, string[]>();
  const namedIds = new Set<number>();
  for (const [path, content] of contentOf) {
    const names = namesOf.get(keyOf(content)) ?? [];
    namesOf.set(keyOf(content), [...names, path]);
    namedIds.add(content.fileId);
  }
  const withNames = duplicates.map((file) => {
    const { fileId, survey } = file;
    const names = namesOf.get(keyOf({ fileId, sha256: survey.sha256 })) ?? [];
    const others = names.filter((path) => path !== survey.file.path);
    return { ...file, of: file.of !== null && others.includes(file.of) ? file.of : (others[0] ?? null) };
  });
  return {
    kind,
    byEngine: input.byEngine,
    load: load.sort((a, b) => a.fileId - b.fileId),
    nextFileId: ids.free(),
    duplicates: withNames,
    unchanged,
    knownDuplicates,
    renewed,
    moved,
    vanished: vanished.filter((path) => !gone.has(path)),
    restoredIds,
    removedFileIds: [...new Set([...changedIds, ...goneIds, ...broken])].filter((id) => !namedIds.has(id)),
    skipped: listing.skipped,
    unreadable,
  };
}

/** What is known of the contents of new files, and which of them cannot be read. */
async function readNew(
  { before, toRead, unchanged, knownDuplicates }: Compared,
  input: PlanInput,
  observer: Observer,
): Promise<{ surveys: Survey[]; unreadable: Unreadable[] }> {
  const { byEngine, listing, passedOver, source } = input;
  const unreadable = [...listing.unreadable];
  const files: SourceFile[] = [];
  for (const file of toRead) {
    const reason = passedOver.reasons.get(file.path);
    if (reason === undefined) files.push(file);
    else unreadable.push({ path: file.path, reason });
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (files.length > 0 && !byEngine) observer.step('reading', bytes, 'bytes', files.length);
  let first: FileFailure | null = null;
  const surveys = await surveysOf(files, input, observer, (failure) => {
    first ??= failure;
    unreadable.push(passedOver.leave(failure));
  });
  const isKnown = before.size + unchanged + knownDuplicates > 0;
  // A bucket that gives no object away is refused as a whole.
  if (first !== null && surveys.length === 0 && !source.isLocal && !isKnown) throw sourceFailed(first);
  unreadable.sort((a, b) => (a.path < b.path ? -1 : 1));
  passedOver.say(unreadable);
  return { surveys, unreadable };
}

/** What is known of files' contents: from reading them, or from their listing alone where the engine will read them. */
async function surveysOf(
  files: readonly SourceFile[],
  { byEngine, source, table }: PlanInput,
  observer: Observer,
  passOver: (failure: FileFailure) => void,
): Promise<Survey[]> {
  return byEngine ? files.map(listedSurvey) : surveyAll(source, files, table, observer, passOver);
}

/** The rows of a batch that is read again would be lost without the file. */
function mustRead(failure: FileFailure): never {
  throw failure instanceof SourceChangedError ? failure : sourceFailed(failure);
}
