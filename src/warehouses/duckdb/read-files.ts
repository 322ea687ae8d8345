import type { DuckDBConnection } from '@duckdb/node-api';
import { CleanReadFailed } from '../../errors.ts';
import { qualifiedName, sourceColumns, type Table } from '../../schema/table.ts';
import { literal } from '../sql.ts';
import type { CleanCandidate } from '../warehouse.ts';

/**
 * Loads files whose every line is in clean form (reading/clean-form.ts) with DuckDB's own reader, which is fast
 * and coerces whatever it can: of lines in clean form there is nothing to coerce. Ranges and the rules that look
 * at several columns are asked of the rows afterwards. Returns the ids of the files that break one, or whose rows
 * are not as many as their lines; of these no row stays.
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
  await connection.run(insertSql(table, files)).catch((cause) => {
    throw isAboutContent(cause) ? new CleanReadFailed(cause.message, { cause }) : cause;
  });
  const counted = await connection.runAndReadAll(
    `select file_id, count(*) as records, count(*) filter (where ${brokenSql(table, nowMs)}) as broken
     from ${name} where file_id between ${first} and ${last} group by file_id`,
  );
  const found = new Map(
    counted.getRowsJS().map(([id, records, broken]) => [Number(id), { records, broken }]),
  );
  const refused = files
    .filter(({ fileId, lines }) => {
      const { records, broken } = found.get(fileId) ?? { records: 0, broken: 0 };
      return Number(records) !== lines || Number(broken) > 0;
    })
    .map(({ fileId }) => fileId);
  if (refused.length > 0)
    await connection.run(`delete from ${name} where file_id in (${refused.join(', ')})`);
  return refused;
}

/** Whether the reader refused what it read; a full disk, a lack of memory or of rights, and a stop are no such thing. */
function isAboutContent(cause: Error): boolean {
  return /^(Invalid Input|Conversion|Out of Range) Error/.test(cause.message);
}

function insertSql(table: Table, files: readonly CleanCandidate[]): string {
  const columns = sourceColumns(table);
  const types = {
    text: 'varchar',
    double: 'double',
    integer: 'bigint',
    bigint: 'bigint',
    timestamp: 'bigint',
    boolean: 'boolean',
  };
  const shape = columns.map(({ column, from }) => `${literal(from.key)}: '${types[column.type]}'`);
  return `insert into ${qualifiedName(table)} (file_id, ${columns.map(({ name }) => name).join(', ')})
    select ${files[0]?.fileId ?? 0} + file_index, ${columns.map(({ from }) => `"${from.key}"`).join(', ')}
    from read_json(
      [${files.map((file) => literal(file.path)).join(', ')}],
      format = 'newline_delimited', columns = {${shape.join(', ')}},
      compression = 'uncompressed', hive_partitioning = false, union_by_name = false, filename = false
    )`;
}

/** True for a row that breaks a range, has too long a text, or a rule that looks at several columns. */
function brokenSql(table: Table, nowMs: number): string {
  const ranges = sourceColumns(table).flatMap(({ name, column, from }) => [
    ...(column.type === 'text' && column.maxBytes !== undefined && column.values === undefined
      ? [`strlen(${name}) > ${column.maxBytes}`]
      : []),
    ...(from.min === undefined ? [] : [`${name} < ${from.min}`]),
    ...(from.max === undefined ? [] : [`${name} > ${from.max}`]),
    ...(from.maxMsAfterNow === undefined ? [] : [`${name} > ${nowMs + from.maxMsAfterNow}`]),
  ]);
  const condition = table.requiredWhen;
  const missing = condition?.columns.map((name) =>
    table.columns[name]?.type === 'text' ? `coalesce(${name}, '') = ''` : `${name} is null`,
  );
  const incomplete = condition
    ? [`(${condition.column} = ${literal(condition.equals)} and (${missing?.join(' or ')}))`]
    : [];
  return [...ranges, ...incomplete].join(' or ') || 'false';
}
