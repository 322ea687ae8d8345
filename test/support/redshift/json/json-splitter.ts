/** A piece of a JSON file: a value that stands at its root, or what stands between such values. */
export interface Piece {
  readonly kind: 'value' | 'stray' | 'too large';
  readonly start: number;
  readonly end: number;
  /** The line that the piece ends on; the first one is 1. */
  readonly lastLine: number;
}

/** Braces and brackets included, by copy-parameters-data-format. */
const LARGEST_VALUE = 4 * 1024 * 1024;
const LINE = 10;
const QUOTE = 34;
const BACKSLASH = 92;

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13 && code !== 11);
const opens = (code: number): boolean => code === 123 || code === 91;
const closes = (code: number): boolean => code === 125 || code === 93;

/**
 * Finds the objects and arrays of a file whose text has one character per byte. Only brackets are counted here; whether
 * what they hold is well formed is for the reader of values to say.
 */
export function* split(text: string, headerLines = 0): Generator<Piece> {
  let line = 1;
  let at = 0;
  for (; line <= headerLines && at < text.length; at += 1) if (text.charCodeAt(at) === LINE) line += 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (isSpace(code)) {
      if (code === LINE) line += 1;
      at += 1;
      continue;
    }
    const start = at;
    if (opens(code)) {
      at = endOfValue(text, start);
      for (let i = text.indexOf('\n', start); i >= 0 && i < at; i = text.indexOf('\n', i + 1)) line += 1;
      yield { kind: at - start > LARGEST_VALUE ? 'too large' : 'value', start, end: at, lastLine: line };
    } else {
      while (at < text.length && !isSpace(text.charCodeAt(at)) && !opens(text.charCodeAt(at))) at += 1;
      yield { kind: 'stray', start, end: at, lastLine: line };
    }
  }
}

/** Behind the bracket that closes the one at `start`; the end of the text, if none does. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (opens(code)) depth += 1;
    else if (closes(code)) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

/** The quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}
