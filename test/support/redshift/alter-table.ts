import { ServerError } from './copy-session.ts';
import { readColumn } from './create-table.ts';
import { notEmulated, notSupported, quoteName, quoteString } from './cursor.ts';
import { readTableName, tableNameSql } from './from.ts';
import { type Plan, runs } from './plan.ts';
import type { Reading, TableName } from './reading.ts';
import { emptyAttributes, readEncoding, readSortkey } from './table-attributes.ts';
import { readType } from './types.ts';

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
    { writes: [table], realTables: [table], block: isOutside(cursor.sql) ? 'outside' : 'anywhere' },
  );
}

/** Changing a column's type cannot be undone, so it stands alone. */
const isOutside = (sql: string): boolean => /\balter\s+column\s+\S+\s+type\b/i.test(sql);

function readAction(reading: Reading, table: TableName): string {
  const { cursor } = reading;
  const alter = `alter table ${tableNameSql(table)}`;
  if (cursor.take('add')) return `${alter} ${readAdded(reading)}`;
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
    return `${alter} rename column ${quoteName(from)} to ${quoteName(cursor.name())}`;
  }
  if (cursor.take('owner', 'to')) return `select ${quoteString(cursor.name())}`;
  if (cursor.is('append')) notEmulated('ALTER TABLE APPEND');
  cursor.expect('alter');
  return readAltered(reading, table);
}

function readAdded(reading: Reading): string {
  const { cursor } = reading;
  if (cursor.isOne('constraint', 'primary', 'unique', 'foreign'))
    notEmulated('ALTER TABLE ADD of a constraint');
  cursor.take('column');
  if (cursor.is('if')) notSupported('ADD COLUMN IF NOT EXISTS');
  const attributes = emptyAttributes();
  const column = readColumn(reading, attributes);
  if (attributes.distkeys.length + attributes.columnSortkeys.length > 0)
    throw new ServerError('0A000', 'a key cannot be added with a column');
  return `add column ${column}`;
}

function readAltered(reading: Reading, table: TableName): string {
  const { cursor } = reading;
  const id = `${quoteString(tableNameSql(table))}::regclass`;
  const set = (what: string) => `update redshift_double.tables set ${what} where id = ${id}`;
  if (cursor.take('distkey')) return set(`diststyle = 'key', distkey = ${quoteString(cursor.name())}`);
  if (cursor.take('diststyle')) {
    const style = cursor.takeOne('all', 'even', 'auto', 'key') ?? cursor.fail();
    if (style !== 'key') return set(`diststyle = ${quoteString(style)}, distkey = null`);
    cursor.expect('distkey');
    return set(`diststyle = 'key', distkey = ${quoteString(cursor.name())}`);
  }
  if (cursor.take('sortkey', 'none')) return set("sortstyle = 'compound', sortkeys = '{}'");
  if (cursor.isOne('sortkey', 'compound')) {
    const attributes = emptyAttributes();
    readSortkey(cursor, attributes);
    const keys = attributes.sortkeys.map(quoteString).join(', ');
    return set(
      `sortstyle = ${quoteString(attributes.sortstyle ?? 'auto')}, sortkeys = array[${keys}]::text[]`,
    );
  }
  if (cursor.take('encode', 'auto')) return `delete from redshift_double.encodings where id = ${id}`;
  cursor.expect('column');
  const column = cursor.name();
  if (cursor.take('encode')) {
    const encoding = quoteString(readEncoding(cursor, null));
    const where = `id = ${id} and name = ${quoteString(column)}`;
    return `delete from redshift_double.encodings where ${where};
      insert into redshift_double.encodings values (${id}, ${quoteString(column)}, ${encoding})`;
  }
  cursor.expect('type');
  const type = readType(cursor);
  if (type.kind !== 'varchar') notSupported('ALTER COLUMN TYPE other than the size of a VARCHAR');
  return `alter table ${tableNameSql(table)} alter column ${quoteName(column)} type ${type.sql}`;
}
