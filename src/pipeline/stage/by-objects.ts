import { rejects as rejectsTable } from '../../models/ops/rejects.ts';
import { recordFormat } from '../../reading/parse.ts';
import type { FileSummary } from '../../reading/read-file.ts';
import type { Survey } from '../../reading/survey.ts';
import { surveyAll } from '../../reading/survey-pool.ts';
import { assertSame, type Source } from '../../sources/source.ts';
import type { ObjectBatch, ObjectsRead } from '../../warehouses/warehouse.ts';
import { targets } from '../file-kinds.ts';
import type { StageContext } from '../load-context.ts';
import type { FilePlan, FileToLoad } from '../plan/file-plan.ts';
import { readCarefully } from './by-lines.ts';

/**
 * Lets the engine read the objects of a plan, batch by batch; the summary of a batch is that of all its objects. Objects
 * in which the engine met what is no record are read here, line by line, each under an id of its own: the plan that is
 * returned has those ids.
 */
export async function readByEngine(
  plan: FilePlan,
  summaries: Map<number, FileSummary>,
  context: StageContext,
): Promise<FilePlan> {
  const unread = new Set<string>();
  for (const [fileId, filled] of batchesOf(plan)) {
    const found = await readBatch(plan, fileId, filled, context);
    for (const path of found.unread) unread.add(path);
    const read = filled.filter(({ survey }) => !unread.has(survey.file.path));
    await assertAllSame(read, context.source);
    const { staged, rejected, drift } = found;
    summaries.set(fileId, { lines: staged + rejected, staged, rejected, blank: 0, drift: [...drift] });
    context.observer.advance(read.reduce((sum, { survey }) => sum + survey.file.bytes, 0));
  }
  const apart = withOwnIds(plan, unread);
  await readHere(apart, unread, summaries, context);
  return apart;
}

/** Has the engine read every batch, whatever comes of it. */
export async function askEngine(plan: FilePlan, context: StageContext): Promise<void> {
  for (const [fileId, files] of batchesOf(plan)) await readBatch(plan, fileId, files, context);
}

/** The files of each batch that are not empty. */
function batchesOf({ load }: FilePlan): Map<number, FileToLoad[]> {
  const batches = new Map<number, FileToLoad[]>();
  for (const file of load) {
    const batch = batches.get(file.fileId) ?? [];
    batches.set(file.fileId, batch);
    if (file.survey.file.bytes > 0) batch.push(file);
  }
  return batches;
}

/** The plan with the files that are read by themselves under their own ids, and their second names too. */
function withOwnIds(plan: FilePlan, unread: ReadonlySet<string>): FilePlan {
  const ownIds = new Map<string, number>();
  const load = plan.load.map((file) => {
    if (!unread.has(file.survey.file.path)) return file;
    ownIds.set(file.survey.sha256, file.ownId);
    return { ...file, fileId: file.ownId };
  });
  const duplicates = plan.duplicates.map((file) => ({
    ...file,
    fileId: ownIds.get(file.survey.sha256) ?? file.fileId,
  }));
  return { ...plan, load: load.sort((a, b) => a.fileId - b.fileId), duplicates };
}

/** Has the engine copy what it is to read, before the transaction of the load. */
export async function copyByEngine(plan: FilePlan, context: StageContext): Promise<void> {
  for (const [fileId, files] of batchesOf(plan))
    if (files.length > 0) await context.warehouse.objects?.copy(batchOf(plan, fileId, files, context));
}

async function readBatch(
  plan: FilePlan,
  fileId: number,
  files: readonly FileToLoad[],
  context: StageContext,
): Promise<ObjectsRead> {
  const { objects } = context.warehouse;
  if (objects === undefined) throw new Error('The engine cannot read objects.');
  if (files.length === 0) return { staged: 0, rejected: 0, drift: [], unread: [] };
  return objects.read(batchOf(plan, fileId, files, context));
}

function batchOf(
  { kind }: FilePlan,
  fileId: number,
  files: readonly FileToLoad[],
  { run }: StageContext,
): ObjectBatch {
  return {
    fileId,
    kind,
    table: targets[kind].staging,
    rejects: rejectsTable,
    objects: files.map(({ survey }) => survey.file),
    compression: files[0]?.survey.compression ?? 'none',
    runId: run.id,
    startedAt: run.startedAt,
  };
}

async function readHere(
  { kind, load }: FilePlan,
  unread: ReadonlySet<string>,
  summaries: Map<number, FileSummary>,
  context: StageContext,
): Promise<void> {
  const files = load.filter(({ survey }) => unread.has(survey.file.path));
  if (files.length === 0) return;
  const table = targets[kind].staging;
  context.observer.note(
    `The engine met what is no record in ${files.length} files; reading them line by line.`,
  );
  // These bytes are counted where the lines are read.
  const quiet = { advance() {}, fileDone() {} };
  const surveys = await surveyAll(
    context.source,
    files.map(({ survey }) => survey.file),
    table,
    quiet,
    // The load starts again without it: its batch has been read already.
    (failure) => {
      throw failure;
    },
  );
  const surveyed = files.map((file, at) => ({ ...file, survey: surveys[at] as Survey }));
  await readCarefully(
    surveyed,
    kind,
    recordFormat(table, context.run.startedAt.getTime()),
    summaries,
    context,
  );
}

async function assertAllSame(files: readonly FileToLoad[], source: Source): Promise<void> {
  const left = [...files];
  const lane = async (): Promise<void> => {
    for (let file = left.pop(); file !== undefined; file = left.pop())
      await assertSame(file.survey.file, source);
  };
  await Promise.all(Array.from({ length: source.smallAtOnce }, lane));
}
