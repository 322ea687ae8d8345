import { ServerError } from '../copy/copy-session.ts';
import { readExpression } from '../grammar/expression.ts';
import { readTableName, tableNameSql, tableSql } from '../grammar/from.ts';
import { readQuery } from '../grammar/query.ts';
import type { Reading, TableName } from '../grammar/reading.ts';
import { notEmulated, notSupported, quoteName, quoteString } from '../session/cursor.ts';
import { type Plan, runs, type Work } from '../session/plan.ts';
import { readType } from './column-types.ts';
import {
  checkAttributes,
  emptyAttributes,
  readEncoding,
  readTableAttributes,
  recordSql,
  type TableAttributes,
} from './table-attributes.ts';

/** CREATE [[LOCAL] TEMP] TABLE [IF NOT EXISTS] t { (columns) | (LIKE s) | AS query } and its attributes. */
export function readCreateTable(reading: Reading): Plan {
  const { cursor } = reading;
  cursor.take('local');
  let temporary = cursor.takeOne('temp', 'temporary') !== null;
  if (cursor.isOne('unlogged', 'global')) notSupported(`CREATE ${cursor.next().value.toUpperCase()} TABLE`);
  cursor.expect('table');
  const ifNotExists = cursor.take('if', 'not', 'exists');
  const table = readTableName(reading);
  temporary ||= table.name.startsWith('#');
  if (temporary && table.schema !== null)
    throw new ServerError('42P16', 'temporary tables may not specify a schema name');
  const attributes = emptyAttributes();
  const create = `create ${temporary ? 'temp ' : ''}table ${tableNameSql(table)}`;
  const isLike = cursor.is('(', 'like');
  const body = isLike
    ? readLike(reading)
    : cursor.is('(') && !isColumnNames(reading)
      ? readColumns(reading, attributes)
      : readAsQuery(reading, attributes);
  if (isLike && !cursor.done) notSupported('Another attribute beside LIKE');
  if (body.startsWith('(') && !isLike) readTableAttributes(cursor, attributes);
  cursor.atEnd();
  const make = async (work: Work) => {
    await work.query(`${create} ${body}`);
    await record(work, table, temporary, attributes, isLike ? reading.reads[0] : undefined);
  };
  return runs('CREATE TABLE', (work) => unlessThere(work, table, temporary, ifNotExists, make), {
    reads: reading.reads,
    realTables: isLike ? reading.reads : [],
  });
}

async function unlessThere(
  work: Work,
  table: TableName,
  temporary: boolean,
  ifNotExists: boolean,
  make: (work: Work) => Promise<void>,
): Promise<void> {
  const name = temporary ? `pg_temp.${quoteName(table.name)}` : tableNameSql(table);
  const there = `select to_regclass(${quoteString(name)}) is not null`;
  if (ifNotExists && (await work.query(there)).rows[0]?.[0] === 't') {
    work.notice(`Relation "${table.name}" already exists and will be skipped`);
    return;
  }
  await make(work);
}

async function record(
  work: Work,
  table: TableName,
  temporary: boolean,
  attributes: TableAttributes,
  like: TableName | undefined,
): Promise<void> {
  const name = quoteString(temporary ? `pg_temp.${quoteName(table.name)}` : tableNameSql(table));
  const { rows } = await work.query(`select attname, format_type(atttypid, null) from pg_attribute
    where attrelid = ${name}::regclass and attnum > 0 and not attisdropped`);
  checkAttributes(attributes, new Map(rows.map(([column, type]) => [column ?? '', type ?? ''])));
  await work.query(recordSql(name, attributes, like === undefined ? null : quoteString(tableNameSql(like))));
}

/** `(LIKE parent [{INCLUDING | EXCLUDING} DEFAULTS])`; keys, encodings and NOT NULL come along. */
function readLike(reading: Reading): string {
  const { cursor } = reading;
  return cursor.inParentheses(() => {
    cursor.expect('like');
    const parent = tableSql(reading, readTableName(reading));
    const defaults = cursor.takeOne('including', 'excluding');
    if (defaults !== null) cursor.expect('defaults');
    if (cursor.is(',')) notSupported('A column beside LIKE');
    return `(like ${parent}${defaults === 'including' ? ' including defaults' : ''})`;
  });
}

function isColumnNames({ cursor }: Reading): boolean {
  return cursor.isAhead(2, ',') || cursor.isAhead(2, ')', 'as');
}

/** `[(names)] [attributes] AS query` */
function readAsQuery(reading: Reading, attributes: TableAttributes): string {
  const { cursor } = reading;
  const names = cursor.is('(') ? cursor.inParentheses(() => cursor.list(() => cursor.name())) : [];
  readTableAttributes(cursor, attributes);
  cursor.expect('as');
  const { sql, names: columns } = readQuery(reading);
  if (names.length === 0 && columns.includes('?column?'))
    notEmulated('CREATE TABLE AS of a column without a name');
  return `${names.length === 0 ? '' : `(${names.map(quoteName).join(', ')}) `}as ${sql}`.replace(/^\(/, ' (');
}

function readColumns(reading: Reading, attributes: TableAttributes): string {
  const { cursor } = reading;
  const columns = cursor.inParentheses(() => cursor.list(() => readColumnOrConstraint(reading, attributes)));
  const made = columns.filter((column) => column !== null);
  if (made.length === 0) cursor.fail();
  if (made.length > 1600) throw new ServerError('54011', 'tables can have at most 1600 columns');
  return `(${made.join(', ')})`;
}

/** The column's SQL; null for a constraint, which Redshift only writes down. */
function readColumnOrConstraint(reading: Reading, attributes: TableAttributes): string | null {
  const { cursor } = reading;
  if (cursor.take('constraint')) cursor.name();
  if (cursor.isOne('check', 'exclude')) notSupported(`${cursor.next().value.toUpperCase()} constraints`);
  const constraint = cursor.take('primary', 'key')
    ? 'primary key'
    : cursor.takeOne('unique', 'foreign', 'like');
  if (constraint === null) return readColumn(reading, attributes);
  if (constraint === 'like') notSupported('LIKE beside columns');
  if (constraint === 'foreign') cursor.expect('key');
  const names = cursor.inParentheses(() => cursor.list(() => cursor.name()));
  if (constraint === 'primary key') attributes.primaryKey.push(...names);
  if (constraint === 'foreign') readReferences(reading);
  return null;
}

function readReferences(reading: Reading): void {
  const { cursor } = reading;
  cursor.expect('references');
  readTableName(reading);
  if (cursor.is('(')) cursor.inParentheses(() => cursor.list(() => cursor.name()));
  if (cursor.is('on')) notSupported('ON DELETE and ON UPDATE');
}

/** `name type [attribute …]` */
export function readColumn(reading: Reading, attributes: TableAttributes): string {
  const { cursor } = reading;
  const name = cursor.name();
  const type = readType(cursor);
  const parts = [quoteName(name), type.sql];
  while (readColumnAttribute(reading, name, type.kind, attributes, parts));
  return parts.join(' ');
}

function readColumnAttribute(
  reading: Reading,
  name: string,
  kind: string,
  attributes: TableAttributes,
  parts: string[],
): boolean {
  const { cursor } = reading;
  if (cursor.take('default')) parts.push(`default ${readExpression(reading).sql}`);
  else if (cursor.take('identity')) parts.push(`generated always as identity ${readSeed(reading, kind)}`);
  else if (cursor.take('generated', 'by', 'default', 'as', 'identity'))
    parts.push(`generated by default as identity ${readSeed(reading, kind)}`);
  else if (cursor.is('generated')) notSupported('GENERATED ALWAYS');
  else if (cursor.take('encode')) attributes.encodings.set(name, readEncoding(cursor, kind));
  else if (cursor.take('distkey')) attributes.distkeys.push(name);
  else if (cursor.take('sortkey')) attributes.columnSortkeys.push(name);
  else if (cursor.take('not', 'null')) parts.push('not null');
  else if (cursor.take('null')) parts.push('null');
  else if (cursor.take('primary', 'key')) attributes.primaryKey.push(name);
  else if (cursor.take('unique')) return true;
  else if (cursor.is('references')) readReferences(reading);
  else if (cursor.is('collate')) notEmulated('COLLATE of a column');
  else if (cursor.isOne('check', 'stored')) notSupported(`${cursor.next().value.toUpperCase()} of a column`);
  else return false;
  return true;
}

function readSeed({ cursor }: Reading, kind: string): string {
  if (kind !== 'integer' && kind !== 'bigint')
    throw new ServerError('42601', 'identity column type must be either INT or BIGINT');
  return cursor.inParentheses(() => {
    const seed = cursor.number();
    cursor.expect(',');
    const step = cursor.number();
    return `(start with ${seed} increment by ${step} minvalue ${Math.min(seed, 1)})`;
  });
}
