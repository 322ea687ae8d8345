import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type S3Server, startS3Server } from '../s3-server.ts';
import type { ObjectStore } from './copy/copy-session.ts';
import { bucket, role, storeOptions } from './copy/copy-world.ts';
import { objectStores } from './copy/object-store.ts';
import { useDouble } from './double-world.ts';

let s3: S3Server;
let open: (role: string) => ObjectStore;
const double = useDouble({ open: (name) => open(name) });
const url = (key: string): string => `s3://${bucket}/${key}`;

beforeAll(async () => {
  s3 = await startS3Server();
  open = objectStores(storeOptions(s3));
});
afterAll(() => s3.close());

beforeEach(async () => {
  for (const key of s3.keys(bucket)) s3.remove(bucket, key);
  s3.put(
    bucket,
    'events.json',
    '{"userId": 1, "ts": 1541105830796, "page": "Home", "more": {"b": 2, "page": ""}}\n{"userId": "x", "ts": 1, "page": "Next"}\n',
  );
  s3.put(bucket, 'paths', JSON.stringify({ jsonpaths: ['$.userId', '$.ts', '$.page', '$.more'] }));
  await double().ask(
    'drop table if exists events',
    'create table events (user_id integer, ts timestamp, page varchar(20), more super) diststyle even sortkey (ts)',
  );
});

const copy = (options = ''): string =>
  `copy events from '${url('events.json')}' iam_role '${role}' format as json '${url('paths')}' timeformat 'epochmillisecs' ${options}`;

describe('COPY through the double', () => {
  test('loads rows, says so, and knows its id and count', async () => {
    const client = await double().connect();
    const notices: (string | undefined)[] = [];
    client.on('notice', ({ message }) => notices.push(message));
    await client.query(copy('maxerror 2'));
    expect(notices[0]).toBe("Load into table 'events' completed, 1 record(s) loaded successfully.");
    const { rows } = await client.query(
      'select user_id, ts, page, more.page as inner_page, pg_last_copy_count() as n from events',
    );
    expect(rows).toEqual([
      { user_id: 1, ts: expect.any(Date), page: 'Home', inner_page: expect.anything(), n: '1' },
    ]);
    const { rows: history } = await client.query(
      'select status, loaded_rows, error_count from sys_load_history where query_id = pg_last_copy_id()',
    );
    expect(history).toEqual([{ status: 'completed', loaded_rows: '1', error_count: '1' }]);
  });

  test('fails whole; its load errors survive the transaction', async () => {
    const client = await double().connect();
    await client.query('begin');
    await expect(client.query(copy())).rejects.toMatchObject({
      code: 'XX000',
      message: expect.stringContaining("Check 'sys_load_error_detail' system table for details."),
    });
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
    await client.query('rollback');
    const { rows } = await client.query(
      'select trim(file_name) as file, line_number, trim(column_name) as name, error_code from sys_load_error_detail order by start_time desc limit 1',
    );
    expect(rows).toEqual([{ file: url('events.json'), line_number: '2', name: 'user_id', error_code: 1207 }]);
    expect((await client.query('select count(*) as n from events')).rows).toEqual([{ n: '0' }]);
  });

  test('belongs to its transaction', async () => {
    const client = await double().connect();
    await client.query('begin');
    await client.query(copy('maxerror 2'));
    expect((await client.query('select count(*) as n from events')).rows).toEqual([{ n: '1' }]);
    await client.query('rollback');
    expect((await client.query('select count(*) as n from events')).rows).toEqual([{ n: '0' }]);
  });

  test('loads temporary tables', async () => {
    const client = await double().connect();
    await client.query('create temp table staged (like events)');
    await client.query(copy('maxerror 2').replace('copy events', 'copy staged (user_id, ts, page, more)'));
    expect((await client.query('select user_id from staged')).rows).toEqual([{ user_id: 1 }]);
  });
});

describe('UNLOAD through the double', () => {
  test('writes what Redshift’s SQL selects', async () => {
    await double().ask(copy('maxerror 2'));
    const client = await double().connect();
    await client.query(
      `unload ('select user_id, dateadd(day, 1, ts) as next_day, nvl(page, ''none'') as page, more from events') to '${url('out/')}' iam_role default format json parallel off`,
    );
    expect(s3.get(bucket, 'out/000.json')?.toString()).toBe(
      '{"user_id":1,"next_day":"2018-11-02 20:57:10.796","page":"Home","more":{"b":2,"page":""}}\n',
    );
    await client.query(
      `unload ('select * from events') to '${url('parquet/')}' iam_role '${role}' parquet manifest`,
    );
    expect(s3.keys(bucket)).toContain('parquet/0000_part_00.parquet');
    await expect(
      client.query(`unload ('select 1 limit 1') to '${url('x/')}' iam_role default csv`),
    ).rejects.toMatchObject({
      code: '0A000',
    });
  });
});
