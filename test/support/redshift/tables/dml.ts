import { ServerError } from '../copy/copy-session.ts';
import { readExpression } from '../grammar/expression.ts';
import { readFrom, readTableName, tableNameSql, tableSql } from '../grammar/from.ts';
import { readQuery, readWith, startsQuery } from '../grammar/query.ts';
import { newScope, type Reading, type Scope, type TableName } from '../grammar/reading.ts';
import { notEmulated, notSupported, quoteName } from '../session/cursor.ts';
import { type Plan, plan } from '../session/plan.ts';
import { systemTable } from './system-tables.ts';

/** WITH before SELECT, UPDATE or DELETE. */
export function readWithStatement(reading: Reading): Plan {
  const { cursor } = reading;
  const start = cursor.at;
  const head = readWith(reading);
  if (cursor.is('update')) return readUpdate(reading, head);
  if (cursor.is('delete')) return readDelete(reading, head);
  if (cursor.is('merge') || cursor.is('insert'))
    notSupported(`WITH before ${cursor.next().value.toUpperCase()}`);
  cursor.at = start;
  reading.common.length = 0;
  reading.reads.length = 0;
  return readSelect(reading);
}

/** [WITH …] SELECT */
export function readSelect(reading: Reading): Plan {
  const { sql } = readQuery(reading);
  return plan('rows', { sql, reads: reading.reads, tag: 'SELECT' });
}

/** INSERT INTO t [(columns)] { VALUES (…), … | query | DEFAULT VALUES } */
export function readInsert(reading: Reading): Plan {
  const { cursor } = reading;
  cursor.expect('insert', 'into');
  const target = readTarget(reading);
  if (cursor.is('as')) notSupported('An alias of the target of INSERT');
  let columns = '';
  if (cursor.is('(') && !startsQuery(cursor)) columns = ` (${readNames(reading).map(quoteName).join(', ')})`;
  if (cursor.is('overriding')) notSupported('OVERRIDING');
  const source = readInserted(reading);
  refuseAfter(reading);
  return plan('count', {
    sql: `insert into ${tableNameSql(target)}${columns} ${source}`,
    reads: reading.reads,
    writes: [target],
    realTables: [target],
  });
}

function readInserted(reading: Reading): string {
  const { cursor } = reading;
  if (cursor.take('default', 'values')) return 'default values';
  if (!cursor.take('values')) return startsQuery(cursor) ? readQuery(reading).sql : cursor.fail();
  const rows = cursor.list(() =>
    cursor.inParentheses(() =>
      cursor.list(() => (cursor.take('default') ? 'default' : readExpression(reading).sql)).join(', '),
    ),
  );
  return `values ${rows.map((row) => `(${row})`).join(', ')}`;
}

function refuseAfter({ cursor }: Reading): void {
  if (cursor.is('on', 'conflict')) notSupported('ON CONFLICT');
  if (cursor.is('returning')) notSupported('RETURNING');
}

function readTarget(reading: Reading): TableName {
  const target = readTableName(reading);
  if (systemTable(target) !== null)
    throw new ServerError('42501', `permission denied: "${target.name}" is a system catalog`);
  return target;
}

function readNames({ cursor }: Reading): string[] {
  return cursor.inParentheses(() => cursor.list(() => cursor.name()));
}

/** [WITH …] UPDATE t SET column = value, … [FROM …] [WHERE …] */
export function readUpdate(reading: Reading, head = ''): Plan {
  const { cursor } = reading;
  cursor.expect('update');
  const target = readTarget(reading);
  // The guide's syntax has an alias, its text says that there may be none.
  if (!cursor.is('set')) notEmulated('an alias of the target of UPDATE');
  cursor.expect('set');
  const scope = targetScope(target);
  reading.scopes.push(scope);
  const start = cursor.at;
  skipTo(reading, ['from', 'where', 'returning']);
  const end = cursor.at;
  let from = '';
  if (cursor.take('from')) {
    const first = cursor.at;
    from = ` from ${readFrom(reading, scope)}`;
    refuseOuterJoin(reading, first);
  }
  const where = cursor.take('where') ? ` where ${readExpression(reading).sql}` : '';
  refuseAfter(reading);
  const after = cursor.at;
  cursor.at = start;
  const set = readAssignments(reading);
  if (cursor.at !== end) cursor.fail();
  cursor.at = after;
  return plan('count', {
    sql: `${head} update ${tableNameSql(target)} set ${set}${from}${where}`,
    // An UPDATE reads what it changes.
    reads: [...reading.reads, target],
    writes: [target],
    realTables: [target],
  });
}

function readAssignments(reading: Reading): string {
  const { cursor } = reading;
  const set = cursor.list(() => {
    if (cursor.is('(')) notSupported('SET of a list of columns');
    const column = cursor.name();
    if (cursor.is('.')) throw new ServerError('42601', 'SET takes the column without its table');
    cursor.expect('=');
    return `${quoteName(column)} = ${cursor.take('default') ? 'default' : readExpression(reading).sql}`;
  });
  return set.join(', ');
}

function targetScope({ name, schema }: TableName): Scope {
  return newScope([[name, schema]]);
}

function skipTo({ cursor }: Reading, words: readonly string[]): void {
  for (let depth = 0; !cursor.done; cursor.at += 1) {
    if (depth === 0 && words.some((word) => cursor.is(word))) return;
    if (cursor.is('(')) depth += 1;
    if (cursor.is(')')) depth -= 1;
  }
}

function refuseOuterJoin({ cursor }: Reading, start: number): void {
  let depth = 0;
  for (const token of cursor.tokens.slice(start, cursor.at)) {
    if (token.text === '(') depth += 1;
    if (token.text === ')') depth -= 1;
    if (depth === 0 && token.kind === 'word' && ['left', 'right', 'full'].includes(token.value))
      throw new ServerError('0A000', 'Target table must be part of an equijoin predicate');
  }
}

/** [WITH …] DELETE [FROM] t [USING …] [WHERE …] */
export function readDelete(reading: Reading, head = ''): Plan {
  const { cursor } = reading;
  cursor.expect('delete');
  const from = cursor.take('from');
  const target = readTarget(reading);
  const scope = targetScope(target);
  reading.scopes.push(scope);
  // No alias may stand here: whatever is not a clause is a syntax error. USING wants FROM.
  if (!from && cursor.is('using')) cursor.fail();
  const using = cursor.take('using') ? ` using ${readFrom(reading, scope)}` : '';
  const where = cursor.take('where') ? ` where ${readExpression(reading).sql}` : '';
  refuseAfter(reading);
  return plan('count', {
    sql: `${head} delete from ${tableNameSql(target)}${using}${where}`,
    reads: [...reading.reads, target],
    writes: [target],
    realTables: [target],
  });
}

/** MERGE INTO t USING source ON … with both WHEN clauses, or REMOVE DUPLICATES. */
export function readMerge(reading: Reading): Plan {
  const { cursor } = reading;
  cursor.expect('merge', 'into');
  const target = readTarget(reading);
  // Here an alias of the target fails, as one of DELETE does.
  cursor.expect('using');
  if (cursor.is('(')) notSupported('A subquery as the source of MERGE');
  const source = readTableName(reading);
  const sourceSql = tableSql(reading, source);
  const scope = targetScope(target);
  reading.scopes.push(scope);
  const as = cursor.take('as');
  const alias = as || (cursor.isName() && !cursor.is('on')) ? cursor.name() : source.name;
  scope.tables.set(alias, alias === source.name ? source.schema : null);
  cursor.expect('on');
  const on = readExpression(reading).sql;
  if (cursor.is('remove', 'duplicates')) notEmulated('MERGE … REMOVE DUPLICATES');
  const matched = readMatched(reading);
  const missing = readNotMatched(reading);
  if (matched === null || missing === null)
    throw new ServerError('0A000', 'MERGE statement with a single WHEN clause is not enabled.');
  cursor.atEnd();
  return plan('count', {
    sql: `merge into ${tableNameSql(target)} using ${sourceSql} as ${quoteName(alias)} on ${on} ${matched} ${missing}`,
    reads: [...reading.reads, target],
    writes: [target],
    realTables: [target, source],
    tag: 'MERGE',
  });
}

function readMatched(reading: Reading): string | null {
  const { cursor } = reading;
  if (!cursor.take('when', 'matched')) return null;
  if (cursor.is('and')) notSupported('AND after WHEN MATCHED');
  cursor.expect('then');
  if (cursor.take('delete')) return 'when matched then delete';
  cursor.expect('update', 'set');
  return `when matched then update set ${readAssignments(reading)}`;
}

function readNotMatched(reading: Reading): string | null {
  const { cursor } = reading;
  if (!cursor.take('when', 'not', 'matched')) return null;
  if (cursor.is('and')) notSupported('AND after WHEN NOT MATCHED');
  cursor.expect('then', 'insert');
  const columns = cursor.is('(') ? ` (${readNames(reading).map(quoteName).join(', ')})` : '';
  cursor.expect('values');
  const values = cursor.inParentheses(() =>
    cursor.list(() => (cursor.take('default') ? 'default' : readExpression(reading).sql)),
  );
  return `when not matched then insert${columns} values (${values.join(', ')})`;
}
