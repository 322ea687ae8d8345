import { redshiftDialect } from '../../../src/warehouses/redshift/dialect.ts';
import { all, type Fact, NotRun, row, same, UNDOCUMENTED } from './fact.ts';
import { each, twoTables } from './given.ts';

const { functions } = redshiftDialect();
const moments = [0, 946684800000, 1541106106796, 1582934399999, 1582934400000, 4102444799001];

const inUtc = (milliseconds: number): Date => new Date(milliseconds);

/** SQL as the models, the rules and the pipeline write it. */
export const sqlFacts: readonly Fact[] = [
  {
    id: 'utc-timestamp',
    claim:
      'dateadd(ms, …, dateadd(day, …, timestamp)) of milliseconds since 1970 is the moment, with its milliseconds.',
    page: 'r_DATEADD_function',
    doubt: 'documented',
    reliedOnBy: 'start_time of every play; the key of time.',
    check: async (cluster) =>
      same(await each(cluster, 'bigint', moments, functions.utc_timestamp('x')), moments.map(inUtc)),
  },
  {
    id: 'iso-weekday',
    claim: 'extract(dow …) is 0 on Sunday.',
    page: 'r_Dateparts_for_datetime_functions',
    doubt: 'documented',
    reliedOnBy: 'The weekday of time.',
    async check(cluster) {
      const days = ['2018-11-04 00:00:00', '2018-11-05 23:59:59.999', '2018-11-10 12:00:00'];
      const seen = await each(cluster, 'timestamp', days, functions.iso_weekday('x'));
      return same(seen, [7, 1, 6]);
    },
  },
  {
    id: 'date-parts',
    claim: 'extract gives hour, day, ISO week, month and year of a timestamp.',
    page: 'r_EXTRACT_function',
    doubt: 'documented',
    reliedOnBy: 'The columns of time.',
    async check(cluster) {
      const parts = ['hour', 'day', 'week', 'month', 'year'].map(
        (part) => `cast(cast(extract(${part} from x) as integer) as varchar)`,
      );
      const at = ['2018-12-31 23:59:59.999', '2021-01-03 00:00:00'];
      const seen = await each(cluster, 'timestamp', at, parts.join(` || ' ' || `));
      return same(seen, ['23 31 1 12 2018', '0 3 53 1 2021']);
    },
  },
  {
    id: 'ms-of-day',
    claim: 'extract(ms …) is the milliseconds of the second alone, and extract(second …) whole seconds.',
    page: 'r_EXTRACT_function',
    doubt: 'documented',
    reliedOnBy: 'Where a play began within its day: sessions and reports.',
    async check(cluster) {
      const at = ['2018-11-01 20:57:10.796', '2018-11-01 00:00:00', '2018-11-01 23:59:59.999'];
      const seen = await each(cluster, 'timestamp', at, functions.ms_of_day('x'));
      return same(seen, [75430796, 0, 86399999]);
    },
  },
  {
    id: 'md5-number',
    claim:
      'strtol(substring(md5(text), 1, 7), 16) is the number of the first seven digits; md5 is of the UTF-8.',
    page: 'r_STRTOL',
    doubt: 'documented',
    reliedOnBy: 'Samples of users that are the same on every engine.',
    check: async (cluster) =>
      same(await each(cluster, 'varchar(64)', ['1', 'ä'], functions.md5_number('x')), [0xc4ca423, 0x8419b71]),
  },
  {
    id: 'trailing-blanks',
    claim:
      "rtrim(x, ' ') takes off blanks alone; two texts that differ by them are equal once they are trimmed.",
    page: 'r_Character_types',
    doubt: 'documented',
    reliedOnBy: 'Plays find their songs, whether or not the engine heeds trailing blanks.',
    async check(cluster) {
      await twoTables(cluster, "('a  ', 1)", "('a', 1), (' a', 2)");
      const [seen] = await cluster.rows(
        "select case when a = 'a' then 'ignored' else 'heeded' end as blanks from lefts",
      );
      cluster.note(`trailing blanks in comparisons are ${seen?.blanks}`);
      return same(
        await cluster.rows(
          "select rights.b from lefts join rights on rtrim(lefts.a, ' ') = rtrim(rights.a, ' ')",
        ),
        [{ b: 1 }],
      );
    },
  },
  {
    id: 'blanks-in-sets',
    claim: 'EXCEPT and GROUP BY tell texts apart that differ by trailing blanks alone.',
    page: 'r_Character_types',
    doubt: 'inferred',
    reliedOnBy:
      'A correction of nothing but trailing blanks reaches the star; repeats are duplicates or conflicts as on the other engines.',
    async check(cluster) {
      if (cluster.isDouble)
        throw new NotRun('the double tells them apart, but the guide says that blanks are ignored');
      await twoTables(cluster, "('a ', 1)", "('a', 1)");
      return same(await cluster.rows('select a, b from lefts except select a, b from rights'), [
        { a: 'a ', b: 1 },
      ]);
    },
  },
  {
    id: 'except-nulls',
    claim: 'EXCEPT takes two NULLs for the same.',
    page: 'r_UNION',
    doubt: 'inferred',
    reliedOnBy: 'Only rows that differ are written: else every row with a NULL would be, at each load.',
    async check(cluster) {
      await twoTables(cluster, "(null, 1), ('x', 2)", "(null, 1), ('x', null)");
      return same(await cluster.rows('select a, b from lefts except select a, b from rights'), [
        { a: 'x', b: 2 },
      ]);
    },
  },
  {
    id: 'exists',
    claim: 'EXISTS with a correlation by several equalities, in WHERE of SELECT.',
    page: 'r_correlated_subqueries',
    doubt: 'documented',
    reliedOnBy: 'Which rows a load touches.',
    async check(cluster) {
      await twoTables(cluster, "('x', 1), ('y', 2), ('z', null)", "('x', 1), ('y', 3)");
      const sql =
        'select a from lefts where exists (select 1 from rights as other where other.a = lefts.a and other.b = lefts.b)';
      return same(await cluster.rows(sql), [{ a: 'x' }]);
    },
  },
  {
    id: 'exists-inequality',
    claim: 'EXISTS with an equality, and an inequality beside IS NULL in OR, between both queries.',
    page: 'r_correlated_subqueries',
    doubt: 'open',
    reliedOnBy:
      'ops.user_levels: which levels stand after a touched moment. Patterns like it are refused at times.',
    async check(cluster) {
      await twoTables(cluster, "('x', 1), ('y', null), ('z', 9), ('w', 1)", "('x', 2), ('y', 2), ('z', 2)");
      const sql =
        'select a from lefts where exists (select 1 from rights where rights.a = lefts.a and (lefts.b is null or lefts.b >= rights.b)) order by a';
      return same(await cluster.rows(sql), [{ a: 'y' }, { a: 'z' }]);
    },
  },
  {
    id: 'not-exists',
    claim: 'NOT EXISTS with correlated equalities.',
    page: 'r_correlated_subqueries',
    doubt: 'documented',
    reliedOnBy: 'The checks.',
    async check(cluster) {
      await twoTables(cluster, "('x', 1), ('y', 2)", "('x', 1)");
      const sql =
        'select a from lefts as event where not exists (select 1 from rights as known where known.a = event.a and known.b = event.b)';
      return same(await cluster.rows(sql), [{ a: 'y' }]);
    },
  },
  {
    id: 'scalar-subqueries',
    claim: 'A SELECT without FROM takes counts of tables as scalar subqueries.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy: 'How many rows a build takes out and puts in.',
    async check(cluster) {
      await twoTables(cluster, "('x', 1), ('y', 2)", "('x', 1)");
      const sql =
        'select (select count(*) from lefts) as l, (select max(b) from rights) as r, (select count(*) from lefts where exists (select 1 from rights where rights.a = lefts.a)) as both';
      return same(await cluster.rows(sql.replace('as both', 'as shared')), [{ l: 2, r: 1, shared: 1 }]);
    },
  },
  {
    id: 'delete-using',
    claim:
      'DELETE FROM t USING u WHERE … takes out the rows of t that have a partner, once each, and tells how many.',
    page: 'r_DELETE',
    doubt: 'documented',
    reliedOnBy: 'Every change of a table: rows are taken out and put in.',
    async check(cluster) {
      await twoTables(cluster, "('x', 1), ('y', 2)", "('x', 1), ('x', 2)");
      const gone = await cluster.run('delete from lefts using rights where rights.a = lefts.a');
      return all(same(gone, 1), same(await cluster.rows('select a from lefts'), [{ a: 'y' }]));
    },
  },
  {
    id: 'windows',
    claim: 'row_number, dense_rank and lag over an order; sum and count over a partition without one.',
    page: 'c_Window_functions',
    doubt: 'documented',
    reliedOnBy: 'Repeats, choices of names, levels; sizes of undeclared keys.',
    async check(cluster) {
      await twoTables(cluster, "('x', 1), ('x', 1), ('x', 3), ('y', 2)", "('x', 1)");
      const sql = `select a, b, row_number() over (partition by a order by b, a) as place,
        dense_rank() over (partition by a order by b) as content, sum(b) over (partition by a) as total,
        lag(b) over (partition by a order by b) as before from lefts order by a, b, place`;
      const rows = (await cluster.rows(sql)).map((found) => Object.values(found).map(String).join(' '));
      return same(rows, ['x 1 1 1 5 null', 'x 1 2 1 5 1', 'x 3 3 2 5 1', 'y 2 1 1 2 null']);
    },
  },
  {
    id: 'whole-division',
    claim: 'A BIGINT by a whole number is a whole number, cut towards zero; mod keeps BIGINT.',
    page: 'r_MOD',
    doubt: 'inferred',
    reliedOnBy: 'Days and milliseconds of a moment.',
    check: async (cluster) =>
      same(
        await each(
          cluster,
          'bigint',
          [1541106106796],
          "cast(x / 86400000 as varchar) || ' ' || cast(mod(x, 86400000) as varchar)",
        ),
        ['17836 75706796'],
      ),
  },
  {
    id: 'listagg',
    claim: 'LISTAGG(text, separator) WITHIN GROUP (ORDER BY …) joins texts in that order.',
    page: 'r_LISTAGG',
    doubt: 'documented',
    reliedOnBy: 'The column extra.',
    async check(cluster) {
      await twoTables(cluster, "('b', 1), ('a', 1), ('c', 2)", "('x', 1)");
      const sql =
        "select b, listagg(a, ',') within group (order by a) as texts from lefts group by b order by b";
      return same(await cluster.rows(sql), [
        { b: 1, texts: 'a,b' },
        { b: 2, texts: 'c' },
      ]);
    },
  },
  {
    id: 'case-in-order',
    claim: 'CASE takes the first branch that holds, and NULL conditions for false.',
    page: 'r_CASE_function',
    doubt: 'documented',
    reliedOnBy: 'Which rule a record is said to break.',
    check: row('select case when null then 1 when 2 > 1 then 2 when 1 = 1 then 3 else 0 end as fault', {
      fault: 2,
    }),
  },
];
