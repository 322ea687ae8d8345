import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { parseDwhCfg } from '../../src/config/dwh-cfg.ts';
import { writeFiles } from '../support/records.ts';
import { freshFolder } from '../support/warehouse.ts';

function configOf(text: string, flags = {}, env = {}) {
  const file = join(writeFiles(freshFolder(), { 'dwh.cfg': text }), 'dwh.cfg');
  return readConfig({ file, flags, env });
}

describe('dwh.cfg as people have it', () => {
  const variants: [string, string][] = [
    [
      'the usual one',
      "[CLUSTER]\nHOST=h\nDB_NAME=d\nDB_USER=u\nDB_PASSWORD=p\nDB_PORT=5439\n[IAM_ROLE]\nARN=default\n[S3]\nLOG_DATA='s3://b/l'\nSONG_DATA='s3://b/s'",
    ],
    [
      'keys in lower case, colons, blanks',
      "[CLUSTER]\nhost : h\ndb_name : d\ndb_user : u\ndb_password : p\ndb_port : 5439\n[IAM_ROLE]\narn : default\n[S3]\nlog_data : 's3://b/l'\nsong_data : s3://b/s",
    ],
    [
      'CRLF, comments, quotes, a header with a blank',
      "# first\r\n[CLUSTER] \r\nHOST = \"h\"\r\n; second\r\nDB_NAME='d'\r\nDB_USER=u\r\nDB_PASSWORD=\"p\"\r\nDB_PORT='5439'\r\n[IAM_ROLE]\r\nARN='default'\r\n[S3]\r\nLOG_DATA=s3://b/l\r\nSONG_DATA=s3://b/s\r\n",
    ],
    [
      'DWH_ names',
      '[DWH]\nDWH_ENDPOINT=h\nDWH_DB=d\nDWH_DB_USER=u\nDWH_DB_PASSWORD=p\nDWH_PORT=5439\nDWH_CLUSTER_TYPE=multi-node\nDWH_NUM_NODES=4\n[ARN]\narn=default\n[AWS]\nKEY=k\nSECRET=s\n[S3]\nLOG_DATA=s3://b/l\nSONG_DATA=s3://b/s',
    ],
    [
      'cl_ names',
      '[CLUSTER]\ncl_endpoint=h\ncl_db_name=d\ncl_user=u\ncl_password=p\ncl_port=5439\n[SECURITY]\nROLE_ARN=default\n[S3]\nLOG_DATA=s3://b/l\nSONG_DATA=s3://b/s',
    ],
  ];

  test.each(variants)('%s is read by name, without a warning', async (_, text) => {
    expect(await configOf(text)).toMatchObject({
      clusterHost: 'h',
      dbName: 'd',
      dbUser: 'u',
      dbPassword: 'p',
      dbPort: 5439,
      roleArn: 'default',
      logData: 's3://b/l',
      songData: 's3://b/s',
      warehouseChoice: {
        engine: 'redshift',
        server: {
          host: 'h',
          port: 5439,
          database: 'd',
          auth: { kind: 'password', user: 'u', password: 'p' },
          roleArn: 'default',
        },
      },
      warnings: [],
    });
  });

  test('keeps a per cent sign and an equals sign in a password as they are', async () => {
    expect((await configOf('[CLUSTER]\nDB_PASSWORD = a%b%%c=d:e#f')).dbPassword).toBe('a%b%%c=d:e#f');
  });

  test('takes empty quotes for nothing', async () => {
    expect((await configOf("[S3]\nLOG_DATA = ''\n[IAM_ROLE]\nARN =")).logData).toBeUndefined();
  });

  test('names unknown keys, odd quotes and lines that are neither, with their lines', async () => {
    const { warnings, region } = await configOf(
      "[S3]\nREGION = 'ap-southeast-1\nLOGDATA = x\nnonsense\n[AWS]\nLOG_DATA = y",
    );
    expect(region).toBe('ap-southeast-1');
    expect(warnings.map((warning) => warning.replace(/^.*dwh\.cfg/, ''))).toEqual([
      ':2: the value of REGION has a quote without its pair; it is read without it.',
      ':4: "nonsense" is neither a [section] nor a key = value; it is ignored.',
      ':3: the key LOGDATA in [S3] is unknown and ignored.',
      ':6: the key LOG_DATA in [AWS] is unknown and ignored. Did you mean [S3] LOG_DATA?',
    ]);
  });

  test('survives any text', () => {
    for (const text of ['', '[', ']', '[]', '=', ':', '= x', '[a\nb', '\ufeff[S3]\nLOG_DATA=x', '"']) {
      expect(() => parseDwhCfg(text)).not.toThrow();
    }
    expect(parseDwhCfg('\ufeff[S3]\nLOG_DATA=x').entries).toEqual([
      { section: 'S3', key: 'LOG_DATA', value: 'x', line: 2 },
    ]);
  });
});

describe('the configuration', () => {
  test('lets flags beat the environment, and the environment the file', async () => {
    const text = '[S3]\nLOG_DATA = file\nSONG_DATA = file\n[LOAD]\nMAX_REJECTS = 5';
    const env = { SPARKIFY_SONG_DATA: 'environment', SPARKIFY_MAX_REJECTS: '2.5 %' };
    const config = await configOf(text, { maxRejects: '7' }, env);
    expect(config).toMatchObject({
      logData: 'file',
      songData: 'environment',
      maxRejects: { share: null, count: 7 },
    });
    expect(config.origins).toMatchObject({ songData: 'SPARKIFY_SONG_DATA', maxRejects: '--max-rejects' });
    expect(config.origins.logData).toMatch(/dwh\.cfg:2$/);
  });

  test.each([
    ['duckdb:a.duckdb', { engine: 'duckdb', file: 'a.duckdb' }],
    ['duckdb:///tmp/a.duckdb', { engine: 'duckdb', file: '/tmp/a.duckdb' }],
    ['a.duckdb', { engine: 'duckdb', file: 'a.duckdb' }],
    [
      'postgres://me@host/db',
      { engine: 'postgres', server: expect.objectContaining({ host: 'host', user: 'me', database: 'db' }) },
    ],
    [
      'redshift://me:p@host/db',
      { engine: 'redshift', server: expect.objectContaining({ host: 'host', port: 5439, database: 'db' }) },
    ],
  ])('takes %s for a warehouse', async (url, choice) => {
    expect((await configOf('', { warehouse: url })).warehouseChoice).toEqual(choice);
  });

  test.each([
    ['matchOn', 'title'],
    ['maxRejects', '-1'],
    ['maxRejects', '1%%'],
    ['waitSeconds', 'long'],
    ['warehouse', 'mysql://me:hush@host/db'],
    ['warehouse', 'duckdb:'],
  ])('refuses %s = %s with the place and what it may be, without a secret', async (name, value) => {
    const error = await configOf('', { [name]: value }).catch((cause) => cause);
    expect(error).toMatchObject({ name: 'ConfigError', exitCode: 2 });
    expect(error.message).not.toContain('hush');
    expect(error.hint).toBeTruthy();
  });
});
