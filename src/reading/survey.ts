import { createHash } from 'node:crypto';
import type { Table } from '../schema/table.ts';
import type { Source, SourceFile } from '../sources/source.ts';
import { countNewlines, formChecker } from './clean-form.ts';
import { type Compression, compressionOf } from './unpack.ts';

/** Files up to this size are kept in memory from the survey to their staging, so that they are read once. */
export const KEPT_FILE_BYTES = 16 * 1024;
/** Longer lines go to the line-by-line reader, which has its own bound. */
const LONGEST_CLEAN_LINE = 4 * 1024 * 1024;
const NEWLINE = 0x0a;
const LINE_END = Buffer.from('\n');

/** What one reading of a file's bytes tells. */
export interface Findings {
  readonly sha256: string;
  /** Lines in the bytes, an unended last one included; 0 where they are packed. */
  readonly lines: number;
  readonly compression: Compression;
  /** Every line is a record in clean form (see formChecker). */
  readonly isClean: boolean;
}

export interface Survey extends Findings {
  readonly file: SourceFile;
  /** The whole content of a small file. */
  readonly content: Buffer | null;
}

/** Reads a small file whole and hashes it. */
export async function surveySmall(source: Source, file: SourceFile): Promise<Survey> {
  const content = await source.readSmall(file);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const compression = compressionOf(content);
  return { file, sha256, lines: countLines(content), compression, isClean: false, content };
}

/** Hashes a file's chunks, counts its lines and checks their form; `onChunk` hears of each chunk's bytes. */
export async function surveyChunks(
  chunks: AsyncIterable<Buffer>,
  table: Table,
  onChunk: (bytes: number) => void,
): Promise<Findings> {
  const hash = createHash('sha256');
  const checker = formChecker(table);
  let compression: Compression | null = null;
  let rest: Buffer = Buffer.alloc(0);
  let lines = 0;
  let isTooLong = false;
  for await (const chunk of chunks) {
    compression ??= compressionOf(chunk);
    hash.update(chunk);
    onChunk(chunk.length);
    if (compression !== 'none') continue;
    const first = chunk.indexOf(NEWLINE) + 1;
    if (first === 0) {
      isTooLong ||= rest.length > LONGEST_CLEAN_LINE;
      if (!isTooLong) rest = Buffer.concat([rest, chunk]);
      continue;
    }
    const last = chunk.lastIndexOf(NEWLINE) + 1;
    lines += checker.push(Buffer.concat([rest, chunk.subarray(0, first)]));
    if (first < last) lines += checker.push(chunk.subarray(first, last));
    rest = Buffer.from(chunk.subarray(last));
  }
  if (rest.length > 0) lines += checker.push(Buffer.concat([rest, LINE_END]));
  return {
    sha256: hash.digest('hex'),
    lines,
    compression: compression ?? 'none',
    isClean: compression === 'none' && !isTooLong && checker.isClean,
  };
}

function countLines(content: Buffer): number {
  return countNewlines(content) + (content.length > 0 && content.at(-1) !== NEWLINE ? 1 : 0);
}
