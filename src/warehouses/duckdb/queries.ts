import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { SqlRow, SqlValue } from '../warehouse.ts';
import { guarded } from './errors.ts';

export function queries(connection: DuckDBConnection, file: string) {
  return {
    rows: (sql: string, parameters: readonly SqlValue[] = []): Promise<SqlRow[]> =>
      guarded(file, async () => {
        // Not by stream: the binding gives a stream that failed the end of one that did not.
        const reader = await connection.runAndReadAll(sql, parameters as DuckDBValue[]);
        const names = reader.deduplicatedColumnNames();
        return reader.getRowsJS().map((values) => {
          const row: SqlRow = {};
          for (const [at, name] of names.entries()) row[name] = toSqlValue(values[at]);
          return row;
        });
      }),
    run: (sql: string, parameters: readonly SqlValue[] = []): Promise<number> =>
      guarded(file, async () => (await connection.run(sql, parameters as DuckDBValue[])).rowsChanged),
  };
}

function toSqlValue(value: unknown): SqlValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
  if (value instanceof Date) return value;
  if (Array.isArray(value))
    return JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? Number(item) : item));
  return String(value);
}
