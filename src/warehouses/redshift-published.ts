import { answer, writeAnswer } from './postgres-answer.ts';
import { redshiftName, redshiftSessions } from './redshift-connection.ts';
import { redshiftDialect } from './redshift-dialect.ts';
import type { RedshiftServer } from './redshift-server.ts';
import type { ReadOnlyWarehouse } from './warehouse.ts';

/** Opens a database of a cluster or workgroup for a reader: one read-only transaction, so that everything it sees is of one load. */
export async function openPublishedRedshift(
  server: RedshiftServer,
  nowMs: () => number,
): Promise<ReadOnlyWarehouse> {
  const sessions = redshiftSessions(server, nowMs);
  const connection = await sessions.open('reader').finally(sessions.close);
  await connection.run('begin read only').catch(async (error) => {
    await connection.close();
    throw error;
  });
  const { client } = connection;
  return {
    name: redshiftName(server),
    dialect: redshiftDialect(server.distribution),
    starSchema: server.schema,
    rows: connection.rows,
    answer: (sql) => answer(client, sql),
    writeParquet: (sql, path) => writeAnswer(client, sql, path),
    close: connection.close,
  };
}
