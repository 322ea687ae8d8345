import { type Cursor, notEmulated, notSupported, quoteName } from '../session/cursor.ts';
import { readExpression, readList } from './expression.ts';
import { readFrom } from './from.ts';
import { readOrder } from './function-call.ts';
import { refuseCorrelation } from './path.ts';
import { type Expression, newScope, type Reading, type Scope } from './reading.ts';

/** SQL of a query, with the names of what it gives. */
export interface Query {
  readonly sql: string;
  readonly names: readonly string[];
  /** What its FROM makes known, where it is one SELECT: its ORDER BY may name that too. */
  readonly scope?: Scope;
}

/** Whether a query begins here, perhaps within parentheses. */
export function startsQuery(cursor: Cursor): boolean {
  let ahead = 0;
  while (cursor.isAhead(ahead, '(')) ahead += 1;
  if (cursor.isAhead(ahead, 'values')) notSupported('VALUES outside INSERT');
  return cursor.isAhead(ahead, 'select') || cursor.isAhead(ahead, 'with');
}

/** WITH … SELECT … UNION … ORDER BY … LIMIT … OFFSET … */
export function readQuery(reading: Reading): Query {
  const { cursor, common } = reading;
  const known = common.length;
  const parts: string[] = [];
  if (cursor.is('with')) parts.push(readWith(reading));
  const { sql, names, scope } = readSet(reading);
  parts.push(sql);
  if (cursor.take('order', 'by')) {
    if (scope !== undefined) reading.scopes.push(scope);
    parts.push(`order by ${readOrder(reading, true)}`);
    if (scope !== undefined) reading.scopes.pop();
  }
  for (const clause of ['limit', 'offset', 'limit']) {
    if (!cursor.take(clause)) continue;
    if (clause === 'limit' && cursor.take('all')) continue;
    parts.push(`${clause} ${readExpression(reading).sql}`);
  }
  if (cursor.is('fetch')) notSupported('FETCH FIRST');
  if (cursor.is('for', 'update') || cursor.is('for', 'share')) notSupported('SELECT FOR UPDATE');
  common.length = known;
  return { sql: parts.join(' '), names };
}

/** WITH [RECURSIVE] name [(columns)] AS (query), … */
export function readWith(reading: Reading): string {
  const { cursor, common } = reading;
  cursor.expect('with');
  if (cursor.is('recursive') && !cursor.isAhead(1, 'as')) notEmulated('WITH RECURSIVE');
  const tables = cursor.list(() => {
    const name = cursor.name();
    const columns = cursor.is('(') ? cursor.inParentheses(() => cursor.list(() => cursor.name())) : [];
    cursor.expect('as');
    if (cursor.isOne('materialized', 'not')) notSupported('WITH … AS MATERIALIZED');
    const inner = cursor.inParentheses(() => {
      if (!startsQuery(cursor)) notSupported('A statement other than a query in WITH');
      return withoutScopes(reading, () => readQuery(reading));
    });
    common.push(name);
    const list = columns.length === 0 ? '' : ` (${columns.map(quoteName).join(', ')})`;
    // Redshift, like old PostgreSQL, computes a common table once.
    return `${quoteName(name)}${list} as materialized (${inner.sql})`;
  });
  return `with ${tables.join(', ')}`;
}

function withoutScopes<T>(reading: Reading, work: () => T): T {
  const kept = reading.scopes.splice(0);
  try {
    return work();
  } finally {
    reading.scopes.push(...kept);
  }
}

const setOperators: Readonly<Record<string, string>> = {
  union: 'union',
  intersect: 'intersect',
  except: 'except',
  minus: 'except',
};

function readSet(reading: Reading): Query {
  const { cursor } = reading;
  const first = readTerm(reading);
  let { sql } = first;
  for (;;) {
    const word = cursor.takeOne('union', 'intersect', 'except', 'minus');
    if (word === null) return sql === first.sql ? first : { sql, names: first.names };
    let operator = setOperators[word] as string;
    if (cursor.take('all')) {
      if (word !== 'union') notSupported(`${word.toUpperCase()} ALL`);
      operator += ' all';
    } else cursor.take('distinct');
    sql = `${sql} ${operator} ${readTerm(reading).sql}`;
  }
}

function readTerm(reading: Reading): Query {
  const { cursor } = reading;
  if (!cursor.is('(')) return readSelect(reading);
  return cursor.inParentheses(() => {
    const { sql, names } = readQuery(reading);
    return { sql: `(${sql})`, names };
  });
}

function readSelect(reading: Reading): Query {
  const { cursor, scopes } = reading;
  cursor.expect('select');
  const start = cursor.at;
  // FROM is read first: what its aliases stand for decides how the select list reads.
  const scope = newScope();
  scopes.push(scope);
  const listEnd = endOfList(cursor);
  cursor.at = listEnd;
  const from = cursor.take('from') ? ` from ${readFrom(reading, scope)}` : '';
  const afterFrom = cursor.at;
  cursor.at = start;
  const list = readSelectList(reading);
  if (cursor.at !== listEnd) cursor.fail();
  cursor.at = afterFrom;
  const sql = `select ${list.sql}${from}${readClauses(reading)}`;
  scopes.pop();
  if (scope.correlated && scope.windowed) refuseCorrelation();
  return { sql, names: list.names, scope };
}

function readClauses(reading: Reading): string {
  const { cursor } = reading;
  const parts: string[] = [];
  if (cursor.is('connect') || cursor.is('start', 'with')) notEmulated('CONNECT BY');
  if (cursor.take('where')) parts.push(` where ${readExpression(reading).sql}`);
  if (cursor.take('group', 'by')) {
    if (cursor.isOne('all', 'rollup', 'cube', 'grouping'))
      notEmulated('ROLLUP, CUBE, GROUPING SETS and GROUP BY ALL');
    parts.push(` group by ${readList(reading)}`);
  }
  if (cursor.take('having')) parts.push(` having ${readExpression(reading).sql}`);
  if (cursor.is('qualify')) notEmulated('QUALIFY');
  if (cursor.is('window')) notSupported('The WINDOW clause');
  return parts.join('');
}

const afterList = new Set(
  'from where group having order limit offset union except intersect minus qualify into'.split(' '),
);

/** Where the select list ends that begins here. */
function endOfList(cursor: Cursor): number {
  let depth = 0;
  for (let i = cursor.at; i < cursor.tokens.length; i += 1) {
    const token = cursor.tokens[i];
    if (token === undefined) break;
    if (token.kind === 'symbol' && '(['.includes(token.value)) depth += 1;
    if (token.kind === 'symbol' && ')]'.includes(token.value)) {
      if (depth === 0) return i;
      depth -= 1;
    }
    if (depth > 0 || token.kind !== 'word' || !afterList.has(token.value)) continue;
    const [before, after] = [cursor.tokens[i - 1]?.value, cursor.tokens[i + 1]?.value];
    const needsBy = token.value === 'group' || token.value === 'order';
    if (before !== '.' && (!needsBy || after === 'by')) return i;
  }
  return cursor.tokens.length;
}

function readSelectList(reading: Reading): Query {
  const { cursor } = reading;
  const words: string[] = [];
  if (cursor.take('top')) notEmulated('TOP');
  if (cursor.take('distinct')) {
    if (cursor.is('on')) notSupported('SELECT DISTINCT ON');
    words.push('distinct ');
  } else cursor.take('all');
  const items = cursor.list(() => readItem(reading));
  if (cursor.is('into')) notEmulated('SELECT INTO');
  return {
    sql: words.join('') + items.map(({ sql }) => sql).join(', '),
    names: items.map(({ name }) => name),
  };
}

function readItem(reading: Reading): { sql: string; name: string } {
  const { cursor } = reading;
  if (cursor.take('*')) return { sql: '*', name: '*' };
  const { sql, name: own }: Expression = readExpression(reading);
  if (own === '*') return { sql, name: own };
  const given = cursor.take('as') ? cursor.label() : cursor.isName() ? cursor.name() : null;
  const name = given ?? own;
  if (given === null && name === '?column?') return { sql, name };
  return { sql: `${sql} as ${quoteName(name)}`, name };
}
