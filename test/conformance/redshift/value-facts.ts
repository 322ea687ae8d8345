import type { SqlValue } from '../../../src/warehouses/statement.ts';
import { type Fact, holds, refusal, same, shown, UNDOCUMENTED, worded } from './fact.ts';
import { each, twoTables } from './given.ts';
import type { Trial } from './trial.ts';

/** Values sent as parameters of one INSERT of many rows, and read back in their order. */
const roundTrip = (type: string, values: readonly SqlValue[]) => async (cluster: Trial) => {
  await cluster.run(`create temporary table sent (place integer, x ${type})`);
  const tuples = values.map((_, at) => `($${2 * at + 1}, $${2 * at + 2})`);
  await cluster.run(
    `insert into sent (place, x) values ${tuples.join(', ')}`,
    values.flatMap((value, at) => [at, value]),
  );
  const rows = await cluster.rows('select x from sent order by place');
  return same(
    rows.map(({ x }) => x),
    values,
  );
};

const trip = (id: string, type: string, values: readonly SqlValue[], reliedOnBy: string): Fact => ({
  id: `parameters-${id}`,
  claim: `Parameters of an INSERT of several rows take the type of their column, ${type.toUpperCase()}, and come back exactly: ${values.map((value) => (value instanceof Date ? value.toISOString() : JSON.stringify(value))).join(', ')}.`,
  page: UNDOCUMENTED,
  doubt: 'open',
  reliedOnBy,
  check: roundTrip(type, values),
});

const EVERY_RUN = 'ops.runs, ops.files, rejects: up to a hundred rows go in so.';

/** Values on their way to the cluster and back. */
export const valueFacts: readonly Fact[] = [
  trip(
    'bigint',
    'bigint',
    [0, -1, 1541106106796, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, null],
    EVERY_RUN,
  ),
  trip(
    'double',
    'double precision',
    [
      0,
      0.1,
      0.30000000000000004,
      218.93179,
      5e-324,
      2.2250738585072014e-308,
      1.7976931348623157e308,
      -1e21,
      null,
    ],
    'Durations, coordinates; tables that are equal on every engine.',
  ),
  trip(
    'timestamp',
    'timestamp',
    [
      new Date('2018-11-01T20:57:10.796Z'),
      new Date('1970-01-01T00:00:00.000Z'),
      new Date('2000-02-29T23:59:59.999Z'),
      null,
    ],
    'loaded_at, rejected_at, committed_at.',
  ),
  trip('text', 'varchar(64)', ['', 'a', ' b ', 'ä🎵', "it's", 'a\\b', '"', null], EVERY_RUN),
  trip('boolean', 'boolean', [true, false, null], 'ops.files.duplicate.'),
  trip(
    'first-null',
    'integer',
    [null, 1, 2],
    'A column whose first row is NULL must not become another type.',
  ),
  {
    id: 'parameters-many',
    claim: 'One INSERT takes 100 rows with 2,000 parameters.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy: EVERY_RUN,
    async check(cluster) {
      const columns = Array.from({ length: 20 }, (_, at) => `c${at}`);
      await cluster.run(
        `create temporary table wide (${columns.map((name) => `${name} varchar(64)`).join(', ')})`,
      );
      const tuple = (at: number): string =>
        `(${columns.map((_, column) => `$${at * 20 + column + 1}`).join(', ')})`;
      const inserted = await cluster.run(
        `insert into wide (${columns.join(', ')}) values ${Array.from({ length: 100 }, (_, at) => tuple(at)).join(', ')}`,
        Array.from({ length: 2000 }, (_, at) => `value ${at}`),
      );
      const [seen] = await cluster.rows("select count(*) as wides from wide where c19 like 'value %'");
      return same([inserted, seen?.wides], [100, 100]);
    },
  },
  {
    id: 'parameters-in-select',
    claim: 'Parameters in the list of INSERT … SELECT take the types of their columns, a TIMESTAMP too.',
    page: UNDOCUMENTED,
    doubt: 'open',
    reliedOnBy: 'The rejects of what the cluster read: path, run and moment are parameters.',
    async check(cluster) {
      await cluster.run(
        'create temporary table refused (id varchar(64), path varchar(64), line bigint, at timestamp)',
      );
      const at = new Date('2018-11-01T20:57:10.796Z');
      await cluster.run(
        "insert into refused (id, path, line, at) select '7:' || cast(place as varchar), $1, 0, $2 from (select 1 as place union all select 2) as places",
        ['s3://bucket/ä.json', at],
      );
      const rows = await cluster.rows('select id, path, line, at from refused order by id');
      const expected = { path: 's3://bucket/ä.json', line: 0, at };
      return same(rows, [
        { id: '7:1', ...expected },
        { id: '7:2', ...expected },
      ]);
    },
  },
  {
    id: 'row-counts',
    claim: 'INSERT, DELETE and CREATE TABLE AS tell how many rows they changed or made, or nothing.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy:
      'The balance of what was read: rows that INSERT … SELECT counts; and the counts of a load’s report.',
    async check(cluster) {
      await cluster.run('create temporary table counted (n integer)');
      const inserted = await cluster.run('insert into counted values (1), (2), (3)');
      const selected = await cluster.run('insert into counted select n + 3 from counted');
      const deleted = await cluster.run('delete from counted where n > 4');
      const made = await cluster.run('create temporary table more as select n from counted');
      cluster.note(`CREATE TABLE AS told ${made}`);
      return same([inserted, selected, deleted], [3, 3, 2]);
    },
  },
  {
    id: 'varchar-bytes',
    claim: 'VARCHAR(n) holds n bytes, not characters, and a longer value is refused.',
    page: 'r_Character_types',
    doubt: 'documented',
    reliedOnBy: 'maxBytes of every column; text_too_long is found before it would fail.',
    async check(cluster) {
      await cluster.run('create temporary table narrow (x varchar(4))');
      await cluster.run('insert into narrow values ($1)', ['ää']);
      const found = await refusal(cluster.run('insert into narrow values ($1)', ['äää']));
      cluster.note(worded(found));
      return holds(found !== null, 'six bytes went into VARCHAR(4)');
    },
  },
  {
    id: 'concatenation',
    claim: '|| of VARCHAR(65535) with more gives what fits, also beside other branches of a CASE.',
    page: 'r_concat_op',
    doubt: 'inferred',
    reliedOnBy: 'Reasons and values of rejects.',
    async check(cluster) {
      await cluster.run('create temporary table texts (x varchar(65535))');
      await cluster.run('insert into texts values ($1)', ['a'.repeat(300)]);
      const [seen] = await cluster.rows(
        "select 'the text ' || case when length(x) > 200 then substring(x, 1, 200) || '…' else x end || ', not a number' as reason from texts",
      );
      return same(seen?.reason, `the text ${'a'.repeat(200)}…, not a number`);
    },
  },
  {
    id: 'null-and-zero',
    claim:
      'floor of a double tells whole numbers; comparisons reach Number.MAX_SAFE_INTEGER exactly; −0 equals 0.',
    page: 'r_FLOOR',
    doubt: 'inferred',
    reliedOnBy: 'The rules wrong_type and out_of_range; zero is never negative.',
    async check(cluster) {
      await cluster.run('create temporary table doubles (place integer, x double precision)');
      await cluster.run('insert into doubles values ($1, $2), ($3, $4), ($5, $6), ($7, $8)', [
        0,
        1.5,
        1,
        Number.MAX_SAFE_INTEGER,
        2,
        2 ** 53,
        3,
        -0.0,
      ]);
      const rows = await cluster.rows(
        `select case when floor(x) <> x then 'part' when abs(x) > ${Number.MAX_SAFE_INTEGER} then 'beyond' when x = 0 then 'zero' else cast(cast(x as bigint) as varchar) end as seen from doubles order by place`,
      );
      return same(
        rows.map(({ seen }) => seen),
        ['part', String(Number.MAX_SAFE_INTEGER), 'beyond', 'zero'],
      );
    },
  },
  {
    id: 'byte-length',
    claim: 'octet_length counts the bytes of UTF-8, and length characters; both count trailing blanks.',
    page: 'r_OCTET_LENGTH',
    doubt: 'documented',
    reliedOnBy: 'The rule text_too_long; which spellings a title has.',
    async check(cluster) {
      const expression = "cast(octet_length(x) as varchar) || ' ' || cast(length(x) as varchar)";
      const seen = await each(cluster, 'varchar(64)', ['', 'ä🎵', 'a  '], expression);
      return same(seen, ['0 0', '6 2', '3 3']);
    },
  },
  {
    id: 'backslash',
    claim: 'A backslash in a parameter is a backslash, and chr(92) is one.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy: 'Texts that are sent; the JSON of undeclared keys. No literal of ours holds a backslash.',
    async check(cluster) {
      const [literal] = await cluster.rows("select length('a\\\\b') as characters");
      cluster.note(
        Number(literal?.characters) === 3 ? 'it escapes in a literal' : 'it does not escape in a literal',
      );
      return same(await each(cluster, 'varchar(16)', ['a\\b', "a\\'"], 'length(x)'), [3, 3]);
    },
  },
  {
    id: 'order-of-text',
    claim: 'Text sorts by its bytes in UTF-8: Z before a, a before ä, ä before 🎵.',
    page: 'c_collation_sequences',
    doubt: 'documented',
    reliedOnBy: 'Which of several equal names is the first, as on the other engines.',
    async check(cluster) {
      await twoTables(cluster, "('🎵', 1), ('a', 2), ('ä', 3), ('Z', 4), ('', 5)", "('x', 1)");
      const rows = await cluster.rows('select a from lefts order by a');
      return holds(
        shown(rows.map(({ a }) => a)) === shown(['', 'Z', 'a', 'ä', '🎵']),
        rows.map(({ a }) => a),
      );
    },
  },
];
