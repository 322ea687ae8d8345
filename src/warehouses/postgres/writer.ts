import type pg from 'pg';
import { WarehouseError } from '../../errors.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import type { LeaseOptions } from '../lease.ts';
import { postgresError } from '../pg-wire/errors.ts';
import { answer, type Judge, writeAnswer } from '../pg-wire/query-result.ts';
import { readingStatement } from '../pg-wire/reading-statement.ts';
import type { Dialect, ReadOnlyWarehouse, SqlRow, Warehouse } from '../warehouse.ts';
import { assertReads } from './calls.ts';
import { connectToRead, type PostgresConnection } from './connection.ts';
import { copyRows } from './copy.ts';
import { beginWriting } from './lease.ts';
import { unreadableTables } from './rights.ts';
import { type PostgresServer, serverName } from './server.ts';
import { cancel, closeSessions, openSessions, PASSING_TARGET, reopen } from './session.ts';

/** Statistics are made anew when a table grew by this share, as autovacuum does. */
const ANALYZE_SHARE = 0.1;
const LONGEST_INDEXED = 1_100;
/** How closely the planner looks at a table that lasts. */
const LASTING_TARGET = 100;

export const postgresDialect: Dialect = {
  type({ type }) {
    // Compared byte by byte, as the other engines do; the database's own collation orders texts in other ways.
    if (type === 'text') return 'text collate "C"';
    return type === 'double' ? 'double precision' : type;
  },
  functions: {
    utc_timestamp: (milliseconds) =>
      `(timestamp '1970-01-01' + (${milliseconds}) * interval '1 millisecond')`,
    iso_weekday: (moment) => `extract(isodow from ${moment})`,
    byte_length: (text) => `octet_length(${text})`,
    md5_number: (text) => `cast(cast('x' || substr(md5(${text}), 1, 7) as bit(28)) as bigint)`,
    ms_of_day: (moment) => `cast(extract(epoch from cast(${moment} as time)) * 1000 as bigint)`,
  },
  temporary: (name) => `pg_temp.${name}`,
  altersWritten: true,
};

/** Opens a database for its only writer. */
export async function openPostgres(server: PostgresServer, lease: LeaseOptions): Promise<Warehouse> {
  const name = serverName(server);
  let sessions = await openSessions(server, lease);
  const indexed = new Set<string>();
  let isStopped = false;

  async function settle(table: Table): Promise<void> {
    const taken: SqlRow[] = [];
    for (const { name: index, sql } of indexesOf(table)) {
      if (indexed.has(index)) continue;
      const [found] = await sessions.main.rows(
        `select named.relname as index, pg_index.indrelid = to_regclass($1) as is_ours, cast(named.oid as regclass) as named,
           cast(pg_index.indrelid as regclass) as indexed
         from pg_class as named
         left join pg_index on pg_index.indexrelid = named.oid
         where named.relname = $2
           and named.relnamespace = (select relnamespace from pg_class where oid = to_regclass($1))`,
        [qualifiedName(table), index],
      );
      if (found === undefined) await sessions.main.run(sql);
      else if (found.is_ours !== true) taken.push(found);
      indexed.add(index);
    }
    if (taken.length > 0) throw namesTaken(name, qualifiedName(table), taken);
  }

  return {
    name,
    dialect: postgresDialect,
    bringsApart: false,
    starSchema: server.schema,
    rows: (sql, parameters) => sessions.main.rows(sql, parameters),
    run: (sql, parameters) => sessions.main.run(sql, parameters),
    append: (table, rows) => copyRows(sessions.main, name, table, rows),
    async transaction(work) {
      const { main } = sessions;
      try {
        await beginWriting(sessions, name);
        const result = await work();
        await commit(main, name);
        return result;
      } catch (error) {
        indexed.clear();
        await main.run('rollback').catch(() => {});
        throw error;
      }
    },
    async analyze(target, addedRows) {
      if (target.startsWith('pg_temp.')) {
        await sessions.main.run(`analyze ${target}`);
        return;
      }
      const [row] = await sessions.main.rows(
        'select reltuples as known from pg_class where oid = to_regclass($1)',
        [target],
      );
      if (addedRows > Math.max(0, Number(row?.known)) * ANALYZE_SHARE)
        await sessions.main.run(
          `set default_statistics_target = ${LASTING_TARGET}; analyze ${target}; set default_statistics_target = ${PASSING_TARGET}`,
        );
    },
    settle,
    async reconnect() {
      const lost = sessions;
      await closeSessions(lost);
      indexed.clear();
      sessions = await reopen(server, lease, lost, () => isStopped);
    },
    publish: async () => {},
    interrupt() {
      isStopped = true;
      // Only another session can end what this one is at.
      void cancel(server, sessions.main.pid);
    },
    close: () => closeSessions(sessions),
  };
}

/** Commits; a transaction that had failed is rolled back by COMMIT without an error, which must not pass for success. */
async function commit({ client }: PostgresConnection, name: string): Promise<void> {
  let result: pg.QueryResult;
  try {
    result = await client.query('commit');
  } catch (cause) {
    throw postgresError(name, cause, true);
  }
  if (result.command !== 'COMMIT') throw new WarehouseError(`${name}: the transaction had failed before.`);
}

/** What has the names of indexes that a table needs: as a rule, those that went along with a table that was renamed. */
function namesTaken(name: string, table: string, taken: readonly SqlRow[]): WarehouseError {
  const by = taken.map(({ index, named, indexed }) =>
    indexed === null
      ? `${index}, but ${named} has that name`
      : `${index}, but the table ${indexed} has an index of that name`,
  );
  const renames = taken.map(({ index, named, indexed }) =>
    indexed === null ? `give ${named} another name` : `alter index ${named} rename to ${index}_old`,
  );
  return new WarehouseError(`${name}: ${table} needs an index ${by.join('; ')}.`, {
    hint: `Nothing was committed. Run again after this: ${renames.join('; ')}`,
  });
}

/** The indexes of a table: its key, and what the declaration names. */
function indexesOf(table: Table): { name: string; sql: string }[] {
  const on = qualifiedName(table);
  // A B-tree refuses values of more than some 2,700 bytes.
  const indexable = (column: string): string =>
    (table.columns[column]?.maxBytes ?? 0) > LONGEST_INDEXED ? `md5(${column})` : column;
  // Repeats stand in staging until they are set aside.
  const unique = table.schema === 'staging' ? '' : 'unique ';
  const key = { name: `${table.name}_key`, columns: table.key, unique };
  const others = (table.indexes ?? []).map((columns) => ({
    name: `${table.name}_${columns.join('_')}`,
    columns,
    unique: '',
  }));
  // Rows of a file lie together in staging: there the smallest and largest id of a few pages at a time is enough.
  const how = ([column]: readonly string[]): string =>
    column === 'file_id' && table.schema === 'staging' ? 'using brin ' : '';
  return [key, ...others]
    .filter(({ columns }) => columns.length > 0)
    .map(({ name, columns, unique: kind }) => ({
      name,
      sql: `create ${kind}index ${name} on ${on} ${how(columns)}(${columns.map(indexable).join(', ')})`,
    }));
}

/** Opens a database for a reader: one read-only transaction, so that everything it sees is of one load. */
export async function openPublishedPostgres(server: PostgresServer): Promise<ReadOnlyWarehouse> {
  const name = serverName(server);
  const connection = await connectToRead(server);
  const { client } = connection;
  const judge: Judge = async (sql) => {
    const statement = readingStatement(sql);
    await assertReads(connection, statement);
    return statement;
  };
  return {
    name,
    dialect: postgresDialect,
    starSchema: server.schema,
    rows: connection.rows,
    unreadable: (tables) => unreadableTables(connection, server, tables),
    answer: (sql) => answer({ client, name, judge }, sql),
    writeParquet: (sql, path) => writeAnswer({ client, name, judge }, sql, path),
    // A server ends what nobody waits for any more.
    interrupt: () => void connection.close(),
    close: connection.close,
  };
}
