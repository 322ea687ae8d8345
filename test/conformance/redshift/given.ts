import type { Trial } from './trial.ts';

/** A table with one column of values, and an expression over each of them, in their order. */
export async function each(
  cluster: Trial,
  type: string,
  values: readonly (string | number | null)[],
  expression: string,
): Promise<unknown[]> {
  await cluster.run('drop table if exists given');
  await cluster.run(`create temporary table given (place integer, x ${type})`);
  for (const [place, value] of values.entries())
    await cluster.run('insert into given (place, x) values ($1, $2)', [place, value]);
  const rows = await cluster.rows(`select ${expression} as seen from given order by place`);
  return rows.map(({ seen }) => seen);
}

/** Two temporary tables, lefts and rights (a varchar(16), b integer), with rows as VALUES. */
export async function twoTables(cluster: Trial, left: string, right: string): Promise<void> {
  for (const [name, values] of [
    ['lefts', left],
    ['rights', right],
  ] as const) {
    await cluster.run(`create temporary table ${name} (a varchar(16), b integer)`);
    await cluster.run(`insert into ${name} values ${values}`);
  }
}
