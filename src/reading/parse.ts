import { parse as parseKeepingDigits, stringify as stringifyKeepingDigits } from 'lossless-json';
import { type RequiredWhen, sourceColumns, type Table } from '../schema/table.ts';
import type { Reject, Rule } from './reject.ts';

/** A record's columns by name, typed as the table declares, plus `extra`: its undeclared keys as JSON. */
export type StagedRow = Record<string, string | number | null>;

type Fault = Omit<Reject, 'line' | 'raw'>;
type Parsed = { readonly row: StagedRow } | { readonly fault: Fault };

/** How often each key was new, missing or in another case, over the records parsed so far. */
export interface DriftCount {
  readonly change: 'new' | 'missing' | 'other case';
  readonly key: string;
  records: number;
}

export interface RecordParser {
  /** One record's text to a row, or to the first rule that it breaks in the table's column order. */
  parse(text: string): Parsed;
  /** Drift in the records that were objects. */
  readonly drift: ReadonlyMap<string, DriftCount>;
}

interface Field {
  readonly name: string;
  readonly key: string;
  readonly kind: 'text' | 'whole' | 'number';
  readonly required: boolean;
  readonly numbersAsText: boolean;
  readonly values: readonly string[] | undefined;
  /** Of a text, in UTF-8. */
  readonly maxBytes: number;
  readonly min: number;
  readonly max: number;
  readonly isTime: boolean;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what this looks for.
const UNSTORABLE = /\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
/** Every key ends so; inside a text it may occur as well, so the count is never too low. */
const KEY_END = /"[ \t\r\n]*:/g;
const SHOWN_VALUE_LENGTH = 200;
/** Characters of a key that drift names: as many as its column holds, whatever they are. */
const LONGEST_KEY = 300;
/** The undeclared keys of a record as JSON, in bytes: as much as their column holds on every engine. */
const LONGEST_EXTRA = 65_535;
/** Keys that drift names in one file, and in all files of a load: those beyond, which are data and no keys, are counted as one. */
const MOST_KEYS = 1_000;
const MOST_KEYS_OF_ALL = 10_000;
const OTHER_KEYS = '…';

/** A table's record format at one moment, made once and used for every file. */
export interface RecordFormat {
  readonly fields: readonly Field[];
  readonly keys: ReadonlySet<string>;
  readonly byLowerCase: ReadonlyMap<string, string>;
  readonly requiredWhen: RequiredWhen | undefined;
  /** The keys that drift may still name, over all files. */
  readonly left: { keys: number };
}

/** The format that a table declares; `nowMs` bounds its times. */
export function recordFormat(table: Table, nowMs: number): RecordFormat {
  const fields = fieldsOf(table, nowMs);
  return {
    fields,
    keys: new Set(fields.map((field) => field.key)),
    byLowerCase: new Map(fields.map((field) => [field.key.toLowerCase(), field.key])),
    requiredWhen: table.requiredWhen,
    left: { keys: MOST_KEYS_OF_ALL },
  };
}

/**
 * A strict reader of one table's records: nothing is coerced, inferred or dropped unseen. Records that are vouched for are
 * in clean form (clean-form.ts): of them, only what the form leaves open is looked at.
 */
export function recordParser(format: RecordFormat, isPreverified = false): RecordParser {
  const { fields, keys, byLowerCase, requiredWhen, left } = format;
  const drift = new Map<string, DriftCount>();

  function count(change: DriftCount['change'], key: string): void {
    const id = `${change}\t${key}`;
    const known = drift.get(id);
    if (known) known.records += 1;
    else if (change !== 'missing' && key !== OTHER_KEYS && (drift.size >= MOST_KEYS || left.keys <= 0))
      count(change, OTHER_KEYS);
    else {
      drift.set(id, { change, key, records: 1 });
      left.keys -= 1;
    }
  }

  /** Counts keys that are not as declared; the undeclared ones. */
  function countDrift(record: Record<string, unknown>): readonly string[] {
    const undeclared = Object.keys(record).filter((key) => !keys.has(key));
    for (const key of undeclared) {
      count(byLowerCase.has(key.toLowerCase()) ? 'other case' : 'new', shortKey(key));
    }
    if (Object.keys(record).length - undeclared.length < fields.length) {
      for (const field of fields) {
        if (!Object.hasOwn(record, field.key)) count('missing', field.key);
      }
    }
    return undeclared;
  }

  function parseObject(record: Record<string, unknown>, text: string): Parsed {
    const repeated = repeatedKey(text, Object.keys(record).length);
    if (repeated !== null) {
      return {
        fault: fault('duplicate_key', repeated, undefined, `the key ${shown(repeated)} occurs twice`),
      };
    }
    const unstorable = Object.keys(record).find((key) => UNSTORABLE.test(key));
    if (unstorable !== undefined) {
      return {
        fault: fault('unstorable_text', null, unstorable, 'a key holds \\u0000 or half a surrogate pair'),
      };
    }
    const undeclared = countDrift(record);
    // JSON may take more bytes than its text has characters: 1e20 has 21 digits.
    if (text.length * 8 > LONGEST_EXTRA && bytesOf(record, undeclared) > LONGEST_EXTRA) {
      const reason = `the undeclared keys have more than ${LONGEST_EXTRA} bytes`;
      return { fault: fault('text_too_long', null, undefined, reason) };
    }
    const row: StagedRow = { extra: null };
    for (const field of fields) {
      const problem = readField(field, record, text, row, byLowerCase);
      if (problem) return { fault: problem };
    }
    // Digits cost much memory; by now it is known that nothing in the record is large.
    if (undeclared.length > 0) row.extra = extraJson(record, undeclared, text);
    const incomplete = requiredWhen && checkRequiredWhen(requiredWhen, fields, row);
    return incomplete ? { fault: incomplete } : { row };
  }

  return {
    drift,
    parse(text) {
      let record: unknown;
      try {
        record = JSON.parse(text);
      } catch (error) {
        return { fault: fault('malformed_json', null, undefined, jsonFault(error as Error)) };
      }
      if (isPreverified) {
        const row = readVouchedFor(format, record as Record<string, string | number | null>);
        if (row !== null) return { row };
      }
      if (typeof record !== 'object' || record === null || Array.isArray(record)) {
        return {
          fault: fault('not_an_object', null, record, `the record is ${nameOf(record)}, not an object`),
        };
      }
      try {
        return parseObject(record as Record<string, unknown>, text);
      } catch (error) {
        // Nothing in a record may end the load; what is left to throw is nesting without end.
        const reason = `the record cannot be parsed: ${(error as Error).message}`;
        return { fault: fault('too_deep', null, undefined, reason.slice(0, SHOWN_VALUE_LENGTH)) };
      }
    },
  };
}

function fieldsOf(table: Table, nowMs: number): Field[] {
  return sourceColumns(table).map(({ name, column, from }) => ({
    name,
    key: from.key,
    kind: column.type === 'text' ? 'text' : column.type === 'double' ? 'number' : 'whole',
    required: from.required ?? false,
    numbersAsText: from.numbersAsText ?? false,
    values: column.values,
    maxBytes: column.maxBytes ?? Number.POSITIVE_INFINITY,
    min: from.min ?? Number.NEGATIVE_INFINITY,
    max:
      from.max ?? (from.maxMsAfterNow === undefined ? Number.POSITIVE_INFINITY : nowMs + from.maxMsAfterNow),
    isTime: from.maxMsAfterNow !== undefined,
  }));
}

/** The row of a record in clean form; null if it breaks a range, has too long a text, or lacks what it needs. */
function readVouchedFor(
  { fields, requiredWhen }: RecordFormat,
  record: Readonly<Record<string, string | number | null>>,
): StagedRow | null {
  const row: StagedRow = { extra: null };
  for (const { name, key, maxBytes, min, max } of fields) {
    const value = record[key] as string | number | null;
    if (typeof value === 'string') {
      if (value.length * 3 > maxBytes && Buffer.byteLength(value) > maxBytes) return null;
    } else if (value !== null && (value < min || value > max)) return null;
    row[name] = value;
  }
  return requiredWhen && checkRequiredWhen(requiredWhen, fields, row) ? null : row;
}

/** Reads one field into `row`; returns the fault if there is one. */
function readField(
  field: Field,
  record: Record<string, unknown>,
  text: string,
  row: StagedRow,
  byLowerCase: ReadonlyMap<string, string>,
): Fault | null {
  const value = Object.hasOwn(record, field.key) ? record[field.key] : undefined;
  if (value === undefined || value === null) {
    row[field.name] = null;
    return field.required ? missing(field, value, record, byLowerCase) : null;
  }
  if (field.kind === 'text') return readText(field, value, text, row);
  return readNumber(field, value, row);
}

function missing(
  field: Field,
  value: null | undefined,
  record: Record<string, unknown>,
  byLowerCase: ReadonlyMap<string, string>,
): Fault {
  const other = Object.keys(record).find(
    (key) => key !== field.key && byLowerCase.get(key.toLowerCase()) === field.key,
  );
  const also = other === undefined ? '' : `; the record has "${other}", in another case`;
  return fault(
    'missing_field',
    field.key,
    value,
    `${field.key} is ${value === null ? 'null' : 'missing'}${also}`,
  );
}

function readText(field: Field, value: unknown, text: string, row: StagedRow): Fault | null {
  if (typeof value === 'number' && field.numbersAsText) {
    const digits = digitsOf(text, field.key);
    row[field.name] = digits;
    return tooLong(field, digits);
  }
  if (typeof value !== 'string') {
    return fault('wrong_type', field.key, value, `${field.key} is ${nameOf(value)}, not a text`);
  }
  if (UNSTORABLE.test(value)) {
    return fault('unstorable_text', field.key, value, `${field.key} holds \\u0000 or half a surrogate pair`);
  }
  if (field.values && !field.values.includes(value)) {
    return fault(
      'not_accepted',
      field.key,
      value,
      `${field.key} is ${shown(value)}, not ${field.values.join(' or ')}`,
    );
  }
  row[field.name] = value;
  return tooLong(field, value);
}

/** The fault of a text that has more bytes than its column; a character has three at most, or four for two units. */
function tooLong({ key, maxBytes }: Field, value: string): Fault | null {
  if (value.length * 3 <= maxBytes) return null;
  const bytes = Buffer.byteLength(value);
  if (bytes <= maxBytes) return null;
  return fault('text_too_long', key, value, `${key} has ${bytes} bytes, more than ${maxBytes}`);
}

function readNumber(field: Field, value: unknown, row: StagedRow): Fault | null {
  if (
    typeof value !== 'number' ||
    (field.kind === 'whole' && Number.isFinite(value) && !Number.isInteger(value))
  ) {
    const wanted = field.kind === 'whole' ? 'a whole number' : 'a number';
    return fault('wrong_type', field.key, value, `${field.key} is ${nameOf(value)}, not ${wanted}`);
  }
  const possible = field.kind === 'whole' ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (!possible || value < field.min || value > field.max) {
    return fault('out_of_range', field.key, value, `${field.key} is ${value}, ${bounds(field)}`);
  }
  row[field.name] = value === 0 ? 0 : value;
  return null;
}

function bounds(field: Field): string {
  if (field.isTime) {
    return `outside ${new Date(field.min).toISOString()} (${field.min}) to ${new Date(field.max).toISOString()} (${field.max})`;
  }
  if (Number.isFinite(field.max)) return `outside ${field.min} to ${field.max}`;
  return field.min === 0 ? 'not a finite number from 0' : 'beyond what can be stored exactly';
}

function checkRequiredWhen(condition: RequiredWhen, fields: readonly Field[], row: StagedRow): Fault | null {
  if (row[condition.column] !== condition.equals) return null;
  for (const name of condition.columns) {
    const value = row[name];
    if (value !== null && value !== '') continue;
    const key = fields.find((field) => field.name === name)?.key ?? name;
    return fault(condition.rule as Rule, key, value, `a ${condition.equals} event without ${key}`);
  }
  return null;
}

/** The key that occurs twice at the record's top, or null; counting `":` settles almost every record. */
function repeatedKey(text: string, keys: number): string | null {
  let pairs = 0;
  while (KEY_END.test(text)) pairs += 1;
  if (pairs === keys) return null;
  const seen = new Set<string>();
  for (const key of topLevelKeys(text)) {
    if (seen.has(key)) return key;
    seen.add(key);
  }
  return null;
}

/** The keys of a valid JSON object's text as they stand, repeats included. */
function* topLevelKeys(text: string): Generator<string> {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    else if (character === '"') {
      const end = endOfString(text, at);
      if (depth === 1 && isColonNext(text, end + 1)) yield JSON.parse(text.slice(at, end + 1)) as string;
      at = end;
    }
  }
}

/** Whether only blanks are between here and a colon. */
function isColonNext(text: string, start: number): boolean {
  let at = start;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n' || text[at] === '\r') at += 1;
  return text[at] === ':';
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

/** A number's own digits in the record's text: `4.60` stays `4.60`. */
function digitsOf(text: string, key: string): string {
  const record = parseKeepingDigits(text) as Record<string, { toString(): string }>;
  return String(record[key]);
}

/** How many bytes some of a record's keys take as JSON. */
function bytesOf(record: Record<string, unknown>, keys: readonly string[]): number {
  let bytes = 1;
  for (const key of keys)
    bytes += Buffer.byteLength(JSON.stringify(key)) + Buffer.byteLength(JSON.stringify(record[key])) + 2;
  return bytes;
}

/** Some of a record's keys as JSON, in the order of their names, with numbers in their own digits. */
function extraJson(record: Record<string, unknown>, keys: readonly string[], text: string): string {
  const isExact = keys.every((key) => {
    const value = record[key];
    return (
      value === null || (typeof value === 'number' ? Number.isSafeInteger(value) : typeof value !== 'object')
    );
  });
  const kept: Record<string, unknown> = isExact
    ? record
    : (parseKeepingDigits(text) as Record<string, unknown>);
  const pairs = [...keys]
    .sort()
    .map((key) => `${JSON.stringify(key)}:${stringifyKeepingDigits(kept[key]) ?? 'null'}`);
  return `{${pairs.join(',')}}`;
}

/** A key as drift names it: one that is longer than anybody reads is cut off. */
function shortKey(key: string): string {
  return key.length <= LONGEST_KEY ? key : `${key.slice(0, LONGEST_KEY).toWellFormed()}…`;
}

function fault(rule: Rule, field: string | null, value: unknown, reason: string): Fault {
  return { rule, field, value: value === undefined ? null : shown(value), reason };
}

/** A value as short JSON; never half a character. */
function shown(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  const json = typeof value === 'object' && value !== null ? shownObject(value) : JSON.stringify(value);
  return json.length > SHOWN_VALUE_LENGTH ? `${json.slice(0, SHOWN_VALUE_LENGTH).toWellFormed()}…` : json;
}

function shownObject(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return Array.isArray(value) ? '[…]' : '{…}';
  }
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `the text ${shown(value)}`;
  return `${typeof value === 'boolean' ? 'the boolean' : 'the number'} ${shown(value)}`;
}

function jsonFault(error: Error): string {
  return error.message
    .replace(/, (\.\.\.)?"[\s\S]*$/, '')
    .replace(/ in JSON at position (\d+).*$/s, (_, position) => ` at character ${Number(position) + 1}`);
}
