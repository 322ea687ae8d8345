import { ServerError } from '../copy/copy-session.ts';

type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'symbol' | 'parameter';

/** A word, a name, a literal or a symbol of a statement. */
export interface Token {
  readonly kind: TokenKind;
  /** As written. */
  readonly text: string;
  /** Words and quoted names folded to lower case, quotes taken off; the characters of a string. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** Longest first. */
const symbols = [
  '!~*',
  '!~',
  '~*',
  '::',
  '<>',
  '!=',
  '<=',
  '>=',
  '||',
  '|/',
  '@>',
  '<@',
  '->>',
  '->',
  '#>>',
  '#>',
]
  .concat(['=>', ':='])
  .sort((a, b) => b.length - a.length);
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };
const octal = /[0-7]{1,3}/y;
const blank = /\s+/y;
const lineComment = /--[^\n]*/y;
const parameter = /\$\d+/y;
const number = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const word = /#?[\p{L}_][\p{L}\p{N}_$]*/uy;
const fold = (name: string) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/**
 * The tokens of a statement; comments and blanks are dropped. Quoted names fold too, as Redshift's do.
 * A backslash escapes in every string, not only in E'…': the guide's `like '%start\\\\_%'` and
 * `unload ('… \\'NV\\' …')` have it so.
 */
export function lex(sql: string, { foldQuoted = true }: { readonly foldQuoted?: boolean } = {}): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    const after = skipped(sql, at);
    if (after > at) {
      at = after;
      continue;
    }
    const token = next(sql, at, foldQuoted);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

/** Where a blank or a comment that stands at `at` ends; `at` where none does. */
function skipped(sql: string, at: number): number {
  for (const pattern of [blank, lineComment]) {
    const found = match(pattern, sql, at);
    if (found !== null) return at + found.length;
  }
  if (!sql.startsWith('/*', at)) return at;
  let depth = 0;
  for (let i = at; i < sql.length; ) {
    if (sql.startsWith('/*', i)) depth += 1;
    else if (sql.startsWith('*/', i)) depth -= 1;
    else {
      i += 1;
      continue;
    }
    i += 2;
    if (depth === 0) return i;
  }
  throw new ServerError('42601', 'unterminated /* comment');
}

function next(sql: string, start: number, foldQuoted: boolean): Token {
  const token = (kind: TokenKind, end: number, value = sql.slice(start, end)): Token => ({
    kind,
    text: sql.slice(start, end),
    value,
    start,
    end,
  });
  const char = sql[start] as string;
  if (char === "'") {
    const { value, end } = quoted(sql, start, "'", true);
    return token('string', end, value);
  }
  if (/[eE]/.test(char) && sql[start + 1] === "'") {
    const { value, end } = quoted(sql, start + 1, "'", true);
    return token('string', end, value);
  }
  if (char === '"') {
    const { value, end } = quoted(sql, start, '"', false);
    if (value === '') throw new ServerError('42601', 'zero-length delimited identifier');
    return token('quoted', end, foldQuoted ? fold(value) : value);
  }
  for (const [kind, pattern] of [
    ['parameter', parameter],
    ['number', number],
    ['word', word],
  ] as const) {
    const found = match(pattern, sql, start);
    if (found !== null) return token(kind, start + found.length, kind === 'word' ? fold(found) : found);
  }
  const symbol = symbols.find((known) => sql.startsWith(known, start)) ?? char;
  return token('symbol', start + symbol.length);
}

/** What stands between quotes that may be doubled; `start` is at the opening one. */
function quoted(sql: string, start: number, quote: string, escaped: boolean): { value: string; end: number } {
  let value = '';
  for (let i = start + 1; i < sql.length; i += 1) {
    const char = sql[i] as string;
    if (escaped && char === '\\' && i + 1 < sql.length) {
      i += 1;
      const digits = match(octal, sql, i);
      if (digits !== null) i += digits.length - 1;
      value +=
        digits === null
          ? (escapes[sql[i] as string] ?? sql[i])
          : String.fromCharCode(Number.parseInt(digits, 8));
    } else if (char !== quote) value += char;
    else if (sql[i + 1] === quote) {
      value += quote;
      i += 1;
    } else return { value, end: i + 1 };
  }
  const what = quote === '"' ? 'quoted identifier' : 'quoted string';
  throw new ServerError('42601', `unterminated ${what} at or near "${sql.slice(start, start + 20)}"`);
}

function match(pattern: RegExp, sql: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0] ?? null;
}
