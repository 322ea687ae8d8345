import { ServerError } from '../copy/copy-session.ts';
import { notEmulated, notSupported, quoteName } from '../session/cursor.ts';
import { isOnLeader, systemTable } from '../tables/system-tables.ts';
import { readExpression } from './expression.ts';
import { readPath } from './path.ts';
import { readQuery, startsQuery } from './query.ts';
import type { Reading, Scope, TableName } from './reading.ts';

/** The tables of FROM, comma by comma and join by join. */
export function readFrom(reading: Reading, scope: Scope): string {
  return reading.cursor.list(() => readJoined(reading, scope)).join(', ');
}

function readJoined(reading: Reading, scope: Scope): string {
  const { cursor } = reading;
  const parts = [readFromItem(reading, scope)];
  for (;;) {
    const join = takeJoin(reading);
    if (join === null) return parts.join(' ');
    parts.push(join, readFromItem(reading, scope));
    if (join.startsWith('cross') || join.startsWith('natural')) continue;
    if (cursor.take('using')) {
      const columns = cursor.inParentheses(() => cursor.list(() => cursor.name()));
      parts.push(`using (${columns.map(quoteName).join(', ')})`);
    } else {
      cursor.expect('on');
      parts.push(`on ${readCondition(reading, join)}`);
    }
  }
}

function readCondition(reading: Reading, join: string): string {
  const before = reading.outerJoinDepth;
  if (/left|right|full/.test(join)) reading.outerJoinDepth = reading.scopes.length;
  const { sql } = readExpression(reading);
  reading.outerJoinDepth = before;
  return sql;
}

function takeJoin({ cursor }: Reading): string | null {
  const natural = cursor.take('natural') ? 'natural ' : '';
  const kind = cursor.takeOne('inner', 'left', 'right', 'full', 'cross');
  if (kind === 'left' || kind === 'right' || kind === 'full') cursor.take('outer');
  if (natural === '' && kind === null && !cursor.is('join')) return null;
  cursor.expect('join');
  return `${natural}${kind === null ? '' : `${kind} `}join`;
}

function readFromItem(reading: Reading, scope: Scope): string {
  const { cursor } = reading;
  if (cursor.is('lateral')) notSupported('LATERAL');
  if (cursor.is('only')) notSupported('ONLY');
  if (cursor.take('unpivot')) return readUnpivot(reading, scope);
  if (cursor.is('(')) return startsQuery(cursor) ? readSubquery(reading, scope) : readNested(reading, scope);
  if (cursor.isName() && cursor.isAhead(1, '(')) {
    const { value } = cursor.next();
    if (value === 'generate_series') notSupported('generate_series');
    return notEmulated(`the function ${value}() in FROM`);
  }
  if (isUnnesting(reading, scope)) return readUnnest(reading, scope);
  return readTable(reading, scope);
}

function readNested(reading: Reading, scope: Scope): string {
  return `(${reading.cursor.inParentheses(() => readJoined(reading, scope))})`;
}

/** A subquery sees nothing of the FROM that it stands in. */
function readSubquery(reading: Reading, scope: Scope): string {
  const { cursor, scopes } = reading;
  const own = scopes.pop();
  const { sql } = cursor.inParentheses(() => readQuery(reading));
  if (own !== undefined) scopes.push(own);
  const alias = readAlias(reading);
  if (alias === null) throw new ServerError('42601', 'subquery in FROM must have an alias');
  scope.tables.set(alias.name, null);
  return `(${sql}) as ${alias.sql}`;
}

function readTable(reading: Reading, scope: Scope): string {
  const table = readTableName(reading);
  const sql = tableSql(reading, table);
  const alias = readAlias(reading);
  const { cursor } = reading;
  if (cursor.isOne('pivot', 'unpivot')) notEmulated('PIVOT and UNPIVOT of a table');
  if (cursor.is('tablesample')) notSupported('TABLESAMPLE');
  if (alias === null) {
    scope.tables.set(table.name, table.schema);
    return sql.endsWith(quoteName(table.name)) ? sql : `${sql} as ${quoteName(table.name)}`;
  }
  scope.tables.set(alias.name, null);
  return `${sql} as ${alias.sql}`;
}

/** `[schema.]table` */
export function readTableName({ cursor }: Reading): TableName {
  const first = cursor.name();
  if (!cursor.take('.')) return { schema: null, name: first };
  if (first === 'redshift_double') throw new ServerError('3F000', `schema "${first}" does not exist`);
  const second = cursor.name();
  if (cursor.is('.')) notEmulated('names of other databases');
  return { schema: first, name: second };
}

/** The table behind the double; what the statement reads is noted. */
export function tableSql(reading: Reading, table: TableName): string {
  const { name, schema } = table;
  if (schema === null && reading.common.includes(name)) return quoteName(name);
  const system = systemTable(table);
  if (system !== null) {
    (isOnLeader(table) ? reading.leader : reading.compute).push(name);
    return system;
  }
  reading.reads.push(table);
  return tableNameSql(table);
}

/** A table’s name as PostgreSQL reads it. */
export const tableNameSql = ({ schema, name }: TableName): string =>
  schema === null ? quoteName(name) : `${quoteName(schema)}.${quoteName(name)}`;

function readAlias({ cursor }: Reading): { name: string; sql: string } | null {
  const as = cursor.take('as');
  if (!as && (!cursor.isName() || cursor.isOne('unpivot', 'pivot', 'qualify'))) return null;
  const name = cursor.name();
  if (!cursor.is('(')) return { name, sql: quoteName(name) };
  const columns = cursor.inParentheses(() => cursor.list(() => cursor.name()));
  return { name, sql: `${quoteName(name)} (${columns.map(quoteName).join(', ')})` };
}

/** `FROM t AS a, a.column AS element`: the head is an alias of this FROM, so it is no schema. */
function isUnnesting({ cursor }: Reading, scope: Scope): boolean {
  const token = cursor.peek();
  if (token === undefined) return false;
  return scope.values.has(token.value) || (scope.tables.has(token.value) && cursor.isAhead(1, '.'));
}

/** `path [AS] element [AT index]` */
function readUnnest(reading: Reading, scope: Scope): string {
  const { cursor } = reading;
  const { sql } = readPath(reading);
  cursor.take('as');
  const element = cursor.name();
  const index = cursor.take('at') ? cursor.name() : null;
  scope.values.add(element);
  const array = `case jsonb_typeof(${sql}) when 'array' then ${sql} end`;
  const from = `lateral (select unnested.value, unnested.at - 1 from jsonb_array_elements(${array})`;
  const columns = [element, index ?? `index of ${element}`].map(quoteName).join(', ');
  return `${from} with ordinality as unnested (value, at)) as ${unnamed(reading)} (${columns})`;
}

/** `UNPIVOT path AS value [AT attribute]` */
function readUnpivot(reading: Reading, scope: Scope): string {
  const { cursor } = reading;
  const { sql } = readPath(reading);
  cursor.expect('as');
  const value = cursor.name();
  const attribute = cursor.take('at') ? cursor.name() : null;
  scope.values.add(value);
  const object = `case jsonb_typeof(${sql}) when 'object' then ${sql} end`;
  const columns = [value, attribute ?? `attribute of ${value}`].map(quoteName).join(', ');
  const from = `lateral (select unpivoted.value, unpivoted.key from jsonb_each(${object}) as unpivoted)`;
  return `${from} as ${unnamed(reading)} (${columns})`;
}

function unnamed(reading: Reading): string {
  reading.unnamed += 1;
  return quoteName(`redshift_double ${reading.unnamed}`);
}
