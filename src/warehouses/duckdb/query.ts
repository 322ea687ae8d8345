import { type DuckDBConnection, DuckDBTypeId } from '@duckdb/node-api';
import { UsageError, WarehouseError } from '../../errors.ts';
import { onStop } from '../../stopping.ts';
import { lockedTo } from '../duckdb-lock.ts';
import { literal } from '../sql.ts';
import type { SqlValue } from '../statement.ts';
import { uniqueNames } from '../unique-names.ts';
import type { QueryResult, ReadOnlyWarehouse } from '../warehouse.ts';
import { guarded, refuse } from './errors.ts';
import { asUserError, judge } from './judge.ts';
import { parseSelect } from './parse-tree.ts';
import type { Snapshot } from './snapshot.ts';
import { spillFolder } from './spill.ts';

/** Semicolons that are looked at from the end of a statement; only text and comments have more. */
const MOST_SEMICOLONS = 100;

const INTERRUPT_MS = 50;

interface ReaderPlaces {
  /** The warehouse's, for messages. */
  readonly file: string;
  readonly published: string;
  /** Files that the reader may write. */
  readonly writes: readonly string[];
  readonly memoryLimit: string;
  readonly signal?: AbortSignal;
}

interface DuckDbReader extends Pick<ReadOnlyWarehouse, 'answer' | 'writeParquet' | 'close'> {
  readonly connection: DuckDBConnection;
}

/** A reader for statements of people: judged, on a connection that is locked to its database and the files it may write. */
export async function openReader(
  { instance, release }: Snapshot,
  { file, published, writes, memoryLimit, signal }: ReaderPlaces,
): Promise<DuckDbReader> {
  const connection = await instance.connect();
  const spill = await spillFolder(published);
  await connection.run(
    `set memory_limit = ${literal(memoryLimit)}; set temp_directory = ${literal(spill.folder)}; ${lockedTo(writes)}`,
  );
  let stopping: NodeJS.Timeout | null = null;
  const assertGoingOn = (): void => signal?.throwIfAborted();
  // An exit waits for the statement that DuckDB is at.
  const onExit = (): void => connection.interrupt();
  process.on('exit', onExit);
  const forget = onStop(signal, () => {
    // A statement that has been sent, but not started, does not notice the first time.
    stopping = setInterval(() => connection.interrupt(), INTERRUPT_MS).unref();
    connection.interrupt();
  });
  return {
    connection,
    answer: (sql) => guarded(file, () => answer(connection, file, { sql, assertGoingOn })),
    async writeParquet(sql, path) {
      assertGoingOn();
      return writeParquet(connection, sql, path).catch((cause) => refuse(fileIn(cause, path) ?? file, cause));
    },
    async close() {
      forget();
      process.off('exit', onExit);
      if (stopping !== null) clearInterval(stopping);
      connection.closeSync();
      instance.closeSync();
      spill.remove();
      await release();
    },
  };
}

/** The file that an error is about, if it is this one. */
function fileIn(cause: unknown, path: string): string | null {
  return (cause as Error).message.includes(path) ? path : null;
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
  return (await asUserError(() => connection.run(copy))).rowsChanged;
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

async function answer(
  connection: DuckDBConnection,
  file: string,
  { sql, assertGoingOn }: { sql: string; assertGoingOn: () => void },
): Promise<QueryResult> {
  assertGoingOn();
  const { text } = await judge(connection, sql);
  // A stream that fails looks like one that has ended; but then the transaction that it ran in is aborted.
  await asUserError(() => connection.run('begin transaction'));
  const result = await asUserError(() => connection.stream(text)).catch(async (error) => {
    await connection.run('rollback').catch(() => {});
    throw error;
  });
  const isWhole = result.columnTypes().map(({ typeId }) => WHOLE_NUMBERS.includes(typeId));
  async function* batches(): AsyncGenerator<SqlValue[][]> {
    const chunks = result.yieldRowsJson();
    for (;;) {
      const next = await guarded(file, () => asUserError(() => chunks.next()));
      assertGoingOn();
      if (next.done) break;
      yield next.value.map((row) => row.map((value, at) => fromJson(value, isWhole[at] === true)));
    }
    try {
      await connection.run('select 1');
      await connection.run('commit');
    } catch (cause) {
      await connection.run('rollback').catch(() => {});
      // Once more, in the way that says why.
      await guarded(file, () => asUserError(() => connection.run(text)));
      throw new WarehouseError('The query failed while its result was being read.', { cause });
    }
  }
  return { columns: uniqueNames(result.columnNames()), batches: batches() };
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
