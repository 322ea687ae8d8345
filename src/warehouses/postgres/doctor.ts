import { badFrom, type Diagnosis, good } from '../diagnosis.ts';
import { literal } from '../sql.ts';
import type { SqlRow } from '../statement.ts';
import { connect, type PostgresConnection } from './connection.ts';
import { holderOf } from './lease.ts';
import { standingTables } from './rights.ts';
import { type PostgresServer, serverName } from './server.ts';

/** What is in the way of a load into a PostgreSQL database, or may be. */
export function examinePostgres(server: PostgresServer): Promise<Diagnosis[]> {
  return askServer(server).catch((error) => [badFrom('server', error)]);
}

async function askServer(server: PostgresServer): Promise<Diagnosis[]> {
  const connection = await connect(server, 'doctor');
  try {
    const [facts] = await connection.rows({
      name: 'doctor: the server',
      sql: `select current_setting('server_version') as version, current_setting('server_encoding') as encoding,
         pg_is_in_recovery() as standby, current_setting('default_transaction_read_only') as read_only,
         pg_database_size(current_database()) as bytes, current_setting('TimeZone') as zone`,
    });
    const pooling = connection.isPooled ? ', by a pooler that keeps a session for each client' : '';
    return [
      good('server', `${serverName(server)}, PostgreSQL ${facts?.version}${pooling}`),
      encryption(server, connection),
      encoding(facts),
      writable(facts),
      await rights(server, connection),
      good('time zone', `sessions of sparkify are in ${facts?.zone}, whatever server and role are set to`),
      {
        what: 'disk',
        status: 'note',
        detail: `the database has ${megabytes(Number(facts?.bytes))}; only the server knows how much is free`,
        fix: 'A first load needs about three times the bytes of the logs, including the write-ahead log and sorting.',
      },
      await lease(connection),
      await contents(server, connection),
    ];
  } finally {
    await connection.close();
  }
}

function encryption({ sslMode, host }: PostgresServer, { isEncrypted }: PostgresConnection): Diagnosis {
  if (isEncrypted && sslMode === 'verify-full')
    return good('encryption', 'TLS, and the server is verified (verify-full)');
  if (host.startsWith('/')) return good('encryption', 'a Unix socket, which needs none');
  const isLocal = /^(localhost|127\.|::1)/.test(host);
  const detail = isEncrypted ? `TLS, but the server is not verified (sslmode ${sslMode})` : 'none';
  return {
    what: 'encryption',
    status: isLocal ? 'good' : 'note',
    detail: isLocal ? `${detail}; the server is on this machine` : detail,
    fix: isLocal ? null : 'Add ?sslmode=verify-full&sslrootcert=FILE to the address.',
  };
}

function encoding(facts: SqlRow | undefined): Diagnosis {
  if (facts?.encoding === 'UTF8') return good('encoding', 'UTF8');
  return {
    what: 'encoding',
    status: 'bad',
    detail: `${facts?.encoding}, which cannot hold every text`,
    fix: "Make another database: create database sparkify encoding 'UTF8' template template0.",
  };
}

function writable(facts: SqlRow | undefined): Diagnosis {
  if (facts?.standby === true) {
    return {
      what: 'writing',
      status: 'bad',
      detail: 'the server is a standby, which only reads',
      fix: 'Name the primary server.',
    };
  }
  if (facts?.read_only === 'on') {
    return {
      what: 'writing',
      status: 'bad',
      detail: 'transactions are read-only here (default_transaction_read_only)',
      fix: 'alter role … set default_transaction_read_only = off',
    };
  }
  return good('writing', 'the server takes changes');
}

/** Whether the role may make the schemas, or make tables in those that are there. */
async function rights(server: PostgresServer, connection: PostgresConnection): Promise<Diagnosis> {
  const [found] = await connection.rows({
    name: 'doctor: rights of the role',
    sql: `select current_user as role, current_schema() as star,
       has_database_privilege(current_database(), 'create') as may_create,
         has_database_privilege(current_database(), 'temporary') as may_temporary`,
  });
  const star = server.schema ?? (found?.star as string | null);
  if (star === null) {
    return {
      what: 'rights',
      status: 'bad',
      detail: 'the search path holds no schema for the star',
      fix: 'Name one: ?schema=analytics in the address, or SCHEMA below [WAREHOUSE].',
    };
  }
  if (found?.may_temporary !== true) {
    return {
      what: 'rights',
      status: 'bad',
      detail: `${found?.role} may not make temporary tables`,
      fix: `As an administrator: grant temporary on database ${server.database} to ${found?.role}`,
    };
  }
  const missing: string[] = [];
  for (const schema of [star, 'staging', 'ops']) {
    const [there] = await connection.rows({
      name: 'doctor: rights on a schema',
      sql: `select has_schema_privilege(nspname, 'create') as may from pg_namespace where nspname = ${literal(schema)}`,
    });
    if (there === undefined ? found?.may_create !== true : there.may !== true) missing.push(schema);
  }
  if (missing.length === 0)
    return good('rights', `${found?.role} may make tables in ${star}, staging and ops`);
  return {
    what: 'rights',
    status: 'bad',
    detail: `${found?.role} may not make tables in ${missing.join(', ')}`,
    fix: `As an administrator: ${missing.map((schema) => `create schema if not exists ${schema} authorization ${found?.role}`).join('; ')}`,
  };
}

async function lease(connection: PostgresConnection): Promise<Diagnosis> {
  const holder = await holderOf(connection);
  if (holder === null) return good('lease', 'no load is running');
  return {
    what: 'lease',
    status: 'note',
    detail: `being written by ${holder}`,
    fix: 'etl waits for it, up to --wait-seconds.',
  };
}

async function contents(server: PostgresServer, connection: PostgresConnection): Promise<Diagnosis> {
  const standing = await standingTables(connection, server, [
    { schema: 'ops', name: 'warehouse' },
    { schema: 'star', name: 'songplays' },
  ]);
  const [warehouse, star] = ['ops.warehouse', 'songplays'].map((table) =>
    standing.find(({ name }) => name === table),
  );
  if (warehouse === undefined) return good('warehouse', 'none yet; the first load makes it');
  if (star === undefined) {
    const [row] = await connection.rows({
      name: 'doctor: a star elsewhere',
      sql: `select min(schemas.nspname) as elsewhere from pg_catalog.pg_class as tables
       join pg_catalog.pg_namespace as schemas on schemas.oid = tables.relnamespace
       where tables.relname = 'songplays' and tables.relkind in ('r', 'p')`,
    });
    if (row?.elsewhere === null || row?.elsewhere === undefined) {
      return {
        what: 'warehouse',
        status: 'bad',
        detail: 'there is one, but songplays is missing',
        fix: 'sparkify create-tables makes it again from staging, and so does the next load.',
      };
    }
    return {
      what: 'warehouse',
      status: 'bad',
      detail: `there is one, but its star is in another schema (${row.elsewhere})`,
      fix: 'Name that one: SCHEMA below [WAREHOUSE], SPARKIFY_SCHEMA, or ?schema= in the address.',
    };
  }
  if (!star.mayRead) {
    return {
      what: 'warehouse',
      status: 'bad',
      detail: `there is one, and ${server.user} may not read its star (schema ${star.schema})`,
      fix: 'Load as the role that owns it; docs/postgresql.md lists the rights of readers.',
    };
  }
  const [count] = await connection.rows({
    name: 'doctor: plays',
    sql: 'select count(*) as plays from songplays',
  });
  return good('warehouse', `${Number(count?.plays).toLocaleString('en-US')} songplays`);
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString('en-US')} MB`;
}
