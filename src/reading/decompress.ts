import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { SparkifyError } from '../errors.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** How a file is compressed, by its first bytes; names may be wrong. */
export function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
  return 'none';
}

/** The unpacking of a file failed; nothing of it can be trusted. */
export class DecompressError extends Error {}

/** Logs compress 10 to 30 times; gzip can reach 1,000 times, zstd 30,000 times, with content that is not data. */
const MOST_TIMES = 200;
/** So much may always come of a file. */
const ALWAYS_BYTES = 100_000_000;

/**
 * Unpacks chunks of any compression as they come; throws DecompressError on damaged or cut-off input, and where more comes of
 * `packedBytes` than of an honest file.
 */
export async function* decompress(
  chunks: AsyncIterable<Buffer>,
  packedBytes: number,
): AsyncGenerator<Buffer> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    const first = await iterator.next();
    if (first.done) return;
    const all = prepend(first.value, iterator);
    const compression = compressionOf(first.value);
    if (compression === 'none') yield* all;
    else yield* bounded(compression === 'gzip' ? gunzip(all) : checkedUnzstd(all), packedBytes);
  } finally {
    await iterator.return?.();
  }
}

async function* bounded(chunks: AsyncIterable<Buffer>, packedBytes: number): AsyncGenerator<Buffer> {
  const most = Math.max(ALWAYS_BYTES, packedBytes * MOST_TIMES);
  let unpacked = 0;
  for await (const chunk of chunks) {
    unpacked += chunk.length;
    if (unpacked > most) {
      throw new DecompressError(
        `it unpacks to more than ${MOST_TIMES} times its ${packedBytes} bytes and more than ${ALWAYS_BYTES / 1e6} MB`,
      );
    }
    yield chunk;
  }
}

async function* prepend(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function* gunzip(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const unpacker = createGunzip({ chunkSize: 1 << 20 });
  const input = Readable.from(copied(chunks));
  input.on('error', (cause) => unpacker.destroy(cause));
  input.pipe(unpacker);
  try {
    for await (const chunk of unpacker) yield chunk as Buffer;
  } catch (cause) {
    if (/^Z_/.test((cause as NodeJS.ErrnoException).code ?? '')) {
      throw new DecompressError(`damaged gzip: ${(cause as Error).message}`, { cause });
    }
    throw cause;
  } finally {
    input.destroy();
  }
}

/** A stream reads ahead, but a chunk is valid only until the next. */
async function* copied(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

async function* checkedUnzstd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { decompressZstd } = await import('./decompress-zstd.ts');
  const unpacked = decompressZstd(chunks);
  for (;;) {
    let next: IteratorResult<Buffer>;
    try {
      next = await unpacked.next();
    } catch (cause) {
      if (cause instanceof SparkifyError) throw cause;
      throw new DecompressError(`damaged zstd: ${(cause as Error).message}`, { cause });
    }
    if (next.done) return;
    yield next.value;
  }
}
