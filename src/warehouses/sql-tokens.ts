/** A piece of SQL that is neither a blank nor a comment. */
export interface SqlToken {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'sign';
  /** A word in lower case, a quoted name without its quotes, a sign; the text as it stands of all else. */
  readonly text: string;
  /** A string whose backslashes are escapes. */
  readonly hasEscapes?: boolean;
  /** Nothing stands between it and the token after it. */
  readonly isJoined: boolean;
}

const BLANKS = /[ \t\n\r\f\v]+/y;
const COMMENT = /--[^\n\r]*/y;
/** PostgreSQL takes every character above ASCII for one of a name, also those that are blanks elsewhere. */
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const NUMBER = /\d[\d.]*/y;
const QUOTED = /"(?:[^"]|"")*(?:"|$)/y;
const PLAIN_STRING = /'(?:[^']|'')*(?:'|$)/y;
const ESCAPED_STRING = /'(?:[^'\\]|''|\\[\s\S])*(?:'|\\?$)/y;
const DOLLAR = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;

/**
 * The tokens of SQL as PostgreSQL's lexer finds them. What is not closed reaches to the end, and is for the server to
 * refuse. `backslashes`: plain strings have escapes, too, as on servers older than the standard.
 */
export function sqlTokens(sql: string, backslashes = false): SqlToken[] {
  const tokens: SqlToken[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0] ?? null;
  };
  const take = (kind: SqlToken['kind'], raw: string, text = raw, hasEscapes = false): void => {
    at += raw.length;
    const isJoined = at < sql.length && match(BLANKS) === null && lengthOfComment(sql, at) === 0;
    tokens.push({ kind, text, isJoined, ...(hasEscapes ? { hasEscapes } : {}) });
  };
  while (at < sql.length) {
    const passed = match(BLANKS)?.length ?? lengthOfComment(sql, at);
    if (passed > 0) {
      at += passed;
      continue;
    }
    const isEscaped = /[eE]/.test(sql[at] as string) && sql[at + 1] === "'";
    if (isEscaped) at += 1;
    const string = match(isEscaped || backslashes ? ESCAPED_STRING : PLAIN_STRING);
    const word = string === null ? match(WORD) : null;
    const quoted = match(QUOTED);
    const number = match(NUMBER);
    const dollar = match(DOLLAR);
    if (string !== null) take('string', string, string, isEscaped);
    else if (word !== null) take('word', word, lowerCase(word));
    else if (quoted !== null) take('quoted', quoted, quoted.slice(1, -1).replaceAll('""', '"'));
    else if (number !== null) take('number', number);
    else if (dollar !== null) take('string', dollarString(sql, at, dollar));
    else take('sign', sql[at] as string);
  }
  return tokens;
}

/** How long the comment is that begins at a place; 0 if none does. Comments in `/*` can hold others. */
export function lengthOfComment(sql: string, at: number): number {
  COMMENT.lastIndex = at;
  const line = COMMENT.exec(sql);
  if (line !== null) return line[0].length;
  if (!sql.startsWith('/*', at)) return 0;
  let depth = 0;
  const mark = /\/\*|\*\//g;
  mark.lastIndex = at;
  for (let found = mark.exec(sql); found !== null; found = mark.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex - at;
  }
  return sql.length - at;
}

function dollarString(sql: string, at: number, mark: string): string {
  const end = sql.indexOf(mark, at + mark.length);
  return sql.slice(at, end === -1 ? sql.length : end + mark.length);
}

/** As DuckDB and PostgreSQL fold names: letters of ASCII only. */
export function lowerCase(word: string): string {
  return word.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
