import { ServerError } from '../copy/copy-session.ts';
import { lex, type Token } from '../grammar/lexer.ts';
import { reservedWords } from '../grammar/reserved.ts';

/** What the session's settings change in how a statement reads. */
export interface ReadingSettings {
  readonly caseSensitiveIdentifiers: boolean;
  readonly caseSensitiveAttributes: boolean;
}

/** A place in a statement's tokens. */
export class Cursor {
  readonly sql: string;
  readonly settings: ReadingSettings;
  readonly tokens: readonly Token[];
  at = 0;

  constructor(sql: string, settings: ReadingSettings) {
    this.sql = sql;
    this.settings = settings;
    const tokens = lex(sql, { foldQuoted: !settings.caseSensitiveIdentifiers });
    while (tokens.at(-1)?.text === ';') tokens.pop();
    this.tokens = tokens;
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.at + ahead];
  }

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  /** Whether the next tokens are these words or symbols. */
  is(...texts: string[]): boolean {
    return this.isAhead(0, ...texts);
  }

  isAhead(ahead: number, ...texts: string[]): boolean {
    return texts.every((text, i) => {
      const token = this.peek(ahead + i);
      return (
        token !== undefined && (token.kind === 'word' || token.kind === 'symbol') && token.value === text
      );
    });
  }

  /** Whether the next token is one of these words or symbols. */
  isOne(...texts: string[]): boolean {
    return texts.some((text) => this.is(text));
  }

  take(...texts: string[]): boolean {
    if (!this.is(...texts)) return false;
    this.at += texts.length;
    return true;
  }

  /** The word or symbol taken, of these; null where the next token is none of them. */
  takeOne(...texts: string[]): string | null {
    const found = texts.find((text) => this.is(text)) ?? null;
    if (found !== null) this.at += 1;
    return found;
  }

  expect(...texts: string[]): void {
    for (const text of texts) if (!this.take(text)) this.fail();
  }

  next(): Token {
    const token = this.peek();
    if (token === undefined) return this.fail();
    this.at += 1;
    return token;
  }

  /** Whether a name may stand here. */
  isName(ahead = 0): boolean {
    const token = this.peek(ahead);
    return token?.kind === 'quoted' || (token?.kind === 'word' && !reservedWords.has(token.value));
  }

  /** A name, without its quotes; a reserved word is none. */
  name(): string {
    if (!this.isName()) this.fail();
    return checkedName(this.next().value);
  }

  /** An alias after AS may be any word that is not reserved; the guide's own examples keep to that. */
  label(): string {
    return this.name();
  }

  string(): string {
    if (this.peek()?.kind !== 'string') this.fail();
    return this.next().value;
  }

  number(): number {
    if (this.peek()?.kind !== 'number') this.fail();
    return Number(this.next().value);
  }

  /** `item, item, …` */
  list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.take(',')) items.push(item());
    return items;
  }

  /** `( … )` */
  inParentheses<T>(inner: () => T): T {
    this.expect('(');
    const result = inner();
    this.expect(')');
    return result;
  }

  atEnd(): void {
    if (!this.done) this.fail();
  }

  fail(): never {
    const token = this.peek();
    throw new ServerError(
      '42601',
      token === undefined ? 'syntax error at end of input' : `syntax error at or near "${token.text}"`,
    );
  }
}

function checkedName(name: string): string {
  if (Buffer.byteLength(name) > 63)
    notEmulated('names above 63 bytes (Redshift allows 127, the database behind the double 63)');
  return name;
}

/** Refuses what Redshift may well do but this double does not. */
export function notEmulated(what: string): never {
  throw new ServerError('0A000', `not emulated: ${what}`);
}

/** Refuses what Redshift's guide says it lacks. */
export function notSupported(what: string): never {
  throw new ServerError('0A000', `${what} is not supported`);
}

/** A name as PostgreSQL reads it, whatever it is. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A string as PostgreSQL reads it. */
export const quoteString = (text: string): string =>
  text.includes('\\')
    ? `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;
