import { NotEmptyError, SparkifyError, WarehouseError } from '../../errors.ts';
import type { S3Options } from '../../sources/s3-client.ts';
import { literal } from '../sql.ts';
import type { ReadOnlyWarehouse } from '../warehouse.ts';
import type { RedshiftConnection } from './connection.ts';
import { S3_MISSING, S3_REFUSED } from './errors.ts';
import { accessOf } from './s3-access.ts';
import type { RedshiftServer } from './server.ts';

const NOT_EMPTY = /destination on S3 is not empty/i;

/**
 * UNLOAD by the cluster's role: rows go from its slices to S3, and none to this program. No MANIFEST is asked for: it
 * would lie among the files, where whoever reads the folder as a table takes it for one of them.
 */
export function unloader(
  server: RedshiftServer,
  s3: S3Options,
  connection: RedshiftConnection,
): NonNullable<ReadOnlyWarehouse['unload']> {
  let begun: Promise<unknown> | null = null;

  /** One transaction for all; not the reader's own, since no page says that UNLOAD may run in one that only reads. */
  async function begin(): Promise<void> {
    await connection.rollback();
    await connection.begin();
  }

  return async (sql, address, isReplacing) => {
    const access = accessOf(server, s3);
    begun ??= begin();
    await begun;
    // CLEANPATH takes away files of an earlier, larger export; ALLOWOVERWRITE would leave them among the new ones.
    const replacing = isReplacing ? ' cleanpath' : '';
    try {
      await connection.run({
        name: 'export: unload',
        sql: `unload (${literal(sql)}) to ${literal(address)} ${access} format as parquet${replacing}`,
      });
    } catch (error) {
      throw unloadError(error, address, isReplacing);
    }
    const [last] = await connection.rows({
      name: 'export: how many rows were unloaded',
      sql: 'select pg_last_unload_count() as unloaded',
    });
    return Number(last?.unloaded);
  };
}

/** What COPY's hints do not fit: here the cluster writes. */
function unloadError(error: unknown, address: string, isReplacing: boolean): unknown {
  if (!(error instanceof SparkifyError)) return error;
  const { message, cause } = error;
  if (NOT_EMPTY.test(message)) return new NotEmptyError(address);
  if (!/s3|iam|role|credential/i.test(message)) return error;
  const remove = isReplacing ? ', s3:DeleteObject' : '';
  if (S3_REFUSED.test(message)) {
    return new WarehouseError(message, {
      cause,
      hint: `Attach the role to the cluster, and allow it s3:PutObject${remove} on ${address}* and s3:ListBucket on the bucket.`,
    });
  }
  if (!S3_MISSING.test(message)) return error;
  return new WarehouseError(`Cannot write to ${address}: there is no such bucket.`, {
    cause,
    hint: 'Check the name of the bucket.',
  });
}
