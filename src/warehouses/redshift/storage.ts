import { literal } from '../sql.ts';
import type { TableStorage } from '../warehouse.ts';
import type { RedshiftConnection } from './connection.ts';

/** How the tables of a warehouse lie on the slices; rejects where the user may not read SVV_TABLE_INFO. */
export async function storageOf(
  connection: RedshiftConnection,
  schema: string | null,
): Promise<TableStorage[]> {
  const [own] =
    schema === null
      ? await connection.rows({
          name: 'storage: the schema of the star',
          sql: 'select current_schema() as schema',
        })
      : [{ schema }];
  const rows = await connection.rows({
    name: 'storage: how the tables lie',
    sql: `select "schema" as place, "table" as name, diststyle, sortkey1, tbl_rows, skew_rows, unsorted, stats_off
     from svv_table_info where "schema" in (${literal(String(own?.schema))}, 'staging', 'ops') order by "schema", "table"`,
  });
  const number = (value: unknown): number | null => (value === null ? null : Number(value));
  return rows.map((row) => ({
    name: row.place === own?.schema ? String(row.name) : `${row.place}.${row.name}`,
    distribution: String(row.diststyle),
    sort: row.sortkey1 === null ? null : String(row.sortkey1),
    rows: Number(row.tbl_rows),
    skew: number(row.skew_rows),
    unsortedPercent: number(row.unsorted),
    staleStatisticsPercent: number(row.stats_off),
  }));
}
