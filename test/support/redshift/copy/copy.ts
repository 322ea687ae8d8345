import { setImmediate as pause } from 'node:timers/promises';
import { s3Place } from '../grammar/statement-reader.ts';
import { autoMapping, type Mapping, pathMapping, readPathsFile, wholeMapping } from '../json/json-paths.ts';
import { type RowOrError, rowReader } from './copy-rows.ts';
import { type CopySession, type DeclaredColumn, type ObjectStore, ServerError } from './copy-session.ts';
import { readSource, requireRegion, type SourceFile, sourceFiles, unpacked } from './copy-source.ts';
import { type CopyStatement, parseCopy } from './copy-statement.ts';
import { codes, LoadError } from './load-error.ts';
import {
  beginLoad,
  type FailedRow,
  type Load,
  recordErrors,
  recordLoad,
  rememberCopy,
  type ScannedFile,
} from './load-tables.ts';

const CHUNK_CHARACTERS = 256 * 1024;
const ROWS_AT_ONCE = 2_000;
const FILES_AT_ONCE = 16;

/** A COPY that found too many rows it could not load. Its id is pg_last_copy_id() all the same, unless a block is rolled back. */
export class FailedCopy extends ServerError {
  readonly queryId: string;

  constructor(table: string, queryId: string) {
    super(
      'XX000',
      `Load into table '${table}' failed.  Check 'sys_load_error_detail' system table for details.`,
    );
    this.queryId = queryId;
  }
}

/** What a COPY found in its files. */
interface Scan {
  readonly chunks: string[];
  rows: number;
  bytes: number;
  readonly failed: FailedRow[];
  readonly files: ScannedFile[];
  /** So many errors, or such an error, that the COPY fails. */
  isOver: boolean;
}

/** Runs a COPY as Redshift documents it: rows go into the table only if the whole of it succeeds. */
export async function runCopy(
  sql: string,
  session: CopySession,
  open: (role: string) => ObjectStore,
): Promise<{ loaded: number; notices: string[] }> {
  const statement = parseCopy(sql);
  const name = statement.table.at(-1) as string;
  const columns = targetColumns(statement, await session.columnsOf(statement.table.join('.')));
  const store = open(statement.role);
  const mapping = await mappingOf(statement, columns, store);
  const files = await sourceFiles(statement, store);
  const { bucket, key } = statement.source;
  const load = await beginLoad(session, quoted(statement.table), `s3://${bucket}/${key}`);
  const scan = await scanFiles(statement, rowReader(statement, columns, mapping), store, files);
  await recordErrors(session, load, scan.failed);
  const finish = (status: 'completed' | 'aborted', rows: number): Promise<void> =>
    finished(session, { ...load, table: name }, scan, { status, rows, sourceFiles: files.length });
  if (scan.isOver) {
    await finish('aborted', 0);
    throw new FailedCopy(name, load.queryId);
  }
  const loaded = statement.loadsNothing ? 0 : scan.rows;
  if (loaded > 0) {
    const list = columns.map((column) => quoted([column.name])).join(', ');
    await session.copyIn(`copy ${quoted(statement.table)} (${list}) from stdin`, scan.chunks);
  }
  await finish('completed', loaded);
  return { loaded, notices: noticesOf(name, loaded, scan.failed.length) };
}

function noticesOf(table: string, loaded: number, failed: number): string[] {
  const notices = [`Load into table '${table}' completed, ${loaded} record(s) loaded successfully.`];
  if (failed > 0)
    notices.push(
      `Load into table '${table}' completed, ${failed} record(s) could not be loaded.  Check 'sys_load_error_detail' system table for details.`,
    );
  return notices;
}

async function finished(
  session: CopySession,
  load: Load,
  scan: Scan,
  outcome: { status: 'completed' | 'aborted'; rows: number; sourceFiles: number },
): Promise<void> {
  const { failed, files } = scan;
  const bytes = outcome.rows === 0 ? 0 : scan.bytes;
  await recordLoad(session, load, { ...outcome, bytes, errors: failed.length, files });
  await rememberCopy(session, load, outcome.rows);
}

/** The columns that the COPY loads: those of its list, or all. */
function targetColumns(statement: CopyStatement, declared: readonly DeclaredColumn[]): DeclaredColumn[] {
  const table = statement.table.at(-1) as string;
  if (declared.length === 0) throw new ServerError('42P01', `Cannot COPY into nonexistent table ${table}`);
  return (statement.columns ?? declared.map(({ name }) => name)).map((name) => {
    const column = declared.find((candidate) => candidate.name === name);
    if (column === undefined)
      throw new ServerError('42703', `column "${name}" of relation "${table}" does not exist`);
    return column;
  });
}

async function mappingOf(
  statement: CopyStatement,
  columns: readonly DeclaredColumn[],
  store: ObjectStore,
): Promise<Mapping> {
  const names = columns.map(({ name }) => name);
  if (statement.json === 'noshred') {
    if (columns.length !== 1 || columns[0]?.type !== 'super')
      throw new ServerError('0A000', 'noshred needs a table or column list of a single SUPER column');
    return wholeMapping;
  }
  if (!statement.json.startsWith('s3://')) return autoMapping(names, statement.json === 'auto ignorecase');
  const { bucket, key } = s3Place(statement.json);
  requireRegion(statement, store, bucket);
  const paths = readPathsFile(await store.read(bucket, key));
  if (paths === null) return autoMapping(names, false);
  if (paths.length !== names.length)
    throw new ServerError(
      'XX000',
      `Number of jsonpaths and the number of columns should match. JSONPath size: ${paths.length}, Number of columns in table or column list: ${names.length}`,
    );
  return pathMapping(paths);
}

async function scanFiles(
  statement: CopyStatement,
  read: (content: Buffer) => Generator<RowOrError>,
  store: ObjectStore,
  files: readonly SourceFile[],
): Promise<Scan> {
  const scan: Scan = { chunks: [], rows: 0, bytes: 0, failed: [], files: [], isOver: false };
  for await (const { file, content } of readInOrder(files, store)) {
    if (content === null) continue;
    const name = `s3://${file.bucket}/${file.key}`;
    const lines = await scanFile(statement, read, scan, { name, content });
    scan.files.push({ name, bytes: content.length, lines });
    if (scan.isOver) break;
  }
  if (scan.files.length === 0)
    throw new ServerError('XX000', 'None of the files that the manifest lists was found');
  return scan;
}

/** Reads files some at a time, and hands them on one after the other. */
async function* readInOrder(
  files: readonly SourceFile[],
  store: ObjectStore,
): AsyncGenerator<{ file: SourceFile; content: Buffer | null }> {
  const reads: Promise<Buffer | null>[] = [];
  for (const [n, file] of files.entries()) {
    while (reads.length < Math.min(files.length, n + FILES_AT_ONCE)) {
      const read = readSource(files[reads.length] as SourceFile, store);
      // One that fails is heard of when its turn comes, if it does.
      read.catch(() => {});
      reads.push(read);
    }
    yield { file, content: await (reads[n] as Promise<Buffer | null>) };
    reads[n] = Promise.resolve(null);
  }
}

/** Adds a file's rows and errors to what was found; returns how many pieces it looked at. */
async function scanFile(
  statement: CopyStatement,
  read: (content: Buffer) => Generator<RowOrError>,
  scan: Scan,
  { name, content }: { name: string; content: Buffer },
): Promise<number> {
  const fail = (failed: Omit<FailedRow, 'file'>, isFatal: boolean): void => {
    scan.failed.push({ file: name, ...failed });
    scan.isOver = isFatal || scan.failed.length >= statement.failsAtErrors;
  };
  let lines = 0;
  try {
    let chunk = '';
    // A JSONPaths file below the prefix of the data is read as data, and is none.
    if (name === statement.json) throw new LoadError(codes.line, 'Invalid value.');
    for (const found of read(unpacked(content, statement.compression))) {
      lines += 1;
      if ('row' in found) {
        scan.rows += 1;
        scan.bytes += found.row.length;
        chunk += found.row;
      } else {
        const { line, column, error, isFatal } = found;
        fail({ line, column, error }, isFatal);
        if (scan.isOver) break;
      }
      if (chunk.length > CHUNK_CHARACTERS) {
        scan.chunks.push(chunk);
        chunk = '';
      }
      if (lines % ROWS_AT_ONCE === 0) await pause();
    }
    scan.chunks.push(chunk);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    fail({ line: 1, column: null, error }, false);
  }
  return lines;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name.replaceAll('"', '""')}"`).join('.');
}
