import { qualifiedName, sourceColumns, type Table } from '../../schema/table.ts';
import type { EngineReads, ReadUnit, UnitRead } from '../engine-reads.ts';
import { literal } from '../sql.ts';
import type { Queries } from './queries.ts';

/** DuckDB reads files whose every line is in clean form (reading/clean-form.ts) from this machine's disk, one a unit. */
export function fileReads(queries: Queries): EngineReads {
  return {
    opens: 'local files',
    // It would take a path with these characters for a glob.
    accepts: ({ path, isClean }) => isClean && !(path !== null && /[*?[\]{}]/.test(path)),
    read: (units) => readUnits(queries, units),
  };
}

/**
 * Loads files in clean form with DuckDB's own reader, which is fast and coerces whatever it can: of lines in clean form
 * there is nothing to coerce. Ranges and the rules that look at several columns are asked of the rows afterwards. Left over
 * are files that break one, or whose rows are not as many as their lines; all of them where the reader refuses content.
 */
async function readUnits({ rows, run }: Queries, units: readonly ReadUnit[]): Promise<UnitRead[]> {
  const [first] = units;
  if (first === undefined) return [];
  const { table } = first;
  const name = qualifiedName(table);
  try {
    await run({ name: `stage: read files into ${name}`, sql: insertSql(table, units) });
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    return units.map((unit) => ({ ...leftOver(unit), refusal }));
  }
  const lastId = first.fileId + units.length - 1;
  const counted = await rows({
    name: `stage: rows by file, and broken ones, in ${name}`,
    sql: `select file_id, count(*) as records, count(*) filter (where ${brokenSql(table, first.startedAt.getTime())}) as broken
     from ${name} where file_id between ${first.fileId} and ${lastId} group by file_id`,
  });
  const found = new Map(counted.map(({ file_id: id, ...counts }) => [Number(id), counts]));
  const results = units.map((unit): UnitRead => {
    const { records, broken } = found.get(unit.fileId) ?? { records: 0, broken: 0 };
    const isTaken = Number(records) === unit.files[0]?.lines && Number(broken) === 0;
    return isTaken
      ? { fileId: unit.fileId, staged: Number(records), rejected: 0, leftover: [], drift: [] }
      : leftOver(unit);
  });
  const refused = results.filter(({ leftover }) => leftover.length > 0).map(({ fileId }) => fileId);
  if (refused.length > 0)
    await run({
      name: `stage: remove files left over from ${name}`,
      sql: `delete from ${name} where file_id in (${refused.join(', ')})`,
    });
  return results;
}

function leftOver({ fileId, files }: ReadUnit): UnitRead {
  return { fileId, staged: 0, rejected: 0, leftover: files.map(({ path }) => path), drift: [] };
}

/** The reader's words where it refused what it read; a full disk, a lack of memory or of rights, and a stop are no such thing. */
function refusalOf(error: unknown): string | null {
  const { message = '' } = ((error as Error).cause ?? {}) as Partial<Error>;
  return /^(Invalid Input|Conversion|Out of Range) Error/.test(message) ? message : null;
}

function insertSql(table: Table, units: readonly ReadUnit[]): string {
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
    select ${units[0]?.fileId ?? 0} + file_index, ${columns.map(({ from }) => `"${from.key}"`).join(', ')}
    from read_json(
      [${units.flatMap(({ files }) => files.map(({ path }) => literal(path))).join(', ')}],
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
