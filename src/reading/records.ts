import { isUtf8 } from 'node:buffer';

/** A record of more bytes is refused whole. */
const LONGEST_RECORD_BYTES = 16 * 1024 * 1024;
/** Sparkify's records are flat; deeper nesting is no record of ours. */
const DEEPEST_NESTING = 64;
const MOST_LINES_PER_RECORD = 100_000;
const NEWLINE = 0x0a;

/** What a reader of records calls, in the file's order. */
export interface RecordSink {
  /** A record's text; false if it is not valid JSON, and then nothing has been counted. */
  record(line: number, text: string): boolean;
  /** Text that no record could be made of. */
  broken(line: number, text: string, rule: 'malformed_json' | 'invalid_utf8' | 'too_long'): void;
  blank(line: number): void;
}

interface OpenRecord {
  readonly line: number;
  readonly lines: string[];
  readonly scan: Scan;
  length: number;
}

/** Where a scan of JSON text stands: the open brackets, and the last character that was not blank. */
interface Scan {
  stack: string;
  inString: boolean;
  last: string;
}

/**
 * Splits bytes into records: one object a line, several a line, or one over many lines. A line that is a whole
 * record is never taken for a part of another, so one broken line costs no other. Push chunks, then `end()`.
 */
export function recordSplitter(sink: RecordSink): { push(chunk: Buffer): void; end(): void } {
  const pieces: Buffer[] = [];
  let held = 0;
  let skipping = false;
  let line = 0;
  let open: OpenRecord | null = null;

  function takeLine(text: string): void {
    line += 1;
    const stripped = line === 1 && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    if (open === null) startLine(line, stripped);
    else continueRecord(open, stripped);
  }

  function startLine(at: number, text: string): void {
    const trimmed = trim(text);
    if (trimmed === '') sink.blank(at);
    else if (!sink.record(at, trimmed)) splitLine(at, trimmed);
  }

  /** A line that is no single record: several records, the begin of a longer one, or broken. */
  function splitLine(at: number, text: string): void {
    let rest = text;
    while (rest.startsWith('{')) {
      const scan: Scan = { stack: '', inString: false, last: '' };
      const end = scanJson(rest, scan);
      if (end === -1) {
        if (scan.inString || scan.stack.length > DEEPEST_NESTING) break;
        open = { line: at, lines: [rest], scan, length: rest.length };
        return;
      }
      const first = rest.slice(0, end);
      if (!sink.record(at, first)) break;
      rest = trim(rest.slice(end));
    }
    if (rest !== '') sink.broken(at, rest, 'malformed_json');
  }

  function continueRecord(record: OpenRecord, text: string): void {
    const trimmed = trim(text);
    if (trimmed.startsWith('{') && !objectMayFollow(record.scan)) {
      breakUp(record, line - 1);
      startLine(line, text);
      return;
    }
    const end = scanJson(text, record.scan);
    if (end === -1) {
      record.lines.push(text);
      record.length += text.length + 1;
      if (mustEnd(record)) breakUp(record, line);
      return;
    }
    const whole = [...record.lines, text.slice(0, end)].join('\n');
    if (!sink.record(record.line, whole)) {
      record.lines.push(text);
      breakUp(record, line);
      return;
    }
    open = null;
    const rest = trim(text.slice(end));
    if (rest !== '') splitLine(line, rest);
  }

  function mustEnd(record: OpenRecord): boolean {
    return (
      record.scan.inString ||
      record.scan.stack.length > DEEPEST_NESTING ||
      record.lines.length > MOST_LINES_PER_RECORD ||
      record.length > LONGEST_RECORD_BYTES
    );
  }

  /** The record did not hold: its first line is broken, together with those that cannot begin another. */
  function breakUp(record: OpenRecord, lastLine: number): void {
    open = null;
    let end = 1;
    while (end < record.lines.length && !trim(record.lines[end] ?? '').startsWith('{')) end += 1;
    sink.broken(record.line, record.lines.slice(0, end).join('\n'), 'malformed_json');
    for (let index = end; index < record.lines.length; index += 1) {
      const text = record.lines[index] ?? '';
      const at = lastLine - record.lines.length + 1 + index;
      if (open === null) startLine(at, text);
      else resume(open, at, text);
    }
  }

  /** `continueRecord` for a line that was seen before. */
  function resume(record: OpenRecord, at: number, text: string): void {
    const now = line;
    line = at;
    continueRecord(record, text);
    line = now;
  }

  function takeLines(block: Buffer): void {
    if (isUtf8(block)) {
      const text = block.toString('utf8');
      let start = 0;
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', start)) {
        takeLine(text.slice(start, at));
        start = at + 1;
      }
      return;
    }
    let start = 0;
    for (let at = block.indexOf(NEWLINE); at !== -1; at = block.indexOf(NEWLINE, start)) {
      takeBytes(block.subarray(start, at));
      start = at + 1;
    }
  }

  function takeBytes(bytes: Buffer): void {
    if (isUtf8(bytes)) takeLine(bytes.toString('utf8'));
    else refuseLine(bytes, 'invalid_utf8');
  }

  function refuseLine(bytes: Buffer, rule: 'invalid_utf8' | 'too_long'): void {
    if (open !== null) breakUp(open, line);
    line += 1;
    sink.broken(line, bytes.toString('utf8'), rule);
  }

  return {
    push(chunk) {
      const cut = chunk.lastIndexOf(NEWLINE) + 1;
      if (cut === 0) {
        hold(chunk);
        return;
      }
      let block = chunk.subarray(0, cut);
      if (skipping || held > 0) {
        const first = chunk.indexOf(NEWLINE) + 1;
        finishHeld(chunk.subarray(0, first));
        block = chunk.subarray(first, cut);
      }
      if (block.length > 0) takeLines(block);
      hold(chunk.subarray(cut));
    },
    end() {
      if (skipping || held > 0) finishHeld(Buffer.from('\n'));
      if (open !== null) breakUp(open, line);
      while (open !== null) breakUp(open, line);
    },
  };

  /** Keeps the begin of a line whose end is still to come; of a line that is too long, only its head. */
  function hold(bytes: Buffer): void {
    if (bytes.length === 0 || skipping) return;
    pieces.push(Buffer.from(bytes));
    held += bytes.length;
    if (held > LONGEST_RECORD_BYTES) skipping = true;
  }

  function finishHeld(ending: Buffer): void {
    const whole = Buffer.concat([...pieces, ending]);
    const tooLong = skipping || whole.length > LONGEST_RECORD_BYTES;
    pieces.length = 0;
    held = 0;
    skipping = false;
    if (tooLong) refuseLine(whole.subarray(0, LONGEST_RECORD_BYTES), 'too_long');
    else takeLines(whole);
  }
}

/** Scans on from where `scan` stands; the index after the record's last bracket, or -1 if it stays open. */
function scanJson(text: string, scan: Scan): number {
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if (scan.inString) {
      if (character === '\\') at += 1;
      else if (character === '"') scan.inString = false;
      continue;
    }
    if (character === ' ' || character === '\t' || character === '\r') continue;
    scan.last = character;
    if (character === '"') scan.inString = true;
    else if (character === '{' || character === '[') {
      scan.stack += character;
      if (scan.stack.length > DEEPEST_NESTING) return -1;
    } else if (character === '}' || character === ']') {
      scan.stack = scan.stack.slice(0, -1);
      if (scan.stack === '') return at + 1;
    }
  }
  return -1;
}

function objectMayFollow(scan: Scan): boolean {
  return scan.last === ':' || (scan.stack.endsWith('[') && (scan.last === '[' || scan.last === ','));
}

/** Without the white space that JSON knows at both ends. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}
