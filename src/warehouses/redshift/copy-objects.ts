import { LoadError, WarehouseError } from '../../errors.ts';
import { qualifiedName, sourceColumns, type Table } from '../../schema/table.ts';
import { listColumns, literal } from '../sql.ts';
import type { ObjectBatch, ObjectsRead, SqlRow } from '../warehouse.ts';
import type { RedshiftConnection } from './connection.ts';
import { CopyRefusedError } from './errors.ts';
import type { JsonPaths } from './json-paths.ts';
import { type RecordShape, recordRules } from './rules.ts';
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
const LONGEST_TEXT = 65_535;
/** In bytes; longer ones cannot be escaped within VARCHAR(MAX). */
const LONGEST_KEY = 30_000;
/** file_name is CHAR(256). */
const LONGEST_NAME = 256;
const COMPRESSION = { none: '', gzip: ' gzip', zstd: ' zstd' } as const;
const TEMPORARY = ['read_rows', 'read_extras', 'read_refused'] as const;

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

/**
 * What was copied, by the rules as SQL: what they accept goes into staging, what they refuse into the rejects. Every record
 * that COPY counted ends in one of the two.
 */
export async function judgeObjects(
  batch: ObjectBatch,
  { table, shape, records, unread }: CopiedBatch,
  main: RedshiftConnection,
): Promise<ObjectsRead> {
  if (records === 0 && unread.length === batch.objects.length)
    return { staged: 0, rejected: 0, drift: [], unread };
  for (const name of TEMPORARY) await main.run(`drop table if exists ${name}`);
  const rules = recordRules(batch.table, shape, batch.startedAt.getTime());
  const drift = shape === 'whole' ? await driftOf(batch.table, table, main) : [];
  const hasExtras = drift.some(({ change }) => change !== 'missing');
  if (hasExtras) await collectExtras(batch.table, table, main);
  const from = hasExtras
    ? 'read_rows as source left join read_extras as extras on extras.record_id = source.record_id'
    : `${table} as source`;
  const staged = await main.run(
    `insert into ${qualifiedName(batch.table)} (file_id, ${columnsOf(batch.table)}, extra)
select ${batch.fileId}, ${columnsOf(batch.table)}, extra from (
${rules.accepted(from, hasExtras)}
) as accepted`,
  );
  let rejected = 0;
  if (staged < records) {
    // In a table of their own: what is said of them would otherwise repeat every rule many times over.
    await main.run(`create temporary table read_refused as ${rules.broken(from, hasExtras)}`);
    rejected = await refuse(batch, rules.refused('read_refused'), main);
  }
  if (staged + rejected !== records) {
    throw new LoadError(
      `${describe(batch)} does not balance: COPY counted ${records} records, but ${staged} were staged and ${rejected} refused.`,
      { hint: 'Nothing was committed. This is a fault in sparkify: please report it.' },
    );
  }
  for (const name of [...TEMPORARY, table]) await main.run(`drop table if exists ${name}`);
  return { staged, rejected, drift, unread };
}

/** `columns` of the staging table that are read from records. */
function columnsOf(table: Table): string {
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

/** Keys that are not as declared, counted over all records that are objects. */
async function driftOf(table: Table, from: string, main: RedshiftConnection): Promise<ObjectsRead['drift']> {
  const [objects] = await main.rows(
    `select count(*) as records from ${from} as source where json_typeof(source.record) = 'object'`,
  );
  const found = await main.rows(
    `select name, count(*) as records
     from (
       select cast(key as varchar(65535)) as name from ${from} as source, unpivot source.record as value at key
     ) as keys
     group by name order by name`,
  );
  const declared = sourceColumns(table).map(({ from }) => from.key);
  const lower = new Set(declared.map((key) => key.toLowerCase()));
  const counts = new Map(found.map(({ name, records }) => [String(name), Number(records)]));
  const undeclared = [...counts]
    .filter(([key]) => !declared.includes(key))
    .map(([key, records]) => {
      const change = lower.has(key.toLowerCase()) ? ('other case' as const) : ('new' as const);
      return { change, key, records };
    });
  const missing = declared
    .map((key) => ({
      change: 'missing' as const,
      key,
      records: Number(objects?.records) - (counts.get(key) ?? 0),
    }))
    .filter(({ records }) => records > 0);
  return [...undeclared, ...missing];
}

/** read_extras: for every record with undeclared keys, these as a JSON object in the order of their names. */
async function collectExtras(table: Table, from: string, main: RedshiftConnection): Promise<void> {
  const keys = sourceColumns(table)
    .map(({ from }) => literal(from.key))
    .join(', ');
  // Backslashes by their number: whether a literal takes them as escapes is a matter of settings.
  const quoted = `'"' || replace(replace(name, chr(92), chr(92) || chr(92)), '"', chr(92) || '"') || '"'`;
  await main.run('create temporary table read_rows (record_id bigint identity(1, 1), record super)');
  await main.run(`insert into read_rows (record) select record from ${from}`);
  await main.run(
    `create temporary table read_extras as
select record_id, max(bytes) as bytes, '{' || listagg(pair, ',') within group (order by name) || '}' as extra
from (
  select record_id, name, bytes, case when bytes <= ${LONGEST_TEXT} then quoted || ':' || json_serialize(value) else '' end as pair
  from (
    select record_id, name, quoted, value,
      sum(coalesce(octet_length(quoted), 2 * ${LONGEST_TEXT}) + json_size(value) + 2) over (partition by record_id) + 1 as bytes
    from (
      select record_id, name, case when octet_length(name) <= ${LONGEST_KEY} then ${quoted} end as quoted, value
      from (
        select source.record_id, cast(key as varchar(${LONGEST_TEXT})) as name, value
        from read_rows as source, unpivot source.record as value at key
      ) as named
      where name not in (${keys})
    ) as shown
  ) as measured
) as bounded
group by record_id`,
  );
}

/** Writes what the rules refused; the number of records. */
async function refuse(batch: ObjectBatch, refused: string, main: RedshiftConnection): Promise<number> {
  return main.run(
    `insert into ${qualifiedName(batch.rejects)} (${listColumns(batch.rejects)})
select '${batch.fileId}:' || cast(place as varchar), ${batch.fileId}, ${literal(batch.kind)}, cast($1 as varchar(4096)), 0, rule, field, value, reason, "raw", cast($2 as varchar(64)), cast($3 as timestamp)
from (
${refused}
) as refused`,
    [describe(batch), batch.runId, batch.startedAt],
  );
}

/** What a batch is called: its object, or the folder that its objects share. */
function describe({ objects }: ObjectBatch): string {
  const [first] = objects;
  if (objects.length === 1 || first === undefined) return first?.path ?? 'nothing';
  let shared = first.path;
  for (const { path } of objects) {
    while (!path.startsWith(shared)) shared = shared.slice(0, -1);
  }
  return `${shared.slice(0, shared.lastIndexOf('/') + 1)} (${objects.length} objects)`;
}
