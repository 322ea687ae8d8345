import { LoadError } from '../../errors.ts';
import { readSql } from '../../models/sql-file.ts';
import { columnNames, qualifiedName } from '../../schema/table.ts';
import { bindModel, equalOn } from '../../warehouses/sql.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { type FileKind, targets } from '../file-kinds.ts';
import { dropTemporary, makeTemporary } from './temporary.ts';
import { columnsOf, nameOf } from './touched.ts';

export interface Repeats {
  readonly duplicates: number;
  readonly conflicts: number;
}

/**
 * Keeps one record per key in staging and sets its repeats aside: of different records under one key, the first
 * by time and then by its values in column order stays. So the outcome depends on the set of files alone.
 * `whole`: every key may be contested, as after a cold load; else only those touched.
 */
export async function deduplicate(kind: FileKind, whole: boolean, warehouse: Warehouse): Promise<Repeats> {
  const { staging, repeated, key } = targets[kind];
  const [from, aside] = [qualifiedName(staging), qualifiedName(repeated)];
  const sqlOf = repeatsSql(kind, whole, warehouse);
  await makeTemporary(warehouse, 'contested', {
    name: 'deduplicate: contested keys',
    sql: sqlOf('contested'),
  });
  const [count] = await warehouse.rows({
    name: 'deduplicate: how many keys are contested',
    sql: 'select count(*) as keys from contested',
    whenDryRun: [{ keys: 1 }],
  });
  if (Number(count?.keys) === 0) return { duplicates: 0, conflicts: 0 };

  await makeTemporary(warehouse, 'aside_before', {
    name: 'deduplicate: repeats before',
    sql: sqlOf('counts-by-key'),
  });
  await makeTemporary(warehouse, 'candidates', {
    name: 'deduplicate: candidates',
    sql: sqlOf('candidates'),
  });
  if (!whole) await assertKnown(from, warehouse);
  for (const table of [from, aside]) {
    await warehouse.run({
      name: `deduplicate: take contested records out of ${table}`,
      sql: `delete from ${table} using contested where ${equalOn(key, 'contested', table)}`,
    });
  }
  await makeTemporary(warehouse, 'ranked', { name: 'deduplicate: ranks', sql: sqlOf('ranked') });
  const columns = columnNames(staging).join(', ');
  await warehouse.run({
    name: 'deduplicate: keep the first',
    sql: `insert into ${from} (${columns}) select ${columns} from ranked where place = 1`,
  });
  await warehouse.run({ name: 'deduplicate: set the others aside', sql: sqlOf('set-aside') });
  if (!whole) {
    await warehouse.run({
      name: 'deduplicate: candidates are touched',
      sql: `insert into ${nameOf(kind)} select ${columnsOf[kind].join(', ')} from candidates`,
    });
  }
  const [added] = await warehouse.rows({
    name: 'deduplicate: newly set aside',
    sql: sqlOf('newly-set-aside'),
  });
  for (const temporary of ['contested', 'candidates', 'ranked', 'aside_before']) {
    await dropTemporary(warehouse, temporary);
  }
  return { duplicates: Number(added?.duplicates), conflicts: Number(added?.conflicts) };
}

/** The SQL of `repeats/<name>.sql` for the records of a kind. */
function repeatsSql(kind: FileKind, whole: boolean, { dialect }: Warehouse): (name: string) => string {
  const { staging, repeated, key } = targets[kind];
  const [from, aside] = [qualifiedName(staging), qualifiedName(repeated)];
  const isContested = (table: string): string =>
    `exists (select 1 from contested where ${equalOn(key, 'contested', table)})`;
  const isTouched = (table: string): string =>
    whole
      ? '1 = 1'
      : `exists (select 1 from ${nameOf(kind)} as touched where ${equalOn(key, 'touched', table)})`;
  const inputs = {
    staged_records: from,
    repeated_records: aside,
    staged_are_touched: isTouched(from),
    repeated_are_touched: isTouched(aside),
    staged_are_contested: isContested(from),
    repeated_are_contested: isContested(aside),
    key_columns: key.join(', '),
    record_columns: columnNames(staging).join(', '),
    content_order: contentOrder(kind),
    same_key: equalOn(key, 'aside_before', 'standing'),
  };
  const bind = (name: string, more = {}): string =>
    bindModel(readSql(`./repeats/${name}.sql`, import.meta.url), { ...inputs, ...more }, dialect);
  const counts_by_key = bind('counts-by-key');
  return (name) => bind(name, { counts_by_key });
}

/** Refuses a contested record of a content that the manifest lost: its file, loaded again, would repeat itself. */
async function assertKnown(staging: string, warehouse: Warehouse): Promise<void> {
  const [stray] = await warehouse.rows({
    name: 'deduplicate: candidates of unknown files',
    sql: `select file_id from candidates
     where not exists (select 1 from ops.files where ops.files.file_id = candidates.file_id) limit 1`,
  });
  if (stray !== undefined) throw manifestLost(staging, warehouse);
}

/** Rows in staging whose file has no row in the manifest. */
export function manifestLost(staging: string, { name }: Pick<Warehouse, 'name'>): LoadError {
  return new LoadError(
    `${staging} of ${name} holds rows of files that the manifest (ops.files) does not know.`,
    {
      hint: 'Nothing was committed. sparkify etl --full-refresh takes them out and reads the files again; or restore ops.files from a backup.',
    },
  );
}

/** The order in which contents under one key stand: by time, then by their values in column order. */
function contentOrder(kind: FileKind): string {
  const columns = columnNames(targets[kind].staging).filter((name) => name !== 'file_id');
  const first = kind === 'log' ? ['ts'] : [];
  return [...first, ...columns.filter((name) => !first.includes(name))].join(', ');
}
