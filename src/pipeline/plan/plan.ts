import type { Survey } from '../../reading/survey.ts';
import type { SourceFile } from '../../sources/source.ts';
import type { Observer } from '../../telemetry/observer.ts';
import { type Compared, compare } from './compare.ts';
import { isSameObject, knownContents, movedNames } from './contents.ts';
import { isDamaged, whyReadAgain } from './damage.ts';
import {
  type Content,
  type DuplicateFile,
  type FilePlan,
  type FileToLoad,
  keyOf,
  type WhyPlanned,
} from './file-plan.ts';
import type { PlanInput } from './plan-input.ts';
import { brokenUnits, filesToReadAgain, type Holdings, holdsOne } from './read-again.ts';
import { unitAllocator } from './read-units.ts';
import { surveyAgain, surveyNew } from './survey-new.ts';

/** A plan in the making. */
interface Draft {
  readonly load: FileToLoad[];
  duplicates: DuplicateFile[];
  readonly renewed: SourceFile[];
  /** What new and changed names hold. */
  readonly named: Map<string, Content>;
  readonly damaged: Set<number>;
  unchanged: number;
  knownDuplicates: number;
  /** Gives the id of a file's read unit. */
  readonly unitOf: (survey: Survey) => number;
}

/** Compares what lies at a source with the manifest; reads only what may have changed. */
export async function planFiles(input: PlanInput, observer: Observer): Promise<FilePlan> {
  const { kind, listing, known } = input;
  const compared = await compare(input);
  const { surveys, unreadable } = await surveyNew(compared, input, observer);
  const draft = await sortOut(surveys, compared, input);

  const { before, listed } = compared;
  const vanished = [...before.keys()].filter((path) => !listed.has(path));
  // Only these contents can have gained or lost a name.
  const changedIds = [...before.values()]
    .filter(({ path }) => draft.named.has(path))
    .map((file) => file.file_id);
  const duplicateIds = draft.duplicates.map(({ fileId }) => fileId);
  const touched = await known.withIds([...changedIds, ...duplicateIds, ...draft.damaged]);
  const contentOf = new Map<string, Content>(
    touched.map((file) => [file.path, { fileId: file.file_id, sha256: file.sha256 }]),
  );
  for (const [path, content] of draft.named) contentOf.set(path, content);
  const moved = movedNames(draft.duplicates, vanished, contentOf);
  const goneIds = moved.map((path) => contentOf.get(path)?.fileId as number);
  for (const path of moved) contentOf.delete(path);

  const again = await planAgain(draft, { touched, contentOf }, input, observer);
  moved.push(...again.forgotten);
  const gone = new Set(moved);
  const namedIds = new Set([...contentOf.values()].map(({ fileId }) => fileId));
  return {
    kind,
    load: draft.load.sort((a, b) => a.fileId - b.fileId),
    duplicates: withOtherNames(draft.duplicates, contentOf),
    unchanged: draft.unchanged,
    knownDuplicates: draft.knownDuplicates,
    renewed: draft.renewed,
    moved,
    vanished: vanished.filter((path) => !gone.has(path)),
    restoredIds: again.restoredIds,
    removedFileIds: [...new Set([...changedIds, ...goneIds, ...again.units])].filter(
      (id) => !namedIds.has(id),
    ),
    skipped: listing.skipped,
    unreadable,
  };
}

/** Which of the surveyed files hold what they held, which are second names, and which are to be loaded. */
async function sortOut(surveys: readonly Survey[], compared: Compared, input: PlanInput): Promise<Draft> {
  const { damage, fileIds, objectsPerUnit, source } = input;
  const contents = await knownContents(surveys, input);
  const draft: Draft = {
    load: [],
    duplicates: [],
    renewed: [],
    named: new Map(),
    damaged: new Set(damage.fileIds),
    unchanged: compared.unchanged,
    knownDuplicates: compared.knownDuplicates,
    unitOf: unitAllocator(fileIds, objectsPerUnit ?? 1),
  };
  for (const survey of surveys) {
    const { file, sha256 } = survey;
    const known = compared.before.get(file.path);
    if (known !== undefined && (known.sha256 === sha256 || isSameObject(known, survey, source))) {
      if (known.duplicate) draft.knownDuplicates += 1;
      else draft.unchanged += 1;
      if (file.isStable && file.fingerprint !== known.fingerprint) draft.renewed.push(file);
      if (isDamaged(known, survey, damage)) draft.damaged.add(known.file_id);
      await source.release(file);
      continue;
    }
    const why = known === undefined ? 'new' : 'changed';
    const same = contents.find(survey);
    if (same) {
      // Under the identity that it has already, whoever read it first.
      const asKnown = { ...survey, sha256: same.sha256 };
      draft.duplicates.push({ fileId: same.fileId, survey: asKnown, of: same.path, why });
      draft.named.set(file.path, same);
      await source.release(file);
      continue;
    }
    const fileId = draft.unitOf(survey);
    draft.load.push({ fileId, survey, why });
    draft.named.set(file.path, { fileId, sha256 });
    if (file.bytes > 0) contents.add(survey, { fileId, sha256, path: file.path });
  }
  return draft;
}

/** What comes of units that are read again. */
interface Again {
  readonly units: ReadonlySet<number>;
  readonly forgotten: readonly string[];
  readonly restoredIds: ReadonlyMap<number, number>;
}

/** Adds to a draft the units that are read again, since they lost a content or are damaged. */
async function planAgain(
  draft: Draft,
  holdings: Holdings,
  input: PlanInput,
  observer: Observer,
): Promise<Again> {
  const { touched, contentOf } = holdings;
  const lostOne = brokenUnits(holdings);
  const damaged = touched.flatMap(({ file_id: id }) => (draft.damaged.has(id) ? [id] : []));
  const units = new Set([...lostOne, ...damaged]);
  const restoredIds = new Map<number, number>();
  if (units.size === 0) return { units, forgotten: [], restoredIds };
  const { files, forgotten } = filesToReadAgain(units, draft.damaged, holdings, input.listing);
  for (const path of forgotten) contentOf.delete(path);
  const left = (await surveyAgain(files, input, observer)).map((survey) => ({
    survey,
    why: 'again' as WhyPlanned,
  }));
  // Second names that came for what such a unit holds go with it.
  const names = draft.duplicates.filter(({ fileId }) => units.has(fileId));
  draft.duplicates = draft.duplicates.filter(({ fileId }) => !units.has(fileId));
  const read = new Map<string, FileToLoad>();
  for (const { survey, why } of [...left, ...names]) {
    const { path } = survey.file;
    const first = read.get(survey.sha256);
    const fileId = first?.fileId ?? draft.unitOf(survey);
    const file = { fileId, survey, why };
    if (first === undefined) {
      draft.load.push(file);
      read.set(survey.sha256, file);
    } else draft.duplicates.push({ ...file, of: first.survey.file.path });
    const before = contentOf.get(path);
    const isAlone = input.objectsPerUnit === null;
    if (why === 'again' && isAlone && before !== undefined && holdsOne(before.fileId, holdings))
      restoredIds.set(fileId, before.fileId);
    contentOf.set(path, { fileId, sha256: survey.sha256 });
  }
  if (left.length > 0) observer.emit({ type: 'note', message: whyReadAgain(left.length, lostOne.size > 0) });
  return { units, forgotten, restoredIds };
}

/** Second names with a name of their content that stands after the load; null where it has none. */
function withOtherNames(
  duplicates: readonly DuplicateFile[],
  contentOf: ReadonlyMap<string, Content>,
): DuplicateFile[] {
  const namesOf = new Map<string, string[]>();
  for (const [path, content] of contentOf) {
    const names = namesOf.get(keyOf(content)) ?? [];
    namesOf.set(keyOf(content), names);
    names.push(path);
  }
  return duplicates.map((file) => {
    const { fileId, survey } = file;
    const names = namesOf.get(keyOf({ fileId, sha256: survey.sha256 })) ?? [];
    const others = names.filter((path) => path !== survey.file.path);
    return { ...file, of: file.of !== null && others.includes(file.of) ? file.of : (others[0] ?? null) };
  });
}
