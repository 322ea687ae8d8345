import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { parseDwhCfg } from '../../src/config/dwh-cfg.ts';
import { openSource } from '../../src/sources/open.ts';
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
      ':4: these 8 characters are neither a [section] nor a key = value; the line is ignored.',
      ':2: the value of REGION has a quote without its pair; the quote is ignored.',
      ':3: the key LOGDATA in [S3] is unknown and ignored. Did you mean [S3] LOG_DATA?',
      ':6: the key LOG_DATA in [AWS] is unknown and ignored. Did you mean [S3] LOG_DATA?',
    ]);
  });

  test.each([
    ['[CLUSTER]\nDB_PASWORD = x', '[CLUSTER] DB_PASSWORD'],
    ['[CLUSTR]\nHOST = x', '[CLUSTER] HOST'],
    ['[WAREHOUSE]\nURI = x', '[WAREHOUSE] URL'],
    ['[LOAD]\nMAXREJECTS = 1', '[LOAD] MAX_REJECTS'],
    ['[S3]\nENDPOIMT = x', '[S3] ENDPOINT'],
    ['[S3]\nsomething_else = x', null],
  ])('knows what a misspelt key was to be: %j', async (text, meant) => {
    const [warning] = (await configOf(text)).warnings;
    if (meant === null) expect(warning).not.toContain('Did you mean');
    else expect(warning).toContain(`Did you mean ${meant}?`);
  });

  test('shows nothing of a line that might be a secret, but names the setting that it begins with', async () => {
    const { warnings } = await configOf(
      '[CLUSTER]\nDB_PASSWORD hush\nhushhushhushhush\nhush/hush==\nhushhush==\nDB_PORT = 1\nDB_PORT = 5439',
    );
    expect(warnings.map((warning) => warning.replace(/^.*dwh\.cfg/, ''))).toEqual([
      ':2: there is no "=" after DB_PASSWORD; the line is ignored.',
      ':3: these 16 characters are neither a [section] nor a key = value; the line is ignored.',
      ':7: the key DB_PORT in [CLUSTER] is also in line 6; this one counts.',
      ':4: the key of 9 characters in [CLUSTER] is unknown and ignored.',
      ':5: the key of 8 characters in [CLUSTER] is unknown and ignored.',
    ]);
  });

  test('shows nothing of a value that goes on in an indented line, and names its key', async () => {
    const { warnings, dbPassword, region } = await configOf(
      '[CLUSTER]\nDB_PASSWORD = hu\n   hush=x\n\n\thush:x\n  hush\nSECRET_KEY = a\n [hush]\nDB_PORT = 1\n[S3]\n  REGION = r\n  LOG_DATA =\n   hush',
    );
    expect({ dbPassword, region }).toEqual({ dbPassword: 'hu', region: 'r' });
    expect(warnings.map((warning) => warning.replace(/^.*dwh\.cfg| Write a value.*$/g, ''))).toEqual([
      ':3: this line is indented, so its 6 characters continue the value of DB_PASSWORD in line 2; they are ignored.',
      ':5: this line is indented, so its 6 characters continue the value of DB_PASSWORD in line 2; they are ignored.',
      ':6: this line is indented, so its 4 characters continue the value of DB_PASSWORD in line 2; they are ignored.',
      ':8: this line is indented, so its 6 characters continue the value of SECRET_KEY in line 7; they are ignored.',
      ':13: this line is indented, so its 4 characters continue the value of LOG_DATA in line 12; they are ignored.',
      ':7: the key SECRET_KEY in [CLUSTER] is unknown and ignored.',
    ]);
  });

  test('shows a section only if it is a plain name', async () => {
    const { warnings } = await configOf('[DB_PASSWORD=hush]\nHOSTS = x\n[My-section 1.0]\nKEY_1 = x');
    expect(warnings.join()).not.toContain('hush');
    expect(warnings.map((warning) => warning.replace(/^.*dwh\.cfg/, ''))).toEqual([
      expect.stringMatching(/^:2: the key HOSTS in a section whose name has 16 characters is unknown/),
      expect.stringMatching(/^:4: the key KEY_1 in \[My-section 1\.0\] is unknown/),
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
    const text = '[S3]\nLOG_DATA = s3://b/file\nSONG_DATA = file\n[LOAD]\nMAX_REJECTS = 5';
    const env = { SPARKIFY_SONG_DATA: 'environment', SPARKIFY_MAX_REJECTS: '2.5 %' };
    const config = await configOf(text, { maxRejects: '7' }, env);
    expect(config).toMatchObject({
      logData: 's3://b/file',
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
    ['my data/postgres//a.duckdb', { engine: 'duckdb', file: 'my data/postgres//a.duckdb' }],
    [
      ' postgres://me@host/db\t',
      { engine: 'postgres', server: expect.objectContaining({ host: 'host', user: 'me', database: 'db' }) },
    ],
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
    ['warehouse', ':memory:'],
    ['warehouse', 'duckdb::memory:'],
    ['warehouse', 'me:hush@host/db'],
    ['warehouse', 'm:hush@host/db'],
    ['warehouse', 'postgres:/me:hush@host/db'],
    ['warehouse', 'postgres://me:12/hush@host/db'],
    ['warehouse', 'postgres://me:12?hush@host/db'],
    ['warehouse', 'postgres://me:12#hush@host/db'],
    ['warehouse', 'redshift://me:hush'],
    ['warehouse', 'duckdb:postgres://me:hush@host/db'],
    ['warehouse', 'duckdb:me:hush@host/db'],
    ['warehouse', 'host=h user=me password=hush dbname=db'],
    ['warehouse', 'postgres//me:hush@host/db'],
    ['warehouse', 'psql postgres://me:hush@host/db'],
    ['warehouse', 'duckdb:psql postgres://me:hush@host/db'],
    ['warehouse', 'psql postgres://host/db'],
    ['warehouse', 'postgres//host/db'],
    ['warehouse', 'data/postgres:/host/db'],
    ['s3Endpoint', 'ftp://KEY:hush@host'],
  ])('refuses %s = %s with the place and what it may be, without a secret', async (name, value) => {
    const error = await configOf('', { [name]: value }).catch((cause) => cause);
    expect(error).toMatchObject({ name: 'ConfigError', exitCode: 2 });
    expect(error.message).not.toContain('hush');
    expect(error.hint).toBeTruthy();
  });
});

describe('a path', () => {
  const folder = writeFiles(freshFolder(), {
    'dwh.cfg':
      '[S3]\nLOG_DATA = logs\nSONG_DATA = songs/*.json\n[WAREHOUSE]\nURL = duckdb:w.duckdb\nSSLROOTCERT = ca.pem',
    'server.cfg': '[WAREHOUSE]\nURL = postgres://h/db?sslrootcert=ca.pem&passfile=~/pass&sslkey=/key.pem',
    'other.cfg': '[S3]\nLOG_DATA = s3://b/logs\nSONG_DATA = ~/songs\n[WAREHOUSE]\nSSLROOTCERT = system',
  });
  const read = (name: string, flags = {}, env = {}) => readConfig({ file: join(folder, name), flags, env });

  test('in dwh.cfg is relative to that file, an address is none', async () => {
    expect(await read('dwh.cfg')).toMatchObject({
      logPlaces: [join(folder, 'logs')],
      songPlaces: [join(folder, 'songs/*.json')],
      sslRootCert: join(folder, 'ca.pem'),
      warehouseChoice: { engine: 'duckdb', file: join(folder, 'w.duckdb') },
    });
    expect(await read('server.cfg')).toMatchObject({
      warehouseChoice: {
        server: {
          sslRootCert: join(folder, 'ca.pem'),
          passwordFile: join(homedir(), 'pass'),
          sslKey: '/key.pem',
        },
      },
    });
    expect(await read('other.cfg')).toMatchObject({
      logPlaces: ['s3://b/logs'],
      songPlaces: [join(homedir(), 'songs')],
      sslRootCert: 'system',
      warehouseChoice: { file: join(folder, 'sparkify.duckdb') },
    });
  });

  test('in a flag or in the environment is relative to the working folder', async () => {
    const env = { SPARKIFY_SONG_DATA: 'songs', PGSSLROOTCERT: 'ca.pem' };
    expect(await read('dwh.cfg', { logData: ['a', 'b'], warehouse: 'w.duckdb' }, env)).toMatchObject({
      logPlaces: ['a', 'b'],
      songPlaces: ['songs'],
      sslRootCert: 'ca.pem',
      warehouseChoice: { engine: 'duckdb', file: 'w.duckdb' },
    });
  });

  test('may go through a folder whose name has brackets, with a pattern', async () => {
    const odd = writeFiles(freshFolder(), {
      'a[1]/dwh.cfg': '[S3]\nLOG_DATA = logs/*.json',
      'a[1]/logs/x.json': '{}',
    });
    const { logPlaces } = await readConfig({ file: join(odd, 'a[1]/dwh.cfg'), flags: {}, env: {} });
    const { files } = await openSource(logPlaces[0] as string, Date.now).list();
    expect(files.map(({ path }) => path)).toEqual([join(odd, 'a[1]/logs/x.json')]);
  });
});
