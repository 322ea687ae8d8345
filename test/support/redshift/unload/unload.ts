import { type CopySession, type ObjectStore, ServerError } from '../copy/copy-session.ts';
import { requireRegion } from '../copy/copy-source.ts';
import { fileOf, lineWriter, type UnloadColumn, type UnloadRow } from './unload-files.ts';
import { parseUnload, type UnloadStatement } from './unload-statement.ts';

/** Of the emulated cluster: rows are dealt to them in turn. */
const SLICES = 2;
const NO_VALUE = '__HIVE_DEFAULT_PARTITION__';
const NOT_EMPTY =
  'Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually removing the target files in S3, or using the ALLOWOVERWRITE option.';

/** A file to be written: its key and its rows. */
interface Part {
  readonly key: string;
  readonly rows: readonly UnloadRow[];
}

/** What UNLOAD wrote. */
interface Written {
  readonly key: string;
  readonly bytes: number;
  readonly records: number;
}

/** Runs an UNLOAD; `rewrite` makes PostgreSQL's SQL of the query, where it is not that already. */
export async function runUnload(
  sql: string,
  session: CopySession,
  open: (role: string) => ObjectStore,
  rewrite: (sql: string) => string = (query) => query,
): Promise<{ rows: number; notices: string[] }> {
  const statement = parseUnload(sql);
  const store = open(statement.role);
  requireRegion(statement, store, statement.target.bucket);
  const query = rewrite(statement.select).replace(/;\s*$/, '');
  const { columns, rows } = await selected(session, query);
  checkColumns(statement, columns);
  const parts = partsOf(statement, columns, rows);
  await makeRoom(statement, store, parts);
  const kept = keptColumns(statement, columns);
  const written: Written[] = [];
  for (const { key, rows: partRows } of parts) {
    const body = await fileOf(
      statement,
      kept.map((i) => columns[i] as UnloadColumn),
      partRows.map((row) => kept.map((i) => row[i] as string | null)),
    );
    await store.write(statement.target.bucket, key, body);
    written.push({ key, bytes: body.length, records: partRows.length + (statement.hasHeader ? 1 : 0) });
  }
  if (statement.manifest !== 'none') await writeManifest(statement, store, columns, written);
  await session.query(`select set_config('redshift_double.last_unload_count', '${rows.length}', false)`);
  return {
    rows: rows.length,
    notices: [`UNLOAD completed, ${rows.length} record(s) unloaded successfully.`],
  };
}

/** Runs the query, and learns its columns' types from a table that would hold its rows. */
async function selected(
  session: CopySession,
  query: string,
): Promise<{ columns: UnloadColumn[]; rows: readonly UnloadRow[] }> {
  const { columns: names, rows } = await session.query(query);
  const list = names.map((_, i) => `c${i}`).join(', ');
  await session.query(`create temporary table redshift_double_unload (${list}) as (${query}\n) with no data`);
  const { rows: types } = await session.query(
    `select format_type(atttypid, null), case when atttypmod > 4 then ((atttypmod - 4) >> 16) & 65535 end, case when atttypmod > 4 then (atttypmod - 4) & 2047 end
     from pg_attribute where attrelid = 'pg_temp.redshift_double_unload'::regclass and attnum > 0 order by attnum`,
  );
  await session.query('drop table pg_temp.redshift_double_unload');
  const columns = names.map((name, i): UnloadColumn => {
    const [type = 'text', precision, scale] = types[i] as [string, string | null, string | null];
    const isSized = type === 'numeric' && precision !== null;
    const found = Math.max(
      0,
      ...(type === 'numeric' ? rows.map((row) => row[i]?.split('.')[1]?.length ?? 0) : []),
    );
    return {
      name,
      type: type ?? 'text',
      precision: isSized ? Number(precision) : null,
      scale: isSized ? Number(scale) : found,
    };
  });
  const isSuper = columns.map(({ type }) => type === 'jsonb');
  if (!isSuper.includes(true)) return { columns, rows };
  return {
    columns,
    rows: rows.map((row) => row.map((value, i) => (isSuper[i] && value !== null ? compact(value) : value))),
  };
}

/** JSON without blanks between its parts, as Redshift writes SUPER; digits stay as they are. */
function compact(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, text: string | undefined) => text ?? '');
}

function checkColumns({ format, partitionBy }: UnloadStatement, columns: readonly UnloadColumn[]): void {
  const names = columns.map(({ name }) => name);
  const repeated = names.find((name, i) => names.indexOf(name) < i);
  if (repeated !== undefined && format !== 'csv')
    throw new ServerError('42701', `column "${repeated}" specified more than once`);
  for (const name of partitionBy)
    if (!names.includes(name)) throw new ServerError('42703', `partition column "${name}" does not exist`);
  if (partitionBy.length > 0 && names.every((name) => partitionBy.includes(name)))
    throw new ServerError('0A000', 'At least one column must not be a partition column');
}

function keptColumns(statement: UnloadStatement, columns: readonly UnloadColumn[]): number[] {
  const all = columns.map((_, i) => i);
  if (statement.includesPartitions) return all;
  return all.filter((i) => !statement.partitionBy.includes(columns[i]?.name as string));
}

/** Where each row goes: by its partition, its slice, and the size that a file may have. */
function partsOf(
  statement: UnloadStatement,
  columns: readonly UnloadColumn[],
  rows: readonly UnloadRow[],
): Part[] {
  const { target, isParallel, partitionBy } = statement;
  const slices = isParallel ? SLICES : 1;
  const line = lineWriter(statement, columns);
  const groups = new Map<string, UnloadRow[]>();
  // Text files are there without rows too; JSON and Parquet ones are not.
  if (statement.format === 'csv' && partitionBy.length === 0)
    for (let slice = 0; slice < slices; slice += 1) groups.set(`/${slice}`, []);
  rows.forEach((row, n) => {
    const group = `${partitionOf(statement, columns, row)}/${n % slices}`;
    const rowsOfGroup = groups.get(group) ?? [];
    rowsOfGroup.push(row);
    groups.set(group, rowsOfGroup);
  });
  return [...groups].flatMap(([group, groupRows]) => {
    const at = group.lastIndexOf('/');
    const folder = partitionBy.length === 0 ? target.key : `${withSlash(target.key)}${group.slice(0, at)}/`;
    const slice = group.slice(at + 1).padStart(4, '0');
    const pieces = bySize(groupRows, statement.largestFileBytes, (row) => Buffer.byteLength(line(row)) + 1);
    return pieces.map((piece, part) => {
      const name = isParallel
        ? `${slice}_part_${String(part).padStart(2, '0')}`
        : String(part).padStart(3, '0');
      return { key: `${folder}${name}${extensionOf(statement)}`, rows: piece };
    });
  });
}

function bySize<T>(items: readonly T[], most: number, sizeOf: (item: T) => number): T[][] {
  const pieces: T[][] = [[]];
  let size = 0;
  for (const item of items) {
    const own = sizeOf(item);
    if (size > 0 && size + own > most) {
      pieces.push([]);
      size = 0;
    }
    size += own;
    pieces.at(-1)?.push(item);
  }
  return pieces;
}

function partitionOf(
  { partitionBy }: UnloadStatement,
  columns: readonly UnloadColumn[],
  row: UnloadRow,
): string {
  return partitionBy
    .map((name) => {
      const value = row[columns.findIndex((column) => column.name === name)] ?? NO_VALUE;
      if (!/^[\w .:+-]+$/.test(value))
        throw new ServerError('0A000', `not emulated: the partition value '${value}'`);
      return `${name}=${value}`;
    })
    .join('/');
}

const withSlash = (key: string): string => (key === '' || key.endsWith('/') ? key : `${key}/`);

function extensionOf({ format, isGzip }: UnloadStatement): string {
  if (format === 'parquet') return '.parquet';
  return `${format === 'json' ? '.json' : ''}${isGzip ? '.gz' : ''}`;
}

/** Refuses a destination that holds objects already, or clears it. */
async function makeRoom(
  { target, existing, partitionBy }: UnloadStatement,
  store: ObjectStore,
  parts: readonly Part[],
): Promise<void> {
  if (existing === 'overwrite') return;
  const found = await store.list(target.bucket, target.key);
  if (existing === 'refuse') {
    if (found.length > 0) throw new ServerError('XX000', NOT_EMPTY);
    return;
  }
  // With partitions, only the folders that receive files are cleared.
  const folders = new Set(parts.map(({ key }) => key.slice(0, key.lastIndexOf('/') + 1)));
  for (const { key } of found) {
    const isReceiving = [...folders].some((folder) => key.startsWith(folder));
    if (partitionBy.length === 0 || isReceiving) await store.remove(target.bucket, key);
  }
}

async function writeManifest(
  statement: UnloadStatement,
  store: ObjectStore,
  columns: readonly UnloadColumn[],
  written: readonly Written[],
): Promise<void> {
  const { bucket, key } = statement.target;
  const isVerbose = statement.manifest === 'verbose';
  const entries = written.map((file) => {
    const url = `s3://${bucket}/${file.key}`;
    if (isVerbose) return { url, meta: { content_length: file.bytes, record_count: file.records } };
    return statement.format === 'parquet' ? { url, meta: { content_length: file.bytes } } : { url };
  });
  const sum = (amount: (file: Written) => number): number =>
    written.reduce((total, file) => total + amount(file), 0);
  const details = {
    schema: { elements: columns.map(({ name, ...type }) => ({ name, type: manifestType(type) })) },
    meta: { content_length: sum((file) => file.bytes), record_count: sum((file) => file.records) },
    author: { name: 'Amazon Redshift', version: '1.0.0' },
  };
  const manifest = isVerbose ? { entries, ...details } : { entries };
  const place = statement.partitionBy.length === 0 ? key : withSlash(key);
  await store.write(bucket, `${place}manifest`, Buffer.from(JSON.stringify(manifest, null, 2)));
}

function manifestType({ type, precision, scale }: Omit<UnloadColumn, 'name'>): Record<string, unknown> {
  if (type === 'numeric') return { base: type, precision: precision ?? 38, scale: scale ?? 0 };
  if (type === 'jsonb') return { base: 'super' };
  // The backend does not know the lengths that the columns were declared with.
  const isText = ['text', 'character varying', 'character'].includes(type);
  return isText
    ? { base: type === 'character' ? type : 'character varying', max_length: 65_535 }
    : { base: type };
}
