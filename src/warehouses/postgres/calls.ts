import { UsageError } from '../../errors.ts';
import type { FunctionCall, ReadingStatement } from '../pg-wire/reading-statement.ts';
import { literal } from '../sql.ts';
import type { PostgresConnection } from './connection.ts';

/**
 * Functions of PostgreSQL's own that are volatile since their answer differs each time, not since they change anything.
 */
const HARMLESS: ReadonlySet<string> = new Set(
  `random random_normal gen_random_uuid uuidv4 uuidv7 clock_timestamp timeofday array_sample array_shuffle bernoulli system
   pg_column_size pg_database_size pg_indexes_size pg_relation_size pg_table_size pg_tablespace_size pg_total_relation_size
   pg_is_in_recovery pg_blocking_pids pg_partition_tree pg_partition_ancestors`.split(/\s+/),
);
/** Functions that say they only read, and run a statement that they are given as text (the extensions tablefunc and xml2). */
const RUNS_TEXT = /^(crosstab\w*|connectby|xpath_table)$/;

/**
 * Refuses a statement that calls a function by which more can be done than reading. The server itself says of each
 * function whether it may (pg_proc.provolatile): a transaction that is read only stops no lock, no file, no signal.
 */
export async function assertReads(
  { rows }: Pick<PostgresConnection, 'rows'>,
  { calls, attributes }: ReadingStatement,
): Promise<void> {
  const text = calls.find(({ name }) => RUNS_TEXT.test(name));
  if (text !== undefined) throw refusal(text.name, 'it runs SQL that is given to it as text');
  const names = [...new Set([...calls.map(({ name }) => name), ...attributes])];
  if (names.length === 0) return;
  const found = await rows({
    name: 'query: functions that may do more than read',
    sql: `select distinct functions.proname as name, schemas.nspname as schema,
       schemas.nspname = any (current_schemas(true)) as is_visible,
       functions.pronargs > 0 and first.typtype in ('c', 'd', 'p') as takes_row
     from pg_catalog.pg_proc as functions
     join pg_catalog.pg_namespace as schemas on schemas.oid = functions.pronamespace
     left join pg_catalog.pg_type as first on first.oid = functions.proargtypes[0]
     where functions.provolatile = 'v' and functions.proname in (${names.map(literal).join(', ')})`,
  });
  for (const { name, schema, is_visible: isVisible, takes_row: takesRow } of found) {
    if (schema === 'pg_catalog' && HARMLESS.has(String(name))) continue;
    const isCalled = calls.some(
      (call: FunctionCall) =>
        call.name === name && (call.schema === null ? isVisible : call.schema === schema),
    );
    const isAttribute = isVisible && takesRow && attributes.includes(String(name));
    if (!isCalled && !isAttribute) continue;
    const own = `If it is yours and only reads: alter function ${name}(…) stable.`;
    throw refusal(
      String(name),
      'it may do more than read (it is volatile)',
      schema === 'pg_catalog' ? undefined : own,
    );
  }
}

function refusal(
  name: string,
  why: string,
  hint = 'docs/postgresql.md says what query may call.',
): UsageError {
  return new UsageError(`query does not call ${name}: ${why}.`, { hint });
}
