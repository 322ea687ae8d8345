import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { SourceError } from '../errors.ts';
import { unlessStopped } from '../stopping.ts';
import { fileError, isMissing } from './file-errors.ts';
import { describe, list } from './local-listing.ts';
import type { Source } from './source.ts';

const CHUNK_BYTES = 1024 * 1024;

/** A folder, one file, or a glob on this machine. */
export function localSource(place: string, nowMs: () => number, signal?: AbortSignal): Source {
  return {
    isLocal: true,
    concurrency: { small: 8, large: 1 },
    fetch: async (files) => files.map(({ path }) => path),
    release: async () => {},
    close: async () => {},
    list: () => unlessStopped(list(place, nowMs(), signal), signal),
    open: (file) => readChunks(file.path, fileError, signal),
    async readSmall(file) {
      try {
        return readFileSync(file.path);
      } catch (cause) {
        throw fileError(file.path, cause);
      }
    },
    async relist(file) {
      try {
        return describe(file.path, nowMs());
      } catch (cause) {
        if (isMissing(cause)) return null;
        throw fileError(file.path, cause);
      }
    },
  };
}

/** A file's bytes in chunks of one buffer that is used again and again: each is valid until the next. */
export async function* readChunks(
  path: string,
  asError: (path: string, cause: unknown) => SourceError = fileError,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const refuse = (cause: unknown): never => {
    signal?.throwIfAborted();
    throw asError(path, cause);
  };
  const file = await unlessStopped(open(path), signal).catch(refuse);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await unlessStopped(file.read(buffer, 0, CHUNK_BYTES), signal).catch(refuse);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    const closed = file.close();
    // It waits for a disk that does not answer.
    if (signal?.aborted) closed.catch(() => {});
    else await closed;
  }
}
