import { rejects as rejectsTable } from '../../models/ops/rejects.ts';
import type { FileSummary } from '../../reading/read-file.ts';
import { isListed } from '../../sources/content-identity.ts';
import { assertSame, type Source } from '../../sources/source.ts';
import type { EngineReads, ReadUnit, UnitRead } from '../../warehouses/engine-reads.ts';
import { targets } from '../file-kinds.ts';
import type { StageContext } from '../load-context.ts';
import type { FilePlan, FileToLoad } from '../plan/file-plan.ts';
import type { Summaries } from './staged-files.ts';

/** Bytes that the engine reads in one statement: bounds its memory, and paces the progress bar. */
const BYTES_PER_STATEMENT = 512 * 1024 * 1024;

const NOTHING_READ: FileSummary = { lines: 0, staged: 0, rejected: 0, blank: 0, drift: [] };

/** What the engine read by itself. */
interface EngineRead {
  readonly summaries: Summaries;
  /** The paths of files of which it took nothing. */
  readonly leftover: ReadonlySet<string>;
}

/** A read unit, and the files of the plan that share its id. */
interface PlannedUnit {
  readonly fileId: number;
  readonly files: readonly FileToLoad[];
}

/** Lets the engine read what it can of a plan. */
export async function readByEngine(plan: FilePlan, context: StageContext): Promise<EngineRead> {
  const { source, warehouse } = context;
  const { engineReads } = warehouse;
  const paths = plan.load.map(({ survey }) => survey.file.path);
  if (engineReads === undefined) return { summaries: new Map(), leftover: new Set(paths) };
  const units = unitsOf(plan, (file) => isTaken(file, source, engineReads));
  const taken = new Set(units.flatMap(({ files }) => files));
  const leftover = new Set(plan.load.filter((file) => !taken.has(file)).map(pathOf));
  const summaries = new Map<number, FileSummary>();
  const isEmpty = ({ files }: PlannedUnit): boolean => files.every(({ survey }) => survey.file.bytes === 0);
  const groups = inStatements(units.filter((unit) => !isEmpty(unit)));
  for (const { fileId } of units.filter(isEmpty)) summaries.set(fileId, NOTHING_READ);
  let fetching = fetchFiles(groups[0], engineReads, source);
  for (const [at, group] of groups.entries()) {
    context.observer.signal.throwIfAborted();
    const localPaths = await fetching;
    // The next files come while these are loaded.
    fetching = fetchFiles(groups[at + 1], engineReads, source);
    fetching.catch(() => {});
    const results = await readGroup(group, localPaths, plan, context);
    for (const path of results.flatMap((result) => [...result.leftover])) leftover.add(path);
    const read = group.flatMap(({ files }) => files).filter((file) => !leftover.has(pathOf(file)));
    if (engineReads.opens !== 'nothing') await assertAllSame(read, source);
    for (const { survey } of read) await source.release(survey.file);
    for (const { fileId, staged, rejected, drift } of results)
      summaries.set(fileId, { lines: staged + rejected, staged, rejected, blank: 0, drift: [...drift] });
    const amount = read.reduce((sum, { survey }) => sum + survey.file.bytes, 0);
    context.observer.emit({ type: 'progressed', amount });
  }
  return { summaries, leftover };
}

/** Has the engine do before the transaction of the load what it can of what it is to read unseen; whether there was any. */
export async function prepareUnits(plan: FilePlan, context: StageContext): Promise<boolean> {
  const { engineReads } = context.warehouse;
  if (engineReads?.prepare === undefined) return false;
  const units = unitsOf(plan, ({ survey }) => isListed(survey.sha256));
  for (const unit of units) {
    const toRead = readUnit(unit, new Map(), plan, context);
    if (toRead.files.length > 0) await engineReads.prepare(toRead);
  }
  return units.length > 0;
}

function isTaken({ survey }: FileToLoad, { isLocal }: Source, engineReads: EngineReads): boolean {
  const { file, isClean, sha256 } = survey;
  return isListed(sha256) || engineReads.accepts({ path: isLocal ? file.path : null, isClean });
}

function pathOf({ survey }: FileToLoad): string {
  return survey.file.path;
}

function unitsOf({ load }: FilePlan, isOf: (file: FileToLoad) => boolean): PlannedUnit[] {
  const units = new Map<number, FileToLoad[]>();
  for (const file of load.filter(isOf)) {
    const files = units.get(file.fileId) ?? [];
    units.set(file.fileId, files);
    files.push(file);
  }
  return [...units].map(([fileId, files]) => ({ fileId, files }));
}

/** Groups of units with consecutive ids, each of a size for one statement. */
function inStatements(units: readonly PlannedUnit[]): PlannedUnit[][] {
  const groups: PlannedUnit[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  let lastId = -1;
  for (const unit of units) {
    const own = unit.files.reduce((sum, { survey }) => sum + survey.file.bytes, 0);
    bytes += own;
    if (bytes > BYTES_PER_STATEMENT || unit.fileId !== lastId + 1) {
      groups.push([]);
      bytes = own;
    }
    groups.at(-1)?.push(unit);
    lastId = unit.fileId;
  }
  return groups;
}

/** By path, where files lie on this machine that the engine is to read there. */
type LocalPaths = ReadonlyMap<string, string>;

async function fetchFiles(
  group: readonly PlannedUnit[] | undefined,
  { opens }: EngineReads,
  source: Source,
): Promise<LocalPaths> {
  if (group === undefined || opens !== 'local files') return new Map();
  const files = group.flatMap((unit) => unit.files.map(({ survey }) => survey.file));
  const paths = await source.fetch(files);
  return new Map(files.map((file, at) => [file.path, paths[at] ?? file.path]));
}

/** A unit as the engine is to read it; what is empty has nothing to be read. */
function readUnit(
  { fileId, files }: PlannedUnit,
  localPaths: LocalPaths,
  { kind }: FilePlan,
  { run }: StageContext,
): ReadUnit {
  return {
    fileId,
    kind,
    table: targets[kind].staging,
    rejects: rejectsTable,
    files: files
      .filter(({ survey }) => survey.file.bytes > 0)
      .map(({ survey: { file, lines, sha256 } }) => ({
        path: localPaths.get(file.path) ?? file.path,
        bytes: file.bytes,
        lines: isListed(sha256) ? null : lines,
      })),
    compression: files[0]?.survey.compression ?? 'none',
    runId: run.id,
    startedAt: run.startedAt,
  };
}

/** Reads units; the results name files as their source does. */
async function readGroup(
  group: readonly PlannedUnit[],
  localPaths: LocalPaths,
  plan: FilePlan,
  context: StageContext,
): Promise<readonly UnitRead[]> {
  const { observer, source, warehouse } = context;
  const units = group.map((unit) => readUnit(unit, localPaths, plan, context));
  const files = group.flatMap((unit) => unit.files);
  const read = async (): Promise<readonly UnitRead[]> => (await warehouse.engineReads?.read(units)) ?? [];
  const results = await read().catch(async (error) => {
    // A file that vanished or changed while it was read is not the engine's fault.
    if (source.isLocal) await assertAllSame(files, source);
    throw error;
  });
  const refusal = results.find((result) => result.refusal !== undefined)?.refusal;
  if (refusal !== undefined) {
    if (source.isLocal) await assertAllSame(files, source);
    observer.emit({
      type: 'note',
      message: `The fast reader gave up (${refusal}); reading line by line.`,
    });
  }
  const sourcePaths = new Map([...localPaths].map(([path, localPath]) => [localPath, path]));
  return results.map((result) => ({
    ...result,
    leftover: result.leftover.map((path) => sourcePaths.get(path) ?? path),
  }));
}

async function assertAllSame(files: readonly FileToLoad[], source: Source): Promise<void> {
  const left = [...files];
  const lane = async (): Promise<void> => {
    for (let file = left.pop(); file !== undefined; file = left.pop())
      await assertSame(file.survey.file, source);
  };
  await Promise.all(Array.from({ length: source.concurrency.small }, lane));
}
