import { LoadError, WarehouseError } from '../../errors.ts';
import { sourceColumns, type Table } from '../../schema/table.ts';
import type { ReadUnit } from '../engine-reads.ts';
import { literal } from '../sql.ts';
import type { SqlRow, Statement } from '../statement.ts';
import type { RedshiftConnection } from './connection.ts';
import { CopyRefusedError } from './errors.ts';
import type { JsonPaths } from './json-paths.ts';
import type { RecordShape } from './rules.ts';
import { manifestJson, type StagingArea } from './staging-prefix.ts';

/** What of a session the reading needs. */
export interface ReadingSession {
  readonly name: string;
  readonly main: RedshiftConnection;
  /** Another session, outside the transaction: what the system views hold now. */
  readonly aside: () => Promise<RedshiftConnection>;
  readonly staging: StagingArea;
  /** `iam_role …` and `region …`. */
  readonly access: string;
  readonly jsonPaths: JsonPaths | null;
  readonly nowMs: () => number;
}

/** COPY takes no more (copy-parameters-data-load, MAXERROR). */
const MOST_ERRORS = 100_000;

/** The system views are filled a little later than the COPY ends. */
const VIEWS_MS = 60_000;

const POLL_MS = 250;

export const LONGEST_TEXT = 65_535;

/** In bytes; longer ones cannot be escaped within VARCHAR(MAX). */
export const LONGEST_KEY = 30_000;

/** file_name is CHAR(256). */
const LONGEST_NAME = 256;

const COMPRESSION = { none: '', gzip: ' gzip', zstd: ' zstd' } as const;

/** Records of a unit that stand in temporary staging, to be judged. */
export interface CopiedUnit {
  readonly table: string;
  readonly shape: RecordShape;
  readonly records: number;
  /** The paths of objects from which nothing was taken. */
  readonly leftover: readonly string[];
}

/**
 * Lets the cluster copy objects into temporary staging of the session, by manifest, before any transaction: what the
 * system views say of a COPY may only be there once it has committed, and nothing waits for it. An object in which COPY
 * met anything that it could not read is left out, and named: what COPY skips after a broken record is not documented,
 * and no event may be lost in it.
 */
export async function copyObjects(unit: ReadUnit, session: ReadingSession): Promise<CopiedUnit> {
  const { main } = session;
  const table = `read_records_${unit.fileId}`;
  const shape: RecordShape = session.jsonPaths?.table === unit.table.name ? 'columns' : 'whole';
  const leftover = new Set<string>();
  for (;;) {
    const left = { ...unit, files: unit.files.filter(({ path }) => !leftover.has(path)) };
    await main.run(dropStatement('read_records', table));
    if (left.files.length === 0) return { table, shape, records: 0, leftover: [...leftover] };
    const { records, broken } = await copyRecords(left, table, shape, session);
    if (broken.length === 0) return { table, shape, records, leftover: [...leftover] };
    for (const path of broken) leftover.add(path);
  }
}

/** Drops a temporary table of the reading, if this session made it; `what` is its name without a unit's number. */
export function dropStatement(what: string, table = what): Statement {
  return { name: `copy: drop ${what}`, sql: `drop table if exists ${table}`, temporary: { drops: table } };
}

/** `columns` of the staging table that are read from records. */
export function columnsOf(table: Table): string {
  return sourceColumns(table)
    .map(({ name }) => name)
    .join(', ');
}

interface Copied {
  readonly records: number;
  /** The paths of objects with records that COPY could not read. */
  readonly broken: readonly string[];
}

/** COPY into a table, and what it made of it, held against what the system views say. */
async function copyRecords(
  unit: ReadUnit,
  table: string,
  shape: RecordShape,
  session: ReadingSession,
): Promise<Copied> {
  const { main, staging, access } = session;
  const columns =
    shape === 'whole'
      ? 'record super'
      : sourceColumns(unit.table)
          .map(({ name }) => `${name} super`)
          .join(', ');
  await main.run({
    name: 'copy: make read_records',
    sql: `create temporary table ${table} (${columns})`,
    temporary: { makes: table },
  });
  const manifest = await staging.put(`${unit.table.name}-${unit.fileId}.manifest`, manifestJson(unit.files));
  const mapping = shape === 'whole' ? 'noshred' : (session.jsonPaths as JsonPaths).address;
  try {
    await main.run({
      name: 'copy: records',
      sql: `copy ${table} from ${literal(manifest)} ${access} format json ${literal(mapping)} manifest${COMPRESSION[unit.compression]} maxerror ${MOST_ERRORS} compupdate off statupdate off`,
    });
  } catch (error) {
    if (!(error instanceof CopyRefusedError)) throw error;
    return { records: 0, broken: await refusedObjects(unit, session) };
  }
  const [last] = await main.rows({
    name: 'copy: what COPY counted',
    sql: 'select pg_last_copy_count() as records, pg_last_copy_id() as query_id',
    whenDryRun: [{ records: 1, query_id: 0 }],
  });
  const [counted] = await main.rows({
    name: 'copy: records that came',
    sql: `select count(*) as records from ${table}`,
    whenDryRun: [{ records: 1 }],
  });
  const records = Number(counted?.records);
  if (records !== Number(last?.records)) {
    throw new WarehouseError(`${describe(unit)}: COPY says ${last?.records} records, but ${records} came.`, {
      hint: 'Nothing was committed; run again.',
    });
  }
  return {
    records,
    broken: await brokenObjects(unit, { manifest, queryId: Number(last?.query_id), records }, session),
  };
}

/** A COPY that ended: by which manifest, under which id, and how many records came. */
interface CopyDone {
  readonly manifest: string;
  readonly queryId: number;
  readonly records: number;
}

/** In which objects COPY met what it could not read; rejects where the views do not show it in time. */
async function brokenObjects(
  unit: ReadUnit,
  { manifest, queryId, records }: CopyDone,
  session: ReadingSession,
): Promise<readonly string[]> {
  const aside = await session.aside();
  const until = session.nowMs() + VIEWS_MS;
  for (;;) {
    const [history] = await aside.rows({
      name: 'copy: what the system views tell of it',
      // No guide says that pg_last_copy_id is the view's query_id; that the manifest's name is new, we know.
      sql: `select query_id, loaded_rows, error_count, source_file_count from sys_load_history
       where (query_id = ${queryId} or trim(data_source) = ${literal(manifest)}) and status = 'completed'
       order by query_id desc limit 1`,
      whenDryRun: [{ loaded_rows: 1, error_count: 0, source_file_count: unit.files.length }],
    });
    const broken = await aside.rows({
      name: 'copy: objects with records that it could not read',
      sql: `select trim(file_name) as file_name, count(*) as errors from sys_load_error_detail where query_id = ${Number(history?.query_id ?? queryId)} group by file_name order by file_name`,
    });
    const told = broken.reduce((sum, { errors }) => sum + Number(errors), 0);
    if (history !== undefined && told >= Number(history.error_count)) {
      const isWhole =
        Number(history.source_file_count) === unit.files.length && Number(history.loaded_rows) === records;
      if (told > 0) return namedIn(broken, unit);
      if (isWhole) return [];
      throw new LoadError(
        `${describe(unit)} does not balance: ${history.source_file_count} of ${unit.files.length} objects were read, and ${history.loaded_rows} records, not ${records}.`,
        { hint: 'Nothing was committed; run again.' },
      );
    }
    if (session.nowMs() >= until) {
      throw new WarehouseError(
        `${session.name}: sys_load_history does not show the result of COPY ${queryId}, so its balance is not known.`,
        { hint: 'Nothing was committed. Run again; the user must see its own rows of the SYS views.' },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The objects that the view names, whose names it cuts off; all of the unit where it is not known which. */
function namedIn(broken: readonly SqlRow[], { files }: ReadUnit): string[] {
  const named = new Set<string>();
  for (const { file_name } of broken) {
    const fitting = files.filter(({ path }) => path.slice(0, LONGEST_NAME) === String(file_name));
    if (fitting.length !== 1) return files.map(({ path }) => path);
    for (const { path } of fitting) named.add(path);
  }
  return [...named];
}

/** The objects that made a COPY fail, as far as the views show them; else all of the unit. */
async function refusedObjects(unit: ReadUnit, { aside, main }: ReadingSession): Promise<readonly string[]> {
  const broken = await (await aside()).rows({
    name: 'copy: objects that made it fail',
    sql: `select trim(file_name) as file_name, count(*) as errors from sys_load_error_detail
     where session_id = ${main.pid} and query_id = (select max(query_id) from sys_load_error_detail where session_id = ${main.pid})
     group by file_name order by file_name`,
  });
  const named = namedIn(broken, unit);
  return named.length > 0 ? named : unit.files.map(({ path }) => path);
}

/** What a unit is called: its object, or the folder that its objects share. */
export function describe({ files }: ReadUnit): string {
  const [first] = files;
  if (files.length === 1 || first === undefined) return first?.path ?? 'nothing';
  let shared = first.path;
  for (const { path } of files) {
    while (!path.startsWith(shared)) shared = shared.slice(0, -1);
  }
  return `${shared.slice(0, shared.lastIndexOf('/') + 1)} (${files.length} objects)`;
}
