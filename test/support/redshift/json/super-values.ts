import { codes, LoadError } from '../copy/load-error.ts';
import { decoded, firstFault } from '../copy/utf8-faults.ts';
import type { JsonValue } from './json-values.ts';

/** By limitations-super: of one string within a value, and of the depth of a value. */
const LONGEST_STRING = 65_535;
const DEEPEST = 1_000;

/** A value of SUPER as the JSON text that the double stores; throws LoadError where SUPER cannot hold it. */
export function superText(value: JsonValue): string {
  check(value, 0);
  if (value.kind === 'string') return JSON.stringify(decoded(value.bytes));
  if (value.kind === 'number') return value.digits;
  if (value.kind === 'array' || value.kind === 'object') return decoded(value.source);
  return value.kind;
}

function check(value: JsonValue, depth: number): void {
  if (depth > DEEPEST)
    throw new LoadError(codes.super, `The maximum nesting depth of ${DEEPEST} is exceeded`);
  switch (value.kind) {
    case 'string':
      checkText(value.bytes);
      if (value.bytes.length > LONGEST_STRING)
        throw new LoadError(codes.super, `String value exceeds the max size of ${LONGEST_STRING} bytes`);
      return;
    case 'number':
      if (!Number.isFinite(Number(value.digits)))
        throw new LoadError(codes.super, `Number out of range: ${value.digits.slice(0, 40)}`);
      return;
    case 'array':
      for (const item of value.items) check(item, depth + 1);
      return;
    case 'object': {
      for (const name of value.names) checkText(name);
      if (value.names.length > 1 && new Set(value.names).size < value.names.length)
        throw new LoadError(codes.super, 'Duplicate attribute name in an object');
      for (const member of value.values) check(member, depth + 1);
      return;
    }
    default:
  }
}

function checkText(bytes: string): void {
  if (bytes.includes('\0')) throw new LoadError(codes.super, 'String contains the character NUL');
  if (firstFault(bytes) !== null) throw new LoadError(codes.utf8, 'String contains invalid UTF-8');
}
