import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import {
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBTypeId,
  type DuckDBValue,
  StatementType,
} from '@duckdb/node-api';
import {
  DiskFullError,
  LeaseError,
  NoPermissionError,
  NothingLoadedError,
  OtherProgramError,
  UsageError,
  WarehouseError,
} from '../errors.ts';
import { columnNames, qualifiedName, type Table } from '../schema/table.ts';
import { guarded, refuse, restoreHint } from './duckdb-errors.ts';
import { hasContent } from './duckdb-file.ts';
import { takeLease } from './duckdb-lease.ts';
import { isPublished, publish, publishedPath } from './duckdb-publish.ts';
import { readClean } from './duckdb-read-clean.ts';
import { openSnapshot } from './duckdb-snapshot.ts';
import type { LeaseOptions } from './lease.ts';
import { literal } from './sql.ts';
import type { Answer, Dialect, ReadOnlyWarehouse, SqlRow, SqlValue, Warehouse } from './warehouse.ts';

/** DuckDB's own share of the memory; Node's readers need the rest of 1.5 GB. */
const MEMORY_LIMIT = '1000MB';
const ROWS_PER_APPEND = 5_000;
/** Characters in one statement; a row may have more. */
const TEXT_PER_APPEND = 16 * 1024 * 1024;

const dialect: Dialect = {
  type: ({ type }) => (type === 'text' ? 'varchar' : type),
  functions: {
    utc_timestamp: (milliseconds) => `cast(epoch_ms(${milliseconds}) as timestamp)`,
    iso_weekday: (moment) => `extract(isodow from ${moment})`,
    byte_length: (text) => `strlen(${text})`,
    md5_number: (text) => `cast('0x' || substr(md5(${text}), 1, 7) as bigint)`,
    ms_of_day: (moment) => `(epoch_ms(${moment}) % 86400000)`,
  },
  temporary: (name) => `temp.${name}`,
};

/** Opens the file for its only writer, making it if there is none; the lease is DuckDB's lock on the file. */
export async function openDuckDb(file: string, lease: LeaseOptions): Promise<Warehouse> {
  const { instance, release } = await takeLease(file, lease);
  const connection = await instance.connect();
  await connection.run(`set memory_limit = '${MEMORY_LIMIT}'; set preserve_insertion_order = false;`);
  return {
    ...queries(connection, file),
    name: `duckdb:${file}`,
    dialect,
    bringsApart: true,
    starSchema: null,
    append: (table, rows) => append(connection, file, table, rows),
    async transaction(work) {
      await guarded(file, () => connection.run('begin transaction'));
      try {
        const result = await work();
        // COMMIT of a transaction that had failed rolls it back without a word; any other statement tells.
        await guarded(file, () => connection.run('select 1'));
        await guarded(file, () => connection.run('commit'));
        return result;
      } catch (error) {
        await connection.run('rollback').catch(() => {});
        throw error;
      }
    },
    readClean: (table, files, nowMs) => guarded(file, () => readClean(connection, table, files, nowMs)),
    async publish() {
      if (await isPublished(file)) return;
      await guarded(file, () => connection.run('checkpoint'));
      await guarded(file, () => publish(file));
    },
    interrupt: () => connection.interrupt(),
    async close() {
      await release();
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/**
 * Opens what was last published. If that is older than the warehouse and nobody writes, a load was killed before
 * it could publish: then the warehouse is recovered and published first. Where this reader cannot do that, for want
 * of disk or rights, it reads what there is and says so.
 */
export async function openPublishedDuckDb(
  file: string,
  nowMs: () => number,
  recover: (warehouse: Warehouse) => Promise<void>,
  note: (message: string) => void = () => {},
): Promise<ReadOnlyWarehouse> {
  const published = publishedPath(file);
  if (!(await hasContent(file))) throw noWarehouse(file);
  if (!(await isPublished(file))) {
    await assertOurs(file);
    const failed = await publishIfFree(file, nowMs, recover);
    if (failed !== null && !existsSync(published)) {
      throw new WarehouseError(`Nothing of ${file} is published yet. ${failed.message}`, {
        cause: failed,
        hint: failed instanceof LeaseError ? 'Try again when it is free.' : (failed.hint ?? ''),
      });
    }
    // While a load of ours runs, readers read the one before, as ever.
    if (failed !== null && (!(failed instanceof LeaseError) || failed instanceof OtherProgramError)) {
      const { mtime } = await stat(published);
      note(
        `${file} holds more than was published at ${mtime.toISOString().slice(0, 19)}Z, which is what is read now. ${failed.message}`,
      );
    }
  }
  const { instance, path, release } = await openSnapshot(published, note);
  const connection = await instance.connect();
  await connection.run(
    `set memory_limit = '${MEMORY_LIMIT}'; set enable_external_access = false; set lock_configuration = true;`,
  );
  const files = parquetFiles(connection, path);
  return {
    ...queries(connection, file),
    name: `duckdb:${file}`,
    dialect,
    starSchema: null,
    answer: (sql) => answer(connection, sql),
    writeParquet: files.write,
    interrupt: files.interrupt,
    async close() {
      await files.close();
      connection.closeSync();
      instance.closeSync();
      await release();
    },
  };
}

function openReadOnly(file: string): Promise<DuckDBInstance> {
  return DuckDBInstance.create(file, { access_mode: 'READ_ONLY' }).catch((cause) => refuse(file, cause));
}

/**
 * The reader's connection cannot write files; another connection can, once the SQL is judged. It is opened once, so that
 * all files are of one load, whatever is published meanwhile.
 */
function parquetFiles(reader: DuckDBConnection, published: string) {
  let opened: Promise<{ instance: DuckDBInstance; connection: DuckDBConnection }> | null = null;
  let isStopped = false;
  async function open() {
    const instance = await openReadOnly(published);
    const connection = await instance.connect();
    await connection.run(`set memory_limit = '${MEMORY_LIMIT}'`);
    return { instance, connection };
  }
  return {
    async write(sql: string, path: string): Promise<number> {
      await assertReads(reader, sql, [StatementType.SELECT]);
      opened ??= open();
      const { connection } = await opened;
      if (isStopped) throw new UsageError('The reader was stopped.');
      const copy = `copy (\n${sql.replace(/;\s*$/, '')}\n) to ${literal(path)} (format parquet)`;
      return (await asked(() => connection.run(copy))).rowsChanged;
    },
    interrupt(): void {
      isStopped = true;
      void opened?.then(
        ({ connection }) => connection.interrupt(),
        () => {},
      );
    },
    async close(): Promise<void> {
      const { instance, connection } = (await opened?.catch(() => null)) ?? {};
      connection?.closeSync();
      instance?.closeSync();
    },
  };
}

function noWarehouse(file: string): WarehouseError {
  const load = 'Load it first: sparkify etl';
  return new WarehouseError(`There is no warehouse ${file} yet.`, {
    hint: existsSync(publishedPath(file)) ? `${load}\n${restoreHint(file)}` : load,
  });
}

/** A reader must not write to somebody else's database; while a load holds the file, it is ours. */
async function assertOurs(file: string): Promise<void> {
  let found: SqlRow[];
  try {
    const instance = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    found = await queries(connection, file).rows(
      `select count(*) as tables, count(*) filter (where table_schema = 'ops' and table_name = 'warehouse') as ours
       from information_schema.tables`,
    );
    connection.closeSync();
    instance.closeSync();
  } catch {
    return;
  }
  if (Number(found[0]?.ours) > 0) return;
  if (Number(found[0]?.tables) === 0) throw new NothingLoadedError(`duckdb:${file}`);
  throw new WarehouseError(`duckdb:${file} holds no tables of sparkify's yet.`, {
    hint: 'Load it: sparkify etl --log-data FOLDER --song-data FOLDER',
  });
}

/** Publishes what was left unpublished; why it could not be, where readers can go on without. */
async function publishIfFree(
  file: string,
  nowMs: () => number,
  recover: (warehouse: Warehouse) => Promise<void>,
): Promise<WarehouseError | null> {
  try {
    const warehouse = await openDuckDb(file, { command: 'publish', waitMs: 0, nowMs });
    try {
      await recover(warehouse);
      await warehouse.publish();
    } finally {
      await warehouse.close();
    }
    return null;
  } catch (error) {
    if (error instanceof LeaseError || error instanceof DiskFullError || error instanceof NoPermissionError)
      return error;
    throw error;
  }
}

function queries(connection: DuckDBConnection, file: string) {
  return {
    rows: (sql: string, parameters: readonly SqlValue[] = []): Promise<SqlRow[]> =>
      guarded(file, async () => {
        // Not by stream: the binding gives a stream that failed the end of one that did not.
        const reader = await connection.runAndReadAll(sql, parameters as DuckDBValue[]);
        const names = reader.deduplicatedColumnNames();
        return reader.getRowsJS().map((values) => {
          const row: SqlRow = {};
          for (const [at, name] of names.entries()) row[name] = toSqlValue(values[at]);
          return row;
        });
      }),
    run: (sql: string, parameters: readonly SqlValue[] = []): Promise<number> =>
      guarded(file, async () => (await connection.run(sql, parameters as DuckDBValue[])).rowsChanged),
  };
}

/**
 * Rows go in as JSON lines in one parameter a statement, parsed by the engine with the declared types. A line at a
 * time costs 7 µs a row of events; as one JSON array it was 12.
 */
async function append(
  connection: DuckDBConnection,
  file: string,
  table: Table,
  rows: readonly object[],
): Promise<void> {
  const names = columnNames(table);
  const types = Object.fromEntries(
    Object.entries(table.columns).map(([name, column]) => [name, dialect.type(column)]),
  );
  const statement =
    `insert into ${qualifiedName(table)} (${names.join(', ')}) ` +
    `select ${names.map((name) => `record.${name}`).join(', ')} ` +
    `from (select json_transform(line, ${literal(JSON.stringify(types))}) as record ` +
    'from (select unnest(string_split($1, chr(10))) as line))';
  let lines: string[] = [];
  let length = 0;
  for (const [at, row] of rows.entries()) {
    const line = JSON.stringify(row);
    lines.push(line);
    length += line.length;
    if (lines.length < ROWS_PER_APPEND && length < TEXT_PER_APPEND && at < rows.length - 1) continue;
    const text = lines.join('\n');
    lines = [];
    length = 0;
    await guarded(file, () => connection.run(statement, [text]));
  }
}

async function answer(connection: DuckDBConnection, sql: string): Promise<Answer> {
  await assertReads(connection, sql, [StatementType.SELECT, StatementType.EXPLAIN]);
  // A stream that fails looks like one that has ended; but then the transaction that it ran in is aborted.
  await asked(() => connection.run('begin transaction'));
  const result = await asked(() => connection.stream(sql));
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
      await asked(() => connection.run(sql));
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

async function assertReads(
  connection: DuckDBConnection,
  sql: string,
  accepted: readonly StatementType[],
): Promise<void> {
  const statements = await asked(() => connection.extractStatements(sql));
  if (statements.count !== 1) throw new UsageError(`query takes one statement, not ${statements.count}.`);
  const prepared = await asked(() => statements.prepare(0));
  if (accepted.includes(prepared.statementType)) return;
  throw new UsageError('query only reads: SELECT, WITH, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN.', {
    hint: 'The star is built by sparkify etl; to change data, work on a copy of the file.',
  });
}

/** An error in SQL that a person wrote is theirs: its own text says best what is wrong. */
async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new UsageError((cause as Error).message.trim(), { cause });
  }
}

function toSqlValue(value: unknown): SqlValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
  if (value instanceof Date) return value;
  if (Array.isArray(value))
    return JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? Number(item) : item));
  return String(value);
}
