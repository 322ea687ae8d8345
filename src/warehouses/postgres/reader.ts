import { onStop } from '../../stopping.ts';
import { answer, type Judge, writeAnswer } from '../pg-wire/query-result.ts';
import { readingStatement } from '../pg-wire/reading-statement.ts';
import type { ReaderOptions } from '../reader-options.ts';
import type { ReadOnlyWarehouse } from '../warehouse.ts';
import { assertReads } from './calls.ts';
import { connectToRead } from './connection.ts';
import { postgresDialect } from './dialect.ts';
import { unreadableTables } from './rights.ts';
import { type PostgresServer, serverName } from './server.ts';

/** Opens a database for a reader: one read-only transaction, so that everything it sees is of one load. */
export async function openPublishedPostgres(
  server: PostgresServer,
  { signal }: Pick<ReaderOptions, 'signal'> = {},
): Promise<ReadOnlyWarehouse> {
  const name = serverName(server);
  const connection = await connectToRead(server, signal);
  // A server ends what nobody waits for any more.
  const forget = onStop(signal, () => void connection.close());
  const { client } = connection;
  const judge: Judge = async (sql) => {
    const statement = readingStatement(sql);
    await assertReads(connection, statement);
    return statement;
  };
  return {
    name,
    dialect: postgresDialect(server.schema),
    rows: connection.rows,
    unreadable: (tables) => unreadableTables(connection, server, tables),
    answer: (sql) => answer({ client, name, judge }, sql),
    writeParquet: (sql, path) => writeAnswer({ client, name, judge }, sql, path),
    close() {
      forget();
      return connection.close();
    },
  };
}
