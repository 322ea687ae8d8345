import { isUtf8 } from 'node:buffer';
import { sourceColumns, type Table } from '../schema/table.ts';

/** A JSON string that every warehouse can store: no \u0000, no half of a surrogate pair, no raw control. */
const ESCAPE =
  '\\\\(?:["\\\\/bfnrt]|u(?!0000|[dD][89a-fA-F])[0-9a-fA-F]{4}|u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2})';
const PLAIN = '[^"\\\\\\x00-\\x1f]*';
const STRING = `"${PLAIN}(?:${ESCAPE}${PLAIN})*"`;
/** Whole numbers that JavaScript and every warehouse hold exactly. */
const WHOLE = '(?:0|-?[1-9][0-9]{0,14})';
/** Not -0, which is another zero to one reader than to the other. */
const NUMBER = '(?:-(?=[0-9.]*[1-9]))?(?:0|[1-9][0-9]{0,14})(?:\\.[0-9]{1,17})?';
const NEWLINE = 0x0a;

/** Says of lines whether each one is a record in clean form. */
export interface FormChecker {
  /** Takes complete lines, each with its end, and counts them. */
  push(block: Buffer): number;
  readonly isClean: boolean;
}

/**
 * Checks lines against the one form that leaves nothing to interpret: every declared key once, in one order, each
 * value of its declared type, nothing else on the line. An engine's own reader takes such lines as they are; all
 * others go line by line. The order of keys is that of the file's first line. Ranges are not looked at.
 */
export function formChecker(table: Table): FormChecker {
  let form: RegExp | null = null;
  let isClean = true;
  return {
    get isClean() {
      return isClean;
    },
    push(block) {
      const lines = isClean ? matchLines(block) : null;
      isClean = lines !== null;
      return lines ?? countNewlines(block);
    },
  };

  /** How many lines the block has, all of them clean; else null. */
  function matchLines(block: Buffer): number | null {
    if (!isUtf8(block)) return null;
    const text = block.toString('latin1');
    form ??= formOf(table, text.slice(0, block.indexOf(NEWLINE)));
    if (form === null) return null;
    let lines = 0;
    for (let at = 0; at < text.length; at = form.lastIndex) {
      form.lastIndex = at;
      if (!form.test(text)) return null;
      lines += 1;
    }
    return lines;
  }
}

/** How many lines end in these bytes. */
export function countNewlines(bytes: Buffer): number {
  let newlines = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) newlines += 1;
  return newlines;
}

/** The regular expression of a table's clean lines in the key order of one of them; null if it is not a clean line. */
function formOf(table: Table, line: string): RegExp | null {
  let keys: string[];
  try {
    keys = Object.keys(JSON.parse(line));
  } catch {
    return null;
  }
  const fields = new Map(sourceColumns(table).map(({ column, from }) => [from.key, { column, from }]));
  if (keys.length !== fields.size || !keys.every((key) => fields.has(key))) return null;
  const pairs = keys.map((key) => {
    const { column, from } = fields.get(key) as NonNullable<ReturnType<typeof fields.get>>;
    const value = column.values
      ? column.values.map((accepted) => JSON.stringify(accepted)).join('|')
      : ({ text: STRING, double: NUMBER }[column.type as 'text' | 'double'] ?? WHOLE);
    return `"${key}": ?(?:${value}${from.required ? '' : '|null'})`;
  });
  return new RegExp(`\\{${pairs.join(', ?')}\\}\\r?\\n`, 'y');
}
