import { existsSync } from 'node:fs';
import { access, constants, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { dirname } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue, StatementType } from '@duckdb/node-api';
import { InterruptedError, LeaseError, UsageError, WarehouseError } from '../errors.ts';
import { columnNames, qualifiedName, type Table } from '../schema/table.ts';
import { isPublished, publish, publishedPath } from './duckdb-publish.ts';
import { readClean } from './duckdb-read-clean.ts';
import { literal } from './sql.ts';
import type { Answer, Dialect, ReadOnlyWarehouse, SqlRow, SqlValue, Warehouse } from './warehouse.ts';

/** DuckDB's own share of the memory; Node's readers need the rest of 1.5 GB. */
const MEMORY_LIMIT = '1000MB';
const ROWS_PER_APPEND = 5_000;
const LEASE_POLL_MS = 200;

const dialect: Dialect = {
  types: {
    text: 'varchar',
    integer: 'integer',
    bigint: 'bigint',
    double: 'double',
    timestamp: 'timestamp',
    boolean: 'boolean',
  },
  functions: {
    utc_timestamp: (milliseconds) => `cast(epoch_ms(${milliseconds}) as timestamp)`,
    iso_weekday: (moment) => `extract(isodow from ${moment})`,
    byte_length: (text) => `strlen(${text})`,
  },
};

/** Who writes, for the message that another writer gets. */
export interface LeaseOptions {
  readonly command: string;
  readonly waitMs: number;
  /** Called once when somebody else holds the lease. */
  readonly onWait?: (message: string) => void;
  readonly nowMs: () => number;
}

/** Opens the file for its only writer, making it if there is none; the lease is DuckDB's lock on the file. */
export async function openDuckDb(file: string, lease: LeaseOptions): Promise<Warehouse> {
  await checkWritable(file);
  await checkMagic(file);
  const instance = await waitForLease(file, lease);
  const connection = await instance.connect();
  const leaseFile = `${file}.lease`;
  const holder = {
    pid: process.pid,
    host: hostname(),
    user: userName(),
    command: lease.command,
    since: lease.nowMs(),
  };
  await writeFile(leaseFile, JSON.stringify(holder)).catch(() => {});
  await connection.run(`set memory_limit = '${MEMORY_LIMIT}'; set preserve_insertion_order = false;`);
  return {
    ...queries(connection, file),
    name: `duckdb:${file}`,
    dialect,
    async append(table, rows) {
      for (let start = 0; start < rows.length; start += ROWS_PER_APPEND) {
        await append(connection, file, table, rows.slice(start, start + ROWS_PER_APPEND));
      }
    },
    async transaction(work) {
      await guarded(file, () => connection.run('begin transaction'));
      try {
        const result = await work();
        await guarded(file, () => connection.run('commit'));
        return result;
      } catch (error) {
        await connection.run('rollback').catch(() => {});
        throw error;
      }
    },
    readClean: (table, files, nowMs) => guarded(file, () => readClean(connection, table, files, nowMs)),
    async publish() {
      await guarded(file, () => connection.run('checkpoint'));
      await guarded(file, () => publish(file));
    },
    interrupt: () => connection.interrupt(),
    async close() {
      connection.closeSync();
      instance.closeSync();
      await rm(leaseFile, { force: true });
    },
  };
}

/**
 * Opens what was last published. If that is older than the warehouse and nobody writes, a load was killed before
 * it could publish: then the warehouse is recovered and published first.
 */
export async function openPublishedDuckDb(
  file: string,
  nowMs: () => number,
  recover: (warehouse: Warehouse) => Promise<void>,
): Promise<ReadOnlyWarehouse> {
  if (!existsSync(file)) {
    throw new WarehouseError(`There is no warehouse ${file} yet.`, { hint: 'Load it first: sparkify etl' });
  }
  if (!(await isPublished(file))) await publishIfFree(file, nowMs, recover);
  const published = publishedPath(file);
  if (!existsSync(published)) {
    throw new LeaseError(`${file} is being loaded for the first time.`, {
      hint: 'Try again when the load is done.',
    });
  }
  const instance = await DuckDBInstance.create(published, { access_mode: 'READ_ONLY' }).catch((cause) =>
    refuse(published, cause),
  );
  const connection = await instance.connect();
  await connection.run(`set memory_limit = '${MEMORY_LIMIT}'`);
  return {
    ...queries(connection, file),
    name: `duckdb:${file}`,
    answer: (sql) => answer(connection, sql),
    async writeParquet(sql, path) {
      await assertReads(connection, sql);
      const result = await asked(() =>
        connection.run(`copy (${sql.replace(/;\s*$/, '')}) to ${literal(path)} (format parquet)`),
      );
      return result.rowsChanged;
    },
    async close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

async function publishIfFree(
  file: string,
  nowMs: () => number,
  recover: (warehouse: Warehouse) => Promise<void>,
): Promise<void> {
  try {
    const warehouse = await openDuckDb(file, { command: 'publish', waitMs: 0, nowMs });
    try {
      await recover(warehouse);
      await warehouse.publish();
    } finally {
      await warehouse.close();
    }
  } catch (error) {
    if (!(error instanceof LeaseError)) throw error;
  }
}

function queries(connection: DuckDBConnection, file: string) {
  return {
    rows: (sql: string, parameters: readonly SqlValue[] = []): Promise<SqlRow[]> =>
      guarded(file, async () => {
        const reader = await connection.runAndReadAll(sql, parameters as DuckDBValue[]);
        const names = reader.deduplicatedColumnNames();
        return reader
          .getRowsJS()
          .map((row) => Object.fromEntries(names.map((name, at) => [name, toSqlValue(row[at])])));
      }),
    run: (sql: string, parameters: readonly SqlValue[] = []): Promise<number> =>
      guarded(file, async () => (await connection.run(sql, parameters as DuckDBValue[])).rowsChanged),
  };
}

/** Rows go in as one JSON text a statement: one parameter, parsed by the engine with the declared types. */
async function append(
  connection: DuckDBConnection,
  file: string,
  table: Table,
  rows: readonly object[],
): Promise<void> {
  const names = columnNames(table);
  const types = Object.fromEntries(
    names.map((name) => [name, dialect.types[table.columns[name]?.type ?? 'text']]),
  );
  const statement =
    `insert into ${qualifiedName(table)} (${names.join(', ')}) ` +
    `select ${names.map((name) => `record.${name}`).join(', ')} ` +
    `from (select unnest(from_json($1, ${literal(JSON.stringify([types]))})) as record)`;
  await guarded(file, () => connection.run(statement, [JSON.stringify(rows)]));
}

async function answer(connection: DuckDBConnection, sql: string): Promise<Answer> {
  await assertReads(connection, sql);
  const reader = await asked(() => connection.runAndReadAll(sql));
  return { columns: reader.columnNames(), rows: reader.getRowsJS().map((row) => row.map(toSqlValue)) };
}

const READING_STATEMENTS: readonly StatementType[] = [
  StatementType.SELECT,
  StatementType.EXPLAIN,
  StatementType.PRAGMA,
];

async function assertReads(connection: DuckDBConnection, sql: string): Promise<void> {
  const statements = await asked(() => connection.extractStatements(sql));
  if (statements.count !== 1) {
    throw new UsageError(`query takes one statement, not ${statements.count}.`);
  }
  const prepared = await asked(() => statements.prepare(0));
  if (!READING_STATEMENTS.includes(prepared.statementType)) {
    throw new UsageError('query only reads: SELECT, WITH, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN.', {
      hint: 'The star is built by sparkify etl; to change data, work on a copy of the file.',
    });
  }
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

async function waitForLease(file: string, lease: LeaseOptions): Promise<DuckDBInstance> {
  const until = lease.nowMs() + lease.waitMs;
  let told = false;
  for (;;) {
    try {
      return await DuckDBInstance.create(file, { storage_compatibility_version: 'v1.4.0' });
    } catch (cause) {
      if (!isLockError(cause)) refuse(file, cause);
      const holder = await describeHolder(file, cause as Error, lease.nowMs());
      if (lease.nowMs() >= until) {
        throw new LeaseError(`${file} is being written by ${holder}.`, {
          cause,
          hint: 'Wait for it to end, or give --wait-seconds SECONDS; if it hangs, end that process.',
        });
      }
      if (!told) lease.onWait?.(`Waiting for ${file}, which is being written by ${holder}.`);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, LEASE_POLL_MS));
    }
  }
}

async function describeHolder(file: string, cause: Error, nowMs: number): Promise<string> {
  const pid = /\(PID (\d+)\)/.exec(cause.message)?.[1];
  try {
    const holder = JSON.parse(await readFile(`${file}.lease`, 'utf8'));
    if (pid !== undefined && Number(pid) !== holder.pid) return `process ${pid}`;
    const age = Math.max(0, Math.round((nowMs - holder.since) / 1000));
    return `sparkify ${holder.command} (process ${holder.pid} of ${holder.user} on ${holder.host}, for ${age} s)`;
  } catch {
    return pid === undefined ? 'another process' : `process ${pid}`;
  }
}

function isLockError(cause: unknown): boolean {
  return /could not set lock on file|conflicting lock/i.test((cause as Error).message);
}

/** DuckDB would take some other files for data to look at, and others for an empty place to write to. */
async function checkMagic(file: string): Promise<void> {
  if (!existsSync(file)) return;
  const handle = await open(file);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(12), 0, 12, 0);
    if (bytesRead === 0 || buffer.toString('latin1', 8, 12) === 'DUCK') return;
  } finally {
    await handle.close();
  }
  refuse(file, new Error('not a valid DuckDB database file'));
}

async function checkWritable(file: string): Promise<void> {
  const folder = dirname(file);
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory()) {
    throw new WarehouseError(`The folder ${folder} of the warehouse does not exist.`, {
      hint: `mkdir -p '${folder}'`,
    });
  }
  for (const path of existsSync(file) ? [folder, file] : [folder]) {
    await access(path, constants.W_OK).catch((cause) => {
      throw new WarehouseError(`No permission to write ${path}.`, {
        cause,
        hint: 'Choose another file with --warehouse.',
      });
    });
  }
}

/** Runs DuckDB's part of the work; its errors become ours, with what to do. */
async function guarded<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    return refuse(file, cause);
  }
}

function refuse(file: string, cause: unknown): never {
  if (cause instanceof WarehouseError || cause instanceof InterruptedError) throw cause;
  const message = (cause as Error).message;
  if (/not a valid DuckDB database file/i.test(message)) {
    throw new WarehouseError(`${file} is not a DuckDB database.`, {
      cause,
      hint: 'Choose another file with --warehouse.',
    });
  }
  if (/newer version|storage version|version number/i.test(message) && /database file/i.test(message)) {
    throw new WarehouseError(`${file} was written by a newer DuckDB: ${message}`, {
      cause,
      hint: 'Upgrade sparkify.',
    });
  }
  if (/no space left|disk full|ENOSPC/i.test(message) || (cause as NodeJS.ErrnoException).code === 'ENOSPC') {
    throw new WarehouseError(`No space left on the disk of ${file}; nothing was committed.`, {
      cause,
      hint: 'Make room and run again.',
    });
  }
  throw new WarehouseError(`${file}: ${message.trim()}`, { cause });
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
