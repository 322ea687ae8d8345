import { ServerError } from '../copy/copy-session.ts';
import { readTableName, tableNameSql } from '../grammar/from.ts';
import type { Token } from '../grammar/lexer.ts';
import type { Reading, TableName } from '../grammar/reading.ts';
import { notEmulated, notSupported, quoteName, quoteString } from '../session/cursor.ts';
import { type Plan, runs } from '../session/plan.ts';
import { readType } from './column-types.ts';
import { readColumn } from './create-table.ts';
import { emptyAttributes, readEncoding, readSortkey } from './table-attributes.ts';

/** ALTER TABLE: one action a statement. */
export function readAlterTable(reading: Reading): Plan {
  const { cursor } = reading;
  cursor.expect('alter', 'table');
  if (cursor.is('if')) notSupported('ALTER TABLE IF EXISTS');
  const table = readTableName(reading);
  const sql = readAction(reading, table);
  if (cursor.is(',')) notSupported('More than one action of ALTER TABLE');
  cursor.atEnd();
  return runs(
    'ALTER TABLE',
    async (work) => {
      const id = `${quoteString(tableNameSql(table))}::regclass::oid`;
      // The table may be renamed: its number stays.
      const { rows } = await work.query(`select ${id}`);
      await work.query(`drop trigger if exists redshift_double_widths on ${tableNameSql(table)}; ${sql}`);
      await work.query(`call redshift_double.keep_widths(${rows[0]?.[0]}::regclass)`);
    },
    { writes: [table], realTables: [table], block: isOutside(cursor.tokens) ? 'outside' : 'anywhere' },
  );
}

/** Changing a column's type cannot be undone, so it stands alone. */
const isOutside = (tokens: readonly Token[]): boolean =>
  tokens.some(
    ({ value }, i) =>
      value === 'column' && tokens[i - 1]?.value === 'alter' && tokens[i + 2]?.value === 'type',
  );

function readAction(reading: Reading, table: TableName): string {
  const { cursor } = reading;
  const alter = `alter table ${tableNameSql(table)}`;
  if (cursor.take('add')) return `${alter} ${readAdded(reading, table)}`;
  if (cursor.take('drop')) {
    if (cursor.is('constraint')) notEmulated('DROP CONSTRAINT');
    cursor.take('column');
    const column = quoteName(cursor.name());
    return `${alter} drop column ${column} ${cursor.takeOne('cascade', 'restrict') ?? ''}`;
  }
  if (cursor.take('rename')) {
    if (cursor.take('to')) return `${alter} rename to ${quoteName(cursor.name())}`;
    cursor.take('column');
    const from = cursor.name();
    cursor.expect('to');
    const to = cursor.name();
    const id = `${quoteString(tableNameSql(table))}::regclass`;
    const noted = `call redshift_double.rename_noted(${id}, ${quoteString(from)}, ${quoteString(to)})`;
    return `${alter} rename column ${quoteName(from)} to ${quoteName(to)}; ${noted}`;
  }
  if (cursor.take('owner', 'to')) return `select ${quoteString(cursor.name())}`;
  if (cursor.is('append')) notEmulated('ALTER TABLE APPEND');
  cursor.expect('alter');
  return readAltered(reading, table);
}

function readAdded(reading: Reading, table: TableName): string {
  const { cursor } = reading;
  if (cursor.isOne('constraint', 'primary', 'unique', 'foreign'))
    notEmulated('ALTER TABLE ADD of a constraint');
  cursor.take('column');
  if (cursor.is('if')) notSupported('ADD COLUMN IF NOT EXISTS');
  const attributes = emptyAttributes();
  const column = readColumn(reading, attributes);
  if (attributes.distkeys.length + attributes.columnSortkeys.length > 0)
    throw new ServerError('0A000', 'a key cannot be added with a column');
  const encodings = [...attributes.encodings].map(([name, encoding]) => encodingSql(table, name, encoding));
  return [`add column ${column}`, ...encodings].join('; ');
}

function readAltered(reading: Reading, table: TableName): string {
  const { cursor } = reading;
  const id = `${quoteString(tableNameSql(table))}::regclass`;
  const set = (what: Readonly<Record<string, unknown>>) =>
    `call redshift_double.note(${id}, redshift_double.noted(${id}) || ${quoteString(JSON.stringify(what))})`;
  const byKey = () => set({ diststyle: 'key', distkey: cursor.name() });
  if (cursor.take('distkey')) return byKey();
  if (cursor.take('diststyle')) {
    const style = cursor.takeOne('all', 'even', 'auto', 'key') ?? cursor.fail();
    if (style !== 'key') return set({ diststyle: style, distkey: null });
    cursor.expect('distkey');
    return byKey();
  }
  if (cursor.take('sortkey', 'none')) return set({ sortstyle: 'compound', sortkeys: [] });
  if (cursor.isOne('sortkey', 'compound')) {
    const attributes = emptyAttributes();
    readSortkey(cursor, attributes);
    return set({ sortstyle: attributes.sortstyle, sortkeys: attributes.sortkeys });
  }
  if (cursor.take('encode', 'auto')) return set({ encodings: {} });
  cursor.expect('column');
  const column = cursor.name();
  if (cursor.take('encode')) {
    return encodingSql(table, column, readEncoding(cursor, null));
  }
  cursor.expect('type');
  const type = readType(cursor);
  if (type.kind !== 'varchar') notSupported('ALTER COLUMN TYPE other than the size of a VARCHAR');
  return `alter table ${tableNameSql(table)} alter column ${quoteName(column)} type ${type.sql}`;
}

function encodingSql(table: TableName, column: string, encoding: string): string {
  const id = `${quoteString(tableNameSql(table))}::regclass`;
  const given = quoteString(JSON.stringify({ [column]: encoding }));
  const encodings = `coalesce(redshift_double.noted(${id}) -> 'encodings', '{}') || ${given}`;
  return `call redshift_double.note(${id}, redshift_double.noted(${id}) || jsonb_build_object('encodings', ${encodings}))`;
}
