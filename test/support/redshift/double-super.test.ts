import { beforeAll, describe, expect, test } from 'vitest';
import { refusal, useDouble } from './double-world.ts';

const world = useDouble();

beforeAll(() =>
  world().ask(
    'create table staging (id int, record super)',
    `insert into staging select 1, json_parse('{"userId": "39", "page": "Next, song: 1", "ts": 1541105830796,
      "length": 1.5, "paid": true, "none": null, "at": "2018-11-01 20:57:10", "deep": {"Item": [1, {"x": "y"}, 3]}}')`,
    'insert into staging values (2, null)',
  ),
);
const one = async (sql: string) => (await world().ask(`select ${sql} from staging as s where id = 1`))[0];

describe('SUPER', () => {
  test('is led into by dots and brackets; what is not there is NULL', async () => {
    expect(
      await one('record.page, s.record.ts, s.record."length", record.deep.item, record.nothing.at.all'),
    ).toEqual(['"Next, song: 1"', '1541105830796', '1.5', null, null]);
  });

  test('attributes are lower case, unless the setting lets quotes keep theirs', async () => {
    expect(await one('record.userId::varchar, record."userId"::varchar')).toEqual([null, null]);
    const client = await world().connect();
    await client.query('set enable_case_sensitive_super_attribute to on');
    const { rows } = await client.query(
      'select record.userId::varchar as a, record."userId"::varchar as b, record.deep."Item"[1].x::varchar as c from staging where id = 1',
    );
    expect(rows).toEqual([{ a: null, b: '39', c: 'y' }]);
  });

  test('is written as compact JSON, under a type of its own', async () => {
    const client = await world().connect();
    const { rows, fields } = await client.query('select record.deep as deep from staging order by id');
    expect(rows).toEqual([{ deep: '{"Item":[1,{"x":"y"},3]}' }, { deep: null }]);
    expect(fields[0]?.dataTypeID).toBe(4000);
    expect(await one('json_serialize(record.page), json_size(record.deep)')).toEqual(['"Next, song: 1"', 24]);
  });

  test('casts give NULL where the value does not fit', async () => {
    expect(
      await one(`record.ts::bigint, record.ts::int, record.page::varchar(4), record.page::bigint, record.length::float8,
        record.length::bigint, record.paid::boolean, record.none::varchar, record.deep::varchar, record.ts::varchar`),
    ).toEqual(['1541105830796', null, 'Next', null, 1.5, null, true, null, null, '1541105830796']);
    expect(await one('record.at::timestamp::varchar, cast(record.page as timestamp)')).toEqual([
      '2018-11-01 20:57:10',
      null,
    ]);
  });

  test('tells its type', async () => {
    expect(
      await one(`json_typeof(record.ts), json_typeof(record.deep), is_varchar(record.page), is_object(record.deep),
        is_bigint(record.ts), is_integer(record.ts), is_scalar(record.nothing), record.none is null`),
    ).toEqual(['number', 'object', true, true, true, false, false, true]);
    expect(
      await one("get_array_length(json_parse('[1,2]')), can_json_parse('[1'), can_json_parse('[1]')"),
    ).toEqual([2, false, true]);
  });

  test('objects are unpivoted, arrays unnested', async () => {
    const attributes = await world().ask(`select s.id, key, value, json_typeof(value)
      from staging as s, unpivot s.record as value at key where key in ('ts', 'page') order by key`);
    expect(attributes).toEqual([
      [1, 'page', '"Next, song: 1"', 'string'],
      [1, 'ts', '1541105830796', 'number'],
    ]);
    const client = await world().connect();
    await client.query('set enable_case_sensitive_super_attribute to on');
    const { rows } = await client.query(
      'select index, element, element.x::varchar as x from staging as s, s.record.deep."Item" as element at index order by 1',
    );
    expect(rows).toEqual([
      { index: '0', element: '1', x: null },
      { index: '1', element: '{"x":"y"}', x: 'y' },
      { index: '2', element: '3', x: null },
    ]);
  });

  test('a value that is not cast is not compared', async () => {
    for (const sql of ["record.page = 'x'", "'x' = record.page", "record.page in ('x')", 'record.ts > 1'])
      expect(await refusal(world().ask(`select id from staging where ${sql}`))).toEqual({
        code: '0A000',
        message: 'not emulated: comparing a SUPER value without a cast',
      });
  });

  test('lax settings stay on', async () => {
    expect(await refusal(world().ask('set cast_super_null_on_error to off'))).toMatchObject({
      code: '0A000',
    });
    await world().ask('set navigate_super_null_on_error to on');
  });
});
