import { DuckDBInstance } from '@duckdb/node-api';
import { UsageError } from '../errors.ts';
import { lockedTo } from './duckdb-lock.ts';
import { literal } from './sql.ts';
import type { SqlValue } from './statement.ts';

/** Writes rows of another engine as a Parquet file, by DuckDB in memory; returns how many. Types are DuckDB's. */
export async function writeParquet(
  columns: readonly { readonly name: string; readonly type: string }[],
  batches: AsyncIterable<readonly (readonly SqlValue[])[]>,
  path: string,
): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '500MB' });
  const connection = await instance.connect();
  try {
    await connection.run(lockedTo([path]));
    const quoted = columns.map(({ name }, at) => `"${(name || `column${at}`).replaceAll('"', '""')}"`);
    const places = columns.map((_, at) => `c${at}`);
    await connection.run(
      `create table answer (${columns.map(({ type }, at) => `${places[at]} ${type}`).join(', ')})`,
    );
    const shape = literal(
      JSON.stringify(Object.fromEntries(columns.map(({ type }, at) => [places[at], type]))),
    );
    const insert = `insert into answer select ${places.map((place) => `record.${place}`).join(', ')}
      from (select json_transform(unnest(string_split($1, chr(10))), ${shape}) as record)`;
    for await (const rows of batches) {
      if (rows.length === 0) continue;
      const lines = rows.map((row) =>
        JSON.stringify(Object.fromEntries(row.map((value, at) => [places[at], value]))),
      );
      await connection.run(insert, [lines.join('\n')]);
    }
    const select = quoted.map((name, at) => `${places[at]} as ${name}`).join(', ');
    const written = await connection.run(
      `copy (select ${select} from answer) to ${literal(path)} (format parquet, use_tmp_file false)`,
    );
    return written.rowsChanged;
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`Cannot write ${path}: ${(cause as Error).message}`, { cause });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
