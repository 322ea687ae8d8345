import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { reportStatement, type SqlRow, type SqlValue, type Statement } from '../statement.ts';
import { guarded } from './errors.ts';

/** Statements of sparkify's own on a connection. */
export interface Queries {
  rows(statement: Statement): Promise<SqlRow[]>;
  run(statement: Statement): Promise<number>;
}

export function queries(connection: DuckDBConnection, file: string): Queries {
  const send = <T>(
    statement: Statement,
    work: (sql: string, parameters: DuckDBValue[] | undefined) => Promise<T>,
  ): Promise<T> => {
    reportStatement(statement);
    const { name, sql, parameters } = statement;
    return guarded(file, () => work(sql, parameters as DuckDBValue[] | undefined), name);
  };
  return {
    rows: (statement) =>
      send(statement, async (sql, parameters) => {
        // Not by stream: the binding gives a stream that failed the end of one that did not.
        const reader = await connection.runAndReadAll(sql, parameters);
        const names = reader.deduplicatedColumnNames();
        return reader.getRowsJS().map((values) => {
          const row: SqlRow = {};
          for (const [at, name] of names.entries()) row[name] = toSqlValue(values[at]);
          return row;
        });
      }),
    run: (statement) =>
      send(statement, async (sql, parameters) => (await connection.run(sql, parameters)).rowsChanged),
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
