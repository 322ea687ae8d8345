import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { SourceChangedError, UnreadableFileError } from '../errors.ts';
import type { Table } from '../schema/table.ts';
import { fileError } from '../sources/file-errors.ts';
import { assertSame, type Source, type SourceFile } from '../sources/source.ts';
import { type Findings, KEPT_FILE_BYTES, type Survey, surveyChunks, surveySmall } from './survey.ts';
import type { Request } from './survey-worker.ts';

/** Below this, starting threads costs more than they save. */
const WORTH_THREADS_BYTES = 32 * 1024 * 1024;
const MOST_THREADS = 4;
/** Of all small files together; those beyond are read again when they are staged. */
const KEPT_BYTES = 128 * 1024 * 1024;

interface Answer {
  readonly bytes?: number;
  readonly findings?: Findings;
  readonly error?: { readonly message: string; readonly code?: string };
}

/** Hears how far the reading has come. */
export interface SurveyProgress {
  advance(bytes: number): void;
  fileDone(): void;
}

/** A file that cannot be read, while others can. */
export type FileFailure = UnreadableFileError | SourceChangedError;

/**
 * Surveys files, large local ones on threads of their own; the result is in the files' order. Those that cannot be read are
 * given to `passOver` and left out, unless it throws: then the survey ends.
 */
export async function surveyAll(
  source: Source,
  files: readonly SourceFile[],
  table: Table,
  { advance: onBytes, fileDone }: SurveyProgress,
  passOver: (failure: FileFailure) => void,
): Promise<Survey[]> {
  const surveys: (Survey | undefined)[] = new Array(files.length);
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    await work().catch((error) => {
      if (!(error instanceof UnreadableFileError || error instanceof SourceChangedError)) throw error;
      passOver(error);
    });
    fileDone();
  };
  const places = files.map((_, at) => at);
  const isSmall = (at: number): boolean => (files[at]?.bytes ?? 0) <= KEPT_FILE_BYTES;
  let kept = 0;
  const small = async (at: number): Promise<void> => {
    const file = files[at] as SourceFile;
    const found = await surveySmall(source, file);
    kept += found.content?.length ?? 0;
    surveys[at] = kept > KEPT_BYTES ? { ...found, content: null } : found;
    onBytes(file.bytes);
  };
  await share(places.filter(isSmall), source.concurrency.small, (at) => attempt(() => small(at)));
  const large = places.filter((at) => !isSmall(at));
  const bytes = large.reduce((sum, at) => sum + (files[at]?.bytes ?? 0), 0);
  const threads = source.isLocal && bytes >= WORTH_THREADS_BYTES ? startThreads(large.length) : [];
  try {
    await share(large, threads.length || source.concurrency.large, (at, lane) =>
      attempt(async () => {
        const file = files[at] as SourceFile;
        const thread = threads[lane];
        const findings = thread
          ? await ask(
              thread,
              { path: file.path, table: table.name as Request['table'], bytes: file.bytes },
              onBytes,
            )
          : await surveyChunks(source.open(file), table, onBytes, file.bytes);
        // A file that is still being written to is known before its rows are staged.
        if (source.isLocal) await assertSame(file, source);
        surveys[at] = { ...findings, file, content: null };
      }),
    );
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
  return surveys.filter((survey) => survey !== undefined);
}

/** Does work in lanes: each lane takes the next item when it is done with one. */
async function share(
  items: readonly number[],
  lanes: number,
  work: (item: number, lane: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async (lane: number): Promise<void> => {
    try {
      for (let at = next++; at < items.length; at = next++) await work(items[at] as number, lane);
    } catch (error) {
      // The other lanes finish what they are at, and take nothing new.
      next = items.length;
      throw error;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: lanes }, (_, lane) => run(lane)));
  for (const lane of ended) if (lane.status === 'rejected') throw lane.reason;
}

/** Threads need compiled modules; run from its sources, the program does without. */
function startThreads(files: number): Worker[] {
  if (import.meta.url.endsWith('.ts')) return [];
  const count = Math.min(availableParallelism(), MOST_THREADS, files);
  return Array.from({ length: count }, () => new Worker(new URL('./survey-worker.js', import.meta.url)));
}

function ask(thread: Worker, request: Request, onBytes: (bytes: number) => void): Promise<Findings> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      thread.off('message', hear);
      thread.off('error', failed);
    };
    const failed = (error: unknown): void => {
      stop();
      reject(error);
    };
    const hear = ({ bytes = 0, findings, error }: Answer): void => {
      try {
        if (error)
          throw fileError(request.path, Object.assign(new Error(error.message), { code: error.code }));
        onBytes(bytes);
      } catch (stopped) {
        failed(stopped);
        return;
      }
      if (!findings) return;
      stop();
      resolve(findings);
    };
    thread.on('message', hear);
    thread.on('error', failed);
    thread.postMessage(request);
  });
}
