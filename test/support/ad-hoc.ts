import type { SqlRow, SqlValue, Statement } from '../../src/warehouses/statement.ts';

interface Asked {
  rows(statement: Statement): Promise<SqlRow[]>;
}

interface Ran {
  run(statement: Statement): Promise<number>;
}

/** The rows of a statement that no part of the program knows. */
export function rowsOf(of: Asked, sql: string, parameters: readonly SqlValue[] = []): Promise<SqlRow[]> {
  return of.rows({ name: 'a test asks', sql, parameters });
}

/** Runs a statement that no part of the program knows; the number of rows that it changed. */
export function runOn(on: Ran, sql: string, parameters: readonly SqlValue[] = []): Promise<number> {
  return on.run({ name: 'a test does', sql, parameters });
}
