import { arrayPathsJson } from '../../../src/warehouses/redshift/staging-prefix.ts';
import { literal } from '../../../src/warehouses/sql.ts';
import { all, type Fact, holds, refusal, same, UNDOCUMENTED, worded } from './fact.ts';
import { copyObjects, copySql, counted, packed, records, zstdFrame } from './loading.ts';
import type { Trial } from './trial.ts';

const three = '{"n": 1}\n{"n": 2}\n{"n": 3}\n';
const loads = async (cluster: Trial, content: string | Buffer, options: string): Promise<unknown> => {
  await copyObjects(cluster, { 'records.json': content }, options);
  return cluster.rows('select count(*) as records from read_records');
};

/** COPY as the loader writes it: what it takes and what it refuses. */
export const copyFacts: readonly Fact[] = [
  {
    id: 'copy-noshred',
    claim:
      "COPY … IAM_ROLE REGION FORMAT JSON 'noshred' MANIFEST MAXERROR COMPUPDATE OFF STATUPDATE OFF loads whole records into one SUPER column of a temporary table.",
    page: 'copy_json',
    doubt: 'documented',
    reliedOnBy: 'Every load that the cluster reads by itself.',
    check: async (cluster) =>
      same(await records(cluster, three, 'json_serialize(source.record) as record'), [
        { record: '{"n":1}' },
        { record: '{"n":2}' },
        { record: '{"n":3}' },
      ]),
  },
  {
    id: 'copy-gzip',
    claim: 'GZIP reads gzipped objects.',
    page: 'copy-parameters-file-compression',
    doubt: 'documented',
    reliedOnBy: 'Data sets of .json.gz, and the parts that the loader packs.',
    check: async (cluster) => same(await loads(cluster, packed(three), ' gzip maxerror 1'), [{ records: 3 }]),
  },
  {
    id: 'copy-zstd',
    claim: 'ZSTD reads objects of ZSTD.',
    page: 'copy-parameters-file-compression',
    doubt: 'documented',
    reliedOnBy: 'Data sets of .json.zst.',
    check: async (cluster) =>
      same(await loads(cluster, zstdFrame(three), ' zstd maxerror 1'), [{ records: 3 }]),
  },
  {
    id: 'copy-wrong-compression',
    claim: 'An object that is not compressed as the COPY says fails it, or is an error row of that object.',
    page: UNDOCUMENTED,
    doubt: 'open',
    reliedOnBy: 'No object may be passed over in silence; the compression is taken from its first bytes.',
    async check(cluster) {
      const found = await refusal(loads(cluster, three, ' gzip maxerror 100'));
      cluster.note(worded(found));
      if (found !== null) return 'confirmed';
      const rows = await cluster.rows('select count(*) as records from read_records');
      return same(rows, [{ records: 0 }]);
    },
  },
  {
    id: 'copy-last-counts',
    claim:
      'pg_last_copy_count() is the number of records that came, and pg_last_copy_id() a new number for each COPY, within a transaction too.',
    page: 'PG_LAST_COPY_COUNT',
    doubt: 'documented',
    reliedOnBy: 'The balance of every load; finding its rows in the SYS views.',
    async check(cluster) {
      await cluster.run('begin');
      await copyObjects(cluster, { 'records.json': three });
      const first = await counted(cluster);
      await copyObjects(cluster, { 'records.json': '{"n": 1}' });
      const second = await counted(cluster);
      await cluster.run('rollback');
      return all(
        same([first.records, second.records], [3, 1]),
        holds(first.queryId > 0 && second.queryId > first.queryId, [first.queryId, second.queryId]),
      );
    },
  },
  {
    id: 'copy-rolled-back',
    claim: 'A COPY belongs to its transaction: rolled back, nothing of it is left.',
    page: 'r_COPY',
    doubt: 'documented',
    reliedOnBy: 'A load commits whole or not at all.',
    async check(cluster) {
      await cluster.run('create table copied_back (record super)');
      const object = await cluster.put('records.json', three);
      const manifest = await cluster.manifest('manifest', [object]);
      await cluster.run('begin');
      await cluster.run(copySql(cluster, 'copied_back', manifest));
      const [within] = await cluster.rows('select count(*) as records from copied_back');
      await cluster.run('rollback');
      const [after] = await cluster.rows('select count(*) as records from copied_back');
      return same([within?.records, after?.records], [3, 0]);
    },
  },
  {
    id: 'copy-missing-object',
    claim: 'A mandatory object that is not there fails the COPY, in words that name S3 and say so.',
    page: 'loading-data-files-using-manifest',
    doubt: 'inferred',
    reliedOnBy: 'The loader lists the objects again when one went away meanwhile.',
    async check(cluster) {
      const there = await cluster.put('records.json', three);
      const gone = { path: `${cluster.prefix()}gone.json`, bytes: 9 };
      const manifest = await cluster.manifest('manifest', [there, gone]);
      await cluster.run('create temporary table read_records (record super)');
      const found = await refusal(cluster.run(copySql(cluster, 'read_records', manifest)));
      cluster.note(worded(found));
      return holds(found?.as === 'SourceChangedError', worded(found));
    },
  },
  {
    id: 'copy-wrong-length',
    claim:
      'A content_length that is not the object’s fails the COPY, or does nothing; no part of the object is left out.',
    page: UNDOCUMENTED,
    doubt: 'open',
    reliedOnBy: 'Objects that change during a load; the loader compares them again itself.',
    async check(cluster) {
      const object = await cluster.put('records.json', three);
      const manifest = await cluster.manifest('manifest', [{ ...object, bytes: object.bytes - 4 }]);
      await cluster.run('create temporary table read_records (record super)');
      const found = await refusal(cluster.run(copySql(cluster, 'read_records', manifest)));
      cluster.note(worded(found));
      if (found !== null) return 'confirmed';
      return same(await cluster.rows('select count(*) as records from read_records'), [{ records: 3 }]);
    },
  },
  {
    id: 'copy-foreign-role',
    claim: 'A role that is not the cluster’s is refused, in words that the loader takes for that.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy: 'The hint that names the policy of the role.',
    async check(cluster) {
      const object = await cluster.put('records.json', three);
      const manifest = await cluster.manifest('manifest', [object]);
      await cluster.run('create temporary table read_records (record super)');
      const sql = copySql(cluster, 'read_records', manifest).replace(
        /iam_role (default|'[^']*')/,
        "iam_role 'arn:aws:iam::000000000000:role/sparkify-conformance-none'",
      );
      const found = await refusal(cluster.run(sql));
      cluster.note(worded(found));
      return holds(/role may not do this/.test(found?.said ?? ''), worded(found));
    },
  },
  {
    id: 'copy-blank-object',
    claim: 'An object of nothing but white space has no record and no error.',
    page: 'copy-parameters-data-format',
    doubt: 'inferred',
    reliedOnBy: 'Empty files of a day without events.',
    check: async (cluster) => same(await loads(cluster, ' \n\n', ' maxerror 1'), [{ records: 0 }]),
  },
  {
    id: 'copy-noload',
    claim: 'COPY … NOLOAD of a key prefix reads and loads nothing.',
    page: 'copy-parameters-data-load',
    doubt: 'documented',
    reliedOnBy: 'sparkify doctor tries role, Region and prefix by it.',
    async check(cluster) {
      await cluster.put('data/records.json', three);
      await cluster.run('create temporary table doctor_records (record super)');
      await cluster.run(
        `copy doctor_records from ${literal(`${cluster.prefix()}data/`)} ${cluster.access()} format json 'noshred' noload maxerror 100000 compupdate off statupdate off`,
      );
      return same(await cluster.rows('select count(*) as records from doctor_records'), [{ records: 0 }]);
    },
  },
  {
    id: 'copy-arrays',
    claim:
      'Arrays with JSONPaths $[0], $[1], … load into columns of every type of ours, exactly; an empty text stays one, null is NULL.',
    page: 'copy-usage_notes-copy-from-json',
    doubt: 'documented',
    reliedOnBy: 'Rows that the loader packs and sends: of local files, of small files, of rejects.',
    async check(cluster) {
      const values = [7, 'ä🎵"\\ ', '', null, 1541106106796, 218.93179, '2018-11-01 20:57:10.796', true];
      const line = `${JSON.stringify(values)}\n${JSON.stringify(values.map(() => null))}\n`;
      const object = await cluster.put('rows.json.gz', packed(line));
      const manifest = await cluster.manifest('manifest', [object]);
      const paths = (await cluster.put('paths.json', arrayPathsJson(values.length))).path;
      const columns = 'a, b, c, d, e, f, g, h';
      await cluster.run(
        'create temporary table sent (a integer, b varchar(64), c varchar(8), d varchar(8), e bigint, f double precision, g timestamp, h boolean)',
      );
      await cluster.run(
        `copy sent (${columns}) from ${literal(manifest)} ${cluster.access()} format json ${literal(paths)} manifest gzip timeformat 'auto' maxerror 1 compupdate off statupdate off`,
      );
      const rows = await cluster.rows(`select ${columns} from sent order by a nulls last`);
      const moment = new Date('2018-11-01T20:57:10.796Z');
      return same(
        rows.map((row) => Object.values(row)),
        [values.map((value) => (value === values[6] ? moment : value)), values.map(() => null)],
      );
    },
  },
  {
    id: 'copy-arrays-doubles',
    claim: 'Doubles in arrays load exactly, also the smallest and the largest.',
    page: UNDOCUMENTED,
    doubt: 'open',
    reliedOnBy: 'Tables that are equal on every engine.',
    async check(cluster) {
      const values = [5e-324, 1.7976931348623157e308, 0.1, 123456.123456789, 9007199254740991, 1e21, -0.5];
      const object = await cluster.put(
        'rows.json.gz',
        packed(values.map((value, at) => `[${at}, ${value}]\n`).join('')),
      );
      const manifest = await cluster.manifest('manifest', [object]);
      const paths = (await cluster.put('paths.json', arrayPathsJson(2))).path;
      await cluster.run('create temporary table sent (a integer, b double precision)');
      await cluster.run(
        `copy sent (a, b) from ${literal(manifest)} ${cluster.access()} format json ${literal(paths)} manifest gzip timeformat 'auto' maxerror 1 compupdate off statupdate off`,
      );
      const rows = await cluster.rows('select b from sent order by a');
      return same(
        rows.map(({ b }) => b),
        values,
      );
    },
  },
  {
    id: 'copy-paths-into-super',
    claim:
      'JSONPaths of the user’s load each value into a SUPER column of its own, with its JSON type; a key that is not there is NULL.',
    page: 'copy_json',
    doubt: 'inferred',
    reliedOnBy: 'LOG_JSONPATH that names other keys.',
    async check(cluster) {
      const object = await cluster.put('records.json', '{"userId": "7", "n": 4.60, "o": {"K": 1}}');
      const manifest = await cluster.manifest('manifest', [object]);
      const jsonpaths = ["$['userId']", "$['n']", "$['o']", "$['gone']"];
      const paths = (await cluster.put('paths.json', JSON.stringify({ jsonpaths }))).path;
      await cluster.run('create temporary table shredded (a super, b super, c super, d super)');
      await cluster.run(
        `copy shredded from ${literal(manifest)} ${cluster.access()} format json ${literal(paths)} manifest maxerror 1 compupdate off statupdate off`,
      );
      const columns = ['a', 'b', 'c', 'd'].map((name) => `json_typeof(source.${name}) as ${name}`);
      return same(await cluster.rows(`select ${columns.join(', ')} from shredded as source`), [
        { a: 'string', b: 'number', c: 'object', d: null },
      ]);
    },
  },
];
