import {
  notEmulated,
  readRole,
  readStatement,
  readSwitch,
  type StatementReader,
  s3Place,
  twice,
} from '../grammar/statement-reader.ts';
import type { Conversions } from '../tables/column-values.ts';
import { ServerError } from './copy-session.ts';

/** A COPY of JSON from S3. */
export interface CopyStatement {
  /** One name or two, folded. */
  readonly table: readonly string[];
  /** Null: all columns of the table. */
  readonly columns: readonly string[] | null;
  readonly source: { readonly bucket: string; readonly key: string };
  readonly role: string;
  /** `auto`, `auto ignorecase`, `noshred` or the address of a JSONPaths file. */
  readonly json: string;
  readonly isManifest: boolean;
  readonly compression: 'gzip' | 'zstd' | null;
  readonly region: string | null;
  /** How many errors fail the load; never below 1. */
  readonly failsAtErrors: number;
  readonly headerLines: number;
  readonly loadsNothing: boolean;
  readonly conversions: Conversions;
}

const MOST_ERRORS = 100_000;
/** By copy-parameters-data-format. */
const notWithJson = [
  'csv',
  'delimiter',
  'escape',
  'fillrecord',
  'fixedwidth',
  'ignoreblanklines',
  'null',
  'readratio',
  'removequotes',
];
const documentedOnly = [
  'acceptanydate',
  'avro',
  'bzip2',
  'comprows',
  'encrypted',
  'explicit_ids',
  'job',
  'lzop',
  'master_symmetric_key',
  'orc',
  'parquet',
  'quote',
  'readratio',
  'session_token',
  'shapefile',
  'ssh',
  'trimblanks',
];

/** What the options of a statement say, by their names. */
type Options = Map<string, string | number | boolean>;

const options: Readonly<Record<string, (reader: StatementReader) => string | number | boolean>> = {
  manifest: () => true,
  gzip: () => true,
  zstd: () => true,
  truncatecolumns: () => true,
  emptyasnull: () => true,
  blanksasnull: () => true,
  roundec: () => true,
  noload: () => true,
  ignoreallerrors: () => true,
  region: text,
  timeformat: text,
  dateformat: text,
  maxerror: (reader) => natural(reader, MOST_ERRORS),
  ignoreheader: (reader) => natural(reader, Number.MAX_SAFE_INTEGER),
  statupdate: readSwitch,
  compupdate: (reader) => reader.take('preset') || readSwitch(reader),
  acceptinvchars,
  encoding,
};

/** Reads a COPY by the grammar of r_COPY, as far as the double emulates it; throws ServerError. */
export function parseCopy(sql: string): CopyStatement {
  const reader = readStatement(sql);
  reader.expect('copy');
  const table = [reader.name()];
  if (reader.symbol('.')) table.push(reader.name());
  const columns = readColumns(reader);
  reader.expect('from');
  const source = s3Place(reader.string());
  const role = readRole(reader);
  const given = readOptions(reader);
  const json = given.get('json');
  if (typeof json !== 'string') throw notEmulated('COPY of another format than JSON');
  if (given.has('gzip') && given.has('zstd')) throw twice();
  if (given.has('ignoreallerrors') && given.has('maxerror'))
    throw new ServerError('0A000', 'IGNOREALLERRORS and MAXERROR cannot be specified together');
  const string = (name: string): string | null => (given.get(name) as string | undefined) ?? null;
  const number = (name: string): number => (given.get(name) as number | undefined) ?? 0;
  return {
    table,
    columns,
    source,
    role,
    json,
    isManifest: given.has('manifest'),
    compression: given.has('gzip') ? 'gzip' : given.has('zstd') ? 'zstd' : null,
    region: string('region'),
    failsAtErrors: given.has('ignoreallerrors') ? Number.POSITIVE_INFINITY : Math.max(1, number('maxerror')),
    headerLines: number('ignoreheader'),
    loadsNothing: given.has('noload'),
    conversions: {
      acceptInvalidChars: string('acceptinvchars'),
      truncateColumns: given.has('truncatecolumns'),
      emptyAsNull: given.has('emptyasnull'),
      blanksAsNull: given.has('blanksasnull'),
      roundDecimals: given.has('roundec'),
      timeFormat: string('timeformat'),
      dateFormat: string('dateformat'),
    },
  };
}

function readColumns(reader: StatementReader): string[] | null {
  if (!reader.symbol('(')) return null;
  const columns = [reader.name()];
  while (reader.symbol(',')) columns.push(reader.name());
  reader.expectSymbol(')');
  const repeated = columns.find((name, i) => columns.indexOf(name) < i);
  if (repeated !== undefined) throw new ServerError('42701', `column "${repeated}" specified more than once`);
  return columns;
}

function readOptions(reader: StatementReader): Options {
  const given: Options = new Map();
  for (let word = reader.peek(); word !== null; word = reader.peek()) {
    const isFormat = reader.take('format');
    const isAs = reader.take('as');
    if (reader.take('json')) add('json', jsonOption(reader));
    else if (isFormat || isAs) throw refusal(reader, given);
    else if (options[word] === undefined) throw refusal(reader, given);
    else {
      reader.take(word);
      add(word, (options[word] as (typeof options)[string])(reader));
    }
  }
  reader.end();
  return given;

  function add(name: string, value: string | number | boolean): void {
    if (given.has(name)) throw twice();
    given.set(name, value);
  }
}

/** Why the option that comes next is not taken: no such thing, not with JSON, or not emulated. */
function refusal(reader: StatementReader, given: Options): ServerError {
  const word = reader.peek() ?? '';
  if (notWithJson.includes(word) && given.has('json'))
    return new ServerError('0A000', `${word.toUpperCase()} argument is not supported for JSON based COPY`);
  if (notWithJson.includes(word) || documentedOnly.includes(word))
    return notEmulated(`COPY with ${word.toUpperCase()}`);
  if (['iam_role', 'credentials', 'access_key_id', 'with'].includes(word))
    return notEmulated('more than one authorization');
  return reader.wrong();
}

function jsonOption(reader: StatementReader): string {
  reader.take('as');
  const option = reader.takeString() ?? 'auto';
  if (['auto', 'auto ignorecase', 'noshred'].includes(option) || option.startsWith('s3://')) return option;
  throw new ServerError('42601', `Invalid JSON option: '${option}'`);
}

function text(reader: StatementReader): string {
  reader.take('as');
  return reader.string();
}

function natural(reader: StatementReader, most: number): number {
  reader.take('as');
  const value = reader.number();
  if (Number.isInteger(value) && value <= most) return value;
  throw new ServerError('22023', `The value must be a whole number from 0 to ${most}`);
}

function acceptinvchars(reader: StatementReader): string {
  const isGiven = reader.take('as');
  const replacement = isGiven ? reader.string() : (reader.takeString() ?? '?');
  const code = replacement.charCodeAt(0);
  if (replacement.length === 1 && code > 0 && code < 0x80) return replacement;
  throw new ServerError('22023', 'The replacement character must be a single ASCII character other than NUL');
}

function encoding(reader: StatementReader): string {
  reader.take('as');
  const name = reader.takeString() ?? reader.name();
  if (name.toLowerCase() === 'utf8') return 'utf8';
  throw notEmulated(`ENCODING ${name}`);
}
