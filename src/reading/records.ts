import { isUtf8 } from 'node:buffer';
import {
  DEEPEST_NESTING,
  objectMayFollow,
  type Scan,
  scanJson,
  skipBlanks,
  startScan,
  trim,
} from './json-text.ts';

/**
 * A longer record is refused; Redshift's COPY takes no longer one either. In UTF-16 units, of which it has no more than
 * bytes.
 */
const LONGEST_RECORD = 4 * 1024 * 1024;
/** A longer line is not looked into, whatever it holds. */
const LONGEST_LINE_BYTES = 16 * 1024 * 1024;
/** Of such a line so much is kept: a reject shows no more of it. */
const HEAD_BYTES = 4 * 1024 * 1024;
const MOST_LINES_PER_RECORD = 100_000;
const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = 0xfeff;

/** What a reader of records calls, in the file's order. */
export interface RecordSink {
  /** A record's text; false if it is not valid JSON, and then nothing has been counted. */
  record(line: number, text: string): boolean;
  /** Text that no record could be made of. */
  broken(line: number, text: string, rule: 'malformed_json' | 'invalid_utf8' | 'too_long'): void;
  blank(line: number): void;
  /** Whether it holds as much as it should before it is emptied. */
  isFull(): boolean;
}

interface RecordSplitter {
  /** Takes a chunk. Pauses where the sink is full. */
  push(chunk: Buffer): Generator<void, void>;
  end(): Generator<void, void>;
}

/** What is to be taken: a line, or what is left of one from this index on, once its first records were taken. */
interface Piece {
  readonly line: number;
  readonly text: string;
  readonly from: number | null;
}

/** One array for all, since most lines leave nothing. */
const NOTHING: readonly Piece[] = [];

interface OpenRecord {
  readonly line: number;
  readonly lines: string[];
  readonly scan: Scan;
  length: number;
}

/**
 * Splits bytes into records: one object a line, several a line, or one over many lines. A line that is a complete
 * record is never taken for a part of another, so one broken line costs no other. Push chunks, then `end()`; both pause
 * where the sink is full, in the midst of a line if need be.
 */
export function recordSplitter(sink: RecordSink): RecordSplitter {
  const pieces: Buffer[] = [];
  let held = 0;
  let skipping = false;
  let line = 0;
  let open: OpenRecord | null = null;

  /** Takes a line that is blank or one record, as almost all are; false for any other: then nothing of it was taken. */
  function takeWhole(at: number, text: string): boolean {
    if (text === '') sink.blank(at);
    else return text.length <= LONGEST_RECORD && sink.record(at, text);
    return true;
  }

  /** Takes a piece, and those that come of it before any other. */
  function* takeAll(first: readonly Piece[]): Generator<void, void> {
    const waiting = [...first].reverse();
    for (let piece = waiting.pop(); piece !== undefined; piece = waiting.pop()) {
      const more = takePiece(piece);
      for (let at = more.length - 1; at >= 0; at -= 1) waiting.push(more[at] as Piece);
      if (sink.isFull()) yield;
    }
  }

  function takePiece({ line: at, text, from }: Piece): readonly Piece[] {
    return from !== null ? splitLine(at, text, from) : takeNext(at, text);
  }

  /** Takes a line; what is to be taken before the next one. */
  function takeNext(at: number, text: string): readonly Piece[] {
    if (open !== null) return continueRecord(open, at, text);
    const trimmed = trim(text);
    return takeWhole(at, trimmed) ? NOTHING : splitLine(at, trimmed, 0);
  }

  /** A line that is not a single record: several records, the start of a longer one, or broken. */
  function splitLine(at: number, text: string, from: number): readonly Piece[] {
    let start = from;
    while (text[start] === '{') {
      if (start > from && sink.isFull()) return [{ line: at, text, from: start }];
      const scan = startScan();
      const end = scanJson(text, start, scan);
      if (end === -1) {
        if (scan.inString || scan.stack.length > DEEPEST_NESTING) break;
        const rest = trim(text.slice(start));
        if (rest.length > LONGEST_RECORD) break;
        open = { line: at, lines: [rest], scan, length: rest.length };
        return NOTHING;
      }
      if (end - start > LONGEST_RECORD) sink.broken(at, text.slice(start, end), 'too_long');
      else if (!sink.record(at, text.slice(start, end))) break;
      start = skipBlanks(text, end);
    }
    const rest = trim(text.slice(start));
    if (rest !== '') sink.broken(at, rest, rest.length > LONGEST_RECORD ? 'too_long' : 'malformed_json');
    return NOTHING;
  }

  function continueRecord(record: OpenRecord, at: number, text: string): readonly Piece[] {
    if (trim(text).startsWith('{') && !objectMayFollow(record.scan)) {
      return [...breakUp(record), { line: at, text, from: null }];
    }
    const end = scanJson(text, 0, record.scan);
    if (end === -1) {
      record.lines.push(text);
      record.length += text.length + 1;
      return mustEnd(record) ? breakUp(record) : NOTHING;
    }
    const whole = [...record.lines, text.slice(0, end)].join('\n');
    if (whole.length > LONGEST_RECORD || !sink.record(record.line, whole)) {
      record.lines.push(text);
      return breakUp(record);
    }
    open = null;
    const start = skipBlanks(text, end);
    return start < text.length ? [{ line: at, text, from: start }] : NOTHING;
  }

  function mustEnd(record: OpenRecord): boolean {
    return (
      record.scan.inString ||
      record.scan.stack.length > DEEPEST_NESTING ||
      record.lines.length > MOST_LINES_PER_RECORD ||
      record.length > LONGEST_RECORD
    );
  }

  /** The record did not hold: its first line is broken, together with those that cannot begin another. The others are to be taken again. */
  function breakUp({ line: first, lines }: OpenRecord): readonly Piece[] {
    open = null;
    let end = 1;
    while (end < lines.length && !trim(lines[end] ?? '').startsWith('{')) end += 1;
    const text = lines.slice(0, end).join('\n');
    sink.broken(first, text, text.length > LONGEST_RECORD ? 'too_long' : 'malformed_json');
    return lines.slice(end).map((again, nth) => ({ line: first + end + nth, text: again, from: null }));
  }

  function* takeLines(block: Buffer): Generator<void, void> {
    if (!isUtf8(block)) {
      let start = 0;
      for (let at = block.indexOf(NEWLINE); at !== -1; at = block.indexOf(NEWLINE, start)) {
        const bytes = block.subarray(start, at);
        if (isUtf8(bytes)) yield* takeLine(bytes.toString('utf8'));
        else yield* refuseLine(bytes, 'invalid_utf8');
        start = at + 1;
      }
      return;
    }
    const text = block.toString('utf8');
    let start = 0;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', start)) {
      line += 1;
      const whole = text.slice(line === 1 && text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : start, at);
      const more = takeNext(line, whole);
      if (more.length > 0) yield* takeAll(more);
      else if (sink.isFull()) yield;
      start = at + 1;
    }
  }

  function* takeLine(text: string): Generator<void, void> {
    line += 1;
    const whole = line === 1 && text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
    yield* takeAll([{ line, text: whole, from: null }]);
  }

  function* refuseLine(bytes: Buffer, rule: 'invalid_utf8' | 'too_long'): Generator<void, void> {
    while (open !== null) yield* takeAll(breakUp(open));
    line += 1;
    sink.broken(line, bytes.toString('utf8'), rule);
    if (sink.isFull()) yield;
  }

  return {
    *push(chunk) {
      const cut = chunk.lastIndexOf(NEWLINE) + 1;
      if (cut === 0) {
        hold(chunk);
        return;
      }
      let block = chunk.subarray(0, cut);
      if (skipping || held > 0) {
        const first = chunk.indexOf(NEWLINE) + 1;
        yield* finishHeld(chunk.subarray(0, first));
        block = chunk.subarray(first, cut);
      }
      if (block.length > 0) yield* takeLines(block);
      hold(chunk.subarray(cut));
    },
    *end() {
      if (skipping || held > 0) yield* finishHeld(Buffer.from('\n'));
      while (open !== null) yield* takeAll(breakUp(open));
    },
  };

  /** Keeps the start of a line whose end is still to come; of a line that is too long, only its head. */
  function hold(bytes: Buffer): void {
    if (bytes.length === 0 || skipping) return;
    pieces.push(Buffer.from(bytes));
    held += bytes.length;
    if (held <= LONGEST_LINE_BYTES) return;
    skipping = true;
    const head = Buffer.concat(pieces).subarray(0, HEAD_BYTES);
    pieces.splice(0, pieces.length, Buffer.from(head));
  }

  function* finishHeld(ending: Buffer): Generator<void, void> {
    const whole = Buffer.concat([...pieces, ending]);
    const tooLong = skipping || whole.length > LONGEST_LINE_BYTES;
    pieces.length = 0;
    held = 0;
    skipping = false;
    if (tooLong) yield* refuseLine(whole.subarray(0, HEAD_BYTES), 'too_long');
    else yield* takeLines(whole);
  }
}
