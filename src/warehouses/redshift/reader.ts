import { TransientError } from '../../errors.ts';
import type { S3Options } from '../../sources/s3-client.ts';
import { onStop, pause } from '../../stopping.ts';
import { answer, type Judge, writeAnswer } from '../pg-wire/query-result.ts';
import { readingStatement } from '../pg-wire/reading-statement.ts';
import type { ReaderOptions } from '../reader-options.ts';
import type { ReadOnlyWarehouse } from '../warehouse.ts';
import { assertReadsOnRedshift } from './calls.ts';
import {
  cancelStatement,
  type RedshiftConnection,
  type RedshiftSessions,
  redshiftName,
  redshiftSessions,
} from './connection.ts';
import { redshiftDialect } from './dialect.ts';
import type { RedshiftServer } from './server.ts';
import { storageOf } from './storage.ts';
import { unloader } from './unload.ts';

/** A cluster that does not answer is not waited for any longer. */
const PATIENCE_MS = 500;

/** Opens a database of a cluster or workgroup for a reader: one transaction, so that everything it sees is of one load. */
export async function openPublishedRedshift(
  server: RedshiftServer,
  s3: S3Options,
  { nowMs, signal }: Pick<ReaderOptions, 'nowMs' | 'signal'>,
): Promise<ReadOnlyWarehouse> {
  const sessions = redshiftSessions(server, nowMs, signal);
  const connection = await sessions.open('reader').catch((error) => {
    sessions.close();
    throw error;
  });
  let stopped: Promise<void> | null = null;
  const forget = onStop(signal, () => {
    stopped = Promise.race([stop(sessions, connection), pause(PATIENCE_MS)]);
  });
  const close = async (): Promise<void> => {
    forget();
    await stopped;
    await connection.close();
    sessions.close();
  };
  await connection.run({ name: 'reader: begin', sql: 'begin read only' }).catch(async (error) => {
    await close();
    throw error;
  });
  const { client } = connection;
  const name = redshiftName(server);
  return {
    name,
    dialect: redshiftDialect(server.distribution, server.schema),
    rows: connection.rows,
    unreadable: async () => null,
    answer: (sql) => answer({ client, name, judge }, sql),
    writeParquet: (sql, path) => writeAnswer({ client, name, judge }, sql, path),
    unload: unloader(server, s3, connection),
    async storage() {
      // In a session of its own: a user who may not see it would lose the transaction.
      const other = await sessions.open('storage');
      return storageOf(other, server.schema)
        .catch((error) => {
          if (error instanceof TransientError) throw error;
          return null;
        })
        .finally(other.close);
    },
    close,
  };
}

/** Whether a plain string has escapes is not sure on Redshift, so both ways to read it must be without fault. */
const judge: Judge = async (sql) => {
  const [statement, other] = [readingStatement(sql), readingStatement(sql, true)];
  for (const reading of [statement, other]) assertReadsOnRedshift(reading);
  return statement;
};

/** A cluster goes on with what nobody waits for any more: it is told to stop, and asked nothing more. */
async function stop(sessions: RedshiftSessions, connection: RedshiftConnection): Promise<void> {
  try {
    const other = await sessions.open('cancel');
    await other.rows(cancelStatement(connection.pid)).finally(other.close);
  } catch {
    // The statement runs to its end then.
  }
  await connection.close();
}
