import { ServerError } from '../copy/copy-session.ts';
import { readTableName, tableNameSql } from '../grammar/from.ts';
import { readQuery } from '../grammar/query.ts';
import type { Reading, TableName } from '../grammar/reading.ts';
import { notEmulated, notSupported, quoteName, quoteString } from '../session/cursor.ts';
import { type Plan, runs } from '../session/plan.ts';

/** CREATE SCHEMA [IF NOT EXISTS] name [AUTHORIZATION user] */
export function readCreateSchema({ cursor }: Reading): Plan {
  cursor.expect('schema');
  const ifNotExists = cursor.take('if', 'not', 'exists') ? 'if not exists ' : '';
  const name = cursor.name();
  if (cursor.take('authorization')) cursor.name();
  if (cursor.is('quota')) notEmulated('QUOTA of a schema');
  return runs('CREATE SCHEMA', async (work) => {
    await work.query(`create schema ${ifNotExists}${quoteName(name)}`);
  });
}

/** CREATE [OR REPLACE] VIEW name [(columns)] AS query */
export function readCreateView(reading: Reading, replace: boolean): Plan {
  const { cursor } = reading;
  cursor.expect('view');
  const name = tableNameSql(readTableName(reading));
  const columns = cursor.is('(') ? cursor.inParentheses(() => cursor.list(() => cursor.name())) : [];
  cursor.expect('as');
  const { sql } = readQuery(reading);
  if (cursor.is('with', 'no', 'schema', 'binding')) notEmulated('late-binding views');
  const list = columns.length === 0 ? '' : ` (${columns.map(quoteName).join(', ')})`;
  return runs(
    'CREATE VIEW',
    async (work) => {
      await work.query(`create ${replace ? 'or replace ' : ''}view ${name}${list} as ${sql}`);
    },
    { reads: reading.reads },
  );
}

/** DROP { TABLE | VIEW | SCHEMA } [IF EXISTS] name, … [CASCADE | RESTRICT] */
export function readDrop(reading: Reading): Plan {
  const { cursor } = reading;
  cursor.expect('drop');
  const kind = cursor.takeOne('table', 'view', 'schema') ?? notEmulated(`DROP ${cursor.peek()?.text ?? ''}`);
  const ifExists = cursor.take('if', 'exists') ? 'if exists ' : '';
  const names = cursor.list(() =>
    kind === 'schema' ? quoteName(cursor.name()) : tableNameSql(readTableName(reading)),
  );
  const how = cursor.takeOne('cascade', 'restrict') ?? '';
  if (kind === 'schema' && names.includes('"redshift_double"'))
    throw new ServerError('3F000', 'schema "redshift_double" does not exist');
  return runs(`DROP ${kind.toUpperCase()}`, async (work) => {
    await work.query(`drop ${kind} ${ifExists}${names.join(', ')} ${how}`);
  });
}

/** TRUNCATE [TABLE] t, which commits the transaction that it stands in. */
export function readTruncate(reading: Reading): Plan {
  const { cursor } = reading;
  cursor.expect('truncate');
  cursor.take('table');
  const table = readTableName(reading);
  if (cursor.isOne(',', 'restart', 'continue', 'cascade', 'restrict'))
    notSupported(`TRUNCATE … ${cursor.next().text}`);
  return runs(
    'TRUNCATE TABLE',
    async (work) => {
      await work.query(`truncate ${tableNameSql(table)}`);
    },
    { writes: [table], realTables: [table], block: 'ends' },
  );
}

/** LOCK [TABLE] a, b: always ACCESS EXCLUSIVE, with no clause for the mode. */
export function readLock(reading: Reading): Plan {
  const { cursor } = reading;
  cursor.expect('lock');
  cursor.take('table');
  const tables = cursor.list(() => readTableName(reading));
  if (cursor.is('in')) notSupported('A mode of LOCK');
  return runs(
    'LOCK TABLE',
    async (work) => {
      await work.query(`lock table ${tables.map(tableNameSql).join(', ')} in access exclusive mode`);
    },
    { block: 'inside' },
  );
}

/** ANALYZE and VACUUM: only the rules of where they may stand, and that the table exists. */
export function readUpkeep(reading: Reading): Plan {
  const { cursor } = reading;
  const word = cursor.next().value;
  if (word === 'vacuum') {
    if (!cursor.take('sort', 'only') && !cursor.take('delete', 'only'))
      cursor.takeOne('full', 'reindex', 'recluster');
  } else if (cursor.is('compression')) notEmulated('ANALYZE COMPRESSION');
  else cursor.take('verbose');
  let table: TableName | null = null;
  if (cursor.isName() && !cursor.is('predicate') && !cursor.is('boost')) {
    table = readTableName(reading);
    if (word !== 'vacuum' && cursor.is('(')) cursor.inParentheses(() => cursor.list(() => cursor.name()));
    if (word === 'vacuum' && cursor.take('to')) {
      cursor.number();
      cursor.expect('percent');
    }
  }
  if (word !== 'vacuum' && cursor.is('predicate')) notEmulated('ANALYZE PREDICATE COLUMNS');
  if (word === 'vacuum') cursor.take('boost');
  const name = table === null ? '' : tableNameSql(table);
  return runs(
    word === 'vacuum' ? 'VACUUM' : 'ANALYZE',
    async (work) => {
      if (word !== 'vacuum') await work.query(`analyze ${name}`);
    },
    { block: word === 'vacuum' ? 'outside' : 'anywhere', realTables: table === null ? [] : [table] },
  );
}

/** GRANT, REVOKE and users: read over, since every login may do everything. */
export function readPrivileges(reading: Reading): Plan {
  const { cursor } = reading;
  const tag = cursor.next().value.toUpperCase();
  cursor.at = cursor.tokens.length;
  return runs(tag, async () => {});
}

/** CREATE USER and DROP USER: noted in pg_user. */
export function readUser({ cursor }: Reading): Plan {
  const word = cursor.next().value;
  cursor.expect('user');
  if (word === 'drop') cursor.take('if', 'exists');
  const name = quoteString(cursor.name());
  if (word === 'create') cursor.take('with');
  if (word !== 'drop') {
    if (cursor.take('password') && !cursor.take('disable')) cursor.string();
    while (cursor.takeOne('createdb', 'nocreatedb', 'createuser', 'nocreateuser') !== null);
  }
  return runs(`${word.toUpperCase()} USER`, async (work) => {
    if (word === 'create') await work.query(`select redshift_double.add_login(${name})`);
    if (word === 'drop') await work.query(`delete from redshift_double.logins where name = ${name}`);
  });
}

/** COMMENT ON { TABLE | COLUMN | VIEW | SCHEMA } name IS 'text' */
export function readComment(reading: Reading): Plan {
  const { cursor } = reading;
  cursor.expect('comment', 'on');
  const kind = cursor.takeOne('table', 'column', 'view', 'schema') ?? notEmulated('COMMENT on this');
  const names = [cursor.name()];
  while (cursor.take('.')) names.push(cursor.name());
  cursor.expect('is');
  const text = cursor.take('null') ? 'null' : quoteString(cursor.string());
  return runs('COMMENT', async (work) => {
    await work.query(`comment on ${kind} ${names.map(quoteName).join('.')} is ${text}`);
  });
}

/** What a statement is refused with that wants no transaction block around it. */
export function refuseBlock(what: string): ServerError {
  return new ServerError('25001', `${what} cannot run inside a transaction block`);
}
