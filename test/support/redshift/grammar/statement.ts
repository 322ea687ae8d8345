import { ServerError } from '../copy/copy-session.ts';
import { type Cursor, notEmulated, notSupported, quoteName } from '../session/cursor.ts';
import { type Plan, plan, runs } from '../session/plan.ts';
import { readReset, readSet, readShow } from '../session/settings.ts';
import { readAlterTable } from '../tables/alter-table.ts';
import { readCreateTable } from '../tables/create-table.ts';
import * as ddl from '../tables/ddl.ts';
import {
  readDelete,
  readInsert,
  readMerge,
  readSelect,
  readUpdate,
  readWithStatement,
} from '../tables/dml.ts';
import { readQuery } from './query.ts';
import { type Reading, startReading } from './reading.ts';

/** What reading a statement needs to know of its session. */
export interface SessionFacts {
  readonly settings: ReadonlyMap<string, string>;
}

/** Reads one statement; what is not documented grammar is refused. */
export function readStatement(sql: string, { settings }: SessionFacts): Plan {
  const isOn = (name: string) => settings.get(name) === 'on';
  const reading = startReading(sql, {
    caseSensitiveIdentifiers: isOn('enable_case_sensitive_identifier'),
    caseSensitiveAttributes: isOn('enable_case_sensitive_super_attribute'),
  });
  const { cursor } = reading;
  if (cursor.tokens.some(({ text }) => text === ';')) notEmulated('more than one statement in a message');
  const found = readFirst(reading, settings);
  if (found.kind !== 'copy' && found.kind !== 'unload') cursor.atEnd();
  const { length: tables } = [...found.reads, ...found.writes, ...reading.compute];
  const touches = tables > 0 || found.tag === 'CREATE TABLE';
  if (reading.leader.length > 0 && touches)
    throw new ServerError(
      '0A000',
      'Specified types or functions (one per INFO message) not supported on Redshift tables.',
      `on the leader node only: ${reading.leader.join(', ')}`,
    );
  return found;
}

function readFirst(reading: Reading, settings: ReadonlyMap<string, string>): Plan {
  const { cursor } = reading;
  const word = cursor.peek()?.value ?? '';
  switch (word) {
    case '(':
    case 'select':
      return readSelect(reading);
    case 'with':
      return readWithStatement(reading);
    case 'insert':
      return readInsert(reading);
    case 'update':
      return readUpdate(reading);
    case 'delete':
      return readDelete(reading);
    case 'merge':
      return readMerge(reading);
    case 'copy':
    case 'unload':
      return plan(word);
    case 'create':
      return readCreate(reading);
    case 'drop':
      return cursor.isAhead(1, 'user') ? ddl.readUser(reading) : ddl.readDrop(reading);
    case 'alter':
      return cursor.isAhead(1, 'user') ? ddl.readUser(reading) : readAlterTable(reading);
    case 'truncate':
      return ddl.readTruncate(reading);
    case 'lock':
      return ddl.readLock(reading);
    case 'analyze':
    case 'analyse':
    case 'vacuum':
      return ddl.readUpkeep(reading);
    case 'grant':
    case 'revoke':
      return ddl.readPrivileges(reading);
    case 'comment':
      return ddl.readComment(reading);
    case 'set':
      return readSet(reading);
    case 'reset':
      return readReset(reading);
    case 'show':
      return readShow(reading, settings);
  }
  return readControl(reading, word);
}

function readControl(reading: Reading, word: string): Plan {
  const { cursor } = reading;
  switch (word) {
    case 'begin':
    case 'start':
      return readBegin(cursor);
    case 'commit':
    case 'end':
      return readEnd(cursor, 'commit', 'COMMIT');
    case 'rollback':
    case 'abort':
      return readEnd(cursor, 'rollback', 'ROLLBACK');
    case 'explain':
      return readExplain(reading);
    case 'declare':
      return readDeclare(reading);
    case 'fetch':
    case 'close':
      return word === 'fetch' ? readFetch(cursor) : readClose(cursor);
    case 'cancel':
      return readCancel(cursor);
    case 'savepoint':
    case 'release':
    case 'listen':
    case 'notify':
    case 'unlisten':
    case 'do':
    case 'reindex':
    case 'cluster':
    case 'checkpoint':
    case 'move':
    case 'values':
    case 'table':
      return notSupported(word.toUpperCase());
    case 'prepare':
    case 'execute':
    case 'deallocate':
    case 'call':
    case 'refresh':
    case 'use':
      return notEmulated(word.toUpperCase());
  }
  return cursor.fail();
}

function readCreate(reading: Reading): Plan {
  const { cursor } = reading;
  cursor.expect('create');
  if (cursor.is('schema')) return ddl.readCreateSchema(reading);
  if (cursor.is('view')) return ddl.readCreateView(reading, false);
  if (cursor.take('or', 'replace')) return ddl.readCreateView(reading, true);
  if (cursor.is('user')) {
    cursor.at -= 1;
    return ddl.readUser(reading);
  }
  if (cursor.isOne('table', 'temp', 'temporary', 'local', 'unlogged', 'global'))
    return readCreateTable(reading);
  if (
    cursor.isOne(
      'index',
      'unique',
      'trigger',
      'sequence',
      'extension',
      'domain',
      'type',
      'rule',
      'tablespace',
    )
  )
    notSupported(`CREATE ${cursor.next().value.toUpperCase()}`);
  return notEmulated(`CREATE ${cursor.peek()?.text ?? ''}`);
}

const isolationLevels = [
  ['serializable'],
  ['read', 'uncommitted'],
  ['read', 'committed'],
  ['repeatable', 'read'],
];

/** Every isolation level is processed as the database's own. */
function readBegin(cursor: Cursor): Plan {
  if (cursor.take('start')) cursor.expect('transaction');
  else {
    cursor.expect('begin');
    cursor.takeOne('work', 'transaction');
  }
  let mode = '';
  while (!cursor.done) {
    if (cursor.take('isolation', 'level')) {
      if (!isolationLevels.some((words) => cursor.take(...words))) cursor.fail();
    } else if (cursor.take('read', 'only')) mode = ' read only';
    else if (cursor.take('read', 'write')) mode = ' read write';
    else if (cursor.is('deferrable') || cursor.is('not', 'deferrable')) notSupported('DEFERRABLE');
    else cursor.fail();
    cursor.take(',');
  }
  return plan('begin', { sql: `begin${mode}`, tag: 'BEGIN' });
}

function readEnd(cursor: Cursor, kind: 'commit' | 'rollback', tag: string): Plan {
  cursor.next();
  cursor.takeOne('work', 'transaction');
  if (cursor.is('to')) notSupported('ROLLBACK TO SAVEPOINT');
  if (cursor.is('and')) notSupported('AND CHAIN');
  if (cursor.is('prepared')) notSupported('Two-phase commit');
  return plan(kind, { sql: kind, tag });
}

function readExplain(reading: Reading): Plan {
  const { cursor } = reading;
  cursor.expect('explain');
  cursor.take('verbose');
  if (cursor.isOne('analyze', '(')) notSupported('EXPLAIN with options');
  const inner = readFirst(reading, new Map());
  if (inner.kind !== 'rows' && inner.kind !== 'count') notEmulated('EXPLAIN of this');
  return plan('rows', {
    sql: `explain ${inner.sql}`,
    tag: 'EXPLAIN',
    reads: inner.reads,
    realTables: inner.realTables,
  });
}

/** DECLARE name CURSOR FOR query, in a transaction block only. */
function readDeclare(reading: Reading): Plan {
  const { cursor } = reading;
  cursor.expect('declare');
  const name = cursor.name();
  if (cursor.isOne('binary', 'insensitive', 'scroll', 'no')) notSupported('A kind of cursor');
  cursor.expect('cursor');
  if (cursor.isOne('with', 'without')) notSupported('CURSOR WITH HOLD');
  cursor.expect('for');
  const { sql } = readQuery(reading);
  return plan('count', {
    sql: `declare ${quoteName(name)} no scroll cursor for ${sql}`,
    tag: 'DECLARE CURSOR',
    reads: reading.reads,
    block: 'inside',
  });
}

/** FETCH [NEXT | ALL | FORWARD [n | ALL]] FROM cursor */
function readFetch(cursor: Cursor): Plan {
  cursor.expect('fetch');
  let how = 'next';
  if (cursor.take('all')) how = 'all';
  else if (cursor.take('forward')) {
    if (cursor.take('all')) how = 'all';
    else if (cursor.peek()?.kind === 'number') how = `forward ${cursor.number()}`;
  } else if (!cursor.take('next') && !cursor.is('from')) notSupported('FETCH other than forward');
  cursor.expect('from');
  return plan('rows', {
    sql: `fetch ${how} from ${quoteName(cursor.name())}`,
    tag: 'FETCH',
    block: 'inside',
  });
}

function readClose(cursor: Cursor): Plan {
  cursor.expect('close');
  return plan('count', { sql: `close ${quoteName(cursor.name())}`, tag: 'CLOSE CURSOR' });
}

/** CANCEL pid ['message'] */
function readCancel(cursor: Cursor): Plan {
  cursor.expect('cancel');
  const pid = cursor.number();
  if (cursor.peek()?.kind === 'string') cursor.string();
  return runs('CANCEL', async (work) => {
    await work.query(`select pg_cancel_backend(${pid})`);
  });
}
