import { type Cursor, notEmulated, notSupported } from '../session/cursor.ts';

/** A type as a statement names it. */
export interface RedshiftType {
  /** One of DeclaredColumn's types, or time. */
  readonly kind: string;
  readonly length: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
  /** The type behind the double. */
  readonly sql: string;
  /** How an unnamed cast to it names its column. */
  readonly internal: string;
}

const plain: Readonly<Record<string, readonly [kind: string, sql: string, internal: string]>> = {
  smallint: ['smallint', 'smallint', 'int2'],
  int2: ['smallint', 'smallint', 'int2'],
  integer: ['integer', 'integer', 'int4'],
  int: ['integer', 'integer', 'int4'],
  int4: ['integer', 'integer', 'int4'],
  bigint: ['bigint', 'bigint', 'int8'],
  int8: ['bigint', 'bigint', 'int8'],
  real: ['real', 'real', 'float4'],
  float4: ['real', 'real', 'float4'],
  float8: ['double precision', 'double precision', 'float8'],
  float: ['double precision', 'double precision', 'float8'],
  boolean: ['boolean', 'boolean', 'bool'],
  bool: ['boolean', 'boolean', 'bool'],
  date: ['date', 'date', 'date'],
  timestamptz: ['timestamptz', 'timestamptz', 'timestamptz'],
  super: ['super', 'jsonb', 'super'],
};
const absent = new Set(
  `json jsonb uuid bytea money serial bigserial smallserial serial4 serial8 xml inet cidr macaddr point line lseg
  box path polygon circle tsvector tsquery bit enum int4range int8range numrange tsrange tstzrange daterange
  name oid regclass hstore citext`.split(/\s+/),
);
const later = new Set([
  'varbyte',
  'varbinary',
  'binary',
  'geometry',
  'geography',
  'hllsketch',
  'timetz',
  'interval',
]);

/** Reads a type name; types that Redshift lacks are refused. */
export function readType(cursor: Cursor): RedshiftType {
  const type = readBareType(cursor);
  if (cursor.is('[')) notSupported('An array type');
  return type;
}

function readBareType(cursor: Cursor): RedshiftType {
  const token = cursor.next();
  const word = token.value;
  if (token.kind !== 'word') {
    cursor.at -= 1;
    return cursor.fail();
  }
  const known = plain[word];
  if (known !== undefined) {
    if (word === 'float' && cursor.is('(')) return floatOf(cursor.inParentheses(() => cursor.number()));
    return typeOf(...known);
  }
  switch (word) {
    case 'double':
      cursor.expect('precision');
      return typeOf('double precision', 'double precision', 'float8');
    case 'decimal':
    case 'numeric':
      return decimal(cursor);
    case 'varchar':
    case 'nvarchar':
      return text('varchar', lengthOf(cursor, 256, 65535));
    case 'text':
      return text('varchar', 256);
    case 'bpchar':
      return text('char', 256);
    case 'char':
    case 'character':
    case 'nchar':
      if (word !== 'nchar' && cursor.take('varying')) return text('varchar', lengthOf(cursor, 256, 65535));
      return text('char', lengthOf(cursor, 1, 4096));
    case 'timestamp':
    case 'time':
      return timeOf(cursor, word);
  }
  if (later.has(word)) notEmulated(`the type ${word}`);
  if (absent.has(word)) notSupported(`Column type "${word}"`);
  cursor.at -= 1;
  return cursor.fail();
}

function timeOf(cursor: Cursor, word: string): RedshiftType {
  if (cursor.is('(')) notEmulated(`a precision of ${word}`);
  let zone = false;
  if (cursor.take('with')) {
    cursor.expect('time', 'zone');
    zone = true;
  } else if (cursor.take('without')) cursor.expect('time', 'zone');
  if (word === 'time') return zone ? notEmulated('the type timetz') : typeOf('time', 'time', 'time');
  return zone
    ? typeOf('timestamptz', 'timestamptz', 'timestamptz')
    : typeOf('timestamp', 'timestamp', 'timestamp');
}

/** DECIMAL alone is DECIMAL(18,0). */
function decimal(cursor: Cursor): RedshiftType {
  let precision = 18;
  let scale = 0;
  if (cursor.take('(')) {
    precision = cursor.number();
    if (cursor.take(',')) scale = cursor.number();
    cursor.expect(')');
  }
  if (precision < 1 || precision > 38) cursor.fail();
  const sql = `numeric(${precision},${scale})`;
  return { kind: 'decimal', length: null, precision, scale, sql, internal: 'numeric' };
}

function lengthOf(cursor: Cursor, otherwise: number, most: number): number {
  if (!cursor.take('(')) return otherwise;
  const length = cursor.take('max') ? most : cursor.number();
  cursor.expect(')');
  if (length < 1 || length > most) cursor.fail();
  return length;
}

function text(kind: 'varchar' | 'char', length: number): RedshiftType {
  const internal = kind === 'char' ? 'bpchar' : 'varchar';
  return { kind, length, precision: null, scale: null, sql: `${kind}(${length})`, internal };
}

function floatOf(bits: number): RedshiftType {
  return bits <= 24
    ? typeOf('real', 'real', 'float4')
    : typeOf('double precision', 'double precision', 'float8');
}

function typeOf(kind: string, sql: string, internal: string): RedshiftType {
  return { kind, length: null, precision: null, scale: null, sql, internal };
}
