import { createHash } from 'node:crypto';
import type { Source, SourceFile } from '../sources/source.ts';
import { type Compression, compressionOf } from './unpack.ts';

/** Files up to this size are kept in memory from the survey to their staging, so that they are read once. */
const KEPT_FILE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** What one reading of a file's bytes tells; lines and the longest line are of the bytes as stored. */
export interface Survey {
  readonly file: SourceFile;
  readonly sha256: string;
  readonly lines: number;
  readonly longestLineBytes: number;
  readonly compression: Compression;
  /** The whole content of a small file. */
  readonly content: Buffer | null;
}

/** Reads and hashes a file; counts its lines, an unended last one included. */
export async function survey(source: Source, file: SourceFile): Promise<Survey> {
  const small = file.bytes <= KEPT_FILE_BYTES;
  const chunks = small ? [await source.readSmall(file)] : source.open(file);
  const hash = createHash('sha256');
  let compression: Compression | null = null;
  let newlines = 0;
  let longest = 0;
  let sinceNewline = 0;
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    compression ??= compressionOf(chunk);
    hash.update(chunk);
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, start)) {
      newlines += 1;
      const length = sinceNewline + at - start;
      if (length > longest) longest = length;
      sinceNewline = 0;
      start = at + 1;
    }
    sinceNewline += chunk.length - start;
  }
  return {
    file,
    sha256: hash.digest('hex'),
    lines: newlines + (sinceNewline > 0 ? 1 : 0),
    longestLineBytes: Math.max(longest, sinceNewline),
    compression: compression ?? 'none',
    content: small ? ((chunks as Buffer[])[0] ?? null) : null,
  };
}
