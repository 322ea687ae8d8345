import { once } from 'node:events';
import { from as copyFrom } from 'pg-copy-streams';
import { atStatement } from '../../errors.ts';
import { columnNames, qualifiedName, type Table } from '../../schema/table.ts';
import { postgresError } from '../pg-wire/errors.ts';
import { utcText } from '../pg-wire/values.ts';
import { reportStatement } from '../statement.ts';
import type { PostgresConnection } from './connection.ts';

/** Characters that go to the server at a time: a chunk for each row costs ten times as much. */
const CHUNK_LENGTH = 256 * 1024;
/** What COPY's text format has other signs for. */
const SPECIAL = /[\\\n\r\t]/;

/** Appends rows by column name by COPY, as fast as the server takes them; missing columns are null. */
export async function copyRows(
  { client }: PostgresConnection,
  name: string,
  table: Table,
  rows: readonly object[],
): Promise<void> {
  if (rows.length === 0) return;
  const names = columnNames(table);
  const [first = '', ...others] = names;
  const statement = {
    name: `append: ${qualifiedName(table)}`,
    sql: `copy ${qualifiedName(table)} (${names.join(', ')}) from stdin`,
  };
  reportStatement(statement);
  const stream = client.query(copyFrom(statement.sql));
  const done = new Promise<void>((resolve, reject) => {
    stream.once('finish', resolve).once('error', reject);
  });
  done.catch(() => {});
  try {
    let text = '';
    for (const row of rows as readonly Record<string, unknown>[]) {
      text += field(row[first]);
      for (const column of others) text += `\t${field(row[column])}`;
      text += '\n';
      if (text.length < CHUNK_LENGTH) continue;
      if (!stream.write(text)) await Promise.race([once(stream, 'drain'), done]);
      text = '';
    }
    stream.end(text);
    await done;
  } catch (cause) {
    throw atStatement(postgresError(name, cause), statement.name);
  }
}

/** A value in COPY's text format. */
function field(value: unknown): string {
  if (value === null || value === undefined) return '\\N';
  if (typeof value === 'string') return SPECIAL.test(value) ? escaped(value) : value;
  if (value instanceof Date) return utcText(value);
  return String(value);
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
}
