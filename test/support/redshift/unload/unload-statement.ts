import { ServerError } from '../copy/copy-session.ts';
import { lex } from '../grammar/lexer.ts';
import {
  notEmulated,
  readRole,
  readStatement,
  readSwitch,
  type StatementReader,
  s3Place,
  twice,
} from '../grammar/statement-reader.ts';

/** An UNLOAD of CSV, JSON or Parquet to S3. */
export interface UnloadStatement {
  readonly select: string;
  readonly target: { readonly bucket: string; readonly key: string };
  readonly role: string;
  readonly format: 'csv' | 'json' | 'parquet';
  readonly partitionBy: readonly string[];
  /** Whether the partition columns stay in the files. */
  readonly includesPartitions: boolean;
  readonly manifest: 'none' | 'plain' | 'verbose';
  readonly hasHeader: boolean;
  readonly delimiter: string;
  readonly isGzip: boolean;
  readonly existing: 'refuse' | 'overwrite' | 'clean';
  readonly isParallel: boolean;
  readonly largestFileBytes: number;
  readonly region: string | null;
}

const MB = 1024 * 1024;
const LARGEST_FILE = 6.2 * 1024 * MB;
const SMALLEST_LIMIT = 5 * MB;
const documentedOnly = [
  'addquotes',
  'bzip2',
  'encrypted',
  'escape',
  'extension',
  'fixedwidth',
  'kms_key_id',
  'master_symmetric_key',
  'null',
  'rowgroupsize',
  'session_token',
  'zstd',
];
/** By r_UNLOAD; each format with the options that it excludes. */
const excluded: Readonly<Record<UnloadStatement['format'], readonly string[]>> = {
  csv: ['fixedwidth'],
  json: ['delimiter', 'header', 'fixedwidth', 'addquotes', 'escape', 'null'],
  parquet: ['delimiter', 'fixedwidth', 'addquotes', 'escape', 'null', 'header', 'gzip', 'bzip2', 'zstd'],
};

type Options = Map<string, string | number | boolean | readonly string[]>;

/** Reads an UNLOAD by the grammar of r_UNLOAD, as far as the double emulates it; throws ServerError. */
export function parseUnload(sql: string): UnloadStatement {
  const reader = readStatement(sql);
  reader.expect('unload');
  reader.expectSymbol('(');
  const select = reader.string();
  reader.expectSymbol(')');
  checkSelect(select);
  reader.expect('to');
  const target = s3Place(reader.string());
  const role = readRole(reader);
  const given = readOptions(reader);
  const format = formatOf(given);
  for (const name of given.keys())
    if (excluded[format].includes(name))
      throw new ServerError(
        '0A000',
        `${name.toUpperCase()} is not supported for UNLOAD to ${format.toUpperCase()}`,
      );
  const unknown = [...given.keys()].find((name) => documentedOnly.includes(name));
  if (unknown !== undefined) throw notEmulated(`UNLOAD with ${unknown.toUpperCase()}`);
  if (given.has('cleanpath') && given.has('allowoverwrite'))
    throw new ServerError('0A000', 'CLEANPATH and ALLOWOVERWRITE cannot be specified together');
  return {
    select,
    target,
    role,
    format,
    partitionBy: (given.get('partition') as readonly string[] | undefined) ?? [],
    includesPartitions: given.has('include'),
    manifest: given.has('verbose') ? 'verbose' : given.has('manifest') ? 'plain' : 'none',
    hasHeader: given.has('header'),
    delimiter: (given.get('delimiter') as string | undefined) ?? ',',
    isGzip: given.has('gzip'),
    existing: given.has('cleanpath') ? 'clean' : given.has('allowoverwrite') ? 'overwrite' : 'refuse',
    isParallel: given.get('parallel') !== false,
    largestFileBytes: (given.get('maxfilesize') as number | undefined) ?? LARGEST_FILE,
    region: (given.get('region') as string | undefined) ?? null,
  };
}

/** A LIMIT of the outer query is refused, by r_UNLOAD. */
function checkSelect(select: string): void {
  let depth = 0;
  const tokens = lex(select);
  const [first] = tokens;
  if (first?.value !== 'select' && first?.value !== 'with')
    throw new ServerError('42601', `syntax error at or near "${first?.text ?? ''}"`);
  for (const { kind, value, text } of tokens) {
    if (kind === 'symbol' && text === '(') depth += 1;
    if (kind === 'symbol' && text === ')') depth -= 1;
    if (kind === 'word' && value === 'limit' && depth === 0)
      throw new ServerError('0A000', 'Limit clause is not supported');
  }
}

function formatOf(given: Options): UnloadStatement['format'] {
  const formats = (['csv', 'json', 'parquet'] as const).filter((name) => given.has(name));
  const [format] = formats;
  if (format === undefined) throw notEmulated('UNLOAD to another format than CSV, JSON and PARQUET');
  if (formats.length > 1) throw twice();
  return format;
}

function readOptions(reader: StatementReader): Options {
  const given: Options = new Map();
  const add = (name: string, value: string | number | boolean | readonly string[]): void => {
    if (given.has(name)) throw twice();
    given.set(name, value);
  };
  for (let word = reader.peek(); word !== null; word = reader.peek()) {
    if (reader.take('format')) reader.take('as');
    word = reader.peek() ?? '';
    if (!reader.take(word)) throw reader.wrong();
    switch (word) {
      case 'csv':
      case 'json':
      case 'parquet':
      case 'header':
      case 'gzip':
      case 'allowoverwrite':
      case 'cleanpath':
        add(word, true);
        break;
      case 'manifest':
        add(word, true);
        if (reader.take('verbose')) add('verbose', true);
        break;
      case 'partition':
        reader.expect('by');
        add(word, names(reader));
        if (reader.take('include')) add('include', true);
        break;
      case 'parallel':
        add(word, readSwitch(reader));
        break;
      case 'maxfilesize':
        add(word, size(reader));
        break;
      case 'region':
      case 'delimiter':
        reader.take('as');
        add(word, reader.string());
        break;
      default:
        if (!documentedOnly.includes(word))
          throw new ServerError('42601', `syntax error at or near "${word}"`);
        add(word, true);
        // What follows such an option may be anything; the format decides which refusal it is.
        return given;
    }
  }
  reader.end();
  return given;
}

function names(reader: StatementReader): string[] {
  reader.expectSymbol('(');
  const found = [reader.name()];
  while (reader.symbol(',')) found.push(reader.name());
  reader.expectSymbol(')');
  return found;
}

function size(reader: StatementReader): number {
  reader.take('as');
  const number = reader.number();
  const isInGigabytes = reader.take('gb');
  if (!isInGigabytes) reader.take('mb');
  const bytes = number * (isInGigabytes ? 1024 * MB : MB);
  if (bytes >= SMALLEST_LIMIT && bytes <= LARGEST_FILE) return bytes;
  throw new ServerError('22023', 'MAXFILESIZE must be between 5 MB and 6.2 GB');
}
