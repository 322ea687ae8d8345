import type { TableName } from '../grammar/reading.ts';
import { notEmulated, quoteName } from '../session/cursor.ts';

/** Views of the double's own, which Redshift has in pg_catalog. */
const own = new Set(
  `svv_table_info pg_table_def stv_db_isolation_level stv_slices svv_transactions stv_sessions
  sys_load_error_detail sys_load_history sys_load_detail pg_user`.split(/\s+/),
);
/** Catalogs that the database behind the double has with the same columns, and more. */
const shared = new Set(
  'pg_class pg_namespace pg_attribute pg_type pg_database pg_tables pg_views'.split(' '),
);
const information = new Set('tables columns schemata views'.split(' '));

/** What stands behind the double for a system table or view; null where the table is a user's. */
export function systemTable({ schema, name }: TableName): string | null {
  if (schema === 'information_schema')
    return information.has(name)
      ? `redshift_double.${quoteName(`information_schema_${name}`)}`
      : notEmulated(`information_schema.${name}`);
  if (schema !== null && schema !== 'pg_catalog') return null;
  if (own.has(name)) return `redshift_double.${quoteName(name)}`;
  if (shared.has(name)) return `pg_catalog.${quoteName(name)}`;
  if (schema === 'pg_catalog' || /^(pg|stl|stv|svv|svl|svcs|sys)_/.test(name))
    notEmulated(`the system table ${name}`);
  return null;
}

/** Catalogs and the views over them are the leader node's: no statement may read one beside a user's table. */
export const isOnLeader = ({ schema, name }: TableName): boolean =>
  schema === 'information_schema' || name.startsWith('pg_') || name === 'svv_table_info';
