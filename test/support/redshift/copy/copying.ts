import { readTableName } from '../grammar/from.ts';
import { startReading } from '../grammar/reading.ts';
import { readStatement } from '../grammar/statement.ts';
import type { Carrying } from '../session/carrying-out.ts';
import { quoteName, quoteString } from '../session/cursor.ts';
import { plan } from '../session/plan.ts';
import { beforeWriting } from '../session/transaction.ts';
import { runUnload } from '../unload/unload.ts';
import { runCopy } from './copy.ts';
import { type CopySession, type DeclaredColumn, ServerError } from './copy-session.ts';

/** COPY: the table is locked as by any writer, the rest is COPY's own. */
export async function copyInto(session: Carrying, sql: string): Promise<string> {
  const reading = startReading(sql, noCase);
  reading.cursor.expect('copy');
  const table = readTableName(reading);
  try {
    await beforeWriting(
      session.backend,
      session.world,
      plan('copy', { writes: [table], realTables: [table] }),
    );
  } catch (error) {
    if (error instanceof ServerError && error.code === '42P01')
      throw new ServerError('42P01', `Cannot COPY into nonexistent table ${table.name}`);
    throw error;
  }
  const { notices } = await runCopy(sql, copySession(session), session.world.open);
  for (const notice of notices) session.notice(notice);
  return 'COPY';
}

/** UNLOAD: its query is read as any other and handed on as PostgreSQL's. */
export async function unloadFrom(session: Carrying, sql: string): Promise<string> {
  const { notices } = await runUnload(sql, copySession(session), session.world.open, (query) => {
    const { kind, sql: translated } = readStatement(query, session);
    if (kind !== 'rows' || translated === null) throw new ServerError('42601', 'UNLOAD takes a SELECT');
    return translated;
  });
  for (const notice of notices) session.notice(notice);
  return 'UNLOAD';
}

const noCase = { caseSensitiveIdentifiers: false, caseSensitiveAttributes: false };

function copySession({ backend, world, userId }: Carrying): CopySession {
  return {
    query: (sql) => backend.query(sql),
    copyIn: (sql, chunks) => backend.copyIn(sql, chunks),
    outside: (sql) => world.outside(sql),
    columnsOf: (table) => declaredColumns(backend, table),
    pid: backend.pid,
    userId,
    database: world.postgres.database,
  };
}

const kinds: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  numeric: 'decimal',
  float4: 'real',
  float8: 'double precision',
  bool: 'boolean',
  bpchar: 'char',
  jsonb: 'super',
};

async function declaredColumns(backend: Carrying['backend'], table: string): Promise<DeclaredColumn[]> {
  const name = quoteString(table.split('.').map(quoteName).join('.'));
  const { rows } =
    await backend.query(`select attname, typname, atttypmod, attnotnull, atthasdef or attidentity <> ''
    from pg_attribute join pg_type on pg_type.oid = atttypid
    where attrelid = to_regclass(${name}) and attnum > 0 and not attisdropped order by attnum`);
  return rows.map(([column = '', type = '', modifier, notNull, hasDefault]) => {
    const kind = kinds[type ?? ''] ?? type ?? '';
    const mod = Number(modifier) - 4;
    const sized = kind === 'varchar' || kind === 'char';
    const exact = kind === 'decimal' && mod >= 0;
    return {
      name: column ?? '',
      type: kind,
      length: sized ? (mod > 0 ? mod : 65535) : null,
      precision: exact ? mod >> 16 : null,
      scale: exact ? mod & 0x7ff : null,
      notNull: notNull === 't',
      hasDefault: hasDefault === 't',
    };
  });
}
