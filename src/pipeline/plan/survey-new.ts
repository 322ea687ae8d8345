import { SourceChangedError } from '../../errors.ts';
import type { Survey } from '../../reading/survey.ts';
import { type FileFailure, surveyAll } from '../../reading/survey-pool.ts';
import type { SourceFile, Unreadable } from '../../sources/source.ts';
import type { Observer } from '../../telemetry/observer.ts';
import type { Compared } from './compare.ts';
import { sourceFailed } from './passed-over.ts';
import type { PlanInput } from './plan-input.ts';
import { listedSurvey } from './read-units.ts';

/** What is known of the contents of new files, and which of them cannot be read. */
export async function surveyNew(
  { before, toRead, unchanged, knownDuplicates }: Compared,
  input: PlanInput,
  observer: Observer,
): Promise<{ surveys: Survey[]; unreadable: Unreadable[] }> {
  const { listing, objectsPerUnit, passedOver, source } = input;
  const unreadable = [...listing.unreadable];
  const files: SourceFile[] = [];
  for (const file of toRead) {
    const reason = passedOver.reasons.get(file.path);
    if (reason === undefined) files.push(file);
    else unreadable.push({ path: file.path, reason });
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (files.length > 0 && objectsPerUnit === null) {
    const step = { step: 'reading', total: bytes, unit: 'bytes', files: files.length } as const;
    observer.emit({ type: 'stepStarted', ...step });
  }
  let first: FileFailure | null = null;
  const surveys = await surveysOf(files, input, observer, (failure) => {
    first ??= failure;
    unreadable.push(passedOver.leave(failure));
  });
  const isKnown = before.size + unchanged + knownDuplicates > 0;
  // A bucket that refuses every object is refused as a whole.
  if (first !== null && surveys.length === 0 && !source.isLocal && !isKnown) throw sourceFailed(first);
  unreadable.sort((a, b) => (a.path < b.path ? -1 : 1));
  passedOver.say(unreadable);
  return { surveys, unreadable };
}

/** What is known of known files that must be read again: the rows of their units would be lost without one of them. */
export function surveyAgain(
  files: readonly SourceFile[],
  input: PlanInput,
  observer: Observer,
): Promise<Survey[]> {
  return surveysOf(files, input, observer, (failure) => {
    throw failure instanceof SourceChangedError ? failure : sourceFailed(failure);
  });
}

/** From reading the files, or from their listing alone where the engine will read them. */
async function surveysOf(
  files: readonly SourceFile[],
  { objectsPerUnit, source, table }: PlanInput,
  { emit, signal }: Observer,
  passOver: (failure: FileFailure) => void,
): Promise<Survey[]> {
  if (objectsPerUnit !== null) return files.map(listedSurvey);
  return surveyAll(source, files, table, {
    advance: (amount) => emit({ type: 'progressed', amount }),
    fileDone: ({ path, bytes }) => emit({ type: 'fileRead', path, bytes }),
    passOver,
    signal,
  });
}
