/** One `key = value` of a dwh.cfg, as it stands there. */
export interface CfgEntry {
  readonly section: string;
  readonly key: string;
  /** Without its quotes; empty where the file sets nothing. */
  readonly value: string;
  readonly line: number;
}

export interface Continuation {
  readonly line: number;
  readonly length: number;
  /** The key whose value goes on. */
  readonly of: CfgEntry;
}

export interface CfgFile {
  readonly entries: readonly CfgEntry[];
  /** Neither a section nor a pair; they were skipped. */
  readonly oddLines: readonly { readonly line: number; readonly text: string }[];
  /** Indented below a key: Python's configparser adds them to its value. They were skipped. */
  readonly continuations: readonly Continuation[];
  /** With a quote that has no pair. */
  readonly oddQuotes: readonly CfgEntry[];
}

/**
 * Reads the INI dialect of Python's configparser that dwh.cfg files are written in, without interpolation:
 * `=` or `:`, keys in any case, `#` and `;` comments, CRLF, quotes that configparser would keep.
 */
export function parseDwhCfg(text: string): CfgFile {
  const entries: CfgEntry[] = [];
  const oddLines: { line: number; text: string }[] = [];
  const oddQuotes: CfgEntry[] = [];
  const continuations: Continuation[] = [];
  let last: { readonly entry: CfgEntry; readonly indent: number } | null = null;
  let section = '';
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue;
    const indent = raw.length - raw.trimStart().length;
    if (last !== null && indent > last.indent) {
      continuations.push({ line, length: content.length, of: last.entry });
      continue;
    }
    const header = /^\[([^\]]+)\]$/.exec(content);
    if (header) {
      section = (header[1] as string).trim();
      last = null;
      continue;
    }
    const pair = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(content);
    if (!pair) {
      oddLines.push({ line, text: content });
      continue;
    }
    const [, key = '', quoted = ''] = pair;
    const { value, isOdd } = unquote(quoted);
    const entry = { section, key: key.trim(), value, line };
    if (isOdd) oddQuotes.push(entry);
    entries.push(entry);
    last = { entry, indent };
  }
  return { entries, oddLines, continuations, oddQuotes };
}

/** `S3.LOG_DATA`, whatever the case that it is written in. */
export function nameOf({ section, key }: CfgEntry): string {
  return `${section.toUpperCase()}.${key.toUpperCase()}`;
}

/**
 * A key as messages may say it: the rest of a password that continued in a new line is not a name, and is not shown.
 */
export function shownKey({ key, value }: CfgEntry): string {
  const isName = /^[a-z][\w. -]{0,40}$/i.test(key) && value !== '' && !value.startsWith('=');
  return isName ? key : `of ${key.length} characters`;
}

/** A section as messages may say it: what is not a plain name may be a password in the wrong line. */
export function shownSection({ section }: CfgEntry): string {
  return /^[\w. -]{0,40}$/.test(section)
    ? `[${section}]`
    : `a section whose name has ${section.length} characters`;
}

/** Strips one matching pair of quotes, or one quote that has no pair. */
function unquote(text: string): { value: string; isOdd: boolean } {
  const first = text.at(0);
  const last = text.at(-1);
  const opens = first === "'" || first === '"';
  const closes = last === "'" || last === '"';
  if (opens && text.length > 1 && first === last) return { value: text.slice(1, -1).trim(), isOdd: false };
  if (opens) return { value: text.slice(1).trim(), isOdd: true };
  if (closes) return { value: text.slice(0, -1).trim(), isOdd: true };
  return { value: text, isOdd: false };
}
