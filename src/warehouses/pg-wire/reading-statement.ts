import { UsageError } from '../../errors.ts';
import { type SqlToken, sqlTokens } from '../sql-tokens.ts';

/** A function that a statement calls by its name. */
export interface FunctionCall {
  /** Null where the search path decides. */
  readonly schema: string | null;
  readonly name: string;
}

/** A statement that only reads, as far as its text shows. */
export interface ReadingStatement {
  readonly text: string;
  /** A SELECT, whose rows a cursor can bring; not so EXPLAIN and SHOW. */
  readonly hasCursor: boolean;
  readonly calls: readonly FunctionCall[];
  /** Names after a dot: columns, or functions of a row that are written like one. */
  readonly attributes: readonly string[];
}

const READING: ReadonlySet<string> = new Set(['select', 'with', 'values', 'table']);
const EXPLAIN_OPTIONS: ReadonlySet<string> = new Set(['analyze', 'analyse', 'verbose']);
/** What of a name a server looks at, in bytes. */
const LONGEST_NAME = 63;

/** Takes a statement apart; a UsageError where its text already shows that it does more than read, or hides what it calls. */
export function readingStatement(sql: string, backslashes = false): ReadingStatement {
  const tokens = sqlTokens(sql, backslashes);
  const hasCursor = isReading(tokens[0]);
  if (
    !hasCursor &&
    !isWord(tokens[0], 'show') &&
    !(isWord(tokens[0], 'explain') && explainsReading(tokens))
  ) {
    throw new UsageError('query only reads: SELECT, WITH, VALUES, TABLE, SHOW, or EXPLAIN of one of these.', {
      hint: 'The star is built by sparkify etl; to change data, use another client.',
    });
  }
  assertClear(sql, tokens);
  return { text: sql.trim().replace(/;\s*$/, ''), hasCursor, ...namesIn(tokens) };
}

function isWord(token: SqlToken | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text === text;
}

function isSign(token: SqlToken | undefined, text: string): boolean {
  return token?.kind === 'sign' && token.text === text;
}

function isReading(token: SqlToken | undefined): boolean {
  return isSign(token, '(') || (token?.kind === 'word' && READING.has(token.text));
}

/** Whether EXPLAIN, which can run what it explains, explains a statement that reads. */
function explainsReading(tokens: readonly SqlToken[]): boolean {
  let at = 1;
  while (tokens[at]?.kind === 'word' && EXPLAIN_OPTIONS.has(tokens[at]?.text ?? '')) at += 1;
  if (isSign(tokens[at], '(') && !isReading(tokens[at + 1])) {
    while (at < tokens.length && !isSign(tokens[at], ')')) at += 1;
    at += 1;
  }
  return isReading(tokens[at]);
}

/** Refuses what reads in more than one way, or makes a table. */
function assertClear(sql: string, tokens: readonly SqlToken[]): void {
  if (sql.includes('\0'))
    throw new UsageError('The statement has a character U+0000, which SQL cannot contain.');
  for (const [at, token] of tokens.entries()) {
    const next = tokens[at + 1];
    const before = tokens[at - 1];
    if (isWord(token, 'into') && !isWord(before, 'as') && !isSign(before, '.'))
      throw new UsageError('query only reads: SELECT … INTO makes a table.');
    if (
      isWord(token, 'u') &&
      token.isJoined &&
      isSign(next, '&') &&
      next?.isJoined &&
      tokens[at + 2]?.kind === 'quoted'
    )
      throw new UsageError('query takes no names with escapes (U&"…").', { hint: 'Write the name itself.' });
    if (token.hasEscapes && next?.kind === 'string')
      throw new UsageError("query takes no strings with escapes (E'…') in several parts.", {
        hint: 'Write them as one string.',
      });
    if (isSign(next, '(') && isName(token) && Buffer.byteLength(token.text) > LONGEST_NAME)
      throw new UsageError(`"${token.text}" is longer than any function's name.`);
  }
}

function isName(token: SqlToken | undefined): token is SqlToken {
  return token?.kind === 'word' || token?.kind === 'quoted';
}

function namesIn(tokens: readonly SqlToken[]): Pick<ReadingStatement, 'calls' | 'attributes'> {
  const calls: FunctionCall[] = [];
  const attributes: string[] = [];
  for (const [at, token] of tokens.entries()) {
    if (!isName(token)) continue;
    const isAfterDot = isSign(tokens[at - 1], '.');
    if (isSign(tokens[at + 1], '(')) {
      const owner = isAfterDot ? tokens[at - 2] : undefined;
      calls.push({ schema: isName(owner) ? owner.text : null, name: token.text });
    } else if (isAfterDot) attributes.push(token.text);
  }
  return { calls, attributes };
}
