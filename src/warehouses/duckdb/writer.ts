import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import {
  DiskFullError,
  LeaseError,
  NeverPublishedError,
  NoPermissionError,
  NothingLoadedError,
  OtherProgramError,
  WarehouseError,
} from '../../errors.ts';
import { columnNames, qualifiedName, type Table } from '../../schema/table.ts';
import type { LeaseOptions } from '../lease.ts';
import type { ReaderOptions } from '../reader-options.ts';
import { literal } from '../sql.ts';
import type { Dialect, ReadOnlyWarehouse, SqlRow, SqlValue, Warehouse } from '../warehouse.ts';
import { guarded, restoreHint } from './errors.ts';
import { hasContent } from './file.ts';
import { takeLease } from './lease.ts';
import { isPublished, publish, publishedPath } from './publish.ts';
import { openReader } from './query.ts';
import { readClean } from './read-files.ts';
import { openSnapshot } from './snapshot.ts';

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
  // The commit fails then: "another transaction has altered this table".
  altersWritten: false,
};

/** Opens the file for its only writer, making it if there is none; the lease is DuckDB's lock on the file. */
export async function openDuckDb(file: string, lease: LeaseOptions): Promise<Warehouse> {
  const { instance, held, release } = await takeLease(file, lease);
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
      try {
        await guarded(file, () => connection.run('checkpoint'));
        await guarded(file, () => publish(file, held));
      } catch (cause) {
        const before = await stat(publishedPath(file)).catch(() => null);
        if (before?.isFile() === true) throw cause;
        throw new NeverPublishedError((cause as Error).message, { cause });
      }
    },
    interrupt: () => connection.interrupt(),
    async close() {
      connection.closeSync();
      await release();
    },
  };
}

/**
 * Opens what was last published. If that is older than the warehouse and nobody writes, a load was killed before
 * it could publish: then the warehouse is recovered and published first. Where this reader cannot do that, for want of
 * disk or rights, it reads what there is and says so.
 */
export async function openPublishedDuckDb(
  file: string,
  { nowMs, recover, note = () => {}, writes = [] }: ReaderOptions,
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
  const { connection, ...reader } = await openReader(await openSnapshot(published, note), {
    file,
    published,
    writes,
    memoryLimit: MEMORY_LIMIT,
  });
  return { ...queries(connection, file), ...reader, name: `duckdb:${file}`, dialect, starSchema: null };
}

function noWarehouse(file: string): WarehouseError {
  const load = 'Load it first: sparkify etl';
  return new WarehouseError(`There is no warehouse ${file} yet.`, {
    hint: existsSync(publishedPath(file)) ? `${load}\n${restoreHint(file)}` : load,
  });
}

/** Throws for somebody else's database, to which none but a load may write; while a load holds the file, it is ours. */
export async function assertOurs(file: string): Promise<void> {
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
  } catch (thrown) {
    const error = thrown instanceof NeverPublishedError ? thrown.cause : thrown;
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
