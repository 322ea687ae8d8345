import { ServerError } from '../copy/copy-session.ts';
import { type Cursor, quoteString } from '../session/cursor.ts';

/** What Redshift keeps of a table beside its columns. */
export interface TableAttributes {
  diststyle: string | null;
  readonly distkeys: string[];
  sortstyle: 'compound' | 'interleaved' | 'auto' | null;
  sortkeys: string[];
  readonly columnSortkeys: string[];
  readonly encodings: Map<string, string>;
  readonly primaryKey: string[];
  encodeAuto: boolean;
}

/** The attributes of a table that gives none. */
export const emptyAttributes = (): TableAttributes => ({
  diststyle: null,
  distkeys: [],
  sortstyle: null,
  sortkeys: [],
  columnSortkeys: [],
  encodings: new Map(),
  primaryKey: [],
  encodeAuto: false,
});

const encodings: Readonly<Record<string, readonly string[] | 'any'>> = {
  raw: 'any',
  az64: ['smallint', 'integer', 'bigint', 'decimal', 'date', 'timestamp', 'timestamptz', 'time'],
  bytedict: 'any',
  delta: ['smallint', 'integer', 'bigint', 'date', 'timestamp', 'decimal'],
  delta32k: ['integer', 'bigint', 'date', 'timestamp', 'decimal'],
  lzo: 'any',
  mostly8: ['smallint', 'integer', 'bigint', 'decimal'],
  mostly16: ['integer', 'bigint', 'decimal'],
  mostly32: ['bigint', 'decimal'],
  runlength: 'any',
  text255: ['varchar'],
  text32k: ['varchar'],
  zstd: 'any',
};

/** The name of an encoding, which must fit the type if that is known. */
export function readEncoding(cursor: Cursor, kind: string | null): string {
  const { value } = cursor.next();
  const fits = encodings[value];
  if (fits === undefined || (kind !== null && fits !== 'any' && !fits.includes(kind)))
    throw new ServerError('42P16', `invalid encoding type specified for column: ${value}`);
  return value;
}

/** BACKUP, DISTSTYLE, DISTKEY (…), SORTKEY (…), ENCODE AUTO, in any order. */
export function readTableAttributes(cursor: Cursor, attributes: TableAttributes): void {
  for (;;) {
    if (cursor.take('backup')) cursor.takeOne('yes', 'no') ?? cursor.fail();
    else if (cursor.take('diststyle')) {
      if (attributes.diststyle !== null) cursor.fail();
      attributes.diststyle = cursor.takeOne('auto', 'even', 'key', 'all') ?? cursor.fail();
    } else if (cursor.take('distkey')) attributes.distkeys.push(cursor.inParentheses(() => cursor.name()));
    else if (cursor.take('encode', 'auto')) attributes.encodeAuto = true;
    else if (cursor.isOne('compound', 'interleaved', 'sortkey')) readSortkey(cursor, attributes);
    else return;
  }
}

/** [COMPOUND | INTERLEAVED] SORTKEY (…), SORTKEY AUTO */
export function readSortkey(cursor: Cursor, attributes: TableAttributes): void {
  if (attributes.sortstyle !== null) cursor.fail();
  const style = cursor.takeOne('compound', 'interleaved');
  cursor.expect('sortkey');
  if (style === null && cursor.take('auto')) {
    attributes.sortstyle = 'auto';
    return;
  }
  attributes.sortstyle = style === 'interleaved' ? 'interleaved' : 'compound';
  attributes.sortkeys = cursor.inParentheses(() => cursor.list(() => cursor.name()));
}

const refuse = (message: string): never => {
  throw new ServerError('42P16', message);
};

/** The rules of CREATE TABLE that need its columns; `columns` are names and PostgreSQL's types. */
export function checkAttributes(attributes: TableAttributes, columns: ReadonlyMap<string, string>): void {
  const { distkeys, diststyle, columnSortkeys, sortstyle } = attributes;
  if (distkeys.length > 1) refuse('multiple distribution keys are not allowed');
  if (distkeys.length === 1 && diststyle !== null && diststyle !== 'key')
    refuse(`DISTKEY is not allowed with DISTSTYLE ${diststyle.toUpperCase()}`);
  if (diststyle === 'key' && distkeys.length === 0) refuse('DISTSTYLE KEY requires a DISTKEY');
  if (columnSortkeys.length > 0 && sortstyle !== null) refuse('multiple sort keys are not allowed');
  const sortkeys = [...columnSortkeys, ...attributes.sortkeys];
  if (sortkeys.length > (sortstyle === 'interleaved' ? 8 : 400)) refuse('too many sort key columns');
  for (const column of [...distkeys, ...sortkeys]) {
    const type = columns.get(column);
    if (type === undefined) throw new ServerError('42703', `column "${column}" named in key does not exist`);
    if (type === 'jsonb') refuse(`column "${column}" of type super cannot be a distribution or sort key`);
  }
}

/** Notes the attributes; `table` and `like` are SQL strings that name tables. */
export function recordSql(table: string, attributes: TableAttributes, like: string | null): string {
  const { distkeys, diststyle, columnSortkeys, sortkeys, sortstyle, primaryKey } = attributes;
  const all = [...columnSortkeys, ...sortkeys];
  const noted = {
    diststyle: distkeys.length > 0 ? 'key' : (diststyle ?? 'auto'),
    distkey: distkeys[0] ?? null,
    sortstyle: sortstyle ?? (all.length > 0 ? 'compound' : 'auto'),
    sortkeys: all,
    encodings: Object.fromEntries(attributes.encodings),
  };
  const what =
    like === null ? quoteString(JSON.stringify(noted)) : `redshift_double.noted(${like}::regclass)`;
  return [
    ...primaryKey.map(
      (column) => `call redshift_double.set_not_null(${table}::regclass, ${quoteString(column)})`,
    ),
    `call redshift_double.note(${table}::regclass, ${what})`,
    `call redshift_double.keep_widths(${table}::regclass)`,
  ].join(';\n');
}
