import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column, ColumnType } from '../schema/column.ts';
import { qualifiedName, sourceColumns, type Table } from '../schema/table.ts';
import { literal } from './sql.ts';
import type { CleanCandidate } from './warehouse.ts';

const TRANSFORM_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'VARCHAR',
  integer: 'BIGINT',
  bigint: 'BIGINT',
  double: 'DOUBLE',
  timestamp: 'BIGINT',
  boolean: 'BOOLEAN',
};

/** The JSON types that a column takes as they are; anything else sends its file to the line-by-line reader. */
const ACCEPTED_TOKENS: Readonly<Record<ColumnType, readonly string[]>> = {
  text: ['VARCHAR'],
  integer: ['UBIGINT', 'BIGINT'],
  bigint: ['UBIGINT', 'BIGINT'],
  double: ['DOUBLE', 'UBIGINT', 'BIGINT'],
  timestamp: ['UBIGINT', 'BIGINT'],
  boolean: ['BOOLEAN'],
};

/**
 * Loads files in which every line is a clean record; the ids of the others, of which no row stays.
 *
 * DuckDB's reader coerces (`1.7` into BIGINT is 2, a broken line is a row of NULLs), so each record is taken as
 * text and vouched for: its keys are exactly the declared ones (json_transform_strict), each value has an
 * accepted JSON type (json_type) and keeps the rules. A record that cannot be vouched for goes in under its
 * file's negated id, which is how its file is known afterwards, in the same scan.
 */
export async function readClean(
  connection: DuckDBConnection,
  table: Table,
  files: readonly CleanCandidate[],
  nowMs: number,
): Promise<number[]> {
  const first = files[0]?.fileId ?? 0;
  const last = first + files.length - 1;
  const name = qualifiedName(table);
  await connection.run(insertSql(table, files, nowMs));
  const counted = await connection.runAndReadAll(
    `select abs(file_id) as file_id, count(*) as records, count(*) filter (where file_id < 0) as unclean
     from ${name}
     where file_id between ${first} and ${last} or file_id between ${-last} and ${-first}
     group by abs(file_id)`,
  );
  const found = new Map(
    counted.getRowsJS().map(([id, records, unclean]) => [Number(id), { records, unclean }]),
  );
  const refused = files
    .filter((file) => {
      const { records, unclean } = found.get(file.fileId) ?? { records: 0, unclean: 0 };
      return Number(unclean) > 0 || Number(records) !== file.lines;
    })
    .map((file) => file.fileId);
  if (refused.length > 0) {
    const ids = refused.flatMap((id) => [id, -id]).join(', ');
    await connection.run(`delete from ${name} where file_id in (${ids})`);
  }
  return refused;
}

function insertSql(table: Table, files: readonly CleanCandidate[], nowMs: number): string {
  const columns = sourceColumns(table);
  const shape = Object.fromEntries(
    columns.map(({ from, column }) => [from.key, TRANSFORM_TYPES[column.type]]),
  );
  const paths = columns.map(({ from }) => literal(`$."${from.key}"`));
  return `insert into ${qualifiedName(table)} (file_id, ${columns.map(({ name }) => name).join(', ')})
    select
      case when clean then file_id else -file_id end,
      ${columns.map(({ from }) => `record."${from.key}"`).join(', ')}
    from (
      select *, coalesce(${cleanSql(table, nowMs)}, false) as clean
      from (
        select
          ${files[0]?.fileId ?? 0} + file_index as file_id,
          json,
          try(json_transform_strict(json, ${literal(JSON.stringify(shape))})) as record,
          json_type(json, [${paths.join(', ')}]) as tokens
        from read_json_objects(
          [${files.map((file) => literal(file.path)).join(', ')}],
          format = 'newline_delimited', ignore_errors = true
        )
      )
    )`;
}

/** True for a record that keeps every rule of its table. */
function cleanSql(table: Table, nowMs: number): string {
  const tests = sourceColumns(table).flatMap(({ column, from }, at) =>
    fieldTests(column, from.key, at + 1, nowMs),
  );
  const condition = table.requiredWhen;
  if (condition) {
    const keyOf = (name: string): string => `record."${table.columns[name]?.from?.key ?? name}"`;
    const present = condition.columns.map((name) =>
      table.columns[name]?.type === 'text' ? `${keyOf(name)} <> ''` : `${keyOf(name)} is not null`,
    );
    tests.push(`(${keyOf(condition.column)} <> ${literal(condition.equals)} or (${present.join(' and ')}))`);
  }
  return ["not contains(json, '\\u0000')", ...tests].join(' and ');
}

function fieldTests(column: Column, key: string, at: number, nowMs: number): string[] {
  const value = `record."${key}"`;
  const required = column.from?.required ?? false;
  const tokens = required ? ACCEPTED_TOKENS[column.type] : [...ACCEPTED_TOKENS[column.type], 'NULL'];
  const tests = [`tokens[${at}] in (${tokens.map(literal).join(', ')})`];
  const orNull = (test: string): string => (required ? test : `(${value} is null or ${test})`);
  if (column.values) tests.push(orNull(`${value} in (${column.values.map(literal).join(', ')})`));
  if (column.type === 'text') return tests;
  const whole = column.type !== 'double';
  const min = column.from?.min ?? (whole ? Number.MIN_SAFE_INTEGER : undefined);
  const max =
    column.from?.maxMsAfterNow === undefined
      ? whole
        ? Number.MAX_SAFE_INTEGER
        : undefined
      : nowMs + column.from.maxMsAfterNow;
  if (min !== undefined) tests.push(orNull(`${value} >= ${min}`));
  if (max !== undefined) tests.push(orNull(`${value} <= ${max}`));
  return tests;
}
