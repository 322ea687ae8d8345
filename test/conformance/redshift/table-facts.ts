import { allTables } from '../../../src/models/book.ts';
import { qualifiedName, type Table } from '../../../src/schema/table.ts';
import { redshiftDialect } from '../../../src/warehouses/redshift/dialect.ts';
import { createTableSql, literal } from '../../../src/warehouses/sql.ts';
import { all, type Fact, holds, NotRun, refusal, row, same, shown, UNDOCUMENTED, worded } from './fact.ts';
import type { Trial } from './trial.ts';

/** A table of the book under a name that stands in the schema of the run. */
const nameHere = (table: Table): string => qualifiedName(table).replace('.', '_');

const ddl: readonly Fact[] = allTables.map((table) => ({
  id: `create-${nameHere(table).replaceAll('_', '-')}`,
  claim: `CREATE TABLE of ${qualifiedName(table)} as it is declared: types, encodings, distribution and sort key.`,
  page: 'r_CREATE_TABLE_NEW',
  doubt: 'documented',
  reliedOnBy: 'create-tables; the first load.',
  async check(cluster) {
    const sql = createTableSql(table, redshiftDialect());
    await cluster.run(sql.replace(qualifiedName(table), nameHere(table)));
    const found = await cluster.rows(
      `select column_name, data_type, character_maximum_length as bytes, is_nullable from information_schema.columns
       where table_schema = ${literal(cluster.schema)} and table_name = ${literal(nameHere(table))} order by ordinal_position`,
    );
    const declared = Object.entries(table.columns).map(([column_name, column]) => ({
      column_name,
      data_type:
        { text: 'character varying', double: 'double precision', timestamp: 'timestamp without time zone' }[
          column.type as 'text'
        ] ?? column.type,
      bytes: column.type === 'text' ? (column.maxBytes ?? 256) : null,
      is_nullable: column.nullable || table.schema === 'staging' ? 'YES' : 'NO',
    }));
    return same(found, declared);
  },
}));

async function unload(
  cluster: Trial,
  table: string,
  options: string,
  to: string,
): Promise<readonly string[]> {
  await cluster.run(
    `unload (${literal(`select n, 'it''s' as text from ${table}`)}) to ${literal(`${cluster.prefix()}${to}/`)} ${cluster.access()} format as parquet${options}`,
  );
  const names = [...(await cluster.objects()).keys()].filter((path) => path.startsWith(`${to}/`));
  return names.map((path) => path.slice(to.length + 1));
}

/** Tables: how they are declared, found again, measured and written out. */
export const tableFacts: readonly Fact[] = [
  ...ddl,
  {
    id: 'raw-quoted',
    claim: 'raw is reserved, and a name of a column in quotes.',
    page: 'r_pg_keywords',
    doubt: 'documented',
    reliedOnBy: 'ops.rejects.raw.',
    async check(cluster) {
      await cluster.run('create table kept_raw (id integer, "raw" varchar(16))');
      await cluster.run('insert into kept_raw (id, "raw") values (1, $1)', ['{}']);
      return same(await cluster.rows('select kept_raw."raw" from kept_raw order by "raw"'), [{ raw: '{}' }]);
    },
  },
  {
    id: 'names-as-columns',
    claim: 'The names that we give to columns and tables, raw aside, need no quotes.',
    page: 'r_pg_keywords',
    doubt: 'documented',
    reliedOnBy: 'The star and the rules name their columns so.',
    async check(cluster) {
      const names =
        'key value type level length page method hour day week month year location status rule field reason place record fault shown json bytes pair extra change held star role'.split(
          ' ',
        );
      await cluster.run(`create table named (${names.map((name) => `${name} integer`).join(', ')})`);
      const sql = `select ${names.map((name) => `before.${name}`).join(', ')} from named as before`;
      return same(await cluster.rows(sql), []);
    },
  },
  {
    id: 'informational-tables',
    claim:
      'information_schema.tables shows the tables of the user, by schema and name, from within a transaction too.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy: 'Whether there is a warehouse; whether a table of ours is somebody else’s.',
    async check(cluster) {
      await cluster.run('begin');
      await cluster.run('create table found_again (n integer)');
      const sql = `select 1 as found from information_schema.tables where table_schema = current_schema() and table_name = 'found_again'`;
      const within = await cluster.rows(sql);
      await (await cluster.main()).commit();
      return same([within, await cluster.rows(sql)], [[{ found: 1 }], [{ found: 1 }]]);
    },
  },
  {
    id: 'own-schemata',
    claim: 'information_schema.schemata shows the schemas that the user made.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy: 'Schemas that are there are not made again.',
    check: (cluster) =>
      row(`select 1 as found from information_schema.schemata where schema_name = '${cluster.schema}'`, {
        found: 1,
      })(cluster),
  },
  {
    id: 'foreign-schemata',
    claim:
      'information_schema.schemata shows schemas that another user made and in which this one may make tables.',
    page: UNDOCUMENTED,
    doubt: 'open',
    reliedOnBy:
      'A database where an administrator made staging and ops for the loader: unseen, the loader tries to make them again, and fails. On real clusters only one’s own are said to be shown.',
    async check(cluster) {
      if (cluster.isDouble) throw new NotRun('to the double, every schema is everybody’s');
      const others = await cluster.rows(
        "select nspname as name from pg_namespace, pg_user where usesysid = nspowner and usename <> current_user and has_schema_privilege(nspname, 'usage')",
      );
      const listed = await cluster.rows('select schema_name as name from information_schema.schemata');
      const names = listed.map(({ name }) => name);
      const unseen = others.map(({ name }) => name).filter((name) => !names.includes(name));
      if (others.length === 0) throw new NotRun('there is no schema of another user');
      return holds(unseen.length === 0, `not shown: ${unseen.join(', ')}`);
    },
  },
  {
    id: 'table-info',
    claim:
      'SVV_TABLE_INFO has schema, table, diststyle, skew_rows, unsorted and tbl_rows of a table with rows, or is refused.',
    page: 'r_SVV_TABLE_INFO',
    doubt: 'documented',
    reliedOnBy: 'sparkify doctor: whether a distribution leaves slices idle.',
    async check(cluster) {
      await cluster.run(
        'create table measured (n integer encode raw) diststyle key distkey(n) compound sortkey(n)',
      );
      await cluster.run('insert into measured values (1), (2), (3)');
      let found: unknown[] = [];
      const refused = await refusal(
        cluster
          .rows(
            `select "schema" as place, "table" as name, diststyle, skew_rows, unsorted, tbl_rows from svv_table_info where "table" in ('measured') order by skew_rows desc`,
          )
          .then((rows) => {
            found = rows;
          }),
      );
      if (refused !== null) {
        cluster.note(worded(refused));
        return holds(/permission|denied/i.test(refused.message), worded(refused));
      }
      cluster.note(shown(found));
      return holds(found.length <= 1, found);
    },
  },
  {
    id: 'analyze',
    claim: 'ANALYZE of a table of one’s own, right after its commit.',
    page: 'r_ANALYZE',
    doubt: 'documented',
    reliedOnBy: 'What the planner knows of tables that grew.',
    async check(cluster) {
      await cluster.run('create table analyzed (n integer)');
      await cluster.run('insert into analyzed values (1)');
      return same(await refusal(cluster.run('analyze analyzed')), null);
    },
  },
  {
    id: 'identity',
    claim: 'IDENTITY(1, 1) of a temporary table gives each row of INSERT … SELECT a number of its own.',
    page: 'r_CREATE_TABLE_NEW',
    doubt: 'documented',
    reliedOnBy: 'Undeclared keys come back to their record by it.',
    async check(cluster) {
      await cluster.run('create temporary table numbered (id bigint identity(1, 1), n integer)');
      await cluster.run('insert into numbered (n) select 1 union all select 2 union all select 3');
      const sql = 'select count(distinct id) as ids, count(id) as all_ids from numbered';
      return same(await cluster.rows(sql), [{ ids: 3, all_ids: 3 }]);
    },
  },
  {
    id: 'not-null',
    claim: 'NOT NULL is enforced; a key that stands twice is not.',
    page: 't_Defining_constraints',
    doubt: 'documented',
    reliedOnBy: 'Tables are declared with NOT NULL and without keys.',
    async check(cluster) {
      await cluster.run('create table strict (n integer not null)');
      const found = await refusal(cluster.run('insert into strict values (null)'));
      cluster.note(worded(found));
      return holds(found !== null, 'NULL went in');
    },
  },
  {
    id: 'unload',
    claim:
      'UNLOAD to Parquet writes files below the prefix, in a transaction, and pg_last_unload_count() tells the rows.',
    page: 'r_UNLOAD',
    doubt: 'documented',
    reliedOnBy: 'sparkify export.',
    async check(cluster) {
      await cluster.run('create table unloaded (n integer)');
      await cluster.run('insert into unloaded values (1), (2), (3)');
      await cluster.run('begin');
      const names = await unload(cluster, 'unloaded', '', 'plain');
      const [last] = await cluster.rows('select pg_last_unload_count() as records');
      await cluster.run('rollback');
      return all(
        same(last?.records, 3),
        holds(names.length > 0 && names.every((name) => /^\d+_part_\d+\.parquet$/.test(name)), names),
      );
    },
  },
  {
    id: 'unload-again',
    claim:
      'UNLOAD refuses a prefix that is not empty and says so; CLEANPATH empties it first; MANIFEST writes one object named manifest.',
    page: 'r_UNLOAD',
    doubt: 'inferred',
    reliedOnBy: 'sparkify export into a place that was used before.',
    async check(cluster) {
      await cluster.run('create table unloaded_again (n integer)');
      await cluster.run('insert into unloaded_again values (1)');
      await unload(cluster, 'unloaded_again', ' manifest', 'again');
      const found = await refusal(unload(cluster, 'unloaded_again', '', 'again'));
      const names = await unload(cluster, 'unloaded_again', ' cleanpath', 'again');
      const withManifest = await unload(cluster, 'unloaded_again', ' manifest', 'listed');
      cluster.note(worded(found));
      return all(
        holds(/destination on S3 is not empty/i.test(worded(found)), worded(found)),
        same([names.includes('manifest'), withManifest.includes('manifest')], [false, true]),
      );
    },
  },
];
