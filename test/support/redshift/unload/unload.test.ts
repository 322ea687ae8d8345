import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeEach, describe, expect, test } from 'vitest';
import { bucket, lesserRole, role, useCopyWorld } from '../copy/copy-world.ts';

const world = useCopyWorld();
const to = (key: string): string => `to 's3://${bucket}/${key}' iam_role '${role}'`;
const read = (key: string): string => (world().s3.get(bucket, key) as Buffer).toString();
const keys = (): string[] => world().s3.keys(bucket);
const json = (key: string): unknown => JSON.parse(read(key));

beforeEach(async () => {
  for (const key of keys()) world().s3.remove(bucket, key);
  await world().table('songs', [
    'id integer',
    'title varchar(40)',
    'year smallint',
    'length double precision',
    'price decimal(8,2)',
    'sold boolean',
    'added timestamp',
    'more super',
  ]);
  await world().rows(`insert into songs values
    (1, 'Blue', 1971, 218.5, 9.90, true, '2018-11-01 20:57:10.796', '{"a": [1], "b ": " :"}'),
    (2, 'Say "hi", twice', null, null, null, false, null, null),
    (3, 'Ça ira', 1971, 1e20, 0.05, null, '2018-11-02', '"x"')`);
});

/** The rows of a Parquet object, and its columns' types. */
async function parquet(key: string): Promise<{ rows: unknown[]; types: Record<string, unknown> }> {
  const folder = mkdtempSync(join(tmpdir(), 'unload-'));
  const instance = await DuckDBInstance.create(':memory:');
  try {
    const file = join(folder, 'file.parquet');
    writeFileSync(file, world().s3.get(bucket, key) as Buffer);
    const connection = await instance.connect();
    const rows = await (await connection.run(`select * from '${file}'`)).getRowObjectsJson();
    const described = await (await connection.run(`describe from '${file}'`)).getRowObjectsJson();
    connection.closeSync();
    return { rows, types: Object.fromEntries(described.map((row) => [row.column_name, row.column_type])) };
  } finally {
    instance.closeSync();
    rmSync(folder, { recursive: true });
  }
}

describe('what UNLOAD writes', () => {
  test('is CSV, quoted where it must be', async () => {
    const { rows, notices } = await world().unload(
      `unload ('select id, title, year, sold from songs order by id') ${to('out/')} csv header parallel off`,
    );
    expect(rows).toBe(3);
    expect(notices).toEqual(['UNLOAD completed, 3 record(s) unloaded successfully.']);
    expect(keys()).toEqual(['out/000']);
    expect(read('out/000')).toBe(
      'id,title,year,sold\n1,Blue,1971,t\n2,"Say ""hi"", twice",,f\n3,Ça ira,1971,\n',
    );
  });

  test('is CSV with another delimiter, compressed', async () => {
    await world().unload(
      `unload ('select id, title from songs where title = ''Blue''') ${to('out_')} format as csv delimiter as '|' gzip parallel off`,
    );
    expect(gunzipSync(world().s3.get(bucket, 'out_000.gz') as Buffer).toString()).toBe('1|Blue\n');
  });

  test('is JSON, an object a line', async () => {
    await world().unload(
      `unload ('select * from songs order by id') ${to('out/')} format json parallel false`,
    );
    expect(read('out/000.json').split('\n')).toEqual([
      '{"id":1,"title":"Blue","year":1971,"length":218.5,"price":9.90,"sold":"t","added":"2018-11-01 20:57:10.796","more":{"a":[1],"b ":" :"}}',
      '{"id":2,"title":"Say \\"hi\\", twice","year":null,"length":null,"price":null,"sold":"f","added":null,"more":null}',
      '{"id":3,"title":"Ça ira","year":1971,"length":1e+20,"price":0.05,"sold":null,"added":"2018-11-02 00:00:00","more":"x"}',
      '',
    ]);
  });

  test('is Parquet with the types of the columns', async () => {
    await world().unload(
      `unload ('select * from songs order by id') ${to('out/songs_')} parquet parallel off`,
    );
    expect(keys()).toEqual(['out/songs_000.parquet']);
    const { rows, types } = await parquet('out/songs_000.parquet');
    expect(types).toEqual({
      id: 'INTEGER',
      title: 'VARCHAR',
      year: 'SMALLINT',
      length: 'DOUBLE',
      price: 'DECIMAL(8,2)',
      sold: 'BOOLEAN',
      added: 'TIMESTAMP',
      more: 'VARCHAR',
    });
    expect(rows[0]).toMatchObject({ id: 1, price: '9.90', sold: true, added: '2018-11-01 20:57:10.796' });
    expect(rows[1]).toMatchObject({ title: 'Say "hi", twice', year: null, price: null });
  });

  test('goes to a file of each slice', async () => {
    await world().unload(`unload ('select id from songs order by id') ${to('out/')} format csv`);
    expect(keys()).toEqual(['out/0000_part_00', 'out/0001_part_00']);
    expect(read('out/0000_part_00')).toBe('1\n3\n');
  });

  test('of no rows is empty text, and neither JSON nor Parquet', async () => {
    for (const format of ['csv', 'json', 'parquet'])
      await world().unload(`unload ('select id from songs where false') ${to(`${format}/`)} ${format}`);
    expect(keys()).toEqual(['csv/0000_part_00', 'csv/0001_part_00']);
  });

  test('is cut into parts of MAXFILESIZE', async () => {
    await world().rows(
      `insert into songs (id, title) select i, repeat('x', 1000) from generate_series(10, 11009) i`,
    );
    await world().unload(
      `unload ('select id, title from songs') ${to('out/')} csv maxfilesize as 5 mb parallel off`,
    );
    expect(keys()).toEqual(['out/000', 'out/001', 'out/002']);
    expect(read('out/000').length).toBeLessThanOrEqual(5 * 1024 * 1024);
  });

  test('lies in folders of its partitions, of which the columns are left out', async () => {
    await world().unload(
      `unload ('select id, year from songs order by id') ${to('out')} parquet partition by (year) manifest`,
    );
    expect(keys()).toEqual([
      'out/manifest',
      'out/year=1971/0000_part_00.parquet',
      'out/year=__HIVE_DEFAULT_PARTITION__/0001_part_00.parquet',
    ]);
    expect((await parquet('out/year=1971/0000_part_00.parquet')).rows).toEqual([{ id: 1 }, { id: 3 }]);
    await world().unload(
      `unload ('select id, year from songs order by id') ${to('kept/')} json partition by (year) include`,
    );
    expect(json('kept/year=__HIVE_DEFAULT_PARTITION__/0001_part_00.json')).toEqual({ id: 2, year: null });
  });

  test('is what COPY can read back', async () => {
    await world().unload(`unload ('select * from songs') ${to('out/')} json manifest`);
    await world().table('again', [
      'id integer',
      'title varchar(40)',
      'sold boolean',
      'added timestamp',
      'more super',
    ]);
    await world().copy(
      `copy again from 's3://${bucket}/out/manifest' iam_role '${role}' json 'auto' manifest`,
    );
    expect(
      await world().rows('select * from again except select id, title, sold, added, more from songs'),
    ).toEqual([]);
    expect(await world().rows('select count(*)::int from again')).toEqual([{ count: 3 }]);
  });
});

describe('the manifest of UNLOAD', () => {
  test('lists the files', async () => {
    await world().unload(`unload ('select id from songs') ${to('out/song_')} csv manifest parallel off`);
    expect(json('out/song_manifest')).toEqual({ entries: [{ url: `s3://${bucket}/out/song_000` }] });
  });

  test('tells more with VERBOSE', async () => {
    await world().unload(
      `unload ('select id, price from songs') ${to('out/')} csv manifest verbose parallel off`,
    );
    const size = read('out/000').length;
    expect(json('out/manifest')).toEqual({
      entries: [{ url: `s3://${bucket}/out/000`, meta: { content_length: size, record_count: 3 } }],
      schema: {
        elements: [
          { name: 'id', type: { base: 'integer' } },
          { name: 'price', type: { base: 'numeric', precision: 8, scale: 2 } },
        ],
      },
      meta: { content_length: size, record_count: 3 },
      author: { name: 'Amazon Redshift', version: '1.0.0' },
    });
  });
});

describe('the destination of UNLOAD', () => {
  const unload = (options: string, key = 'out/'): Promise<unknown> =>
    world().unload(`unload ('select id from songs') ${to(key)} csv parallel off ${options}`);

  beforeEach(() => world().s3.put(bucket, 'out/older/file', 'old'));

  test('must be empty', async () => {
    await expect(unload('')).rejects.toMatchObject({
      code: 'XX000',
      message: expect.stringContaining('Specified unload destination on S3 is not empty.'),
    });
    await unload('', 'out/newer/');
    expect(keys()).toEqual(['out/newer/000', 'out/older/file']);
  });

  test('is written over with ALLOWOVERWRITE, and cleared with CLEANPATH', async () => {
    await unload('allowoverwrite');
    expect(keys()).toEqual(['out/000', 'out/older/file']);
    await unload('cleanpath');
    expect(keys()).toEqual(['out/000']);
    await expect(unload('cleanpath allowoverwrite')).rejects.toMatchObject({ code: '0A000' });
  });

  test('of partitions is cleared only where files arrive', async () => {
    world().s3.put(bucket, 'out/year=1971/old.parquet', 'old');
    world().s3.put(bucket, 'out/year=1900/old.parquet', 'old');
    await world().unload(
      `unload ('select id, year from songs where year = 1971') ${to('out/')} parquet partition by (year) cleanpath parallel off`,
    );
    expect(keys()).toEqual(['out/older/file', 'out/year=1900/old.parquet', 'out/year=1971/000.parquet']);
  });

  test('is one that the role may write to, in a Region that is named', async () => {
    const sql = `unload ('select id from songs') to 's3://${bucket}/open/' iam_role '${lesserRole}' csv`;
    await expect(world().unload(sql)).rejects.toThrow('Status 403,Error AccessDenied');
    await expect(
      unload('').catch(() => world().unload(sql.replace(bucket, 'far-away').replace(lesserRole, role))),
    ).rejects.toThrow('PermanentRedirect');
  });
});

describe('the grammar of UNLOAD', () => {
  test.each([
    ['select id from songs limit 1', 'csv', '0A000', 'Limit clause is not supported'],
    ['delete from songs', 'csv', '42601', 'syntax error'],
    ['select 1', '', '0A000', 'not emulated: UNLOAD to another format'],
    ['select 1', "null as 'x'", '0A000', 'not emulated: UNLOAD to another format'],
    ['select 1', 'csv zstd', '0A000', 'not emulated: UNLOAD with ZSTD'],
    ['select 1', 'csv encrypted', '0A000', 'not emulated: UNLOAD with ENCRYPTED'],
    ['select 1', 'parquet gzip', '0A000', 'GZIP is not supported for UNLOAD to PARQUET'],
    ['select 1', 'parquet header', '0A000', 'HEADER is not supported for UNLOAD to PARQUET'],
    ['select 1', "json delimiter '|'", '0A000', 'DELIMITER is not supported for UNLOAD to JSON'],
    ['select 1', 'csv json', '42601', 'conflicting or redundant options'],
    ['select 1', 'csv maxfilesize 4 mb', '22023', 'between 5 MB and 6.2 GB'],
    ['select 1', 'csv maxfilesize 7 gb', '22023', 'between 5 MB and 6.2 GB'],
    ['select 1', 'csv verbose', '42601', 'syntax error'],
    ['select 1 as a, 2 as a', 'json', '42701', 'column "a" specified more than once'],
    ['select 1 as a', 'csv partition by (b)', '42703', 'partition column "b" does not exist'],
    ['select 1 as a', 'csv partition by (a)', '0A000', 'At least one column'],
  ])('refuses %j with %j', async (select, options, code, message) => {
    const unload = world().unload(`unload ('${select}') ${to('out/')} ${options}`);
    await expect(unload).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('takes a LIMIT of an inner query, in the documented form', async () => {
    const { rows } = await world().unload(
      `UNLOAD ('select * from songs where id in (select id from songs order by id desc limit 1)')
       TO 's3://${bucket}/out/' IAM_ROLE DEFAULT FORMAT AS JSON PARALLEL ON REGION AS 'us-east-1' ALLOWOVERWRITE;`,
    );
    expect(rows).toBe(1);
  });
});
