import { createHash } from 'node:crypto';
import { DecompressError, decompress } from './decompress.ts';
import { type DriftCount, type RecordFormat, recordParser, type StagedRow } from './parse.ts';
import { recordSplitter } from './records.ts';
import type { Reject } from './reject.ts';

/** A longer raw text is kept cut off, with a note in the reject's reason. */
export const LONGEST_RAW = 1024 * 1024;

/** So many rows and rejects are handed on at once, and so much of their text, whatever stands on one line. */
const MOST_RECORDS = 5_000;
const MOST_TEXT = 16 * 1024 * 1024;

/** Rows and rejects in the file's order, as they come; few enough to be held. */
export interface ParsedRows {
  readonly rows: StagedRow[];
  readonly rejects: Reject[];
  /** The length of the texts that these come from. */
  readonly text: number;
}

/** What a file came to: lines = staged + rejected + blank. */
export interface FileSummary {
  readonly lines: number;
  readonly staged: number;
  readonly rejected: number;
  readonly blank: number;
  readonly drift: readonly DriftCount[];
}

/** A file that was read to its end, or that cannot be trusted at all: then its rows must be taken back. */
export type FileEnd =
  | { readonly sha256: string; readonly summary: FileSummary }
  | { readonly unreadable: Reject };

interface FileReader {
  /** Takes a chunk; yields what came of it, in batches. */
  push(chunk: Buffer): Generator<ParsedRows>;
  end(): Generator<ParsedRows>;
  summary(): FileSummary;
}

/** Reads a complete small file that is not compressed; yields batches, returns what the file came to. */
export function* readContent(content: Buffer, format: RecordFormat): Generator<ParsedRows, FileSummary> {
  const reader = fileReader(format);
  yield* reader.push(content);
  yield* reader.end();
  return reader.summary();
}

/**
 * Reads a file's bytes as stored, so many in all, chunk by chunk; yields batches, returns what the file came to. Of a
 * content that a survey found clean less needs to be looked at; its hash must show that it is the same.
 */
export async function* readFile(
  chunks: AsyncIterable<Buffer>,
  format: RecordFormat,
  { bytes, isPreverified = false }: { bytes: number; isPreverified?: boolean },
): AsyncGenerator<ParsedRows, FileEnd> {
  const hash = createHash('sha256');
  const reader = fileReader(format, isPreverified);

  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  }

  try {
    for await (const chunk of decompress(hashed(), bytes)) yield* reader.push(chunk);
  } catch (error) {
    if (!(error instanceof DecompressError)) throw error;
    return { unreadable: unreadable(error.message) };
  }
  yield* reader.end();
  return { sha256: hash.digest('hex'), summary: reader.summary() };
}

function fileReader(format: RecordFormat, isPreverified = false): FileReader {
  const parser = recordParser(format, isPreverified);
  let rows: StagedRow[] = [];
  let rejects: Reject[] = [];
  let text = 0;
  const counted = { staged: 0, rejected: 0, blank: 0 };

  function refuse(reject: Reject): void {
    const cut = cutRaw(reject);
    rejects.push(cut);
    text += cut.raw.length;
    counted.rejected += 1;
  }

  const splitter = recordSplitter({
    isFull: () => rows.length + rejects.length >= MOST_RECORDS || text >= MOST_TEXT,
    record(line, record) {
      const parsed = parser.parse(record);
      if ('row' in parsed) {
        rows.push(parsed.row);
        text += record.length;
        counted.staged += 1;
      } else if (parsed.fault.rule === 'malformed_json') return false;
      else refuse({ line, ...parsed.fault, raw: record });
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

  function take(): ParsedRows {
    const taken = { rows, rejects, text };
    rows = [];
    rejects = [];
    text = 0;
    return taken;
  }

  return {
    *push(chunk) {
      for (const _pause of splitter.push(chunk)) yield take();
      yield take();
    },
    *end() {
      for (const _pause of splitter.end()) yield take();
      yield take();
    },
    summary() {
      const lines = counted.staged + counted.rejected + counted.blank;
      return { lines, ...counted, drift: [...parser.drift.values()] };
    },
  };
}

const BROKEN = {
  malformed_json: 'not one JSON record',
  invalid_utf8: 'the line is not valid UTF-8; in raw, \ufffd replaces the bytes that are not',
  too_long: 'the record is longer than 4 MiB, or its line than 16 MiB',
} as const;

/** The one reject of a file that cannot be unpacked. */
export function unreadable(reason: string): Reject {
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
