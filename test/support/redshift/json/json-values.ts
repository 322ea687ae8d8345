/**
 * A JSON value as it was written. Text has one character per byte (`latin1`), so that lengths are bytes and bytes that
 * are not UTF-8 stay to be judged by the column that they reach.
 */
export type JsonValue =
  | { readonly kind: 'string'; readonly bytes: string }
  | { readonly kind: 'number'; readonly digits: string }
  | { readonly kind: 'true' | 'false' | 'null' }
  | { readonly kind: 'array'; readonly items: readonly JsonValue[]; readonly source: string }
  | {
      readonly kind: 'object';
      readonly names: readonly string[];
      readonly values: readonly JsonValue[];
      readonly source: string;
    };

/** What makes a value not well formed, and where. */
export class JsonError extends Error {
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

const TRUE: JsonValue = { kind: 'true' };
const FALSE: JsonValue = { kind: 'false' };
const NULL: JsonValue = { kind: 'null' };
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** All but quotes, backslashes and control characters. */
const plain = /[ !#-[\]-\uffff]*/y;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
/** So deep that it can only be an attack; values of SUPER have a limit of their own. */
const DEEPEST = 2_000;

/** Reads one JSON value that is the whole text; throws JsonError. */
export function readJson(text: string): JsonValue {
  let at = 0;
  const value = read(0);
  blanks();
  if (at < text.length) throw new JsonError('characters behind the value', at);
  return value;

  function blanks(): void {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      at += 1;
    }
  }

  function read(depth: number): JsonValue {
    blanks();
    if (depth > DEEPEST) throw new JsonError('nested too deeply', at);
    switch (text[at]) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return { kind: 'string', bytes: string() };
      case 't':
        return word('true', TRUE);
      case 'f':
        return word('false', FALSE);
      case 'n':
        return word('null', NULL);
      default: {
        number.lastIndex = at;
        const digits = number.exec(text)?.[0];
        if (digits === undefined) throw new JsonError('no value', at);
        at += digits.length;
        return { kind: 'number', digits };
      }
    }
  }

  function object(depth: number): JsonValue {
    const start = at;
    const names: string[] = [];
    const values: JsonValue[] = [];
    at += 1;
    blanks();
    while (text[at] !== '}' || names.length > 0) {
      blanks();
      if (text[at] !== '"') throw new JsonError('no name', at);
      names.push(string());
      blanks();
      if (text[at] !== ':') throw new JsonError('no colon behind a name', at);
      at += 1;
      values.push(read(depth + 1));
      blanks();
      if (text[at] === '}') break;
      if (text[at] !== ',') throw new JsonError('no comma behind a value', at);
      at += 1;
    }
    at += 1;
    return { kind: 'object', names, values, source: text.slice(start, at) };
  }

  function array(depth: number): JsonValue {
    const start = at;
    const items: JsonValue[] = [];
    at += 1;
    blanks();
    while (text[at] !== ']' || items.length > 0) {
      items.push(read(depth + 1));
      blanks();
      if (text[at] === ']') break;
      if (text[at] !== ',') throw new JsonError('no comma behind a value', at);
      at += 1;
    }
    at += 1;
    return { kind: 'array', items, source: text.slice(start, at) };
  }

  function word(expected: string, value: JsonValue): JsonValue {
    if (!text.startsWith(expected, at)) throw new JsonError('no value', at);
    at += expected.length;
    return value;
  }

  function string(): string {
    at += 1;
    let bytes = '';
    for (;;) {
      plain.lastIndex = at;
      plain.exec(text);
      bytes += text.slice(at, plain.lastIndex);
      at = plain.lastIndex;
      if (text[at] === '"') {
        at += 1;
        return bytes;
      }
      if (text[at] !== '\\') throw new JsonError('a string with a raw control character or no end', at);
      bytes += escaped();
    }
  }

  function escaped(): string {
    const letter = text[at + 1] ?? '';
    if (letter !== 'u') {
      const character = escapes[letter];
      if (character === undefined) throw new JsonError('an unknown escape', at);
      at += 2;
      return character;
    }
    const first = unit(at);
    at += 6;
    const isHigh = first >= 0xd800 && first < 0xdc00;
    const second = isHigh && text.startsWith('\\u', at) ? unit(at) : 0;
    if (second < 0xdc00 || second > 0xdfff) return utf8(first);
    at += 6;
    return utf8(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
  }

  function unit(from: number): number {
    const digits = text.slice(from + 2, from + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(digits))
      throw new JsonError('an escape without four hexadecimal digits', from);
    return Number.parseInt(digits, 16);
  }
}

/** The bytes of a code point; also of half a surrogate pair, which columns then refuse. */
function utf8(point: number): string {
  const tail = (shift: number): number => 0x80 | ((point >> shift) & 0x3f);
  if (point < 0x80) return String.fromCharCode(point);
  if (point < 0x800) return String.fromCharCode(0xc0 | (point >> 6), tail(0));
  if (point < 0x10000) return String.fromCharCode(0xe0 | (point >> 12), tail(6), tail(0));
  return String.fromCharCode(0xf0 | (point >> 18), tail(12), tail(6), tail(0));
}
