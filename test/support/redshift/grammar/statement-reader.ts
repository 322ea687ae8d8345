import { ServerError } from '../copy/copy-session.ts';
import { lex, type Token } from './lexer.ts';
import { reservedWords } from './reserved.ts';

/** The tokens of a statement, read one after the other. */
export interface StatementReader {
  /** The word that comes next, folded; null where another kind of token comes. */
  peek(): string | null;
  /** Takes a word, if it is one of these. */
  take(...words: readonly string[]): boolean;
  expect(word: string): void;
  symbol(symbol: string): boolean;
  expectSymbol(symbol: string): void;
  string(): string;
  takeString(): string | null;
  number(): number;
  /** A name: quoted, or a word that is not reserved. */
  name(): string;
  end(): void;
  /** A syntax error at what comes next. */
  wrong(): ServerError;
}

/** Reads a statement; a semicolon at its end does not count. */
export function readStatement(sql: string): StatementReader {
  const tokens = lex(sql);
  if (tokens.at(-1)?.text === ';') tokens.pop();
  let at = 0;
  const next = (): Token | undefined => tokens[at];
  const wrong = (): ServerError => {
    const token = next();
    const where = token === undefined ? 'end of input' : `or near "${token.text}"`;
    return new ServerError('42601', `syntax error at ${where}`);
  };
  const takeIf = (matches: boolean): boolean => {
    if (matches) at += 1;
    return matches;
  };
  const reader: StatementReader = {
    peek: () => (next()?.kind === 'word' ? (next()?.value ?? null) : null),
    take: (...words) => takeIf(next()?.kind === 'word' && words.includes(next()?.value as string)),
    expect(word) {
      if (!reader.take(word)) throw wrong();
    },
    symbol: (symbol) => takeIf(next()?.kind === 'symbol' && next()?.text === symbol),
    expectSymbol(symbol) {
      if (!reader.symbol(symbol)) throw wrong();
    },
    string() {
      const value = reader.takeString();
      if (value === null) throw wrong();
      return value;
    },
    takeString() {
      const token = next();
      return token?.kind === 'string' && takeIf(true) ? token.value : null;
    },
    number() {
      const token = next();
      if (token?.kind !== 'number') throw wrong();
      at += 1;
      return Number(token.text);
    },
    name() {
      const token = next();
      const isName = token?.kind === 'quoted' || (token?.kind === 'word' && !reservedWords.has(token.value));
      if (!isName) throw wrong();
      at += 1;
      return token.value;
    },
    end() {
      if (next() !== undefined) throw wrong();
    },
    wrong,
  };
  return reader;
}

/** An option that stands twice. */
export function twice(): ServerError {
  return new ServerError('42601', 'conflicting or redundant options');
}

export function notEmulated(what: string): ServerError {
  return new ServerError('0A000', `not emulated: ${what}`);
}

/** The role of `IAM_ROLE { default | 'arn' }`; keys in SQL are refused. */
export function readRole(reader: StatementReader): string {
  const word = reader.peek();
  if (word !== null && ['with', 'credentials', 'access_key_id', 'secret_access_key'].includes(word))
    throw notEmulated('keys in SQL');
  reader.expect('iam_role');
  return reader.take('default') ? 'default' : reader.string();
}

/** Bucket and key of `s3://bucket/key`. */
export function s3Place(address: string): { bucket: string; key: string } {
  const [, bucket, key = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(address) ?? [];
  if (bucket === undefined) throw notEmulated(`the source or target '${address}', which is not in S3`);
  return { bucket, key };
}

/** `[ON | TRUE | OFF | FALSE]`; on, where nothing stands. */
export function readSwitch(reader: StatementReader): boolean {
  if (reader.take('off', 'false')) return false;
  reader.take('on', 'true');
  return true;
}
