import { WarehouseError } from '../../errors.ts';
import { columnNames, qualifiedName, type Table } from '../../schema/table.ts';
import { listColumns, literal } from '../sql.ts';
import type { Dialect } from '../warehouse.ts';
import type { Session } from './session.ts';
import { arrayPathsJson, manifestJson, type PartsWriter, type StagingArea } from './staging-prefix.ts';

/** Rows up to here go in by INSERT: a COPY costs some requests to S3 and a plan on every node. */
const ROWS_BY_INSERT = 100;
/** Values in one statement; the protocol counts them in 16 bits. */
const VALUES_PER_INSERT = 30_000;

/** Rows that wait for the next statement: few in memory, many on their way to S3. */
interface Pending {
  readonly table: Table;
  held: object[];
  parts: PartsWriter | null;
}

/** Rows that this program carries: they are there once they were flushed. */
export interface BulkInserter {
  collect(table: Table, rows: readonly object[]): Promise<void>;
  /** Brings in what was collected; every statement may rely on it. */
  flush(): Promise<void>;
  discard(): Promise<void>;
}

/** What rows go in by. */
export interface InsertInto {
  /** What the warehouse is called. */
  readonly name: string;
  readonly dialect: Dialect;
  /** Whatever session is open. */
  readonly session: () => Session;
  readonly staging: StagingArea;
  /** `iam_role …` and `region …`. */
  readonly access: () => string;
}

/** Collects rows: a few for an INSERT, more in compressed parts on the staging prefix for a COPY. */
export function bulkInserter(into: InsertInto): BulkInserter {
  const pending = new Map<string, Pending>();
  let copies = 0;
  return {
    async flush() {
      for (const [key, { table, held, parts }] of [...pending]) {
        pending.delete(key);
        if (parts === null) await insertRows(table, held, into);
        else {
          copies += 1;
          await copyParts(table, parts, copies, into);
        }
      }
    },
    async collect(table, rows) {
      const key = qualifiedName(table);
      const waiting = pending.get(key) ?? { table, held: [], parts: null };
      pending.set(key, waiting);
      await hold(waiting, rows, into);
    },
    async discard() {
      for (const { parts } of pending.values()) await parts?.end().catch(() => {});
      pending.clear();
    },
  };
}

/** Keeps rows for the next statement: a few in memory, more on the staging prefix. */
async function hold(
  waiting: Pending,
  rows: readonly object[],
  { staging, session }: InsertInto,
): Promise<void> {
  const { table } = waiting;
  const fitting = rows.map((row) => cutToColumns(table, row));
  if (waiting.parts === null && waiting.held.length + rows.length <= ROWS_BY_INSERT) {
    waiting.held.push(...fitting);
    return;
  }
  if (waiting.parts === null) {
    waiting.parts = staging.parts(table, session().slices);
    const first = waiting.held;
    waiting.held = [];
    await waiting.parts.write(first);
  }
  await waiting.parts.write(fitting);
}

async function insertRows(
  table: Table,
  rows: readonly object[],
  { dialect, session }: InsertInto,
): Promise<void> {
  const columns = columnNames(table);
  const types = Object.values(table.columns).map((column) => dialect.type(column));
  // A parameter that is not a text says of what type it is: the engine must not guess it from a list of rows.
  const typed = (parameter: string, type: string): string =>
    type.startsWith('varchar') ? parameter : `cast(${parameter} as ${type})`;
  const tuple = (at: number): string =>
    `(${types.map((type, column) => typed(`$${at * columns.length + column + 1}`, type)).join(', ')})`;
  const most = Math.floor(VALUES_PER_INSERT / columns.length);
  for (let start = 0; start < rows.length; start += most) {
    const some = rows.slice(start, start + most) as readonly Record<string, never>[];
    await session().main.run({
      name: `append: ${qualifiedName(table)}, few rows`,
      sql: `insert into ${qualifiedName(table)} (${listColumns(table)}) values ${some.map((_, at) => tuple(at)).join(', ')}`,
      parameters: some.flatMap((row) => columns.map((column) => row[column] ?? null)),
    });
  }
}

/** Rows that were carried to S3: COPY of arrays by our own JSONPaths, which takes all of them or fails; `nth` of this writer. */
async function copyParts(
  table: Table,
  parts: PartsWriter,
  nth: number,
  { name, session, staging, access }: InsertInto,
): Promise<void> {
  const objects = await parts.end();
  const manifest = await staging.put(`${table.name}-${nth}.manifest`, manifestJson(objects));
  const paths = await staging.put(
    `jsonpaths/${table.name}-${nth}.json`,
    arrayPathsJson(columnNames(table).length),
  );
  await session().main.run({
    name: `append: ${qualifiedName(table)}, many rows`,
    sql: `copy ${qualifiedName(table)} (${listColumns(table)}) from ${literal(manifest)} ${access()} format json ${literal(paths)} manifest gzip timeformat 'auto' maxerror 1 compupdate off statupdate off`,
  });
  const [last] = await session().main.rows({
    name: 'append: how many rows were copied',
    sql: 'select pg_last_copy_count() as records',
    whenDryRun: [{ records: parts.rows }],
  });
  if (Number(last?.records) !== parts.rows) {
    throw new WarehouseError(`${name}: ${parts.rows} rows were sent, but COPY loaded ${last?.records}.`, {
      hint: 'Nothing was committed; run again.',
    });
  }
}

/** Texts of the ops tables are cut to their columns: a reason or a raw record may be longer than VARCHAR can be. */
function cutToColumns(table: Table, row: object): object {
  if (table.schema !== 'ops') return row;
  const fitting: Record<string, unknown> = { ...row };
  for (const [column, value] of Object.entries(fitting)) {
    const most = table.columns[column]?.maxBytes;
    if (typeof value !== 'string' || most === undefined || Buffer.byteLength(value) <= most) continue;
    const cut = Buffer.from(value).subarray(0, most).toString('utf8');
    fitting[column] = cut.replace(/\ufffd+$/, '');
  }
  return fitting;
}
