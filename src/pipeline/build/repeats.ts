import { LoadError } from '../../errors.ts';
import { columnNames, qualifiedName } from '../../schema/table.ts';
import { equalOn } from '../../warehouses/sql.ts';
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
export async function settleRepeats(kind: FileKind, whole: boolean, warehouse: Warehouse): Promise<Repeats> {
  const { staging, repeated, key } = targets[kind];
  const from = qualifiedName(staging);
  const aside = qualifiedName(repeated);
  const keys = key.join(', ');
  const columns = columnNames(staging).join(', ');
  const isContested = (table: string): string =>
    `exists (select 1 from contested where ${equalOn(key, 'contested', table)})`;
  const isTouched = (table: string): string =>
    whole
      ? '1 = 1'
      : `exists (select 1 from ${nameOf(kind)} as touched where ${equalOn(key, 'touched', table)})`;

  await makeTemporary(
    warehouse,
    'contested',
    `select ${keys} from (
       select ${keys}, 0 as aside from ${from} where ${isTouched(from)}
       union all
       select ${keys}, 1 as aside from ${aside} where ${isTouched(aside)}
     ) as standing
     group by ${keys} having count(*) > 1 or max(aside) = 1`,
  );
  const [count] = await warehouse.rows('select count(*) as keys from contested');
  if (Number(count?.keys) === 0) return { duplicates: 0, conflicts: 0 };

  const countsByKey = `select ${keys},
      count(case when repeat = 'duplicate' then 1 end) as duplicates,
      count(case when repeat = 'conflict' then 1 end) as conflicts
    from ${aside} where ${isContested(aside)} group by ${keys}`;
  await makeTemporary(warehouse, 'aside_before', `${countsByKey}`);
  await makeTemporary(
    warehouse,
    'candidates',
    `select ${columns} from ${from} where ${isContested(from)}
     union all
     select ${columns} from ${aside} where ${isContested(aside)}`,
  );
  if (!whole) await assertKnown('candidates', from, warehouse);
  for (const table of [from, aside]) {
    await warehouse.run(`delete from ${table} using contested where ${equalOn(key, 'contested', table)}`);
  }
  const content = contentOrder(kind);
  await makeTemporary(
    warehouse,
    'ranked',
    `select ${columns},
       row_number() over (partition by ${keys} order by ${content}, file_id) as place,
       dense_rank() over (partition by ${keys} order by ${content}) as content,
       row_number() over (partition by ${keys}, ${content} order by file_id) as occurrence
     from candidates`,
  );
  await warehouse.run(`insert into ${from} (${columns}) select ${columns} from ranked where place = 1`);
  await warehouse.run(
    `insert into ${aside} (${columns}, repeat)
     select ${columns}, case when content > 1 and occurrence = 1 then 'conflict' else 'duplicate' end
     from ranked where place > 1`,
  );
  if (!whole) {
    await warehouse.run(`insert into ${nameOf(kind)} select ${columnsOf[kind].join(', ')} from candidates`);
  }
  const [added] = await warehouse.rows(
    `select coalesce(sum(${moreThanBefore('duplicates')}), 0) as duplicates,
            coalesce(sum(${moreThanBefore('conflicts')}), 0) as conflicts
     from (${countsByKey}) as standing
     left join aside_before on ${equalOn(key, 'aside_before', 'standing')}`,
  );
  for (const temporary of ['contested', 'candidates', 'ranked', 'aside_before']) {
    await dropTemporary(warehouse, temporary);
  }
  return { duplicates: Number(added?.duplicates), conflicts: Number(added?.conflicts) };
}

/** Refuses a contested record of a content that the manifest lost: its file, loaded again, would repeat itself. */
async function assertKnown(records: string, staging: string, warehouse: Warehouse): Promise<void> {
  const [stray] = await warehouse.rows(
    `select file_id from ${records}
     where not exists (select 1 from ops.files where ops.files.file_id = ${records}.file_id) limit 1`,
  );
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

/** By how many a key's repeats of a kind grew; a repeat that became the event itself is no loss. */
function moreThanBefore(kind: 'duplicates' | 'conflicts'): string {
  return `case when standing.${kind} > coalesce(aside_before.${kind}, 0)
    then standing.${kind} - coalesce(aside_before.${kind}, 0) else 0 end`;
}

/** The order in which contents under one key stand: by time, then by their values in column order. */
function contentOrder(kind: FileKind): string {
  const columns = columnNames(targets[kind].staging).filter((name) => name !== 'file_id');
  const first = kind === 'log' ? ['ts'] : [];
  return [...first, ...columns.filter((name) => !first.includes(name))].join(', ');
}
