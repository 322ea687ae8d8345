import { SourceChangedError } from '../errors.ts';
import type { Source } from '../sources/source.ts';
import type { FileToLoad } from './plan.ts';

/** The engine read the file after the survey: it must still be what was surveyed. */
export async function assertSame(file: FileToLoad, source: Source): Promise<void> {
  const now = await source.relist(file.survey.file);
  if (now?.fingerprint !== file.survey.file.fingerprint) throw changedUnderneath(file);
}

export function changedUnderneath(file: FileToLoad): SourceChangedError {
  return new SourceChangedError(`${file.survey.file.path} changed while it was being read.`, {
    hint: 'Run again when it is written to its end.',
  });
}
