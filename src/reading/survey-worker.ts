import { parentPort } from 'node:worker_threads';
import { events } from '../models/staging/events.ts';
import { songs } from '../models/staging/songs.ts';
import { readChunks } from '../sources/local.ts';
import { surveyChunks } from './survey.ts';

/** A request of the pool, and what the worker answers: bytes as it reads, then a profile or an error. */
export interface Request {
  readonly path: string;
  readonly table: 'events' | 'songs';
  readonly bytes: number;
}

const tables = { events, songs };

parentPort?.on('message', async ({ path, table, bytes }: Request) => {
  let unsaid = 0;
  const tell = (read: number): void => {
    unsaid += read;
    if (unsaid < 1 << 23) return;
    parentPort?.postMessage({ bytes: unsaid });
    unsaid = 0;
  };
  try {
    const profile = await surveyChunks(readChunks(path), tables[table], tell, { bytes });
    parentPort?.postMessage({ bytes: unsaid, profile });
  } catch (error) {
    // The pool says again what failed, in its own words.
    const { message, code } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    parentPort?.postMessage({ error: { message, code } });
  }
});
