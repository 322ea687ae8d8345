import { LoadError, WarehouseError } from '../../errors.ts';
import { sourceColumns, type Table } from '../../schema/table.ts';
import { literal } from '../sql.ts';
import type { ObjectBatch, SqlRow } from '../warehouse.ts';
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

/** Records of a batch that stand in temporary staging, to be judged. */
export interface CopiedBatch {
  readonly table: string;
  readonly shape: RecordShape;
  readonly records: number;
  /** The paths of objects of which nothing was taken. */
  readonly unread: readonly string[];
}

/**
 * Lets the cluster copy objects into temporary staging of the session, by manifest, before any transaction: what the system
 * views tell of a COPY may only be there once it has committed, and nobody waits for it. An object in which COPY met
 * anything that it could not read is left out, and named: what COPY passes over after a broken record is nowhere
 * documented, and no event may be lost in it.
 */
export async function copyObjects(batch: ObjectBatch, session: ReadingSession): Promise<CopiedBatch> {
  const { main } = session;
  const table = `read_records_${batch.fileId}`;
  const shape: RecordShape = session.jsonPaths?.table === batch.table.name ? 'columns' : 'whole';
  const unread = new Set<string>();
  for (;;) {
    const left = { ...batch, objects: batch.objects.filter(({ path }) => !unread.has(path)) };
    await main.run(`drop table if exists ${table}`);
    if (left.objects.length === 0) return { table, shape, records: 0, unread: [...unread] };
    const { records, broken } = await copyRecords(left, table, shape, session);
    if (broken.length === 0) return { table, shape, records, unread: [...unread] };
    for (const path of broken) unread.add(path);
  }
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
  batch: ObjectBatch,
  table: string,
  shape: RecordShape,
  session: ReadingSession,
): Promise<Copied> {
  const { main, staging, access } = session;
  const columns =
    shape === 'whole'
      ? 'record super'
      : sourceColumns(batch.table)
          .map(({ name }) => `${name} super`)
          .join(', ');
  await main.run(`create temporary table ${table} (${columns})`);
  const manifest = await staging.put(
    `${batch.table.name}-${batch.fileId}.manifest`,
    manifestJson(batch.objects),
  );
  const mapping = shape === 'whole' ? 'noshred' : (session.jsonPaths as JsonPaths).address;
  try {
    await main.run(
      `copy ${table} from ${literal(manifest)} ${access} format json ${literal(mapping)} manifest${COMPRESSION[batch.compression]} maxerror ${MOST_ERRORS} compupdate off statupdate off`,
    );
  } catch (error) {
    if (!(error instanceof CopyRefusedError)) throw error;
    return { records: 0, broken: await refusedObjects(batch, session) };
  }
  const [last] = await main.rows('select pg_last_copy_count() as records, pg_last_copy_id() as query_id');
  const [counted] = await main.rows(`select count(*) as records from ${table}`);
  const records = Number(counted?.records);
  if (records !== Number(last?.records)) {
    throw new WarehouseError(`${describe(batch)}: COPY says ${last?.records} records, but ${records} came.`, {
      hint: 'Nothing was committed; run again.',
    });
  }
  return { records, broken: await brokenObjects(batch, manifest, Number(last?.query_id), records, session) };
}

/** In which objects COPY met what it could not read; rejects where the views do not tell in time. */
async function brokenObjects(
  batch: ObjectBatch,
  manifest: string,
  queryId: number,
  records: number,
  session: ReadingSession,
): Promise<readonly string[]> {
  const aside = await session.aside();
  const until = session.nowMs() + VIEWS_MS;
  for (;;) {
    const [history] = await aside.rows(
      // That pg_last_copy_id is the view's query_id stands nowhere; that the manifest's name is new, we know.
      `select query_id, loaded_rows, error_count, source_file_count from sys_load_history
       where (query_id = ${queryId} or trim(data_source) = ${literal(manifest)}) and status = 'completed'
       order by query_id desc limit 1`,
    );
    const broken = await aside.rows(
      `select trim(file_name) as file_name, count(*) as errors from sys_load_error_detail where query_id = ${Number(history?.query_id ?? queryId)} group by file_name order by file_name`,
    );
    const told = broken.reduce((sum, { errors }) => sum + Number(errors), 0);
    if (history !== undefined && told >= Number(history.error_count)) {
      const isWhole =
        Number(history.source_file_count) === batch.objects.length && Number(history.loaded_rows) === records;
      if (told > 0) return namedIn(broken, batch);
      if (isWhole) return [];
      throw new LoadError(
        `${describe(batch)} does not balance: ${history.source_file_count} of ${batch.objects.length} objects were read, and ${history.loaded_rows} records, not ${records}.`,
        { hint: 'Nothing was committed; run again.' },
      );
    }
    if (session.nowMs() >= until) {
      throw new WarehouseError(
        `${session.name}: sys_load_history does not tell what became of COPY ${queryId}, so its balance is not known.`,
        { hint: 'Nothing was committed. Run again; the user must see its own rows of the SYS views.' },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The objects that the view names, whose names it cuts off; all of the batch where it cannot be told which. */
function namedIn(broken: readonly SqlRow[], { objects }: ObjectBatch): string[] {
  const named = new Set<string>();
  for (const { file_name } of broken) {
    const fitting = objects.filter(({ path }) => path.slice(0, LONGEST_NAME) === String(file_name));
    if (fitting.length !== 1) return objects.map(({ path }) => path);
    for (const { path } of fitting) named.add(path);
  }
  return [...named];
}

/** The objects that made a COPY fail, as far as the views tell; all of the batch where they do not. */
async function refusedObjects(
  batch: ObjectBatch,
  { aside, main }: ReadingSession,
): Promise<readonly string[]> {
  const broken = await (await aside()).rows(
    `select trim(file_name) as file_name, count(*) as errors from sys_load_error_detail
     where session_id = ${main.pid} and query_id = (select max(query_id) from sys_load_error_detail where session_id = ${main.pid})
     group by file_name order by file_name`,
  );
  const named = namedIn(broken, batch);
  return named.length > 0 ? named : batch.objects.map(({ path }) => path);
}

/** What a batch is called: its object, or the folder that its objects share. */
export function describe({ objects }: ObjectBatch): string {
  const [first] = objects;
  if (objects.length === 1 || first === undefined) return first?.path ?? 'nothing';
  let shared = first.path;
  for (const { path } of objects) {
    while (!path.startsWith(shared)) shared = shared.slice(0, -1);
  }
  return `${shared.slice(0, shared.lastIndexOf('/') + 1)} (${objects.length} objects)`;
}
