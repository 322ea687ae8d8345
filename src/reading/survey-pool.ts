import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { SourceChangedError, UnreadableFileError } from '../errors.ts';
import type { Table } from '../schema/table.ts';
import { fileError } from '../sources/file-errors.ts';
import { assertSame, type Source, type SourceFile } from '../sources/source.ts';
import { unlessStopped } from '../stopping.ts';
import { type FileProfile, KEPT_FILE_BYTES, type Survey, surveyChunks, surveySmall } from './survey.ts';
import type { Request } from './survey-worker.ts';

/** Below this, starting threads costs more than they save. */
const WORTH_THREADS_BYTES = 32 * 1024 * 1024;
const MOST_THREADS = 4;
/** Of all small files together; those beyond are read again when they are staged. */
const KEPT_BYTES = 128 * 1024 * 1024;

interface Answer {
  readonly bytes?: number;
  readonly profile?: FileProfile;
  readonly error?: { readonly message: string; readonly code?: string };
}

/** A file that cannot be read, while others can. */
export type FileFailure = UnreadableFileError | SourceChangedError;

/** Hears how far the reading has come. */
export interface SurveyObserver {
  advance(bytes: number): void;
  fileDone(file: SourceFile): void;
  /** A file is left out that cannot be read; where this throws, the survey ends. */
  passOver(failure: FileFailure): void;
  /** Ends the survey. */
  readonly signal?: AbortSignal;
}

/** Surveys files, large local ones on threads of their own; the result is in the files' order. */
export async function surveyAll(
  source: Source,
  files: readonly SourceFile[],
  table: Table,
  observer: SurveyObserver,
): Promise<Survey[]> {
  const surveys: (Survey | undefined)[] = new Array(files.length);
  const attempt = async (at: number, survey: () => Promise<Survey>): Promise<void> => {
    observer.signal?.throwIfAborted();
    try {
      surveys[at] = await survey();
    } catch (error) {
      observer.signal?.throwIfAborted();
      if (!(error instanceof UnreadableFileError || error instanceof SourceChangedError)) throw error;
      observer.passOver(error);
    }
    observer.fileDone(files[at] as SourceFile);
  };
  const numbered = [...files.entries()];
  const isSmall = ({ bytes }: SourceFile): boolean => bytes <= KEPT_FILE_BYTES;
  const small = smallSurveyor(source, observer);
  await share(
    numbered.filter(([, file]) => isSmall(file)),
    source.concurrency.small,
    ([at, file]) => attempt(at, () => small(file)),
  );
  const large = numbered.filter(([, file]) => !isSmall(file));
  const threads = startThreads(
    source,
    large.map(([, file]) => file),
  );
  try {
    await share(large, threads.length || source.concurrency.large, ([at, file], lane) =>
      attempt(at, async () => {
        const profile = await findingsOf(file, { source, table, thread: threads[lane] }, observer);
        // A file that is still being written to is known before its rows are staged.
        if (source.isLocal) await assertSame(file, source);
        return { ...profile, file, content: null };
      }),
    );
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
  return surveys.filter((survey) => survey !== undefined);
}

/** Surveys small files, and keeps the contents of the first of them. */
function smallSurveyor(source: Source, observer: SurveyObserver): (file: SourceFile) => Promise<Survey> {
  let kept = 0;
  return async (file) => {
    const found = await surveySmall(source, file);
    kept += found.content?.length ?? 0;
    observer.advance(file.bytes);
    return kept > KEPT_BYTES ? { ...found, content: null } : found;
  };
}

/** Reads a large file, on the thread if there is one. */
function findingsOf(
  file: SourceFile,
  { source, table, thread }: { source: Source; table: Table; thread: Worker | undefined },
  { advance, signal }: SurveyObserver,
): Promise<FileProfile> {
  const { path, bytes } = file;
  const stop = signal === undefined ? {} : { signal };
  if (thread === undefined) return surveyChunks(source.open(file), table, advance, { bytes, ...stop });
  return unlessStopped(ask(thread, { path, table: table.name as Request['table'], bytes }, advance), signal);
}

/** Does work in lanes: each lane takes the next item when it is done with one. */
async function share<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T, lane: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async (lane: number): Promise<void> => {
    try {
      for (let at = next++; at < items.length; at = next++) await work(items[at] as T, lane);
    } catch (error) {
      // The other lanes finish what they are at, and take nothing new.
      next = items.length;
      throw error;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: lanes }, (_, lane) => run(lane)));
  for (const lane of ended) if (lane.status === 'rejected') throw lane.reason;
}

/** Threads for large local files; they need compiled modules: run from its sources, the program does without. */
function startThreads({ isLocal }: Source, files: readonly SourceFile[]): Worker[] {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (!isLocal || bytes < WORTH_THREADS_BYTES || import.meta.url.endsWith('.ts')) return [];
  const count = Math.min(availableParallelism(), MOST_THREADS, files.length);
  return Array.from({ length: count }, () => new Worker(new URL('./survey-worker.js', import.meta.url)));
}

function ask(thread: Worker, request: Request, onBytes: (bytes: number) => void): Promise<FileProfile> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      thread.off('message', hear);
      thread.off('error', failed);
    };
    const failed = (error: unknown): void => {
      stop();
      reject(error);
    };
    const hear = ({ bytes = 0, profile, error }: Answer): void => {
      if (error) {
        failed(fileError(request.path, Object.assign(new Error(error.message), { code: error.code })));
        return;
      }
      onBytes(bytes);
      if (!profile) return;
      stop();
      resolve(profile);
    };
    thread.on('message', hear);
    thread.on('error', failed);
    thread.postMessage(request);
  });
}
