import { type DuckDBConnection, DuckDBTypeId } from '@duckdb/node-api';
import { UsageError, WarehouseError } from '../errors.ts';
import { asked, judge } from './duckdb-judge.ts';
import { lockedTo } from './duckdb-lock.ts';
import { parseSelect } from './duckdb-parse-tree.ts';
import type { Snapshot } from './duckdb-snapshot.ts';
import { literal } from './sql.ts';
import type { Answer, ReadOnlyWarehouse, SqlValue } from './warehouse.ts';

/** Semicolons that are looked at from the end of a statement; only text and comments have more. */
const MOST_SEMICOLONS = 100;

interface DuckDbReader extends Pick<ReadOnlyWarehouse, 'answer' | 'writeParquet' | 'interrupt' | 'close'> {
  readonly connection: DuckDBConnection;
}

/** A reader for statements of people: judged, on a connection that is locked to its database and the files it may write. */
export async function openReader(
  { instance, release }: Snapshot,
  writes: readonly string[],
  memoryLimit: string,
): Promise<DuckDbReader> {
  const connection = await instance.connect();
  await connection.run(`set memory_limit = ${literal(memoryLimit)}; ${lockedTo(writes)}`);
  let isStopped = false;
  return {
    connection,
    answer: (sql) => answer(connection, sql),
    async writeParquet(sql, path) {
      if (isStopped) throw new UsageError('The reader was stopped.');
      return writeParquet(connection, sql, path);
    },
    interrupt() {
      isStopped = true;
      connection.interrupt();
    },
    async close() {
      connection.closeSync();
      instance.closeSync();
      await release();
    },
  };
}

async function writeParquet(connection: DuckDBConnection, sql: string, path: string): Promise<number> {
  const { kind, text } = await judge(connection, sql);
  if (kind !== 'select') {
    throw new UsageError('Parquet takes the result of a SELECT.', {
      hint: 'For DESCRIBE and SUMMARIZE: from (describe songplays)',
    });
  }
  // What is one SELECT by itself has no bracket that would end ours.
  const select = await withoutSemicolon(connection, text);
  const copy = `copy (\n${select}\n) to ${literal(path)} (format parquet, use_tmp_file false)`;
  return (await asked(() => connection.run(copy))).rowsChanged;
}

/** A SELECT up to the semicolon at its end, which may stand before comments; known by being the same to DuckDB. */
async function withoutSemicolon(connection: DuckDBConnection, sql: string): Promise<string> {
  const parsed = async (text: string): Promise<string> => JSON.stringify(await parseSelect(connection, text));
  const whole = await parsed(sql);
  let select = sql;
  let tries = 0;
  for (let at = sql.lastIndexOf(';'); at > 0 && tries < MOST_SEMICOLONS; at = sql.lastIndexOf(';', at - 1)) {
    const before = sql.slice(0, at);
    if ((await parsed(before)) === whole) select = before;
    tries += 1;
  }
  return select;
}

async function answer(connection: DuckDBConnection, sql: string): Promise<Answer> {
  const { text } = await judge(connection, sql);
  // A stream that fails looks like one that has ended; but then the transaction that it ran in is aborted.
  await asked(() => connection.run('begin transaction'));
  const result = await asked(() => connection.stream(text)).catch(async (error) => {
    await connection.run('rollback').catch(() => {});
    throw error;
  });
  const isWhole = result.columnTypes().map(({ typeId }) => WHOLE_NUMBERS.includes(typeId));
  async function* batches(): AsyncGenerator<SqlValue[][]> {
    const chunks = result.yieldRowsJson();
    for (;;) {
      const next = await asked(() => chunks.next());
      if (next.done) break;
      yield next.value.map((row) => row.map((value, at) => fromJson(value, isWhole[at] === true)));
    }
    try {
      await connection.run('select 1');
      await connection.run('commit');
    } catch (cause) {
      await connection.run('rollback').catch(() => {});
      // Once more, in the way that tells why.
      await asked(() => connection.run(text));
      throw new WarehouseError('The query failed while its result was being read.', { cause });
    }
  }
  return { columns: result.deduplicatedColumnNames(), batches: batches() };
}

const WHOLE_NUMBERS: readonly DuckDBTypeId[] = [
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.HUGEINT,
];

/** The library's JSON writes big integers as text: numbers again, as long as they stay exact; nested values as JSON. */
function fromJson(value: unknown, isWhole: boolean): SqlValue {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'string') return JSON.stringify(value);
  return isWhole && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
