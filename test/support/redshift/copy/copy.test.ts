import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { FailedCopy } from './copy.ts';
import { copyDoubts } from './copy-doubts.ts';
import { copyRules } from './copy-rules.ts';
import { bucket, lesserRole, role, strangeRole, useCopyWorld } from './copy-world.ts';

const world = useCopyWorld();
const lines = (...values: readonly unknown[]): string =>
  `${values.map((value) => JSON.stringify(value)).join('\n')}\n`;
const from = (key: string): string => `from 's3://${bucket}/${key}' iam_role '${role}'`;
const manifest = (...entries: readonly Record<string, unknown>[]): string => JSON.stringify({ entries });
const url = (key: string): string => `s3://${bucket}/${key}`;
const failure = (table: string): string =>
  `Load into table '${table}' failed.  Check 'sys_load_error_detail' system table for details.`;

beforeEach(async () => {
  for (const key of world().s3.keys(bucket)) world().s3.remove(bucket, key);
  await world().table('events', ['id integer', 'page varchar(20)']);
});

describe('the files of a COPY', () => {
  test('are those whose keys begin with the one that is named, whatever follows', async () => {
    world().put('logs/a.json', lines({ id: 1, page: 'Home' }, { id: 2, page: 'Next' }));
    world().put('logs_old/b.json', lines({ id: 3, page: 'Home' }));
    world().put('other/c.json', lines({ id: 4, page: 'Home' }));
    const { loaded, notices } = await world().copy(`copy events ${from('logs')} format as json 'auto'`);
    expect(loaded).toBe(3);
    expect(notices).toEqual(["Load into table 'events' completed, 3 record(s) loaded successfully."]);
    expect(await world().rows('select id from events order by id')).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ]);
  });

  test('must be some', async () => {
    const copy = world().copy(`copy events ${from('nowhere')} json 'auto'`);
    await expect(copy).rejects.toMatchObject({
      code: 'XX000',
      message: "The specified S3 prefix 'nowhere' does not exist",
    });
  });

  test('that a manifest names twice are loaded twice', async () => {
    world().put('a.json', lines({ id: 1 }));
    world().put('m', manifest({ url: url('a.json'), mandatory: true }, { url: url('a.json') }));
    expect((await world().copy(`copy events ${from('m')} manifest json 'auto'`)).loaded).toBe(2);
  });

  test('may be missing, unless the manifest calls them mandatory', async () => {
    world().put('a.json', lines({ id: 1 }));
    world().put('m', manifest({ url: url('a.json') }, { url: url('b.json') }));
    expect((await world().copy(`copy events ${from('m')} manifest json 'auto'`)).loaded).toBe(1);
    world().put('m', manifest({ url: url('a.json') }, { url: url('b.json'), mandatory: true }));
    const copy = world().copy(`copy events ${from('m')} manifest json 'auto'`);
    await expect(copy).rejects.toThrow(
      'S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey',
    );
    world().put('m', manifest({ url: url('b.json') }));
    await expect(world().copy(`copy events ${from('m')} manifest json 'auto'`)).rejects.toThrow(
      'None of the files',
    );
  });

  test('have the length that a manifest says', async () => {
    world().put('a.json', lines({ id: 1 }));
    world().put('m', manifest({ url: url('a.json'), meta: { content_length: 9 } }));
    expect((await world().copy(`copy events ${from('m')} manifest json 'auto'`)).loaded).toBe(1);
    world().put('m', manifest({ url: url('a.json'), meta: { content_length: 10 } }));
    await expect(world().copy(`copy events ${from('m')} manifest json 'auto'`)).rejects.toThrow(
      'has 9 bytes',
    );
  });

  test.each(['', '{', '{"entries": {}}', '{"entries": [{"mandatory": true}]}', '[]', '{"entries": []} x'])(
    'come from a manifest that is well formed: not %j',
    async (content) => {
      world().put('m', content);
      await expect(world().copy(`copy events ${from('m')} manifest json 'auto'`)).rejects.toThrow(
        'Problem reading manifest',
      );
    },
  );

  test('come from a manifest of which the key is exact', async () => {
    world().put('manifest.json', manifest({ url: url('a.json') }));
    const copy = world().copy(`copy events ${from('manifest')} manifest json 'auto'`);
    await expect(copy).rejects.toThrow('COPY with MANIFEST parameter requires full path of an S3 object.');
  });

  test('are compressed as the COPY says', async () => {
    world().put('a.gz', Buffer.concat([gzipSync(lines({ id: 1 })), gzipSync(lines({ id: 2 }))]));
    expect((await world().copy(`copy events ${from('a.gz')} json 'auto' gzip`)).loaded).toBe(2);
    await expect(world().copy(`copy events ${from('a.gz')} json 'auto'`)).rejects.toThrow(failure('events'));
    expect(await world().errors()).toMatchObject([
      { file: url('a.gz'), message: expect.stringContaining('gzip') },
    ]);
    world().put('b.json', lines({ id: 1 }));
    await expect(world().copy(`copy events ${from('b.json')} json 'auto' gzip`)).rejects.toThrow(
      failure('events'),
    );
    // `{"id":1}` and a line break, by the zstd program.
    world().put('c.zst', Buffer.from('KLUv/QRYSQAAeyJpZCI6MX0KQqEQ5g==', 'base64'));
    expect((await world().copy(`copy events ${from('c.zst')} json 'auto' zstd`)).loaded).toBe(1);
  });

  test('lie in the cluster’s Region, or in the one that REGION names', async () => {
    world().s3.put('far-away', 'a.json', lines({ id: 1 }));
    const copy = `copy events from 's3://far-away/a.json' iam_role '${role}' json 'auto'`;
    await expect(world().copy(copy)).rejects.toThrow('Status 301,Error PermanentRedirect');
    expect((await world().copy(`${copy} region as 'eu-central-1'`)).loaded).toBe(1);
    world().put('a.json', lines({ id: 1 }));
    await expect(
      world().copy(`copy events ${from('a.json')} json 'auto' region 'eu-central-1'`),
    ).rejects.toThrow('PermanentRedirect');
  });
});

describe('the role of a COPY', () => {
  const as = (authorization: string, key = 'open/a.json'): Promise<{ loaded: number }> =>
    world().copy(`copy events from '${url(key)}' iam_role ${authorization} json 'auto'`);

  beforeEach(() => {
    world().put('open/a.json', lines({ id: 1 }));
    world().put('shut/a.json', lines({ id: 1 }));
  });

  test('is the default one, one that is attached, or a chain that begins with one', async () => {
    expect((await as('default')).loaded).toBe(1);
    expect((await as(`'${lesserRole}'`)).loaded).toBe(1);
    expect((await as(`'${role},${strangeRole}'`)).loaded).toBe(1);
    await expect(as(`'${role}, ${strangeRole}'`)).rejects.toThrow('Invalid IAM role');
  });

  test('must be attached to the cluster', async () => {
    await expect(as(`'${strangeRole}'`)).rejects.toThrow(
      `is not authorized to assume IAM Role ${strangeRole}`,
    );
  });

  test('must be allowed to read', async () => {
    await expect(as(`'${lesserRole}'`, 'shut/a.json')).rejects.toMatchObject({
      code: 'XX000',
      message: expect.stringContaining('S3ServiceException:Access Denied,Status 403,Error AccessDenied'),
      detail: expect.stringContaining('code:      8001'),
    });
  });
});

describe('rows that fail', () => {
  beforeEach(() => {
    world().put(
      'a.json',
      `{"id": 1}\n{"id": "x"}\n{\n "id": 3,\n "page": "a page of far too many bytes"\n}\n{"id": 4}\n`,
    );
  });

  test.each(['', 'maxerror 0', 'maxerror 1', 'maxerror as 2'])('fail a COPY with %j', async (option) => {
    await expect(world().copy(`copy events ${from('a.json')} json 'auto' ${option}`)).rejects.toMatchObject({
      code: 'XX000',
      message: failure('events'),
    });
    expect(await world().rows('select count(*)::int from events')).toEqual([{ count: 0 }]);
  });

  test('are left out where fewer than MAXERROR fail', async () => {
    const { loaded, notices } = await world().copy(`copy events ${from('a.json')} json 'auto' maxerror 3`);
    expect(loaded).toBe(2);
    expect(notices[1]).toContain('2 record(s) could not be loaded.');
    expect((await world().copy(`copy events ${from('a.json')} json 'auto' ignoreallerrors`)).loaded).toBe(2);
  });

  test('are told with the last line of their object, in rows that survive', async () => {
    await world().rows('begin');
    await expect(world().copy(`copy events ${from('a.json')} json 'auto' maxerror 2`)).rejects.toThrow();
    await world().rows('rollback');
    const file = url('a.json');
    expect(await world().errors()).toEqual([
      { file, line: 2, column: 'id', code: 1207, message: "Invalid digit, Value 'x', Pos 0, Type: Integer" },
      { file, line: 6, column: 'page', code: 1204, message: 'String length exceeds DDL length' },
    ]);
    const [row] = await world().rows(
      'select * from redshift_double.load_error_detail order by query_id desc limit 1',
    );
    expect(row).toMatchObject({ session_id: 4_711, user_id: 100, file_name: file.padEnd(256) });
  });

  test('are none where text stands between values: that is an error of its own', async () => {
    world().put('b.json', '{"id": 1},{"id": 2}\n; {"id": 3}{"id": 4}\n');
    expect((await world().copy(`copy events ${from('b.json')} json 'auto' maxerror 3`)).loaded).toBe(4);
    expect(await world().errors()).toMatchObject([{ line: 1 }, { line: 2 }]);
  });
});

describe('the record of a COPY', () => {
  const last = async (): Promise<Record<string, unknown> | undefined> =>
    (
      await world().rows(
        "select current_setting('redshift_double.last_copy_id') id, current_setting('redshift_double.last_copy_count') n",
      )
    )[0];

  test('says what was loaded, from which files', async () => {
    world().put('a/1.json', lines({ id: 1 }, { id: 2 }));
    world().put('a/2.gz', 'no json');
    await world().copy(`copy events ${from('a/')} json 'auto' maxerror 9`);
    const { id, n } = (await last()) ?? {};
    expect(n).toBe('2');
    const [history] = await world().rows(`select * from redshift_double.load_history where query_id = ${id}`);
    expect(history).toMatchObject({
      status: 'completed',
      table_name: 'events',
      data_source: url('a/'),
      file_format: 'json',
      loaded_rows: '2',
      source_file_count: 2,
      error_count: '2',
    });
    const details = await world().rows(
      `select trim(file_name) file, bytes_scanned::int bytes, lines_scanned::int lines from redshift_double.load_detail where query_id = ${id} order by 1`,
    );
    expect(details).toEqual([
      { file: url('a/1.json'), bytes: 18, lines: 2 },
      { file: url('a/2.gz'), bytes: 7, lines: 2 },
    ]);
  });

  test('counts nothing for one that failed, and knows nothing of one that could not begin', async () => {
    world().put('a.json', lines({ id: 1 }));
    await world().copy(`copy events ${from('a.json')} json 'auto'`);
    const before = await last();
    await expect(world().copy(`copy events ${from('none')} json 'auto'`)).rejects.toThrow();
    await expect(world().copy(`copy events ${from('a.json')} json 'auto' nonsense`)).rejects.toThrow(
      'syntax error',
    );
    expect(await last()).toEqual(before);
    world().put('a.json', 'bad');
    const failed = await world()
      .copy(`copy events ${from('a.json')} json 'auto'`)
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(FailedCopy);
    expect(await last()).toEqual({ id: (failed as FailedCopy).queryId, n: '0' });
    expect((await last())?.id).not.toBe(before?.id);
  });

  test('NOLOAD looks at the values and loads none', async () => {
    world().put('a.json', lines({ id: 1 }));
    expect((await world().copy(`copy events ${from('a.json')} json 'auto' noload`)).loaded).toBe(0);
    world().put('a.json', lines({ id: 'x' }));
    await expect(world().copy(`copy events ${from('a.json')} json 'auto' noload`)).rejects.toThrow(
      failure('events'),
    );
    expect(await world().rows('select * from events')).toEqual([]);
  });
});

describe('the grammar of COPY', () => {
  test.each([
    ["csv json 'auto'", '0A000', 'not emulated: COPY with CSV'],
    ["json 'auto' delimiter ','", '0A000', 'DELIMITER argument is not supported for JSON based COPY'],
    ["json 'auto' null as 'x'", '0A000', 'NULL argument is not supported for JSON based COPY'],
    ['format as parquet', '0A000', 'not emulated: COPY with PARQUET'],
    ['', '0A000', 'not emulated: COPY of another format than JSON'],
    ["json 'auto' bzip2", '0A000', 'not emulated: COPY with BZIP2'],
    ["json 'auto' explicit_ids", '0A000', 'not emulated: COPY with EXPLICIT_IDS'],
    ["json 'auto' encoding utf16", '0A000', 'not emulated: ENCODING utf16'],
    ["json 'auto' gzip gzip", '42601', 'conflicting or redundant options'],
    ["json 'auto' maxerror 100001", '22023', 'from 0 to 100000'],
    ["json 'auto' maxerror 1 ignoreallerrors", '0A000', 'cannot be specified together'],
    ["json 'Auto'", '42601', 'Invalid JSON option'],
    ["json 'auto' raw", '42601', 'syntax error at or near "raw"'],
    ["json 'auto' on conflict do nothing", '42601', 'syntax error at or near "on"'],
  ])('refuses %j', async (options, code, message) => {
    const copy = world().copy(`copy events ${from('a')} ${options}`);
    await expect(copy).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('takes the documented options in any order, each once', async () => {
    world().put('a.json', 'header\n{"id": 1, "page": " "}');
    const { loaded } = await world().copy(
      `COPY public.events (id, page) FROM '${url('a.json')}' IAM_ROLE DEFAULT COMPUPDATE OFF STATUPDATE OFF REGION AS 'us-east-1'
       MAXERROR AS 10 TRUNCATECOLUMNS ACCEPTINVCHARS AS '^' EMPTYASNULL BLANKSASNULL ROUNDEC IGNOREHEADER AS 1 ENCODING AS UTF8
       TIMEFORMAT 'epochmillisecs' DATEFORMAT 'auto' FORMAT AS JSON 'auto';`,
    );
    expect(loaded).toBe(1);
    expect(await world().rows('select * from events')).toEqual([{ id: 1, page: null }]);
  });

  test('takes no keys, other sources, unknown tables or columns', async () => {
    const copies = {
      [`copy events from '${url('a')}' credentials 'aws_access_key_id=a'`]: '0A000',
      [`copy events from '${url('a')}' access_key_id 'a' secret_access_key 'b'`]: '0A000',
      "copy events from 'dynamodb://a' iam_role default": '0A000',
      [`copy nowhere ${from('a')} json`]: '42P01',
      [`copy events (id, color) ${from('a')} json`]: '42703',
      [`copy events (id, id) ${from('a')} json`]: '42701',
      [`copy events (id, user) ${from('a')} json`]: '42601',
    };
    for (const [sql, code] of Object.entries(copies))
      await expect(world().copy(sql), sql).rejects.toMatchObject({ code });
  });
});

test('every rule names its page of the guide, and every doubt is decided once', () => {
  for (const { page } of copyRules) expect(page).toMatch(/^[\w-]+$/);
  expect(new Set(copyRules.map(({ rule }) => rule)).size).toBe(copyRules.length);
  expect(new Set(copyDoubts.map(({ about }) => about)).size).toBe(copyDoubts.length);
  expect(copyDoubts.every(({ decision }) => decision.endsWith('.'))).toBe(true);
});
