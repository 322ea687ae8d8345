import { stat } from 'node:fs/promises';
import { NeverPublishedError } from '../../errors.ts';
import type { LeaseOptions } from '../lease.ts';
import { stoppable } from '../stoppable.ts';
import type { Warehouse } from '../warehouse.ts';
import { append } from './append.ts';
import { duckdbDialect } from './dialect.ts';
import { guarded } from './errors.ts';
import { takeLease } from './lease.ts';
import { isPublished, publish, publishedPath } from './publish.ts';
import { queries } from './queries.ts';
import { fileReads } from './read-files.ts';

/** DuckDB's own share of the memory; Node's readers need the rest of 1.5 GB. */
export const MEMORY_LIMIT = '1000MB';

const INTERRUPT_MS = 50;

/** Opens the file for its only writer, making it if there is none; the lease is DuckDB's lock on the file. */
export async function openDuckDb(file: string, lease: LeaseOptions): Promise<Warehouse> {
  const { instance, held, release } = await takeLease(file, lease);
  const connection = await instance.connect();
  await connection.run(`set memory_limit = '${MEMORY_LIMIT}'; set preserve_insertion_order = false;`);
  const { rows, run } = queries(connection, file);
  const warehouse: Warehouse = {
    rows,
    run,
    name: `duckdb:${file}`,
    dialect: duckdbDialect,
    append: (table, rows) => append(run, table, rows),
    async transaction(work, { beforeCommit } = {}) {
      await run({ name: 'begin', sql: 'begin transaction' });
      try {
        const result = await work();
        // COMMIT of a transaction that had failed rolls it back without a word; any other statement tells.
        await run({ name: 'commit: whether the transaction had failed', sql: 'select 1' });
        beforeCommit?.();
        await run({ name: 'commit', sql: 'commit' });
        return result;
      } catch (error) {
        await run({ name: 'rollback', sql: 'rollback' }).catch(() => {});
        throw error;
      }
    },
    engineReads: fileReads({ rows, run }),
    async publish() {
      if (await isPublished(file)) return;
      try {
        lease.signal?.throwIfAborted();
        await run({ name: 'publish: checkpoint', sql: 'checkpoint' });
        await guarded(file, () => publish(file, held, lease.signal));
      } catch (cause) {
        // Whatever the engine says of a statement that was ended.
        const why = lease.signal?.aborted === true ? lease.signal.reason : cause;
        const before = await stat(publishedPath(file)).catch(() => null);
        if (before?.isFile() === true) throw why;
        throw new NeverPublishedError((why as Error).message, { cause: why });
      }
    },
    async close() {
      connection.closeSync();
      await release();
    },
  };
  return stoppable(warehouse, lease.signal, {
    interrupt: () => connection.interrupt(),
    againMs: INTERRUPT_MS,
  });
}
