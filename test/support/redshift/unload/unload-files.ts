import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { ServerError } from '../copy/copy-session.ts';
import type { UnloadStatement } from './unload-statement.ts';

/** A column of what an UNLOAD selects. */
export interface UnloadColumn {
  readonly name: string;
  /** PostgreSQL's name of it, without its modifiers. */
  readonly type: string;
  readonly precision: number | null;
  readonly scale: number | null;
}

/** Values as PostgreSQL writes them; null is NULL. */
export type UnloadRow = readonly (string | null)[];

const numbers = ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'];
/** What Parquet files hold of each type; a TIMESTAMPTZ loses its zone, by r_UNLOAD. */
const parquetTypes: Readonly<Record<string, string>> = {
  smallint: 'smallint',
  integer: 'integer',
  bigint: 'bigint',
  real: 'float',
  'double precision': 'double',
  boolean: 'boolean',
  date: 'date',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamp',
  'character varying': 'varchar',
  character: 'varchar',
  text: 'varchar',
  jsonb: 'varchar',
};

/** Writes rows as one file of the format that the UNLOAD asks for. */
export async function fileOf(
  statement: UnloadStatement,
  columns: readonly UnloadColumn[],
  rows: readonly UnloadRow[],
): Promise<Buffer> {
  if (statement.format === 'parquet') return parquet(columns, rows);
  const line = lineWriter(statement, columns);
  const header = statement.hasHeader
    ? [
        csvLine(
          columns.map(({ name }) => name),
          statement.delimiter,
        ),
      ]
    : [];
  const text = Buffer.from([...header, ...rows.map(line)].map((row) => `${row}\n`).join(''));
  return statement.isGzip ? gzipSync(text) : text;
}

/** A row as a line of text; also how large a row is, for MAXFILESIZE. */
export function lineWriter(
  { format, delimiter }: UnloadStatement,
  columns: readonly UnloadColumn[],
): (row: UnloadRow) => string {
  if (format !== 'json') return (row) => csvLine(row, delimiter);
  return (row) => {
    const members = columns.map(({ name, type }, i) => {
      const value = row[i] ?? null;
      return `${JSON.stringify(name)}:${value === null ? 'null' : jsonValue(value, type)}`;
    });
    return `{${members.join(',')}}`;
  };
}

function jsonValue(value: string, type: string): string {
  if (type === 'jsonb') return value;
  return numbers.includes(type) && /\d$/.test(value) ? value : JSON.stringify(value);
}

function csvLine(row: UnloadRow, delimiter: string): string {
  return row
    .map((value) => {
      if (value === null) return '';
      const isPlain = !value.includes(delimiter) && !/["\n\r]/.test(value);
      return isPlain ? value : `"${value.replaceAll('"', '""')}"`;
    })
    .join(delimiter);
}

async function parquet(columns: readonly UnloadColumn[], rows: readonly UnloadRow[]): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'redshift-double-'));
  const file = join(folder, 'part.parquet');
  const instance = await DuckDBInstance.create(':memory:');
  try {
    const connection = await instance.connect();
    await connection.run(`create table rows (${columns.map((_, i) => `c${i} varchar`).join(', ')})`);
    const appender = await connection.createAppender('rows');
    for (const row of rows) {
      for (const value of row) {
        if (value === null) appender.appendNull();
        else appender.appendVarchar(value);
      }
      appender.endRow();
    }
    appender.closeSync();
    const typed = columns.map(
      (column, i) =>
        `cast(${parquetValue(column, i)} as ${parquetType(column)}) as "${column.name.replaceAll('"', '""')}"`,
    );
    await connection.run(
      `copy (select ${typed.join(', ')} from rows) to '${file}' (format parquet, compression snappy)`,
    );
    connection.closeSync();
    return await readFile(file);
  } finally {
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}

function parquetValue({ type }: UnloadColumn, i: number): string {
  return type === 'timestamp with time zone' ? `regexp_replace(c${i}, '[+-][0-9:]+$', '')` : `c${i}`;
}

function parquetType({ name, type, precision, scale }: UnloadColumn): string {
  if (type === 'numeric') return `decimal(${Math.min(precision ?? 38, 38)}, ${scale ?? 0})`;
  const known = parquetTypes[type];
  if (known === undefined)
    throw new ServerError('0A000', `not emulated: UNLOAD of the ${type} column ${name} to PARQUET`);
  return known;
}
