import { createHash } from 'node:crypto';
import { rejects as rejectsTable } from '../../models/ops/rejects.ts';
import type { RecordFormat, StagedRow } from '../../reading/parse.ts';
import {
  type FileSummary,
  type ParsedRows,
  readContent,
  readFile,
  unreadable,
} from '../../reading/read-file.ts';
import type { Reject } from '../../reading/reject.ts';
import { KEPT_FILE_BYTES } from '../../reading/survey.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import { changedWhileRead, type Source } from '../../sources/source.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { type FileKind, targets } from '../file-kinds.ts';
import type { StageContext } from '../load-context.ts';
import type { FileToLoad } from '../plan/file-plan.ts';
import { type RejectWriter, rejectWriter } from './reject-writer.ts';
import type { Summaries } from './staged-files.ts';

const ROWS_HELD = 5_000;
/** Text of the rows held, estimated by the records that they were read from. */
const TEXT_HELD = 16 * 1024 * 1024;

/** How lines of a kind of files become rows. */
interface LineFormat {
  readonly kind: FileKind;
  readonly format: RecordFormat;
}

/** Reads files line by line, with rejects and drift. */
export async function readByLines(
  files: readonly FileToLoad[],
  { kind, format }: LineFormat,
  context: StageContext,
): Promise<Summaries> {
  const { source } = context;
  const { emit, signal } = context.observer;
  const advance = (amount: number): void => emit({ type: 'progressed', amount });
  const summaries = new Map<number, FileSummary>();
  const rows = rowWriter(targets[kind].staging, context.warehouse);
  const take = async (file: FileToLoad, batch: ParsedRows, refused: RejectWriter): Promise<void> => {
    signal.throwIfAborted();
    const rejects = batch.rejects.length > 0 ? () => refused.write(batch.rejects) : null;
    await rows.take(file, batch, rejects);
  };
  const refuseWhole = async (file: FileToLoad, reject: Reject): Promise<void> => {
    await rows.pause();
    await rejectWriter(file, kind, context).write([reject]);
    summaries.set(file.fileId, { lines: 1, staged: 0, rejected: 1, blank: 0, drift: [] });
    await source.release(file.survey.file);
  };
  const contents = readAhead(files, source);
  for (const file of files) {
    const { compression, damage, isClean, sha256 } = file.survey;
    const { bytes } = file.survey.file;
    if (damage !== null) {
      await refuseWhole(file, unreadable(damage));
      advance(bytes);
      continue;
    }
    const content = await contents(file);
    const refused = rejectWriter(file, kind, context);
    if (content !== null && compression === 'none') {
      const reader = readContent(content, format);
      summaries.set(file.fileId, await drain(reader, (batch) => take(file, batch, refused)));
      advance(bytes);
      continue;
    }
    const reader = readFile(chunksOf(file, content, context), format, { bytes, isPreverified: isClean });
    const end = await drain(reader, (batch) => take(file, batch, refused));
    if ('unreadable' in end) {
      await rows.flush();
      await removeRows(file.fileId, kind, context.warehouse);
      await refuseWhole(file, end.unreadable);
    } else {
      if (end.sha256 !== sha256) throw changedWhileRead(file.survey.file);
      summaries.set(file.fileId, end.summary);
    }
    await source.release(file.survey.file);
  }
  await rows.flush();
  return summaries;
}

/** What was staged of a file before it turned out that it cannot be read to its end. */
async function removeRows(fileId: number, kind: FileKind, warehouse: Warehouse): Promise<void> {
  for (const table of [targets[kind].staging, rejectsTable])
    await warehouse.run({
      name: `stage: remove an unreadable file from ${qualifiedName(table)}`,
      sql: `delete from ${qualifiedName(table)} where file_id = ${fileId}`,
    });
}

/** Holds rows until there are enough of them, and writes them while the next ones are being read. */
function rowWriter(table: Table, warehouse: Warehouse) {
  let rows: StagedRow[] = [];
  let held = 0;
  let writing: Promise<void> = Promise.resolve();

  async function startWriting(): Promise<void> {
    await writing;
    writing = warehouse.append(table, rows);
    writing.catch(() => {});
    rows = [];
    held = 0;
  }

  return {
    /** Takes a file's rows; its rejects are written when the rows before have been. */
    async take(
      { fileId }: FileToLoad,
      batch: ParsedRows,
      rejects: (() => Promise<void>) | null,
    ): Promise<void> {
      held += batch.text;
      for (const row of batch.rows) {
        row.file_id = fileId;
        rows.push(row);
      }
      if (rejects !== null) {
        await writing;
        await rejects();
      }
      if (rows.length >= ROWS_HELD || held >= TEXT_HELD) await startWriting();
    },
    /** Waits until nothing is being written. */
    pause: () => writing,
    async flush(): Promise<void> {
      await startWriting();
      await writing;
    },
  };
}

/** Takes all batches of a file; what the file came to. The file is closed, too, where a batch could not be taken. */
async function drain<End>(
  reader: Generator<ParsedRows, End> | AsyncGenerator<ParsedRows, End>,
  take: (batch: ParsedRows) => Promise<void>,
): Promise<End> {
  try {
    let next = await reader.next();
    for (; !next.done; next = await reader.next()) await take(next.value);
    return next.value;
  } finally {
    await reader.return(undefined as never);
  }
}

/**
 * Contents of small files in the order of the files, some fetched ahead: those that the survey kept, and those that it
 * did not. Null for large ones.
 */
function readAhead(
  files: readonly FileToLoad[],
  source: Source,
): (file: FileToLoad) => Promise<Buffer | null> {
  const isRead = ({ survey }: FileToLoad): boolean =>
    survey.content === null && survey.file.bytes <= KEPT_FILE_BYTES;
  const toRead = files.filter(isRead);
  const coming = new Map<FileToLoad, Promise<Buffer>>();
  let next = 0;
  return async (file) => {
    if (!isRead(file)) return file.survey.content;
    for (; coming.size < source.concurrency.small && next < toRead.length; next += 1) {
      const ahead = toRead[next] as FileToLoad;
      const reading = source.readSmall(ahead.survey.file);
      reading.catch(() => {});
      coming.set(ahead, reading);
    }
    const content = (await coming.get(file)) ?? null;
    coming.delete(file);
    if (content !== null && sha256Of(content) !== file.survey.sha256)
      throw changedWhileRead(file.survey.file);
    return content;
  };
}

function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

async function* chunksOf(
  file: FileToLoad,
  content: Buffer | null,
  context: StageContext,
): AsyncGenerator<Buffer> {
  for await (const chunk of content === null ? context.source.open(file.survey.file) : [content]) {
    yield chunk as Buffer;
    context.observer.emit({ type: 'progressed', amount: (chunk as Buffer).length });
  }
}
