import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { LeaseError, NoPermissionError } from '../../errors.ts';
import { badFrom, type Diagnosis, type ExamineOptions, good } from '../diagnosis.ts';
import { checkWritable, isMissing } from './file.ts';
import { publishedPath } from './publish.ts';
import { assertOurs } from './reader.ts';
import { openDuckDb } from './writer.ts';

/** Looks at a warehouse in a file: what it holds and who may read it. */
export async function examineDuckDb(file: string, options: ExamineOptions): Promise<Diagnosis[]> {
  return [await checkWarehouse(file, options), ...(await checkModes(file, options))];
}

async function checkWarehouse(file: string, options: ExamineOptions): Promise<Diagnosis> {
  try {
    const denied = await whyNoLoad(file);
    if (isMissing(file)) {
      if (denied !== null) throw denied;
      return good('warehouse', `duckdb:${file}, made by the first load`);
    }
    const held = denied === null ? await leaseOf(file, options.nowMs) : null;
    if (held !== null)
      return { what: 'warehouse', status: 'note', detail: held.message, fix: held.hint ?? null };
    return await options.readPublished(async (warehouse) => {
      const [row] = await warehouse.rows({
        name: 'doctor: plays',
        sql: 'select count(*) as plays from songplays',
      });
      const detail = `${warehouse.name}, ${Number(row?.plays).toLocaleString('en-US')} songplays`;
      if (denied === null) return good('warehouse', detail);
      return {
        what: 'warehouse',
        status: 'note',
        detail: `${detail}; this user can read it, but not load. ${denied.message}`,
        fix: denied.hint ?? null,
      };
    });
  } catch (error) {
    return badFrom('warehouse', error);
  }
}

/** Why this user may not write the warehouse; null if it may. */
async function whyNoLoad(file: string): Promise<NoPermissionError | null> {
  try {
    await checkWritable(file);
    return null;
  } catch (error) {
    if (error instanceof NoPermissionError) return error;
    throw error;
  }
}

/** Who has the warehouse open now; null if a load could begin. */
async function leaseOf(file: string, nowMs: () => number): Promise<LeaseError | null> {
  // To open a database for writing puts its log into it.
  await assertOurs(file);
  try {
    await (await openDuckDb(file, { command: 'doctor', waitMs: 0, nowMs })).close();
    return null;
  } catch (error) {
    if (error instanceof LeaseError) return error;
    throw error;
  }
}

/** Files that were made before keep their modes: who may read more than the setting allows is reported. */
async function checkModes(file: string, { isForGroup }: ExamineOptions): Promise<Diagnosis[]> {
  const found: { path: string; mode: number }[] = [];
  for (const path of [file, publishedPath(file)]) {
    const mode = (await stat(path).catch(() => null))?.mode;
    if (mode !== undefined) found.push({ path, mode: mode & 0o777 });
  }
  const paths = found.map(({ path }) => path);
  if (found.some(({ mode }) => (mode & (isForGroup ? 0o037 : 0o077)) !== 0)) {
    const modes = found.map(({ path, mode }) => `${basename(path)} (mode ${mode.toString(8)})`);
    return [
      note(`others can read ${modes.join(' and ')}`, [
        'chmod',
        isForGroup ? 'g-wx,o-rwx' : 'go-rwx',
        ...paths,
      ]),
    ];
  }
  if (isForGroup && found.some(({ mode }) => (mode & 0o040) === 0))
    return [note('FILE_MODE is 640, but these files were made before', ['chmod', 'g+r', ...paths])];
  return [];
}

function note(detail: string, fix: readonly string[]): Diagnosis {
  return { what: 'file modes', status: 'note', detail, fix };
}
