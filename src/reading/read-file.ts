import { createHash } from 'node:crypto';
import { type DriftCount, type RecordFormat, recordParser, type StagedRow } from './parse.ts';
import { recordSplitter } from './records.ts';
import type { Reject } from './reject.ts';
import { UnpackError, unpack } from './unpack.ts';

/** A longer raw text is kept cut off, with a note in the reject's reason. */
export const LONGEST_RAW = 1024 * 1024;

/** Rows and rejects in the file's order, as they come. */
export interface Batch {
  readonly rows: StagedRow[];
  readonly rejects: Reject[];
  /** How many bytes of unpacked text these come from. */
  readonly bytes: number;
}

/** What a file came to: lines = staged + rejected + blank. */
export interface FileSummary {
  readonly lines: number;
  readonly staged: number;
  readonly rejected: number;
  readonly blank: number;
  readonly drift: readonly DriftCount[];
}

/** A file that was read to its end, or of which nothing can be trusted: then its rows must be taken back. */
export type FileEnd =
  | { readonly sha256: string; readonly summary: FileSummary }
  | { readonly unreadable: Reject };

interface FileReader {
  push(chunk: Buffer): void;
  /** What came in since it was last taken. */
  take(): Batch;
  end(): FileSummary;
}

/** Reads a whole small file that is not packed. */
export function readContent(content: Buffer, format: RecordFormat): { batch: Batch; summary: FileSummary } {
  const reader = fileReader(format);
  reader.push(content);
  const summary = reader.end();
  return { batch: reader.take(), summary };
}

/**
 * Reads a file's bytes as stored, chunk by chunk; yields batches, returns what the file came to. Of a content that a survey
 * found clean less needs to be looked at; that it is the same, its hash must tell.
 */
export async function* readFile(
  chunks: AsyncIterable<Buffer>,
  format: RecordFormat,
  isVouchedFor = false,
): AsyncGenerator<Batch, FileEnd> {
  const hash = createHash('sha256');
  const reader = fileReader(format, isVouchedFor);

  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  }

  try {
    for await (const chunk of unpack(hashed())) {
      reader.push(chunk);
      yield reader.take();
    }
  } catch (error) {
    if (!(error instanceof UnpackError)) throw error;
    return { unreadable: unreadable(error.message) };
  }
  const summary = reader.end();
  yield reader.take();
  return { sha256: hash.digest('hex'), summary };
}

function fileReader(format: RecordFormat, isVouchedFor = false): FileReader {
  const parser = recordParser(format, isVouchedFor);
  let rows: StagedRow[] = [];
  let rejects: Reject[] = [];
  let bytes = 0;
  const counted = { staged: 0, rejected: 0, blank: 0 };

  function refuse(reject: Reject): void {
    rejects.push(cutRaw(reject));
    counted.rejected += 1;
  }

  const splitter = recordSplitter({
    record(line, text) {
      const parsed = parser.parse(text);
      if ('row' in parsed) {
        rows.push(parsed.row);
        counted.staged += 1;
      } else if (parsed.fault.rule === 'malformed_json') return false;
      else refuse({ line, ...parsed.fault, raw: text });
      return true;
    },
    broken(line, raw, rule) {
      const parsed = rule === 'malformed_json' ? parser.parse(raw) : null;
      const reason = parsed !== null && 'fault' in parsed ? parsed.fault.reason : BROKEN[rule];
      refuse({ line, rule, field: null, value: null, reason, raw });
    },
    blank() {
      counted.blank += 1;
    },
  });

  return {
    push(chunk) {
      bytes += chunk.length;
      splitter.push(chunk);
    },
    take() {
      const taken = { rows, rejects, bytes };
      rows = [];
      rejects = [];
      bytes = 0;
      return taken;
    },
    end() {
      splitter.end();
      const lines = counted.staged + counted.rejected + counted.blank;
      return { lines, ...counted, drift: [...parser.drift.values()] };
    },
  };
}

const BROKEN = {
  malformed_json: 'not one JSON record',
  invalid_utf8: 'the line is not valid UTF-8; bytes that are none stand as \ufffd in raw',
  too_long: 'the record is longer than 16 MiB',
} as const;

function unreadable(reason: string): Reject {
  return { line: 1, rule: 'unreadable_file', field: null, value: null, reason, raw: '' };
}

/** A reject as warehouses can store it: what is said of a record may quote what made it one. */
function cutRaw(said: Reject): Reject {
  const storable = (text: string): string => text.replaceAll('\0', '\\u0000').toWellFormed();
  const reject = {
    ...said,
    reason: storable(said.reason),
    field: said.field === null ? null : storable(said.field),
    value: said.value === null ? null : storable(said.value),
  };
  const raw = reject.raw.replaceAll('\0', '\ufffd').toWellFormed();
  if (raw.length <= LONGEST_RAW) return { ...reject, raw };
  const head = raw.slice(0, LONGEST_RAW).toWellFormed();
  return { ...reject, raw: head, reason: `${reject.reason} (raw is cut off after 1 MiB)` };
}
