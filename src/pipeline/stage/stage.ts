import { recordFormat } from '../../reading/parse.ts';
import type { Survey } from '../../reading/survey.ts';
import { type FileFailure, surveyAll } from '../../reading/survey-pool.ts';
import { isListed } from '../../sources/content-identity.ts';
import { targets } from '../file-kinds.ts';
import type { StageContext } from '../load-context.ts';
import type { FilePlan, FileToLoad } from '../plan/file-plan.ts';
import { readByEngine } from './by-engine.ts';
import { readByLines } from './by-lines.ts';
import { checkBalance } from './check-balance.ts';
import type { StagedFiles } from './staged-files.ts';

/**
 * Puts new contents into staging and checks every file's balance. They count only once the manifest knows them
 * (recordContents, in the transaction of the star): until then discardUnfinished takes them out again.
 */
export async function stageFiles(planned: FilePlan, context: StageContext): Promise<StagedFiles> {
  const { kind } = planned;
  const bytes = sum(planned.load.map((file) => file.survey.file.bytes));
  const { emit, signal } = context.observer;
  signal.throwIfAborted();
  emit({ type: 'stepStarted', step: kind === 'log' ? 'events' : 'songs', total: bytes, unit: 'bytes' });
  const byEngine = await readByEngine(planned, context);
  const plan = withOwnIds(planned, byEngine.leftover, context);
  const left = plan.load.filter(({ survey }) => byEngine.leftover.has(survey.file.path));
  const format = recordFormat(targets[kind].staging, context.run.startedAt.getTime());
  const byLines = await readByLines(await surveyed(left, plan, context), { kind, format }, context);
  const summaries = new Map([...byEngine.summaries, ...byLines]);
  await checkBalance(plan, summaries, context.warehouse);
  const all = [...summaries.values()];
  return {
    plan,
    summaries,
    bytes,
    balance: {
      lines: sum(all.map((file) => file.lines)),
      staged: sum(all.map((file) => file.staged)),
      rejected: sum(all.map((file) => file.rejected)),
      blank: sum(all.map((file) => file.blank)),
    },
  };
}

/** The plan with an id of its own for each file that is left over of a unit of several, and for its second names. */
function withOwnIds(plan: FilePlan, leftover: ReadonlySet<string>, { fileIds }: StageContext): FilePlan {
  const filesOf = new Map<number, number>();
  for (const { fileId } of plan.load) filesOf.set(fileId, (filesOf.get(fileId) ?? 0) + 1);
  const newIds = new Map<string, number>();
  const load = plan.load.map((file) => {
    if (!leftover.has(file.survey.file.path) || filesOf.get(file.fileId) === 1) return file;
    const fileId = fileIds.take();
    newIds.set(file.survey.sha256, fileId);
    return { ...file, fileId };
  });
  if (newIds.size === 0) return plan;
  const duplicates = plan.duplicates.map((file) => ({
    ...file,
    fileId: newIds.get(file.survey.sha256) ?? file.fileId,
  }));
  return { ...plan, load: load.sort((a, b) => a.fileId - b.fileId), duplicates };
}

/** Files with what the line-by-line reader must know of them: those that were taken unseen are surveyed now. */
async function surveyed(
  files: readonly FileToLoad[],
  { kind }: FilePlan,
  { observer, source }: StageContext,
): Promise<readonly FileToLoad[]> {
  const unseen = files.filter(({ survey }) => isListed(survey.sha256));
  if (unseen.length === 0) return files;
  observer.emit({
    type: 'note',
    message: `The engine found something that is not a record in ${unseen.length} files; reading them line by line.`,
  });
  // These bytes are counted where the lines are read.
  const quiet = {
    advance() {},
    fileDone() {},
    // The load starts again without it: its unit has been read already.
    passOver(failure: FileFailure) {
      throw failure;
    },
    signal: observer.signal,
  };
  const surveys = await surveyAll(
    source,
    unseen.map(({ survey }) => survey.file),
    targets[kind].staging,
    quiet,
  );
  const found = new Map(unseen.map((file, at) => [file, surveys[at] as Survey]));
  return files.map((file) => ({ ...file, survey: found.get(file) ?? file.survey }));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
