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
export interface Carrier {
  collect(table: Table, rows: readonly object[]): Promise<void>;
  /** Brings in what was collected; every statement may rely on it. */
  flush(): Promise<void>;
  discard(): Promise<void>;
}

/** Collects rows for whatever session is open: a few for an INSERT, more in packed parts on the staging prefix for a COPY. */
export function carrier(
  name: string,
  dialect: Dialect,
  session: () => Session,
  staging: StagingArea,
  access: () => string,
): Carrier {
  const pending = new Map<string, Pending>();
  let copies = 0;

  async function flush(): Promise<void> {
    for (const [key, rows] of [...pending]) {
      pending.delete(key);
      if (rows.parts !== null) await copyParts(rows.table, rows.parts);
      else await insertRows(rows.table, rows.held);
    }
  }

  /** Keeps rows for the next statement: a few in memory, more on the staging prefix. */
  async function collect(table: Table, rows: readonly object[]): Promise<void> {
    const key = qualifiedName(table);
    const waiting = pending.get(key) ?? { table, held: [], parts: null };
    pending.set(key, waiting);
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

  async function insertRows(table: Table, rows: readonly object[]): Promise<void> {
    const columns = columnNames(table);
    const types = Object.values(table.columns).map((column) => dialect.type(column));
    // A parameter that is no text says of what type it is: nobody else may guess it from a list of rows.
    const typed = (parameter: string, type: string): string =>
      type.startsWith('varchar') ? parameter : `cast(${parameter} as ${type})`;
    const most = Math.floor(VALUES_PER_INSERT / columns.length);
    for (let start = 0; start < rows.length; start += most) {
      const some = rows.slice(start, start + most) as readonly Record<string, never>[];
      const values = some.flatMap((row) => columns.map((column) => row[column] ?? null));
      const tuple = (at: number): string =>
        `(${types.map((type, column) => typed(`$${at * columns.length + column + 1}`, type)).join(', ')})`;
      await session().main.run(
        `insert into ${qualifiedName(table)} (${listColumns(table)}) values ${some.map((_, at) => tuple(at)).join(', ')}`,
        values,
      );
    }
  }

  /** Rows that were carried to S3: COPY of arrays by our own JSONPaths, which takes all of them or fails. */
  async function copyParts(table: Table, parts: PartsWriter): Promise<void> {
    const objects = await parts.end();
    copies += 1;
    const manifest = await staging.put(`${table.name}-${copies}.manifest`, manifestJson(objects));
    const paths = await staging.put(
      `jsonpaths/${table.name}-${copies}.json`,
      arrayPathsJson(columnNames(table).length),
    );
    await session().main.run(
      `copy ${qualifiedName(table)} (${listColumns(table)}) from ${literal(manifest)} ${access()} format json ${literal(paths)} manifest gzip timeformat 'auto' maxerror 1 compupdate off statupdate off`,
    );
    const [last] = await session().main.rows('select pg_last_copy_count() as records');
    if (Number(last?.records) !== parts.rows) {
      throw new WarehouseError(`${name}: ${parts.rows} rows were sent, but COPY loaded ${last?.records}.`, {
        hint: 'Nothing was committed; run again.',
      });
    }
  }

  async function discard(): Promise<void> {
    for (const { parts } of pending.values()) await parts?.end().catch(() => {});
    pending.clear();
  }

  return { collect, flush, discard };
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
