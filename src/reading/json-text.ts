/** Sparkify's records are flat; what is nested deeper is not a record of ours. */
export const DEEPEST_NESTING = 64;

/** Where a scan of JSON text stands: the open brackets, and the last character that was not blank. */
export interface Scan {
  stack: string;
  inString: boolean;
  last: string;
}

/** A scan at the start of a text. */
export function startScan(): Scan {
  return { stack: '', inString: false, last: '' };
}

/** Scans on from an index and from where `scan` stands; the index after the record's last bracket, or -1 if it stays open. */
export function scanJson(text: string, from: number, scan: Scan): number {
  for (let at = from; at < text.length; at += 1) {
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

/** Whether an object may stand where the scan is. */
export function objectMayFollow(scan: Scan): boolean {
  return scan.last === ':' || (scan.stack.endsWith('[') && (scan.last === '[' || scan.last === ','));
}

/** The index of the first character from here on that is not JSON's white space; the text's length if there is none. */
export function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

/** Without the white space that JSON knows at both ends. */
export function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}
