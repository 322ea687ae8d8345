import { createHash } from 'node:crypto';
import type { Table } from '../schema/table.ts';
import type { Source, SourceFile } from '../sources/source.ts';
import { countNewlines, formChecker } from './clean-form.ts';
import { type Compression, compressionOf, DecompressError, decompress } from './decompress.ts';

/** Files up to this size are kept in memory from the survey to their staging, so that they are read once. */
export const KEPT_FILE_BYTES = 16 * 1024;
/** Longer lines go to the line-by-line reader, which has its own bound. */
const LONGEST_CLEAN_LINE = 4 * 1024 * 1024;
const NEWLINE = 0x0a;
const LINE_END = Buffer.from('\n');

/** What one reading of a file's bytes shows. */
export interface FileProfile {
  readonly sha256: string;
  /** Lines in the bytes, including a last one without an end; 0 where they are compressed. */
  readonly lines: number;
  readonly compression: Compression;
  /** Every line is a record in clean form (see formChecker). */
  readonly isClean: boolean;
  /** Why a compressed file cannot be unpacked completely; null where it can, or was not tried. */
  readonly damage: string | null;
}

export interface Survey extends FileProfile {
  readonly file: SourceFile;
  /** The complete content of a small file. */
  readonly content: Buffer | null;
}

/** Reads a small file completely and hashes it. */
export async function surveySmall(source: Source, file: SourceFile): Promise<Survey> {
  const content = await source.readSmall(file);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const compression = compressionOf(content);
  return { file, sha256, lines: countLines(content), compression, isClean: false, damage: null, content };
}

/**
 * Hashes a file's chunks, so many bytes in all, counts its lines and checks their form; `onChunk` hears of each chunk's
 * bytes. What is compressed is unpacked once, so that nothing is staged of a file that cannot be unpacked.
 */
export async function surveyChunks(
  chunks: AsyncIterable<Buffer>,
  table: Table,
  onChunk: (bytes: number) => void,
  { bytes, signal }: { readonly bytes: number; readonly signal?: AbortSignal },
): Promise<FileProfile> {
  const hash = createHash('sha256');
  const lines = lineSurvey(table);
  const stored = chunks[Symbol.asyncIterator]();
  let compression: Compression | null = null;
  let damage: string | null = null;
  async function* hashed(): AsyncGenerator<Buffer> {
    for (let next = await stored.next(); !next.done; next = await stored.next()) {
      compression ??= compressionOf(next.value);
      hash.update(next.value);
      onChunk(next.value.length);
      yield next.value;
    }
  }
  try {
    for await (const chunk of decompress(hashed(), bytes)) {
      // Much may come of one chunk that is packed.
      signal?.throwIfAborted();
      if (compression === 'none') lines.push(chunk);
    }
  } catch (error) {
    if (!(error instanceof DecompressError)) throw error;
    damage = error.message;
    // The hash is of the complete file, whatever could be unpacked.
    for await (const _chunk of hashed());
  } finally {
    await stored.return?.();
  }
  const found = lines.end();
  const sha256 = hash.digest('hex');
  const isClean = compression === 'none' && found.isClean;
  return { sha256, lines: found.lines, compression: compression ?? 'none', isClean, damage };
}

/** Counts the lines of chunks, and checks the form of those that are not too long. */
function lineSurvey(table: Table) {
  const checker = formChecker(table);
  let rest: Buffer = Buffer.alloc(0);
  let lines = 0;
  let isTooLong = false;
  return {
    push(chunk: Buffer): void {
      const first = chunk.indexOf(NEWLINE) + 1;
      if (first === 0) {
        isTooLong ||= rest.length > LONGEST_CLEAN_LINE;
        if (!isTooLong) rest = Buffer.concat([rest, chunk]);
        return;
      }
      const last = chunk.lastIndexOf(NEWLINE) + 1;
      lines += checker.push(Buffer.concat([rest, chunk.subarray(0, first)]));
      if (first < last) lines += checker.push(chunk.subarray(first, last));
      rest = Buffer.from(chunk.subarray(last));
    },
    end(): { lines: number; isClean: boolean } {
      if (rest.length > 0) lines += checker.push(Buffer.concat([rest, LINE_END]));
      return { lines, isClean: !isTooLong && checker.isClean };
    },
  };
}

function countLines(content: Buffer): number {
  return countNewlines(content) + (content.length > 0 && content.at(-1) !== NEWLINE ? 1 : 0);
}
