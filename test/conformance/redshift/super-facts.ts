import { type Fact, same, shown, UNDOCUMENTED, type Verdict } from './fact.ts';
import { records } from './loading.ts';
import type { Trial } from './trial.ts';

/** One record with a value, and expressions over it. */
const over =
  (record: string, expressions: Readonly<Record<string, string>>, reliedOn: Record<string, unknown>) =>
  async (cluster: Trial): Promise<Verdict> => {
    const select = Object.entries(expressions).map(([name, sql]) => `${sql} as ${name}`);
    return same(await records(cluster, `{"n": 1, ${record}}`, select.join(', ')), [reliedOn]);
  };

const x = 'source.record.x';

/** The digits of a number, once loaded. */
const digits = (id: string, number: string, doubt: Fact['doubt'], reliedOnBy: string): Fact => ({
  id: `digits-${id}`,
  claim: `The number ${number} is ${number} for json_serialize.`,
  page: UNDOCUMENTED,
  doubt,
  reliedOnBy,
  check: over(`"x": ${number}`, { digits: `json_serialize(${x})` }, { digits: number }),
});
const AS_TEXT = 'Titles and names that are numbers keep their own digits, as they do on the other engines.';

/** The value of a number as a double: the one that JSON.parse gives. */
const doubles = [
  218.93179, 1541106106796, 4.6, 0, -0.1, 1e300, 5e-324, 9007199254740991, 0.30000000000000004,
  1.7976931348623157e308,
];

/** SUPER: what a record is made of, once it is loaded. */
export const superFacts: readonly Fact[] = [
  {
    id: 'super-key-case',
    claim: 'Keys keep their case, and quotes with enable_case_sensitive_super_attribute find them by it.',
    page: 'super-configurations',
    doubt: 'documented',
    reliedOnBy: 'Every field of the logs: userId, firstName, itemInSession.',
    check: over(
      '"userId": "7", "userid": "8"',
      {
        exact: 'cast(source.record."userId" as varchar)',
        lower: 'cast(source.record."userid" as varchar)',
        other: 'json_typeof(source.record."USERID")',
      },
      { exact: '7', lower: '8', other: null },
    ),
  },
  ...(
    [
      ['string', '"x": "a"', 'string'],
      ['number', '"x": 4.6', 'number'],
      ['boolean', '"x": true', 'boolean'],
      ['array', '"x": [1]', 'array'],
      ['object', '"x": {"a": 1}', 'object'],
      ['null', '"x": null', 'null'],
      ['missing', '"y": 1', null],
    ] as const
  ).map(
    ([what, record, type]): Fact => ({
      id: `type-of-${what}`,
      claim: `json_typeof of ${what === 'missing' ? 'a key that is not there is NULL' : `a JSON ${what} is '${type}'`}.`,
      page: 'r_json_typeof',
      doubt: what === 'null' || what === 'missing' ? 'inferred' : 'documented',
      reliedOnBy:
        what === 'null' || what === 'missing'
          ? 'The reason of a missing_field: null, or missing. Both count as such.'
          : 'Every rule by type: nothing is coerced.',
      check: async (cluster) => {
        const seen = await records(cluster, `{"n": 1, ${record}}`, `json_typeof(${x}) as type`);
        return same(seen, [{ type }]);
      },
    }),
  ),
  digits('4-60', '4.60', 'open', AS_TEXT),
  digits('decimal', '218.93179', 'inferred', AS_TEXT),
  digits('bigint', '1541106106796', 'inferred', AS_TEXT),
  {
    id: 'digits-exponent',
    claim: 'The number 1e300 has its value for json_serialize; SUPER may write it with other digits.',
    page: UNDOCUMENTED,
    doubt: 'open',
    reliedOnBy:
      'A title that is a number with an exponent differs from the other engines’; its value does not.',
    async check(cluster) {
      const [seen] = await records(cluster, '{"n": 1, "x": 1e300}', `json_serialize(${x}) as digits`);
      cluster.note(String(seen?.digits).replace(/0{20,}/, (zeros) => `(${zeros.length} zeros)`));
      return same(Number(seen?.digits), 1e300);
    },
  },
  digits('long', '0.1234567890123456789', 'open', AS_TEXT),
  {
    id: 'super-to-double',
    claim: 'A number casts to DOUBLE PRECISION as exactly as JSON.parse reads it.',
    page: UNDOCUMENTED,
    doubt: 'open',
    reliedOnBy: 'length, ts, registration, duration: tables that are equal on every engine.',
    async check(cluster) {
      const text = doubles.map((value, n) => `{"n": ${n}, "x": ${value}}\n`).join('');
      const seen = await records(cluster, text, `cast(${x} as double precision) as x`);
      return same(
        seen.map((row) => row.x),
        doubles,
      );
    },
  },
  {
    id: 'super-beyond-double',
    claim:
      'A number beyond DOUBLE PRECISION, 1e400, is an error of its object, or casts to NULL; it is never a number.',
    page: UNDOCUMENTED,
    doubt: 'open',
    reliedOnBy: 'The rule out_of_range.',
    async check(cluster) {
      const select = `json_typeof(${x}) as type, cast(${x} as double precision) as x`;
      const seen = await records(cluster, '{"n": 1, "x": 1e400}', select, ' maxerror 100');
      cluster.note(shown(seen));
      return same(
        seen.filter((row) => row.x !== null),
        [],
      );
    },
  },
  {
    id: 'super-to-text',
    claim:
      'A string casts to VARCHAR(65535) as it is: escapes taken, quotes gone, four-byte characters whole.',
    page: 'query-super',
    doubt: 'documented',
    reliedOnBy: 'Every text of the logs and songs.',
    check: over(
      String.raw`"x": "a\"b\\c\/\n\t\u00e4\ud83c\udfb5🎵 "`,
      { x: `cast(${x} as varchar(65535))` },
      { x: 'a"b\\c/\n\tä🎵🎵 ' },
    ),
  },
  {
    id: 'super-empty-text',
    claim: 'An empty string stays an empty string, and is not NULL.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy: 'userId "" of visitors who are not logged in.',
    check: over(
      '"x": ""',
      { x: `cast(${x} as varchar(65535))`, type: `json_typeof(${x})` },
      { x: '', type: 'string' },
    ),
  },
  {
    id: 'super-case-cast',
    claim:
      'CASE json_typeof(…) WHEN … THEN cast(…) END is NULL for a value of another type, and never fails.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy: 'Reading records whatever they hold; the reject says what it was.',
    check: over(
      '"x": "12a", "y": {"a": 1}, "z": 1.5',
      {
        x: `case json_typeof(${x}) when 'number' then cast(${x} as double precision) end`,
        y: "case json_typeof(source.record.y) when 'string' then cast(source.record.y as varchar(65535)) end",
        z: "case json_typeof(source.record.z) when 'string' then cast(source.record.z as varchar(65535)) when 'number' then json_serialize(source.record.z) end",
      },
      { x: null, y: null, z: '1.5' },
    ),
  },
  {
    id: 'super-serialize',
    claim: 'json_serialize gives JSON without blanks, and json_size its bytes.',
    page: 'r_json_size',
    doubt: 'documented',
    reliedOnBy:
      'The raw record and the value of a reject; undeclared keys kept in extra; no value above VARCHAR is serialized.',
    check: over(
      '"x": {"a": [1, "ä", null, true]}',
      { json: `json_serialize(${x})`, bytes: `json_size(${x})` },
      { json: '{"a":[1,"ä",null,true]}', bytes: 24 },
    ),
  },
  {
    id: 'super-serialize-null',
    claim: "json_serialize of NULL is NULL or 'null', and coalesce makes 'null' of either.",
    page: 'JSON_SERIALIZE',
    doubt: 'documented',
    reliedOnBy: 'The raw record of a reject read by LOG_JSONPATH.',
    check: over('"y": 1', { json: `coalesce(json_serialize(${x}), 'null')` }, { json: 'null' }),
  },
  {
    id: 'super-of-subquery',
    claim: 'Paths lead into a SUPER column of a subquery and of a temporary table made by CREATE TABLE AS.',
    page: 'query-super',
    doubt: 'inferred',
    reliedOnBy: 'The rules of the cluster’s reading: judged.record."userId".',
    async check(cluster) {
      await records(cluster, '{"n": 1, "x": {"Y": 2}}', 'source.record');
      await cluster.run(
        'create temporary table kept as select fault, record from (select 1 as fault, source.record from read_records as source) as judged',
      );
      return same(await cluster.rows('select json_serialize(judged.record.x."Y") as y from kept as judged'), [
        { y: '2' },
      ]);
    },
  },
  {
    id: 'unpivot',
    claim: 'FROM …, UNPIVOT … AS value AT key gives each key of each object, in its own case.',
    page: 'query-super',
    doubt: 'documented',
    reliedOnBy: 'Drift: new, missing and differently written keys, with their counts.',
    async check(cluster) {
      await records(cluster, '{"n": 1, "userId": "7"}{"n": 2, "userId": null}', 'source.record.n');
      const seen = await cluster.rows(
        'select key, count(*) as records from read_records as source, unpivot source.record as value at key group by key order by key',
      );
      return same(seen, [
        { key: 'n', records: 2 },
        { key: 'userId', records: 2 },
      ]);
    },
  },
  {
    id: 'unpivot-no-object',
    claim: 'UNPIVOT of an array gives nothing and does not fail.',
    page: UNDOCUMENTED,
    doubt: 'open',
    reliedOnBy: 'One record that is an array must not end a load.',
    async check(cluster) {
      await records(cluster, '{"n": 1}\n["a", 2]\n', 'source.record.n');
      const seen = await cluster.rows(
        'select key, count(*) as records from read_records as source, unpivot source.record as value at key group by key order by key',
      );
      return same(seen, [{ key: 'n', records: 1 }]);
    },
  },
  {
    id: 'extras',
    claim:
      'Keys of a record, unpivoted with a running sum of their sizes, come together again by LISTAGG WITHIN GROUP.',
    page: 'r_LISTAGG',
    doubt: 'inferred',
    reliedOnBy: 'The column extra: what nobody declared.',
    async check(cluster) {
      await records(cluster, '{"n": 1, "b": "ä", "A\\"": [1]}', 'source.record.n');
      await cluster.run('create temporary table read_rows (record_id bigint identity(1, 1), record super)');
      await cluster.run('insert into read_rows (record) select record from read_records');
      const pair = `'"' || replace(replace(key, chr(92), chr(92) || chr(92)), '"', chr(92) || '"') || '":' || json_serialize(value)`;
      const seen = await cluster.rows(
        `select max(bytes) as bytes, '{' || listagg(pair, ',') within group (order by key) || '}' as extra
         from (
           select source.record_id, key, ${pair} as pair,
             sum(octet_length(key) + json_size(value) + 2) over (partition by source.record_id) + 1 as bytes
           from read_rows as source, unpivot source.record as value at key where key not in ('n')
         ) as pairs group by record_id`,
      );
      return same(seen, [{ bytes: 15, extra: String.raw`{"A\"":[1],"b":"ä"}` }]);
    },
  },
];
