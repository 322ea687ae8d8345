import { channel } from 'node:diagnostics_channel';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Statement } from '../../src/warehouses/statement.ts';
import { lex, type Token } from './redshift/grammar/lexer.ts';

/** A statement as the golden files have it. */
export interface Golden {
  readonly name: string;
  readonly sql: string;
}

/** Statements by theme, in the order in which they came. */
export type Statements = ReadonlyMap<string, readonly Golden[]>;

/** What work makes the program send, by its own word: each statement under its name. */
export async function sentDuring(work: () => Promise<unknown>): Promise<Golden[]> {
  const sent: Golden[] = [];
  const hear = (message: unknown): void => {
    const { name, sql } = message as Statement;
    sent.push({ name, sql });
  };
  const statements = channel('sparkify:statement');
  statements.subscribe(hear);
  try {
    await work();
  } finally {
    statements.unsubscribe(hear);
  }
  return sent;
}

/** What stands between the parts of a list that may be of any length. */
const SEPARATORS: ReadonlySet<string> = new Set([',', 'or', 'when']);

/** A statement without its values: any literal is as good as another, and of a list the parts that differ. */
function shapeOf(sql: string): string {
  const words = lex(sql).map(wordOf);
  const end = { at: 0 };
  return listOf(words, end);
}

function wordOf({ kind, value }: Token): string {
  if (kind === 'string' || kind === 'number') return '?';
  return kind === 'parameter' ? '$' : value;
}

/** The parts of a list up to its closing bracket, each part that is like the one before left out. */
function listOf(words: readonly string[], end: { at: number }): string {
  const parts: string[] = [];
  let part: string[] = [];
  const finish = (): void => {
    const text = part.join(' ');
    if (text !== parts.at(-1)) parts.push(text);
    part = [];
  };
  for (; end.at < words.length && words[end.at] !== ')'; end.at += 1) {
    const word = words[end.at] as string;
    if (SEPARATORS.has(word)) finish();
    if (word === '(') {
      end.at += 1;
      part.push('(', listOf(words, end), ')');
    } else if (word !== ',') part.push(word);
  }
  finish();
  return parts.join(' , ');
}

/** What differs from run to run: exact values. */
export interface ThisRun {
  /** Parts of texts, and what stands for each. */
  readonly texts: ReadonlyMap<string, string>;
  /** Processes of the cluster's sessions, of which 1 stands for each. */
  readonly pids: readonly number[];
}

/** Statements that name a process; in any other, a number that happens to be one means something else. */
const OF_PROCESSES: ReadonlySet<string> = new Set([
  'cancel: end what a session is at',
  'reconnect: whether the lost session is there',
  'reconnect: end the lost session',
  'copy: objects that made it fail',
]);

/** The statement with the values that every run has. */
function inEveryRun({ name, sql }: Golden, { texts, pids }: ThisRun): string {
  const isPid = ({ kind, value }: Token): boolean =>
    OF_PROCESSES.has(name) && kind === 'number' && pids.includes(Number(value));
  let text = '';
  let at = 0;
  for (const token of lex(sql)) {
    text += sql.slice(at, token.start) + (isPid(token) ? '1' : token.text);
    at = token.end;
  }
  text += sql.slice(at);
  for (const [found, stand] of texts) text = text.replaceAll(found, stand);
  return text.replaceAll(/[ \t]+$/gm, '').replaceAll(/\n{2,}/g, '\n');
}

/** Keeps statements under the theme in which each came first: of those of one name and one shape, the first. */
export function statementBook(): {
  add(theme: string, some: readonly Golden[], run: ThisRun): void;
  statements: Statements;
} {
  const known = new Set<string>();
  const statements = new Map<string, Golden[]>();
  return {
    statements,
    add(theme, some, run) {
      const of = statements.get(theme) ?? [];
      statements.set(theme, of);
      for (const { name, sql } of some) {
        const key = `${name}\n${shapeOf(sql)}`;
        if (known.has(key)) continue;
        known.add(key);
        of.push({ name, sql: inEveryRun({ name, sql }, run).trim() });
      }
    },
  };
}

/** A statement with its heading. */
export function headed({ name, sql }: Golden): string {
  return `-- ${name}\n${sql}`;
}

const END = ';\n\n';

/** The statements of a folder's golden files, with their headings. */
export function readGolden(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8').replace(/^--.*\n\n/, '');
      return `${text}\n`.split(END).filter((statement) => statement.trim() !== '');
    });
}

/** Writes golden files in place of those that are there. */
export function writeGolden(folder: string, statements: Statements): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name.endsWith('.sql')) rmSync(join(folder, name));
  for (const [theme, some] of statements) {
    const head = `-- What is sent to Amazon Redshift: ${theme.replaceAll('-', ' ')}. Of each name and shape, the first.\n\n`;
    writeFileSync(join(folder, `${theme}.sql`), `${head}${some.map(headed).join(END)};\n`);
  }
}
