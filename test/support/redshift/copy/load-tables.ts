import type { CopySession, DeclaredColumn } from './copy-session.ts';
import type { LoadError } from './load-error.ts';

/** What stands behind SYS_LOAD_ERROR_DETAIL, SYS_LOAD_HISTORY and SYS_LOAD_DETAIL, and the ids of queries. */
export const loadTablesSql = `
create sequence if not exists redshift_double.query_id start 1000;
create table if not exists redshift_double.load_error_detail (
  user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name char(64),
  table_id integer, start_time timestamp, file_name char(256), line_number bigint, column_name char(127),
  column_type char(10), column_length char(10), position integer, error_code integer, error_message char(512)
);
create table if not exists redshift_double.load_history (
  user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name text, status text,
  table_name text, start_time timestamp, end_time timestamp, duration bigint, data_source text, file_format text,
  loaded_rows bigint, loaded_bytes bigint, source_file_count integer, source_file_bytes bigint,
  file_count_scanned integer, file_bytes_scanned bigint, error_count bigint, copy_job_id bigint
);
create table if not exists redshift_double.load_detail (
  user_id integer, query_id bigint, file_name char(256), bytes_scanned bigint, lines_scanned bigint,
  record_time timestamp, splits_scanned integer, start_time timestamp, end_time timestamp
);
`;

/** A COPY under way. */
export interface Load {
  readonly queryId: string;
  readonly transactionId: string;
  readonly tableId: string;
  readonly table: string;
  readonly source: string;
  readonly startMs: number;
}

/** A file that was scanned; sizes as it lies in S3. */
export interface ScannedFile {
  readonly name: string;
  readonly bytes: number;
  readonly lines: number;
}

/** Where and why a value could not be loaded. */
export interface FailedRow {
  readonly file: string;
  readonly line: number;
  /** Null, where the value itself is not well formed. */
  readonly column: DeclaredColumn | null;
  readonly error: LoadError;
}

const shortTypes: Readonly<Record<string, string>> = {
  smallint: 'int2',
  integer: 'int4',
  bigint: 'int8',
  decimal: 'numeric',
  real: 'float4',
  'double precision': 'float8',
  boolean: 'bool',
};

/** Begins a COPY: gives it its ids. */
export async function beginLoad(session: CopySession, table: string, source: string): Promise<Load> {
  const { rows } = await session.query(`select ${literal(table)}::regclass::oid, txid_current()`);
  const [tableId, transactionId] = rows[0] as string[];
  const { rows: next } = await session.outside("select nextval('redshift_double.query_id')");
  return {
    queryId: next[0]?.[0] as string,
    transactionId: transactionId as string,
    tableId: tableId as string,
    table,
    source,
    startMs: Date.now(),
  };
}

/** Records the rows that failed, on a connection of its own: they survive the transaction of the COPY. */
export async function recordErrors(
  session: CopySession,
  load: Load,
  failed: readonly FailedRow[],
): Promise<void> {
  for (let at = 0; at < failed.length; at += 500) {
    const rows = failed
      .slice(at, at + 500)
      .map(({ file, line, column, error }) =>
        tuple([
          session.userId,
          load.queryId,
          load.transactionId,
          session.pid,
          session.database.slice(0, 64),
          load.tableId,
          stamp(load.startMs),
          file.slice(0, 256),
          line,
          column?.name.slice(0, 127) ?? '',
          (column === null ? '' : (shortTypes[column.type] ?? column.type)).slice(0, 10),
          String(column?.length ?? 0),
          error.position,
          error.code,
          error.message.slice(0, 512),
        ]),
      );
    await session.outside(`insert into redshift_double.load_error_detail values ${rows.join(', ')}`);
  }
}

/** Records the end of a COPY and the files that it scanned. */
export async function recordLoad(
  session: CopySession,
  load: Load,
  outcome: {
    readonly status: 'completed' | 'aborted';
    readonly rows: number;
    readonly bytes: number;
    readonly sourceFiles: number;
    readonly errors: number;
    readonly files: readonly ScannedFile[];
  },
): Promise<void> {
  const endMs = Date.now();
  const { files } = outcome;
  const bytesScanned = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const history = tuple([
    session.userId,
    load.queryId,
    load.transactionId,
    session.pid,
    session.database,
    outcome.status,
    load.table,
    stamp(load.startMs),
    stamp(endMs),
    (endMs - load.startMs) * 1_000,
    load.source,
    'json',
    outcome.rows,
    outcome.bytes,
    outcome.sourceFiles,
    bytesScanned,
    files.length,
    bytesScanned,
    outcome.errors,
    0,
  ]);
  await session.outside(`insert into redshift_double.load_history values ${history}`);
  const details = files.map(({ name, bytes, lines }) =>
    tuple([
      session.userId,
      load.queryId,
      name.slice(0, 256),
      bytes,
      lines,
      stamp(endMs),
      1,
      stamp(load.startMs),
      stamp(endMs),
    ]),
  );
  for (let at = 0; at < details.length; at += 500)
    await session.outside(
      `insert into redshift_double.load_detail values ${details.slice(at, at + 500).join(', ')}`,
    );
}

/** What pg_last_copy_id() and pg_last_copy_count() answer from now on. */
export async function rememberCopy(session: CopySession, load: Load, count: number): Promise<void> {
  await session.query(
    `select set_config('redshift_double.last_copy_id', '${load.queryId}', false), set_config('redshift_double.last_copy_count', '${count}', false)`,
  );
}

const stamp = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
const tuple = (values: readonly (string | number)[]): string =>
  `(${values.map((value) => (typeof value === 'number' ? String(value) : literal(value))).join(', ')})`;

function literal(text: string): string {
  return `'${text.replaceAll('\0', '').replaceAll("'", "''")}'`;
}
