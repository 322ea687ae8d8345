import pg from 'pg';
import { InterruptedError, UsageError } from '../../errors.ts';
import { reportStatement, type SqlValue } from '../statement.ts';
import { uniqueNames } from '../unique-names.ts';
import type { QueryResult } from '../warehouse.ts';
import { isLost, postgresError } from './errors.ts';
import type { ReadingStatement } from './reading-statement.ts';

/** What a FETCH brings; a Redshift cluster of one node gives no more (declare). */
const ROWS_PER_FETCH = 1_000;
const LACKS_RIGHT = '42501';
/** Conflicts, resources, locks that others hold, what an operator or a limit ended, the system. */
const OF_THE_SERVER = /^(40|53|55P03|57|58)/;
const RIGHTS_HINT = 'The role lacks the right to read it; the owner of the warehouse can grant it.';

/** Judges the SQL of a person: the statement, or a UsageError where it does more than read. */
export type Judge = (sql: string) => Promise<ReadingStatement>;

/** A session that answers people: what the warehouse is called, and who judges their statements. */
export interface Session {
  readonly client: pg.Client;
  readonly name: string;
  readonly judge: Judge;
}

/** A result for people: one statement that only reads, in a transaction that only reads. */
export async function answer(session: Session, sql: string): Promise<QueryResult> {
  const { fields, batches } = await open(session, await session.judge(sql));
  return { columns: uniqueNames(fields.map(({ name }) => name)), batches };
}

/** Writes a SELECT's result to a Parquet file, by DuckDB in memory; the number of rows. */
export async function writeAnswer(session: Session, sql: string, path: string): Promise<number> {
  const { writeParquet } = await import('../parquet.ts');
  const { fields, batches } = await open(session, await session.judge(sql));
  return writeParquet(
    fields.map(({ name: column, dataTypeID }) => ({ name: column, type: duckDbType(dataTypeID) })),
    batches,
    path,
  );
}

/** By a cursor, so that a large result comes in parts. */
async function open(
  { client, name }: Session,
  { text, hasCursor }: ReadingStatement,
): Promise<{ fields: readonly pg.FieldDef[]; batches: AsyncIterable<SqlValue[][]> }> {
  // The extended protocol takes one statement only, whatever the text holds.
  const ask = (what: string, sql: string): Promise<pg.QueryArrayResult<SqlValue[]>> => {
    reportStatement({ name: `query: ${what}`, sql });
    return asUserError(name, () =>
      client.query<SqlValue[]>({
        text: sql,
        rowMode: 'array',
        queryMode: 'extended',
      } as pg.QueryArrayConfig),
    );
  };
  if (!hasCursor) {
    const result = await ask('the statement', text);
    return { fields: result.fields, batches: oneBatch(result.rows) };
  }
  await ask('declare a cursor', `declare answer cursor for ${text}`);
  const fetch = () => ask('fetch rows', `fetch forward ${ROWS_PER_FETCH} from answer`);
  const first = await fetch();
  async function* batches(): AsyncGenerator<SqlValue[][]> {
    for (let { rows } = first; rows.length > 0; ) {
      yield rows.map((row) => row.map(displayValue));
      ({ rows } = await fetch());
    }
    await ask('close the cursor', 'close answer');
  }
  return { fields: first.fields, batches: batches() };
}

async function* oneBatch(rows: SqlValue[][]): AsyncGenerator<SqlValue[][]> {
  yield rows.map((row) => row.map(displayValue));
}

/** A timestamp as DuckDB's answers write it. */
function displayValue(value: SqlValue): SqlValue {
  if (!(value instanceof Date)) return value;
  return value
    .toISOString()
    .replace('T', ' ')
    .replace(/\.?0*Z$/, '');
}

/** An error in SQL that a person wrote is theirs: its own text says best what is wrong. A timeout or a lost session is not. */
async function asUserError<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof InterruptedError) throw cause;
    const { code = '' } = cause as pg.DatabaseError;
    if (isLost(cause) || OF_THE_SERVER.test(code)) throw postgresError(name, cause);
    const { message, hint = code === LACKS_RIGHT ? RIGHTS_HINT : undefined } = cause as pg.DatabaseError;
    throw new UsageError(message, { cause, ...(hint === undefined ? {} : { hint }) });
  }
}

/** DuckDB's type for a column of a result, to be written as Parquet. */
function duckDbType(oid: number): string {
  const { builtins } = pg.types;
  if (oid === builtins.BOOL) return 'boolean';
  if (oid === builtins.INT2 || oid === builtins.INT4) return 'integer';
  if (oid === builtins.INT8) return 'bigint';
  if (oid === builtins.FLOAT4 || oid === builtins.FLOAT8 || oid === builtins.NUMERIC) return 'double';
  if (oid === builtins.TIMESTAMP || oid === builtins.TIMESTAMPTZ) return 'timestamp';
  if (oid === builtins.DATE) return 'date';
  return 'varchar';
}
