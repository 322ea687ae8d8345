/** One `key = value` of a dwh.cfg, as it stands there. */
export interface CfgEntry {
  readonly section: string;
  readonly key: string;
  /** Without its quotes; empty where the file sets nothing. */
  readonly value: string;
  readonly line: number;
}

export interface CfgFile {
  readonly entries: readonly CfgEntry[];
  /** Oddities that were tolerated, each with its line. */
  readonly warnings: readonly { readonly line: number; readonly message: string }[];
}

/**
 * Reads the INI dialect of Python's configparser that dwh.cfg files are written in, without interpolation:
 * `=` or `:`, keys in any case, `#` and `;` comments, CRLF, quotes that configparser would keep.
 */
export function parseDwhCfg(text: string): CfgFile {
  const entries: CfgEntry[] = [];
  const warnings: { line: number; message: string }[] = [];
  let section = '';
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue;
    const header = /^\[([^\]]+)\]$/.exec(content);
    if (header) {
      section = (header[1] as string).trim();
      continue;
    }
    const pair = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(content);
    if (!pair) {
      warnings.push({
        line,
        message: `"${shorten(content)}" is neither a [section] nor a key = value; it is ignored`,
      });
      continue;
    }
    const [, key = '', quoted = ''] = pair;
    const { value, isOdd } = unquote(quoted);
    if (isOdd)
      warnings.push({
        line,
        message: `the value of ${key} has a quote without its pair; it is read without it`,
      });
    entries.push({ section, key: key.trim(), value, line });
  }
  return { entries, warnings };
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

/** A line that is no pair may hold anything, a password too: only its begin is shown. */
function shorten(content: string): string {
  return content.length > 12 ? `${content.slice(0, 12)}…` : content;
}
