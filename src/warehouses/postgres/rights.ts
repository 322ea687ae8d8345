import { qualifiedName, type Table } from '../../schema/table.ts';
import { literal } from '../sql.ts';
import type { Unreadable } from '../warehouse.ts';
import type { PostgresConnection } from './connection.ts';
import type { PostgresServer } from './server.ts';

/** A table that is there, whether the role sees it or not. */
interface StandingTable {
  /** As qualifiedName gives it. */
  readonly name: string;
  readonly schema: string;
  readonly mayRead: boolean;
}

/** Of tables, those that are there: by the catalogue, since information_schema keeps from a role what it has no right on. */
export async function standingTables(
  { rows }: Pick<PostgresConnection, 'rows'>,
  server: PostgresServer,
  tables: readonly Pick<Table, 'schema' | 'name'>[],
): Promise<StandingTable[]> {
  const star = server.schema === null ? STAR_IN_PATH : literal(server.schema);
  const wanted = tables.map(
    (table) =>
      `(${literal(qualifiedName(table))}, ${literal(table.name)}, ${table.schema === 'star' ? star : literal(table.schema)})`,
  );
  const found = await rows({
    name: 'rights: tables that are there',
    sql: `select wanted.name, schemas.nspname as schema,
       has_schema_privilege(schemas.oid, 'usage') and has_table_privilege(tables.oid, 'select') as may_read
     from (values ${wanted.join(', ')}) as wanted (name, table_name, schema_name)
     join pg_catalog.pg_namespace as schemas on schemas.nspname = wanted.schema_name
     join pg_catalog.pg_class as tables on tables.relnamespace = schemas.oid
       and tables.relname = wanted.table_name and tables.relkind in ('r', 'p', 'v', 'm', 'f')`,
  });
  return found.map(({ name, schema, may_read: mayRead }) => ({
    name: String(name),
    schema: String(schema),
    mayRead: mayRead === true,
  }));
}

/** The first schema of the search path that holds the star, also if the role may not look into it: current_schema() skips such a one. */
const STAR_IN_PATH = `(
  select schemas.nspname
  from unnest(string_to_array(current_setting('search_path'), ',')) with ordinality as path (entry, place)
  join pg_catalog.pg_namespace as schemas
    on schemas.nspname = replace(trim(both ' "' from path.entry), '$user', cast(current_user as text))
  join pg_catalog.pg_class as plays on plays.relnamespace = schemas.oid and plays.relname = 'songplays'
  order by path.place
  limit 1)`;

/** What the role may not read of tables that are there. */
export async function unreadableTables(
  connection: Pick<PostgresConnection, 'rows'>,
  server: PostgresServer,
  tables: readonly Table[],
): Promise<Unreadable> {
  const hidden = (await standingTables(connection, server, tables)).filter(({ mayRead }) => !mayRead);
  const [own] = await connection.rows({
    name: 'rights: the role',
    sql: 'select current_user as role, quote_ident(current_user) as name',
  });
  const schemas = [...new Set(hidden.map(({ schema }) => `"${schema.replaceAll('"', '""')}"`))]
    .map((schema) => (/^"[a-z_][a-z0-9_]*"$/.test(schema) ? schema.slice(1, -1) : schema))
    .sort()
    .join(', ');
  return {
    role: String(own?.role),
    tables: hidden.map(({ name }) => name),
    grant: `grant usage on schema ${schemas} to ${own?.name}; grant select on all tables in schema ${schemas} to ${own?.name}`,
  };
}
