import { createHash } from 'node:crypto';
import { rejects as rejectsTable } from '../../models/ops/rejects.ts';
import type { RecordFormat, StagedRow } from '../../reading/parse.ts';
import { type Batch, type FileSummary, readContent, readFile, unreadable } from '../../reading/read-file.ts';
import type { Reject } from '../../reading/reject.ts';
import { KEPT_FILE_BYTES } from '../../reading/survey.ts';
import { qualifiedName } from '../../schema/table.ts';
import { changedWhileRead, type Source } from '../../sources/source.ts';
import type { FileKind } from '../file-kinds.ts';
import { targets } from '../file-kinds.ts';
import type { StageContext } from '../load-context.ts';
import type { FileToLoad } from '../plan/file-plan.ts';

const ROWS_HELD = 5_000;
/** Text of the rows held, estimated by the records that they were read from. */
const TEXT_HELD = 16 * 1024 * 1024;

/** Reads files line by line, with rejects and drift. */
export async function readCarefully(
  files: readonly FileToLoad[],
  kind: FileKind,
  format: RecordFormat,
  summaries: Map<number, FileSummary>,
  context: StageContext,
): Promise<void> {
  const { staging } = targets[kind];
  const { warehouse, observer } = context;
  let rows: StagedRow[] = [];
  let held = 0;
  /** The rows before these, on their way into the warehouse while the next ones are being read. */
  let writing: Promise<void> = Promise.resolve();

  async function put(file: FileToLoad, batch: Batch, refused: RejectWriter): Promise<void> {
    held += batch.text;
    for (const row of batch.rows) {
      row.file_id = file.fileId;
      rows.push(row);
    }
    if (batch.rejects.length > 0) {
      await writing;
      await refused.write(batch.rejects);
    }
    if (rows.length >= ROWS_HELD || held >= TEXT_HELD) await startWriting();
  }

  async function startWriting(): Promise<void> {
    await writing;
    writing = warehouse.append(staging, rows);
    writing.catch(() => {});
    rows = [];
    held = 0;
  }

  async function flush(): Promise<void> {
    await startWriting();
    await writing;
  }

  async function refuseWhole(file: FileToLoad, reject: Reject): Promise<void> {
    await writing;
    await rejectWriter(file, kind, context).write([reject]);
    summaries.set(file.fileId, { lines: 1, staged: 0, rejected: 1, blank: 0, drift: [] });
    await context.source.release(file.survey.file);
  }

  const contents = readAhead(files, context.source);
  for (const file of files) {
    const { compression, damage, isClean, sha256 } = file.survey;
    if (damage !== null) {
      await refuseWhole(file, unreadable(damage));
      observer.advance(file.survey.file.bytes);
      continue;
    }
    const content = await contents(file);
    const refused = rejectWriter(file, kind, context);
    if (content !== null && compression === 'none') {
      const reader = readContent(content, format);
      summaries.set(file.fileId, await drain(reader, (batch) => put(file, batch, refused)));
      observer.advance(file.survey.file.bytes);
      continue;
    }
    const reader = readFile(chunksOf(file, content, context), format, {
      bytes: file.survey.file.bytes,
      isVouchedFor: isClean,
    });
    const end = await drain(reader, (batch) => put(file, batch, refused));
    if ('unreadable' in end) {
      await flush();
      await warehouse.run(`delete from ${qualifiedName(staging)} where file_id = ${file.fileId}`);
      await warehouse.run(`delete from ops.rejects where file_id = ${file.fileId}`);
      await refuseWhole(file, end.unreadable);
    } else {
      if (end.sha256 !== sha256) throw changedWhileRead(file.survey.file);
      summaries.set(file.fileId, end.summary);
    }
    await context.source.release(file.survey.file);
  }
  await flush();
}

/** Takes all batches of a file; what the file came to. The file is closed, too, where a batch could not be taken. */
async function drain<End>(
  reader: Generator<Batch, End> | AsyncGenerator<Batch, End>,
  take: (batch: Batch) => Promise<void>,
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
    for (; coming.size < source.smallAtOnce && next < toRead.length; next += 1) {
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
    context.observer.advance((chunk as Buffer).length);
  }
}

interface RejectWriter {
  write(rejects: readonly Reject[]): Promise<void>;
}

/** Writes a file's rejects, which come in the order of their lines; those of one line are numbered, in however many portions they come. */
function rejectWriter(
  { fileId, survey }: FileToLoad,
  kind: FileKind,
  { warehouse, run }: StageContext,
): RejectWriter {
  const last = { line: 0, nth: 0 };
  return {
    async write(rejects) {
      const rows = rejects.map((reject) => {
        last.nth = reject.line === last.line ? last.nth + 1 : 1;
        last.line = reject.line;
        return {
          ...reject,
          reject_id: `${fileId}:${reject.line}${last.nth > 1 ? `.${last.nth}` : ''}`,
          file_id: fileId,
          kind,
          path: survey.file.path,
          run_id: run.id,
          rejected_at: run.startedAt,
        };
      });
      await warehouse.append(rejectsTable, rows);
    },
  };
}
