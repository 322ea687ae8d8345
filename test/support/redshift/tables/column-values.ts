import { type DeclaredColumn, ServerError } from '../copy/copy-session.ts';
import { dateReader, timestampReader } from '../copy/copy-times.ts';
import { codes, LoadError } from '../copy/load-error.ts';
import { decoded, firstFault, isAscii, replaceFaults } from '../copy/utf8-faults.ts';
import type { JsonValue } from '../json/json-values.ts';
import { superText } from '../json/super-values.ts';

/** The data conversion parameters of a COPY. */
export interface Conversions {
  /** The character that stands for each byte that is not UTF-8; null refuses such text. */
  readonly acceptInvalidChars: string | null;
  readonly truncateColumns: boolean;
  readonly emptyAsNull: boolean;
  readonly blanksAsNull: boolean;
  readonly roundDecimals: boolean;
  readonly timeFormat: string | null;
  readonly dateFormat: string | null;
}

/** A field of PostgreSQL's text format of COPY; `\N` is NULL. */
export type FieldReader = (value: JsonValue | undefined) => string;

const NULL = '\\N';
const whole: Readonly<Record<string, readonly [type: string, most: bigint]>> = {
  smallint: ['Short', 32_767n],
  integer: ['Integer', 2_147_483_647n],
  bigint: ['Long', 9_223_372_036_854_775_807n],
};
const copyEscapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** How the values of a column are read; throws LoadError where one does not fit. */
export function fieldReader(column: DeclaredColumn, conversions: Conversions): FieldReader {
  const convert = converter(column, conversions);
  return (value) => {
    const field = value === undefined || value.kind === 'null' ? null : convert(value);
    if (field !== null) return escaped(field);
    if (column.notNull) throw new LoadError(codes.notNull, 'Missing data for not-null field');
    return NULL;
  };
}

function converter(column: DeclaredColumn, conversions: Conversions): (value: JsonValue) => string | null {
  if (column.type === 'super') return superText;
  if (column.type === 'varchar') return (value) => varchar(textOf(value), column.length, conversions);
  if (column.type === 'char') return (value) => char(textOf(value), column.length, conversions);
  const convert = scalar(column, conversions);
  return (value) => {
    const text = textOf(value);
    // Empty and blank fields of other types are always NULL, by copy-parameters-data-conversion.
    return /^\s*$/.test(text) ? null : convert(text);
  };
}

function scalar(column: DeclaredColumn, conversions: Conversions): (text: string) => string {
  const range = whole[column.type];
  if (range !== undefined) return (text) => wholeNumber(text, ...range);
  switch (column.type) {
    case 'decimal':
      return (text) => decimal(text, column.precision ?? 18, column.scale ?? 0, conversions.roundDecimals);
    case 'real':
      return (text) => float(text, Math.fround);
    case 'double precision':
      return (text) => float(text, Number);
    case 'boolean':
      return boolean;
    case 'date':
      return dateReader(conversions.dateFormat);
    case 'timestamp':
      return timestampReader(conversions.timeFormat, false);
    case 'timestamptz':
      return timestampReader(conversions.timeFormat, true);
    default:
      throw new ServerError('0A000', `not emulated: COPY into the ${column.type} column ${column.name}`);
  }
}

/** A value as the text that COPY converts; nested ones as their JSON text without line breaks and indentation. */
function textOf(value: JsonValue): string {
  if (value.kind === 'string') return value.bytes;
  if (value.kind === 'number') return value.digits;
  if (value.kind === 'array' || value.kind === 'object') return value.source.replace(/\s*[\r\n]\s*/g, '');
  return value.kind;
}

function escaped(text: string): string {
  return /[\\\n\r\t]/.test(text) ? text.replace(/[\\\n\r\t]/g, (char) => copyEscapes[char] as string) : text;
}

function isNull(bytes: string, { emptyAsNull, blanksAsNull }: Conversions): boolean {
  return (emptyAsNull && bytes === '') || (blanksAsNull && bytes !== '' && /^\s+$/.test(bytes));
}

function varchar(bytes: string, length: number | null, conversions: Conversions): string | null {
  if (isNull(bytes, conversions)) return null;
  refuseNul(bytes);
  const { acceptInvalidChars: replacement } = conversions;
  const text = replacement === null ? bytes : replaceFaults(bytes, replacement);
  const fault = firstFault(text);
  if (fault !== null) {
    const found = hex(text.slice(fault.at, fault.at + fault.length));
    throw new LoadError(
      codes.utf8,
      `String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: ${found} (error ${fault.error})`,
      fault.at,
    );
  }
  if (length === null || text.length <= length) return decoded(text);
  if (!conversions.truncateColumns)
    throw new LoadError(codes.outOfRange, 'String length exceeds DDL length', length);
  let end = length;
  while ((text.charCodeAt(end) & 0xc0) === 0x80) end -= 1;
  return decoded(text.slice(0, end));
}

function char(bytes: string, length: number | null, conversions: Conversions): string | null {
  if (isNull(bytes, conversions)) return null;
  refuseNul(bytes);
  if (!isAscii(bytes)) {
    const at = bytes.search(/[\x80-\xff]/);
    const found = hex(bytes.slice(at, at + 4));
    throw new LoadError(
      codes.utf8,
      `Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: ${found}`,
      at,
    );
  }
  if (length === null || bytes.length <= length) return bytes;
  if (!conversions.truncateColumns)
    throw new LoadError(codes.outOfRange, 'Char length exceeds DDL length', length);
  return bytes.slice(0, length);
}

function refuseNul(bytes: string): void {
  const at = bytes.indexOf('\0');
  if (at >= 0) throw new LoadError(codes.utf8, 'String contains the character NUL', at);
}

function hex(bytes: string): string {
  return [...bytes].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join(' ');
}

function wholeNumber(text: string, type: string, most: bigint): string {
  const digits = /^[+-]?\d*/.exec(text)?.[0] ?? '';
  if (digits.length < text.length || !/\d/.test(digits)) throw invalidDigit(text, digits.length, type);
  const value = BigInt(digits.replace('+', ''));
  if (value > most || value < -most - 1n)
    throw new LoadError(codes.integerOverflow, `Overflow, Value '${text}', Type: ${type}`, text.length - 1);
  return value.toString();
}

function invalidDigit(text: string, at: number, type: string, code: number = codes.digit): LoadError {
  return new LoadError(code, `Invalid digit, Value '${text[at] ?? ''}', Pos ${at}, Type: ${type}`, at);
}

const decimalForm = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

function decimal(text: string, precision: number, scale: number, rounds: boolean): string {
  const [, sign, before = '', after = '', exponent = '0'] = decimalForm.exec(text) ?? [];
  if (sign === undefined || before + after === '') {
    const good = /^[+-]?\d*(?:\.\d*)?/.exec(text)?.[0].length ?? 0;
    throw invalidDigit(text, good, 'Decimal');
  }
  // The value is `digits` times ten to the power of `-places`; `kept` of its digits stand before the cut.
  const digits = before + after;
  const places = after.length - Number(exponent);
  const kept = digits.length - (places - scale);
  const padded = kept > digits.length ? digits.padEnd(Math.min(kept, 5_000), '0') : digits;
  let unscaled = BigInt(padded.slice(0, Math.max(0, kept)) || '0');
  if (rounds && kept >= 0 && kept < digits.length && (digits[kept] as string) >= '5') unscaled += 1n;
  const shown = unscaled.toString().padStart(scale + 1, '0');
  if (shown.length > Math.max(precision, scale + 1) || unscaled >= 10n ** BigInt(precision))
    throw new LoadError(codes.decimal, `Overflow for NUMERIC(${precision},${scale})`);
  const result = scale === 0 ? shown : `${shown.slice(0, -scale)}.${shown.slice(-scale)}`;
  return sign === '-' ? `-${result}` : result;
}

function float(text: string, narrow: (value: number) => number): string {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text))
    throw invalidDigit(text, /^[+-]?\d*(?:\.\d*)?/.exec(text)?.[0].length ?? 0, 'Double', codes.float);
  const value = narrow(Number(text));
  if (!Number.isFinite(value)) throw new LoadError(codes.float, 'Overflow, Type: Double');
  return value === 0 ? '0' : text;
}

function boolean(text: string): string {
  const word = text.toLowerCase();
  if (['t', 'true', 'y', 'yes', '1'].includes(word)) return 't';
  if (['f', 'false', 'n', 'no', '0'].includes(word)) return 'f';
  throw new LoadError(codes.boolean, 'Unknown boolean format');
}
