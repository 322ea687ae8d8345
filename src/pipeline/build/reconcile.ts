import { modelSql } from '../../models/book.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import { bindModel, equalOn, listColumns } from '../../warehouses/sql.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { dropTemporary, makeTemporary } from './temporary.ts';

/** What a build did to a table. */
export interface TableChange {
  readonly rows: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** The rows of a table that a build may change, and the model that says what they must be. */
export interface Rebuild {
  readonly table: Table;
  readonly inputs: Readonly<Record<string, string>>;
  /** Condition on the table's own rows; null for all of them. */
  readonly scope: string | null;
}

/**
 * Makes a table's rows in scope what the model says: built aside, and only what differs is changed, so that readers,
 * views and rights stay. Leaves what it took out in gone_<table> and what it put in in fresh_<table>, unless the table
 * was empty.
 */
export async function reconcile(
  { table, inputs, scope }: Rebuild,
  rowsBefore: Readonly<Record<string, number>>,
  warehouse: Warehouse,
): Promise<TableChange> {
  const name = qualifiedName(table);
  const columns = listColumns(table);
  const model = bindModel(modelSql(table), inputs, warehouse.dialect);
  // A complete build counts what is there; a part relies on what the last run counted.
  const known = scope === null ? undefined : rowsBefore[table.name];
  const before = known ?? (await countRows(name, warehouse));
  if (scope === null && before === 0) {
    const inserted = await warehouse.run({
      name: `build ${name}: all rows of its model`,
      sql: `insert into ${name} (${columns}) ${model}`,
    });
    await warehouse.afterWrite?.(name, inserted);
    return { rows: inserted, inserted, updated: 0, deleted: 0 };
  }
  await makeTemporary(warehouse, `built_${table.name}`, { name: `build ${name}: its model`, sql: model });
  await makeTemporary(warehouse, `standing_${table.name}`, {
    name: `build ${name}: what stands`,
    sql: `select ${columns} from ${name} where ${scope ?? '1 = 1'}`,
  });
  const { gone, fresh, updated, doubled, built } = await compare(table, warehouse);
  const fresher = await exchange(table, { gone, fresh, doubled }, warehouse);
  for (const part of ['built', 'standing']) await dropTemporary(warehouse, `${part}_${table.name}`);
  await warehouse.afterWrite?.(name, fresher);
  return {
    rows: scope === null ? built : before + fresh - gone,
    inserted: fresh - updated,
    updated,
    deleted: gone - updated + doubled,
  };
}

interface Comparison {
  /** Rows that stand and should not, each counted once. */
  readonly gone: number;
  readonly fresh: number;
  /** Rows of both with one key. */
  readonly updated: number;
  /** Second copies of rows, which no difference of sets shows. */
  readonly doubled: number;
  readonly built: number;
}

/** Makes gone_<table> and fresh_<table> of what stands and what was built, and counts them. */
async function compare(table: Table, warehouse: Warehouse): Promise<Comparison> {
  const columns = listColumns(table);
  const [built, standing, gone, fresh] = ['built', 'standing', 'gone', 'fresh'].map(
    (part) => `${part}_${table.name}`,
  ) as [string, string, string, string];
  // Not EXCEPT ALL, which would keep second copies: Redshift has none.
  await makeTemporary(warehouse, gone, {
    name: `build ${qualifiedName(table)}: what goes`,
    sql: `select ${columns} from ${standing} except select ${columns} from ${built}`,
  });
  await makeTemporary(warehouse, fresh, {
    name: `build ${qualifiedName(table)}: what comes`,
    sql: `select ${columns} from ${built} except select ${columns} from ${standing}`,
  });
  const sameKey = equalOn(table.key, gone, fresh);
  const [counts] = await warehouse.rows({
    name: `build ${qualifiedName(table)}: counts`,
    sql: `select (select count(*) from ${gone}) as gone, (select count(*) from ${fresh}) as fresh,
       (select count(*) from ${fresh} where exists (select 1 from ${gone} where ${sameKey})) as updated,
       (select count(*) from ${standing}) as standing, (select count(*) from ${built}) as built`,
    whenDryRun: [{ gone: 1, fresh: 1, updated: 0, standing: 1, built: 1 }],
  });
  const count = (of: string): number => Number(counts?.[of]);
  return {
    gone: count('gone'),
    fresh: count('fresh'),
    updated: count('updated'),
    doubled: count('standing') - count('gone') + count('fresh') - count('built'),
    built: count('built'),
  };
}

/** Takes out of a table what is in gone_<table>, and puts in what is in fresh_<table>; how many rows were put in. */
async function exchange(
  table: Table,
  found: Pick<Comparison, 'gone' | 'fresh' | 'doubled'>,
  warehouse: Warehouse,
): Promise<number> {
  const name = qualifiedName(table);
  const columns = listColumns(table);
  const [built, standing, gone, fresh] = ['built', 'standing', 'gone', 'fresh'].map(
    (part) => `${part}_${table.name}`,
  ) as [string, string, string, string];
  let goneRows = found.gone;
  if (found.doubled > 0) {
    goneRows += await warehouse.run({
      name: `build ${name}: second copies go`,
      sql: `insert into ${gone} (${columns})
       select ${columns} from ${standing} group by ${columns} having count(*) > 1
       except select ${columns} from ${gone}`,
    });
  }
  let freshRows = found.fresh;
  if (goneRows > 0) {
    const removed = await warehouse.run({
      name: `build ${name}: take rows out`,
      sql: `delete from ${name} using ${gone} where ${equalOn(table.key, gone, name)}`,
    });
    if (removed > goneRows) {
      // Of a key that stood several times, all rows are out: the right one goes in again.
      freshRows += await warehouse.run({
        name: `build ${name}: the right row of a key comes again`,
        sql: `insert into ${fresh} (${columns})
         select ${columns} from ${built} where exists (select 1 from ${gone} where ${equalOn(table.key, gone, built)})
         except select ${columns} from ${fresh}`,
      });
    }
  }
  if (freshRows > 0)
    await warehouse.run({
      name: `build ${name}: put rows in`,
      sql: `insert into ${name} (${columns}) select ${columns} from ${fresh}`,
    });
  return freshRows;
}

async function countRows(name: string, warehouse: Warehouse): Promise<number> {
  const [row] = await warehouse.rows({
    name: `build ${name}: rows before`,
    sql: `select count(*) as records from ${name}`,
    whenDryRun: 'ask',
  });
  return Number(row?.records ?? 0);
}
