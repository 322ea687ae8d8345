import { notEmulated, notSupported, quoteString } from '../session/cursor.ts';
import { readType } from '../tables/column-types.ts';
import { castTo } from './cast.ts';
import { isCall, readCall } from './function-call.ts';
import type { Token } from './lexer.ts';
import { readPath } from './path.ts';
import { readQuery, startsQuery } from './query.ts';
import { type Expression, expression, type Reading } from './reading.ts';

const comparisons = new Set(['=', '<>', '!=', '<', '>', '<=', '>=']);
const operators = new Set([
  ...comparisons,
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '||',
  '~',
  '~*',
  '!~',
  '!~*',
  '&',
  '|',
  '#',
]);
const lacking = new Set(['->', '->>', '#>', '#>>', '@>', '<@']);

/** Reads an expression; the database behind the double judges precedence, which both have in common. */
export function readExpression(reading: Reading): Expression {
  const { cursor } = reading;
  const parts: string[] = [];
  for (let operator: string | null = null; ; ) {
    for (let prefix = takePrefix(reading); prefix !== null; prefix = takePrefix(reading)) parts.push(prefix);
    if (operator !== null && comparisons.has(operator) && cursor.isOne('any', 'some', 'all')) {
      parts.push(readAnyAll(reading));
      operator = takeOperator(reading);
    } else {
      const operand: Expression = readPredicates(reading, readCasts(reading, readOperand(reading)));
      if (operator !== null && comparesValues(operator)) refuseNavigated(operand);
      parts.push(operand.sql);
      operator = takeOperator(reading);
      if (operator === null && parts.length === 1) return operand;
      if (operator !== null && comparesValues(operator)) refuseNavigated(operand);
    }
    if (operator === null) return expression(parts.join(' '));
    parts.push(operator);
  }
}

function comparesValues(operator: string): boolean {
  return !['and', 'or'].includes(operator);
}

function refuseNavigated({ navigated }: Expression): void {
  if (navigated) notEmulated('comparing a SUPER value without a cast');
}

function takePrefix({ cursor }: Reading): string | null {
  return cursor.takeOne('not', '-', '+', '@', '|/', '~');
}

function takeOperator({ cursor }: Reading): string | null {
  const token = cursor.peek();
  if (token === undefined) return null;
  if (token.kind === 'symbol') {
    if (lacking.has(token.value)) notSupported(`The operator ${token.value}`);
    if (!operators.has(token.value)) return null;
    return cursor.next().value;
  }
  if (token.kind !== 'word') return null;
  const logical = cursor.takeOne('and', 'or', 'escape');
  if (logical !== null) return logical;
  if (cursor.take('at', 'time', 'zone')) return 'at time zone';
  const not = cursor.is('not') ? 1 : 0;
  for (const words of [['like'], ['ilike'], ['similar', 'to'], ['between']]) {
    if (!cursor.isAhead(not, ...words)) continue;
    cursor.at += not + words.length;
    return `${not ? 'not ' : ''}${words.join(' ')}`;
  }
  if (cursor.is('collate')) notEmulated('COLLATE in an expression');
  return null;
}

/** `:: type`, which may be repeated. */
function readCasts(reading: Reading, operand: Expression): Expression {
  let result = operand;
  while (reading.cursor.take('::')) result = castTo(result, readType(reading.cursor));
  return result;
}

/** IS NULL, ISNULL, IN (…) and their like. */
function readPredicates(reading: Reading, operand: Expression): Expression {
  const { cursor } = reading;
  let { sql } = operand;
  let found = false;
  for (;;) {
    if (cursor.take('is')) {
      const not = cursor.take('not') ? ' not' : '';
      if (cursor.is('distinct')) notSupported('IS DISTINCT FROM');
      const what = cursor.takeOne('null', 'true', 'false', 'unknown') ?? cursor.fail();
      // A JSON null counts as NULL.
      if (operand.navigated && what === 'null') sql = `nullif(${sql}, 'null'::jsonb)`;
      sql = `${sql} is${not} ${what}`;
    } else if (cursor.isOne('isnull', 'notnull')) {
      sql = `${sql} is ${cursor.next().value === 'isnull' ? 'null' : 'not null'}`;
    } else if (cursor.is('in') || cursor.is('not', 'in')) {
      refuseNavigated(operand);
      const not = cursor.take('not') ? 'not ' : '';
      cursor.expect('in');
      const list = cursor.inParentheses(() => readListOrQuery(reading));
      sql = `${sql} ${not}in (${list})`;
    } else return found ? expression(sql) : operand;
    found = true;
  }
}

function readListOrQuery(reading: Reading): string {
  return startsQuery(reading.cursor) ? readQuery(reading).sql : readList(reading);
}

/** Expressions between commas. */
export function readList(reading: Reading): string {
  return reading.cursor.list(() => readExpression(reading).sql).join(', ');
}

function readAnyAll(reading: Reading): string {
  const { cursor } = reading;
  const word = cursor.next().value;
  return cursor.inParentheses(() => {
    if (!startsQuery(cursor)) notSupported('ANY of an array');
    return `${word} (${readQuery(reading).sql})`;
  });
}

function readOperand(reading: Reading): Expression {
  const { cursor } = reading;
  const token = cursor.peek();
  if (token === undefined) return cursor.fail();
  if (token.kind === 'number') return expression(cursor.next().text);
  if (token.kind === 'string') return expression(quoteString(cursor.next().value));
  if (token.kind === 'parameter') return expression(cursor.next().text);
  if (token.kind === 'symbol') return token.value === '(' ? readParenthesised(reading) : cursor.fail();
  if (token.kind === 'word') {
    const special = readSpecial(reading, token);
    if (special !== null) return special;
  }
  return isCall(reading) ? readCall(reading) : readPath(reading);
}

function readParenthesised(reading: Reading): Expression {
  const { cursor } = reading;
  return cursor.inParentheses(() => {
    if (startsQuery(cursor)) return expression(`(${readQuery(reading).sql})`);
    const inner = readExpression(reading);
    if (cursor.is(',')) notSupported('A row constructor');
    return expression(`(${inner.sql})`, inner.name, inner.navigated);
  });
}

const constants: Readonly<Record<string, string>> = {
  null: 'null',
  true: 'true',
  false: 'false',
  current_date: 'current_date',
  sysdate: 'localtimestamp',
  current_user: 'redshift_double.login()',
  session_user: 'redshift_double.login()',
  user: 'redshift_double.login()',
  current_user_id: 'redshift_double.login_id()',
};

/** What begins with a word that is neither a name nor a function. */
function readSpecial(reading: Reading, { value }: Token): Expression | null {
  const { cursor } = reading;
  const constant = constants[value];
  if (constant !== undefined) {
    cursor.next();
    return expression(constant, value === 'true' || value === 'false' ? 'bool' : value);
  }
  switch (value) {
    case 'case':
      return readCase(reading);
    case 'cast':
      cursor.next();
      return cursor.inParentheses(() => {
        const inner = readExpression(reading);
        cursor.expect('as');
        return castTo(inner, readType(cursor));
      });
    case 'exists':
      cursor.next();
      return expression(`exists (${cursor.inParentheses(() => readQuery(reading).sql)})`, 'exists');
    case 'current_timestamp':
    case 'current_time':
    case 'localtime':
    case 'localtimestamp':
      return notEmulated(`${value} (a leader-node function)`);
    case 'array':
      if (cursor.isAhead(1, '[')) notSupported('An array constructor');
      return notEmulated('the function array()');
    case 'row':
      if (cursor.isAhead(1, '(')) notSupported('A row constructor');
      return null;
  }
  return readTypedLiteral(reading);
}

/** `timestamp 'epoch'`, `date '…'`, `interval '1 second'` */
function readTypedLiteral({ cursor }: Reading): Expression | null {
  for (const words of [
    ['timestamp', 'with', 'time', 'zone'],
    ['timestamp', 'without', 'time', 'zone'],
    ['timestamp'],
    ['timestamptz'],
    ['date'],
    ['time'],
    ['interval'],
  ]) {
    if (!cursor.is(...words) || cursor.peek(words.length)?.kind !== 'string') continue;
    cursor.at += words.length;
    const text = quoteString(cursor.string());
    const name = words[0] as string;
    return expression(`${words.join(' ')} ${text}`, name);
  }
  return null;
}

function readCase(reading: Reading): Expression {
  const { cursor } = reading;
  cursor.expect('case');
  const parts = ['case'];
  if (!cursor.is('when')) {
    const subject = readExpression(reading);
    refuseNavigated(subject);
    parts.push(subject.sql);
  }
  while (cursor.take('when')) {
    parts.push('when', readExpression(reading).sql);
    cursor.expect('then');
    parts.push('then', readExpression(reading).sql);
  }
  if (parts.length < 3) cursor.fail();
  if (cursor.take('else')) parts.push('else', readExpression(reading).sql);
  cursor.expect('end');
  return expression(`${parts.join(' ')} end`, 'case');
}
