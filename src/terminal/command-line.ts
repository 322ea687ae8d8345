import { existsSync } from 'node:fs';
import { isPath, namesServer, textWithoutSecrets, withoutSecrets } from '../secrets.ts';

/** A word of the command line, safe to print. */
export interface Word {
  readonly given: string;
  readonly shown: string;
  /** Whether it may be an address, of which all is known by its form. */
  readonly isAddress: boolean;
}

/** Flags whose value is a path that need not exist yet: alone, or with it. */
const OUTPUT_FLAG = /^(?:-o|--output|--parquet|--out)$/;
const OUTPUT = /^(?:-o.|--output=|--parquet=|--out=)/;
/** Flags that take no value, before the SQL of query. */
const SWITCH = /^--?(?:json|quiet|q|verbose|v|overwrite)?$/;

/** The words of the command line, each without its secrets; paths, results' places and SQL are no addresses. */
export function wordsOf(argv: readonly string[]): Word[] {
  return argv.map((given, at) => {
    const before = argv[at - 1] ?? '';
    if (isSql(argv, at)) return { given, shown: textWithoutSecrets(given), isAddress: false };
    const isOutput = (OUTPUT_FLAG.test(before) || OUTPUT.test(given)) && !namesServer(given);
    if (isOutput || isPath(given, existsSync)) return { given, shown: given, isAddress: false };
    return { given, shown: withoutSecrets(given), isAddress: true };
  });
}

/** Whether a word is the statement of `query`: it has a blank, and is neither a flag nor a flag's value. */
function isSql(argv: readonly string[], at: number): boolean {
  const [word = '', before = ''] = [argv[at], argv[at - 1]];
  if (!argv.slice(0, at).includes('query') || !/\s/.test(word) || /^-+\w/.test(word)) return false;
  return !before.startsWith('-') || /[\s=]/.test(before) || SWITCH.test(before);
}

/** Takes what is secret in the command line from where other users can see it: `ps` shows the memory that the title is written to. */
export function hideFromProcessList(words: readonly Word[]): void {
  if (words.some(({ given, shown }) => given !== shown))
    process.title = ['sparkify', ...words.map(({ shown }) => shown)].join(' ');
}

/** What to say of a secret in the command line; null if there is none. */
export function warningOfSecrets(words: readonly Word[]): string | null {
  const at = words.findIndex(({ given, shown }) => given !== shown);
  const word = words[at];
  if (word === undefined) return null;
  const before = words.slice(0, at).findLast(({ given }) => given.startsWith('--'));
  const flag = /^--[\w-]+(?==)/.exec(word.given)?.[0] ?? before?.given ?? 'The command line';
  return `${word.isAddress ? flag : 'The statement'} holds a password or a key. The shell keeps it in its history, and other users of this machine may have seen it. Put it in the environment (PGPASSWORD, SPARKIFY_DB_PASSWORD, AWS_SECRET_ACCESS_KEY), in ~/.pgpass, or in a dwh.cfg that only you can read (chmod 600).`;
}
