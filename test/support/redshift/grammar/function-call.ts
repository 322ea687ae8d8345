import { ServerError } from '../copy/copy-session.ts';
import { notEmulated, notSupported, quoteString } from '../session/cursor.ts';
import { readType } from '../tables/column-types.ts';
import {
  datePart,
  type KnownFunction,
  knownFunction,
  leaderFunctions,
  unsupportedFunctions,
} from '../tables/functions.ts';
import { castTo } from './cast.ts';
import { readExpression, readList } from './expression.ts';
import { type Expression, expression, type Reading } from './reading.ts';

/** Functions whose names are reserved words. */
const reservedNames = new Set(['left', 'right', 'isnull', 'timestamp', 'user']);
/** Aggregates and others that want a frame where their window is ordered. */
const framed = new Set(
  'sum count min max avg stddev_samp stddev_pop var_samp var_pop first_value last_value nth_value'.split(' '),
);

/** Whether a call of a function begins here. */
export function isCall({ cursor }: Reading): boolean {
  const token = cursor.peek();
  if (token?.kind !== 'word') return false;
  if (cursor.isAhead(1, '(')) return cursor.isName() || reservedNames.has(token.value);
  return cursor.is('pg_catalog', '.') && cursor.isAhead(3, '(');
}

/** A call of a function, with its window if it has one. */
export function readCall(reading: Reading): Expression {
  const { cursor } = reading;
  cursor.take('pg_catalog', '.');
  const name = cursor.next().value;
  if (name === 'extract') return readExtract(reading);
  if (name === 'convert') return readConvert(reading);
  const found = knownFunction(name);
  if (found === undefined && name !== 'position' && name !== 'trim') refuse(name);
  if (leaderFunctions.has(name)) reading.leader.push(name);
  cursor.expect('(');
  if (name === 'position') return readPosition(reading);
  if (name === 'trim') return readTrim(reading);
  return readKnown(reading, name, found as KnownFunction);
}

function refuse(name: string): never {
  if (unsupportedFunctions.has(name)) notSupported(`Function "${name}"`);
  return notEmulated(`the function ${name}()`);
}

function readKnown(reading: Reading, name: string, found: KnownFunction): Expression {
  const { cursor } = reading;
  let distinct = '';
  const args: string[] = [];
  if (found.kind === 'aggregate' && cursor.takeOne('distinct', 'all') === 'distinct') distinct = 'distinct ';
  if (found.part) {
    const token = cursor.next();
    if (token.kind !== 'word' && token.kind !== 'string' && token.kind !== 'quoted') cursor.fail();
    args.push(datePart(token.value));
    cursor.expect(',');
    args.push(...cursor.list(() => readExpression(reading).sql));
  } else if (name === 'count' && cursor.take('*')) args.push('*');
  else if (!cursor.is(')')) args.push(...readArguments(reading));
  if (cursor.is('order')) notSupported('ORDER BY among the arguments of an aggregate');
  if (cursor.isOne('ignore', 'respect')) notEmulated('IGNORE NULLS and RESPECT NULLS');
  cursor.expect(')');
  if (args.length < found.least || args.length > found.most)
    throw new ServerError('42883', `function ${name} does not take ${args.length} arguments`);
  const sql = name === 'listagg' ? readListagg(reading, distinct, args) : called(found, distinct, args);
  return expression(`${sql}${readAfterCall(reading, name, found)}`, found.name);
}

function readArguments(reading: Reading): string[] {
  return reading.cursor.list(() => readExpression(reading).sql);
}

function called(found: KnownFunction, distinct: string, args: readonly string[]): string {
  return found.sql([`${distinct}${args[0] ?? ''}`, ...args.slice(1)].filter((arg) => arg !== ''));
}

/** LISTAGG([DISTINCT] value [, separator]) WITHIN GROUP (ORDER BY …) */
function readListagg(reading: Reading, distinct: string, args: readonly string[]): string {
  const { cursor } = reading;
  let order = '';
  if (cursor.take('within', 'group'))
    order = cursor.inParentheses(() => {
      cursor.expect('order', 'by');
      return ` order by ${readOrder(reading, false)}`;
    });
  if (cursor.is('over')) notEmulated('LISTAGG as a window function');
  const [value, separator = "''"] = args;
  // PostgreSQL orders distinct values only by themselves, so they are not made text before.
  if (distinct !== '')
    return `nullif(array_to_string(array_agg(distinct ${value}${order}), ${separator}), '')`;
  return `string_agg((${value})::text, ${separator}${order})`;
}

function readAfterCall(reading: Reading, name: string, { kind }: KnownFunction): string {
  const { cursor } = reading;
  if (cursor.is('filter') && cursor.isAhead(1, '(')) notSupported('FILTER of an aggregate');
  if (cursor.isOne('ignore', 'respect')) notEmulated('IGNORE NULLS and RESPECT NULLS');
  if (cursor.is('within')) notEmulated('WITHIN GROUP, except of LISTAGG');
  if (!cursor.take('over')) {
    if (kind === 'window') throw new ServerError('42601', `window function ${name} requires an OVER clause`);
    return '';
  }
  if (kind === 'scalar') cursor.fail();
  const scope = reading.scopes.at(-1);
  if (scope !== undefined) scope.windowed = true;
  if (!cursor.is('(')) notEmulated('named windows');
  return ` over (${cursor.inParentheses(() => readWindow(reading, name))})`;
}

function readWindow(reading: Reading, name: string): string {
  const { cursor } = reading;
  const parts: string[] = [];
  if (cursor.take('partition', 'by')) parts.push(`partition by ${readList(reading)}`);
  let ordered = false;
  if (cursor.take('order', 'by')) {
    ordered = true;
    parts.push(`order by ${readOrder(reading, false)}`);
  }
  if (cursor.take('rows')) parts.push(`rows ${readFrame(reading)}`);
  else if (cursor.isOne('range', 'groups')) notSupported('A window frame by RANGE or GROUPS');
  else if (ordered && framed.has(name))
    throw new ServerError(
      '42601',
      'Aggregate window functions with an ORDER BY clause require a frame clause',
    );
  return parts.join(' ');
}

function readFrame(reading: Reading): string {
  if (!reading.cursor.take('between')) return readBound(reading);
  const from = readBound(reading);
  reading.cursor.expect('and');
  return `between ${from} and ${readBound(reading)}`;
}

function readBound({ cursor }: Reading): string {
  if (cursor.take('current', 'row')) return 'current row';
  const count = cursor.take('unbounded') ? 'unbounded' : String(cursor.number());
  return `${count} ${cursor.takeOne('preceding', 'following') ?? cursor.fail()}`;
}

/** The terms of ORDER BY; windows take no NULLS FIRST or LAST. */
export function readOrder(reading: Reading, nulls: boolean): string {
  const { cursor } = reading;
  const terms = cursor.list(() => {
    let { sql } = readExpression(reading);
    const direction = cursor.takeOne('asc', 'desc');
    if (direction !== null) sql += ` ${direction}`;
    if (cursor.take('nulls')) {
      if (!nulls) notEmulated('NULLS FIRST and NULLS LAST in a window (the guide contradicts itself)');
      sql += ` nulls ${cursor.takeOne('first', 'last') ?? cursor.fail()}`;
    }
    return sql;
  });
  return terms.join(', ');
}

function readExtract(reading: Reading): Expression {
  const { cursor } = reading;
  return cursor.inParentheses(() => {
    const token = cursor.next();
    if (token.kind !== 'word' && token.kind !== 'string') cursor.fail();
    const part = datePart(token.value);
    cursor.expect('from');
    return expression(`redshift_double.extract(${part}, ${readExpression(reading).sql})`, 'date_part');
  });
}

function readConvert(reading: Reading): Expression {
  const { cursor } = reading;
  return cursor.inParentheses(() => {
    const type = readType(cursor);
    cursor.expect(',');
    return castTo(readExpression(reading), type);
  });
}

/** POSITION(part IN text); the part is a plain operand, or IN would be taken for the predicate. */
function readPosition(reading: Reading): Expression {
  const { cursor } = reading;
  const token = cursor.next();
  if (token.kind !== 'string' && token.kind !== 'parameter') notEmulated('POSITION of other than a literal');
  cursor.expect('in');
  const text = readExpression(reading).sql;
  cursor.expect(')');
  const part = token.kind === 'string' ? quoteString(token.value) : token.text;
  return expression(`strpos(${text}, ${part})`, 'position');
}

/** TRIM([BOTH] ['characters' FROM] text) */
function readTrim(reading: Reading): Expression {
  const { cursor } = reading;
  const side = cursor.takeOne('both', 'leading', 'trailing');
  const first = readExpression(reading).sql;
  const functionName = side === 'leading' ? 'ltrim' : side === 'trailing' ? 'rtrim' : 'btrim';
  const sql = cursor.take('from')
    ? `${functionName}(${readExpression(reading).sql}, ${first})`
    : `${functionName}(${first})`;
  cursor.expect(')');
  return expression(sql, functionName);
}
