import { recordFormat } from '../../reading/parse.ts';
import type { FileSummary } from '../../reading/read-file.ts';
import type { Table } from '../../schema/table.ts';
import { assertSame, type Source } from '../../sources/source.ts';
import { targets } from '../file-kinds.ts';
import type { StageContext } from '../load-context.ts';
import type { FilePlan, FileToLoad } from '../plan/file-plan.ts';
import { readCarefully } from './by-lines.ts';
import { askEngine, readByEngine } from './by-objects.ts';
import { checkBalance } from './check-balance.ts';
import type { Brought } from './staged.ts';

/** Bytes that the engine reads in one statement: bounds its memory, and paces the progress bar. */
const BYTES_PER_STATEMENT = 512 * 1024 * 1024;

/**
 * Brings new contents into staging and checks every file's balance. What it brings counts only once the manifest
 * knows it (recordContents, in the transaction of the star): until then discardUnfinished takes it out again.
 * Bringing it in statements of its own keeps a large load from reading its own uncommitted rows, which DuckDB
 * does on one thread.
 */
export async function bringContents(planned: FilePlan, context: StageContext): Promise<Brought> {
  const bytes = sum(planned.load.map((file) => file.survey.file.bytes));
  context.observer.step(planned.kind === 'log' ? 'events' : 'songs', bytes, 'bytes');
  const summaries = new Map<number, FileSummary>();
  let plan = planned;
  if (context.warehouse.rehearses) await rehearse(planned, summaries, context);
  else if (planned.byEngine) plan = await readByEngine(planned, summaries, context);
  else await readHere(planned, summaries, context);
  if (!context.warehouse.rehearses) await checkBalance(plan, summaries, context.warehouse);
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

/** Rows enough to be carried as many are. */
const MANY_ROWS = 1_000;

/** What bringing would ask of the engine; no file is read, and nothing is known of what is in it. */
async function rehearse(
  plan: FilePlan,
  summaries: Map<number, FileSummary>,
  context: StageContext,
): Promise<void> {
  for (const { fileId } of plan.load)
    summaries.set(fileId, { lines: 0, staged: 0, rejected: 0, blank: 0, drift: [] });
  if (plan.byEngine) await askEngine(plan, context);
  else if (plan.load.length > 0)
    await context.warehouse.append(
      targets[plan.kind].staging,
      Array.from({ length: MANY_ROWS }, () => ({})),
    );
}

/** Brings contents that this program reads, or the engine from this machine's disk. */
async function readHere(
  plan: FilePlan,
  summaries: Map<number, FileSummary>,
  context: StageContext,
): Promise<void> {
  const { staging } = targets[plan.kind];
  const format = recordFormat(staging, context.run.startedAt.getTime());
  const clean = context.useCleanReader ? plan.load.filter((file) => isForEngine(file, context.source)) : [];
  const forEngine = new Set(clean);
  const careful = new Set(plan.load.filter((file) => !forEngine.has(file)));
  const groups = inStatements(clean);
  let bringing = bring(groups[0], context.source);
  for (const [at, some] of groups.entries()) {
    await bringing;
    // The next files come while these are loaded.
    bringing = bring(groups[at + 1], context.source);
    bringing.catch(() => {});
    const refused = await readClean(some, staging, context);
    for (const file of some) {
      if (refused.has(file.fileId)) careful.add(file);
      else {
        summaries.set(file.fileId, cleanSummary(file));
        context.observer.advance(file.survey.file.bytes);
        await assertSame(file.survey.file, context.source);
        await context.source.release(file.survey.file);
      }
    }
  }
  await readCarefully([...careful], plan.kind, format, summaries, context);
}

function bring(files: readonly FileToLoad[] | undefined, source: Source): Promise<void> {
  return source.bring((files ?? []).map(({ survey }) => survey.file));
}

/** Whether the engine may read the file itself; it would take a path with these characters for a glob. */
function isForEngine({ survey }: FileToLoad, source: Source): boolean {
  return survey.isClean && !(source.isLocal && /[*?[\]{}]/.test(survey.file.path));
}

/** Groups of files with consecutive ids, each of a size for one statement. */
function inStatements(files: readonly FileToLoad[]): FileToLoad[][] {
  const groups: FileToLoad[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  let lastId = -1;
  for (const file of files) {
    bytes += file.survey.file.bytes;
    if (bytes > BYTES_PER_STATEMENT || file.fileId !== lastId + 1) {
      groups.push([]);
      bytes = file.survey.file.bytes;
    }
    groups.at(-1)?.push(file);
    lastId = file.fileId;
  }
  return groups;
}

async function readClean(
  files: readonly FileToLoad[],
  staging: Table,
  context: StageContext,
): Promise<Set<number>> {
  const { warehouse, run } = context;
  if (!warehouse.readClean) return new Set(files.map((file) => file.fileId));
  const candidates = files.map((file) => ({
    path: context.source.localPath(file.survey.file) ?? file.survey.file.path,
    fileId: file.fileId,
    lines: file.survey.lines,
  }));
  try {
    return new Set(await warehouse.readClean(staging, candidates, run.startedAt.getTime()));
  } catch (error) {
    // A file that went or changed while it was read is no fault of the engine's.
    if (context.source.isLocal) for (const { survey } of files) await assertSame(survey.file, context.source);
    throw error;
  }
}

/** The engine vouched for every line of the file, and another reader had counted them. */
function cleanSummary(file: FileToLoad): FileSummary {
  return { lines: file.survey.lines, staged: file.survey.lines, rejected: 0, blank: 0, drift: [] };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
