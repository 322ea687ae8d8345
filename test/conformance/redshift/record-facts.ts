import { all, type Fact, holds, refusal, same, shown, UNDOCUMENTED, type Verdict, worded } from './fact.ts';
import { copyObjects, counted, errorsOf, historyOf, records } from './loading.ts';
import type { Trial } from './trial.ts';

const N = 'cast(source.record.n as integer) as n';
const numbers =
  (text: string) =>
  async (cluster: Trial): Promise<Verdict> =>
    same(await records(cluster, text, N), [{ n: 1 }, { n: 2 }]);

/** What is refused must be named, so that its object is read line by line; what is loaded is noted. */
const isNamed =
  (text: string): Fact['check'] =>
  async (cluster) => {
    const failed = await refusal(
      copyObjects(cluster, { 'good.json': '{"n": 0}', 'bad.json': text }, ' maxerror 100'),
    );
    if (failed !== null) {
      cluster.note(worded(failed));
      return { differs: `the COPY failed: ${worded(failed)}` };
    }
    const { queryId } = await counted(cluster);
    const loaded = await cluster.rows(`select ${N} from read_records as source order by n`);
    const history = await historyOf(cluster, queryId);
    const errors = await errorsOf(cluster, `query_id = ${queryId}`, Math.max(1, history?.errors ?? 1));
    cluster.note(
      `loaded ${shown(loaded.map(({ n }) => n))}; ${errors.map(({ line, code, message }) => `line ${line}: ${code} ${message}`).join('; ')}`,
    );
    const files = [...new Set(errors.map(({ file }) => file))];
    return all(
      same(files, [`${cluster.prefix()}bad.json`]),
      holds(
        loaded.some(({ n }) => n === 0),
        'the records of the other object are not there',
      ),
    );
  };

const named = (id: string, what: string, text: string, reliedOnBy: string): Fact => ({
  id,
  claim: `${what} is an error that names its object, and costs no record of another object.`,
  page: UNDOCUMENTED,
  doubt: 'open',
  reliedOnBy,
  check: isNamed(text),
});

const READ_HERE =
  'Objects that COPY stumbles over are read line by line; one that is not named would lose or bend records in silence.';

/** How COPY finds records in an object, and what it makes of those that are none. */
export const recordFacts: readonly Fact[] = [
  {
    id: 'records-one-line',
    claim: 'Several objects on one line are several records.',
    page: 'copy-parameters-data-format',
    doubt: 'documented',
    reliedOnBy: 'Counts of records agree with the line-by-line reader.',
    check: numbers('{"n": 1}{"n": 2}\n'),
  },
  {
    id: 'records-many-lines',
    claim: 'An object over several lines is one record.',
    page: 'copy-parameters-data-format',
    doubt: 'documented',
    reliedOnBy: 'Song files that are written with line breaks.',
    check: numbers('{\n "n": 1\n}\n{\n\n"n":\r\n2}\n'),
  },
  {
    id: 'records-no-newline',
    claim: 'The last record needs no newline behind it.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy: 'Sparkify’s own files end so.',
    check: numbers('{"n": 1}\n{"n": 2}'),
  },
  {
    id: 'records-arrays',
    claim: 'An array at the root is one record, an array.',
    page: 'copy-parameters-data-format',
    doubt: 'inferred',
    reliedOnBy: 'A file that is one array is refused as not_an_object, not taken apart.',
    async check(cluster) {
      await copyObjects(cluster, { 'records.json': '[{"n": 1}, {"n": 2}]\n' });
      const rows = await cluster.rows(
        'select json_typeof(source.record) as type from read_records as source',
      );
      return same(rows, [{ type: 'array' }]);
    },
  },
  named(
    'broken-in-the-middle',
    'A broken record between good ones',
    '{"n": 1}\n{"n": 2, "x": }\n{"n": 3}\n',
    READ_HERE,
  ),
  named('broken-string', 'A string that never ends', '{"n": 1}\n{"n": 2, "x": "abc}\n{"n": 3}\n', READ_HERE),
  named(
    'broken-end',
    'An object that is cut off at the end of the file',
    '{"n": 1}\n{"n": 2, "x": "abc',
    READ_HERE,
  ),
  named('stray-text', 'Text between objects', '{"n": 1}\nabc\n{"n": 3}\n', READ_HERE),
  named(
    'stray-scalar',
    'A number, a string or null at the root',
    '{"n": 1}\n12\n"text"\nnull\n{"n": 3}\n',
    READ_HERE,
  ),
  named('stray-comma', 'A comma between objects', '{"n": 1},\n{"n": 3}\n', READ_HERE),
  named(
    'duplicate-key',
    'A key that stands twice in an object',
    '{"n": 1}\n{"n": 2, "x": 1, "x": 2}\n',
    'The rule duplicate_key: were it loaded, the cluster would accept what the reader refuses.',
  ),
  named('nul', '\\u0000 in a string', '{"n": 1}\n{"n": 2, "x": "a\\u0000b"}\n', 'The rule unstorable_text.'),
  named(
    'half-surrogate',
    'Half a surrogate pair, \\ud800, in a string',
    '{"n": 1}\n{"n": 2, "x": "a\\ud800b"}\n',
    'The rule unstorable_text.',
  ),
  {
    id: 'invalid-utf8',
    claim: 'Bytes that are not UTF-8 are an error that names its object.',
    page: 'multi-byte-character-load-errors',
    doubt: 'inferred',
    reliedOnBy: READ_HERE,
    async check(cluster) {
      const bytes = Buffer.concat([
        Buffer.from('{"n": 1, "x": "'),
        Buffer.from([0xff, 0xe4]),
        Buffer.from('"}\n'),
      ]);
      await copyObjects(cluster, { 'bad.json': bytes }, ' maxerror 100');
      const { queryId } = await counted(cluster);
      const [error] = await errorsOf(cluster, `query_id = ${queryId}`, 1);
      cluster.note(shown(error ?? 'no error'));
      return same(error?.file, `${cluster.prefix()}bad.json`);
    },
  },
  {
    id: 'byte-order-mark',
    claim:
      'A byte order mark costs no record in silence: the first record is loaded, or an error names the object.',
    page: UNDOCUMENTED,
    doubt: 'open',
    reliedOnBy: 'Files that Windows tools wrote.',
    async check(cluster) {
      await copyObjects(cluster, { 'marked.json': '\ufeff{"n": 1}\n{"n": 2}\n' }, ' maxerror 100');
      const { queryId, records: came } = await counted(cluster);
      const history = await historyOf(cluster, queryId);
      cluster.note(`${came} records, ${history?.errors} errors`);
      return holds(came === 2 || (history?.errors ?? 0) > 0, `${came} records and no error`);
    },
  },
  {
    id: 'long-string',
    claim: 'A string above 65535 bytes is an error that names its object, or is whole in SUPER.',
    page: 'limitations-super',
    doubt: 'inferred',
    reliedOnBy: 'The rule text_too_long; no text may be cut in silence.',
    async check(cluster) {
      const text = 'x'.repeat(70_000);
      await copyObjects(cluster, { 'long.json': `{"n": 1, "x": "${text}"}\n` }, ' maxerror 100');
      const { queryId, records: came } = await counted(cluster);
      if (came === 0) {
        const [error] = await errorsOf(cluster, `query_id = ${queryId}`, 1);
        cluster.note(shown(error ?? 'no error'));
        return same(error?.file, `${cluster.prefix()}long.json`);
      }
      const [size] = await cluster.rows(
        'select json_size(source.record.x) as size from read_records as source',
      );
      cluster.note(`loaded, json_size ${size?.size}`);
      return holds(Number(size?.size) >= 70_000, size);
    },
  },
  {
    id: 'large-record',
    claim: 'A record above 4 MB fails the COPY, or is an error that names its object.',
    page: 'copy-parameters-data-format',
    doubt: 'inferred',
    reliedOnBy: READ_HERE,
    async check(cluster) {
      const text = `{"n": 1, "x": [${'"0123456789", '.repeat(330_000)}0]}\n{"n": 2}\n`;
      const failed = await refusal(copyObjects(cluster, { 'large.json': text }, ' maxerror 100'));
      cluster.note(worded(failed));
      if (failed !== null) return 'confirmed';
      const { queryId } = await counted(cluster);
      const [error] = await errorsOf(cluster, `query_id = ${queryId}`, 1);
      return same(error?.file, `${cluster.prefix()}large.json`);
    },
  },
  {
    id: 'error-row',
    claim: 'An error row names the file whole and the last line of the record.',
    page: 'SYS_LOAD_ERROR_DETAIL',
    doubt: 'documented',
    reliedOnBy: 'Which objects are read line by line, and the message of a load that failed.',
    async check(cluster) {
      await copyObjects(cluster, { 'bad.json': '{"n": 1}\n{"n":\n2, "x": }\n' }, ' maxerror 100');
      const { queryId } = await counted(cluster);
      const errors = await errorsOf(cluster, `query_id = ${queryId}`, 1);
      return same(
        errors.map(({ file, line }) => ({ file, line })),
        [{ file: `${cluster.prefix()}bad.json`, line: 3 }],
      );
    },
  },
  {
    id: 'history',
    claim:
      'SYS_LOAD_HISTORY tells another session of a COPY as completed, with loaded_rows, error_count and source_file_count, while its transaction is still open.',
    page: 'SYS_LOAD_HISTORY',
    doubt: 'open',
    reliedOnBy: 'Every load by the cluster: it waits a minute for this row, and fails without it.',
    async check(cluster) {
      await cluster.run('begin');
      await copyObjects(
        cluster,
        { 'a.json': '{"n": 1}\n{"n": 2}\n', 'b.json': '{"n": 3}\nabc\n', 'c.json': '{"n": 4}' },
        ' maxerror 100',
      );
      const { queryId, records: came } = await counted(cluster);
      const history = await historyOf(cluster, queryId);
      const errors = await errorsOf(cluster, `query_id = ${queryId}`, history?.errors ?? 1);
      await cluster.run('rollback');
      if (history === null) return { differs: 'nothing within a minute' };
      const { loaded, errors: told, files, afterMs } = history;
      cluster.note(`after ${afterMs} ms`);
      return all(
        same({ loaded, files }, { loaded: came, files: 3 }),
        holds(told === errors.length && told > 0, `error_count ${told}, ${errors.length} error rows`),
      );
    },
  },
  {
    id: 'errors-survive',
    claim: 'Error rows of a COPY that failed survive the rollback, and are found by session_id.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy: 'The message that names the first broken records.',
    async check(cluster) {
      await cluster.run('begin');
      const failed = await refusal(copyObjects(cluster, { 'bad.json': '{"n": 1}\nabc\n' }, ' maxerror 1'));
      await cluster.run('rollback');
      const { pid } = await cluster.main();
      const found = await errorsOf(
        cluster,
        `session_id = ${pid} and query_id = (select max(query_id) from sys_load_error_detail where session_id = ${pid})`,
        1,
      );
      return all(
        holds(failed !== null, 'the COPY did not fail'),
        same(
          found.map(({ file }) => file),
          [`${cluster.prefix()}bad.json`],
        ),
      );
    },
  },
  {
    id: 'maxerror',
    claim:
      'MAXERROR n takes n − 1 errors and fails at the nth, in words that begin with Load into table … failed.',
    page: 'copy-parameters-data-load',
    doubt: 'documented',
    reliedOnBy: '--max-rejects; how a refused COPY is told from other failures.',
    async check(cluster) {
      const text = '{"n": 1}\nabc\n{"n": 2}\n';
      await copyObjects(cluster, { 'bad.json': text }, ' maxerror 2');
      const failed = await refusal(copyObjects(cluster, { 'bad.json': text }, ' maxerror 1'));
      cluster.note(worded(failed));
      return holds(failed?.as === 'CopyRefusedError', worded(failed));
    },
  },
  {
    id: 'history-of-error-free',
    claim: 'Of a COPY without errors, loaded_rows is what pg_last_copy_count() says and error_count 0.',
    page: 'SYS_LOAD_HISTORY',
    doubt: 'documented',
    reliedOnBy: 'Every load by the cluster.',
    async check(cluster) {
      await copyObjects(cluster, { 'a.json': '{"n": 1}', 'b.json': '{"n": 2}' });
      const { queryId } = await counted(cluster);
      const history = await historyOf(cluster, queryId);
      return same([history?.loaded, history?.errors, history?.files], [2, 0, 2]);
    },
  },
];
