import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { redshiftSettings } from '../../src/config/redshift.ts';
import type { ParsedSettings } from '../../src/config/settings.ts';
import { ConfigError } from '../../src/errors.ts';
import type { RedshiftAuth } from '../../src/warehouses/open.ts';
import { writeFiles } from '../support/records.ts';
import { freshFolder } from '../support/warehouse.ts';

const CLUSTER = 'streams.abc123.eu-central-1.redshift.amazonaws.com';
const WORKGROUP = 'plays.123456789012.us-gov-west-1.redshift-serverless.amazonaws.com';
const ROLE = 'arn:aws:iam::123456789012:role/reader';

const usual = {
  host: CLUSTER,
  port: 5439,
  database: 'd',
  schema: null,
  auth: { kind: 'iam cluster', clusterIdentifier: 'streams', user: null },
  region: 'eu-central-1',
  endpoint: null,
  sslRootCert: null,
  connectTimeoutSeconds: 30,
  statementTimeoutSeconds: 0,
  roleArn: null,
  stagingPlace: null,
  logJsonPath: null,
  distribution: null,
  loadBy: 'auto',
  slices: null,
  locksTables: true,
};

function authOf(url: string | null, given: ParsedSettings = {}): RedshiftAuth {
  return redshiftSettings(url, { dbName: 'd', ...given }).auth;
}

function refusal(url: string | null, given: ParsedSettings = {}): ConfigError {
  try {
    redshiftSettings(url, given);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message, hint } = error as ConfigError;
    expect(`${message} ${hint}`).not.toMatch(/hush|987654321098/);
    return error as ConfigError;
  }
  return expect.fail('it was taken');
}

describe('the address of an Amazon Redshift server', () => {
  test('may say all that a connection needs', () => {
    const rest =
      'schema=analytics&sslrootcert=ca.pem&connect_timeout=3&statement_timeout=60&region=eu-west-3';
    expect(redshiftSettings(`redshift://me:a%40%2F%3A%25b@localhost:6000/d?${rest}`, {})).toEqual({
      ...usual,
      host: 'localhost',
      port: 6000,
      auth: { kind: 'password', user: 'me', password: 'a@/:%b' },
      schema: 'analytics',
      sslRootCert: 'ca.pem',
      connectTimeoutSeconds: 3,
      statementTimeoutSeconds: 60,
      region: 'eu-west-3',
    });
  });

  test('counts before the settings, and they fill what it leaves out', () => {
    const given: ParsedSettings = {
      clusterHost: 'elsewhere:1/e',
      dbName: 'e',
      dbUser: 'other',
      dbPort: 2,
      region: 'ap-south-1',
      schema: 's',
    };
    expect(redshiftSettings(`redshift://${CLUSTER}:5440/d`, given)).toMatchObject({
      ...usual,
      port: 5440,
      auth: { kind: 'iam cluster', clusterIdentifier: 'streams', user: 'other' },
      schema: 's',
    });
    expect(redshiftSettings('redshift:///d', { ...given, redshiftCluster: 'c' })).toMatchObject({
      host: 'elsewhere',
      port: 2,
      database: 'd',
    });
  });

  test.each([
    [CLUSTER, {}],
    [`${CLUSTER}:5440/e`, { port: 5440, database: 'e' }],
    [`${CLUSTER}:5440`, { port: 5440 }],
    [`jdbc:redshift://${CLUSTER}:5440/e`, { port: 5440, database: 'e' }],
    [`redshift:iam://${CLUSTER}/e`, { database: 'e' }],
  ])('may stand in CLUSTER.HOST as it was pasted: %s', (clusterHost, expected) => {
    const given = 'database' in expected ? {} : { dbName: 'd' };
    expect(redshiftSettings(null, { clusterHost, ...given })).toEqual({ ...usual, ...expected });
    expect(redshiftSettings(null, { clusterHost, dbName: 'x', dbPort: 1 })).toMatchObject({
      database: 'x',
      port: 1,
    });
  });

  test.each([
    [null, {}, /No Redshift server is named/],
    ['redshift:', {}, /No Redshift server is named/],
    [`redshift://me:hush@${CLUSTER}`, {}, /No database on streams/],
    [null, { clusterHost: `me:hush@${CLUSTER}` }, /CLUSTER\.HOST is not written as host/],
    ['redshift://me:hush@h:99999999/d', {}, /not have the form of an address/],
    ['redshift://me:hush@h/d?sslmode=require', {}, /parameter "sslmod/],
    ['redshift://me:hush@h/d?schema=staging', {}, /must not be staging or ops/],
    ['redshift://me:hush@h/d?connect_timeout=soon', {}, /connect_timeout is "soon"/],
    ['redshift://me:hush@h/d?auth=kerberos', {}, /auth is "kerberos": it must be password, iam or secret/],
  ] as [string | null, ParsedSettings, RegExp][])(
    '%s with %o is refused without telling its password',
    (url, given, message) => {
      expect(refusal(url, given).message).toMatch(message);
    },
  );
});

describe('the login', () => {
  const password = { kind: 'password', user: 'me', password: 'p' };
  const secret = { kind: 'secret', secretId: 's' };
  const cluster = { kind: 'iam cluster', clusterIdentifier: 'streams', user: 'me' };
  const all: ParsedSettings = { dbUser: 'me', dbPassword: 'p', redshiftSecret: 's' };

  test.each([
    [`redshift://${CLUSTER}`, all, password],
    [`redshift://${CLUSTER}?auth=secret`, all, secret],
    [`redshift://${CLUSTER}?auth=IAM`, all, cluster],
    [`redshift://${CLUSTER}?auth=iam`, { ...all, redshiftAuth: 'secret' }, cluster],
    [`redshift://${CLUSTER}`, { ...all, redshiftAuth: 'secret' }, secret],
    [`redshift://${CLUSTER}`, { ...all, redshiftAuth: 'iam' }, cluster],
    [`redshift://me:q@${CLUSTER}`, { ...all, redshiftAuth: 'iam' }, cluster],
    [`redshift://me:q@${CLUSTER}`, all, { ...password, password: 'q' }],
    [`redshift://${CLUSTER}?secret=t`, all, { ...secret, secretId: 't' }],
    [`redshift://${CLUSTER}`, { redshiftSecret: 's' }, secret],
    [`redshift://me@${CLUSTER}`, {}, cluster],
    [`redshift://${CLUSTER}`, {}, { ...cluster, user: null }],
  ] as [string, ParsedSettings, RedshiftAuth][])('to %s with %o', (url, given, expected) => {
    expect(authOf(url, given)).toEqual(expected);
  });

  test.each([
    [CLUSTER, 'streams', 'eu-central-1'],
    ['Streams-2.ABC.cn-north-1.redshift.amazonaws.com.cn', 'streams-2', 'cn-north-1'],
  ])('by IAM to the host %s names its cluster and Region', (host, clusterIdentifier, region) => {
    expect(redshiftSettings(`redshift://${host}/d`, { region: 'us-east-1' })).toMatchObject({
      auth: { kind: 'iam cluster', clusterIdentifier },
      region,
    });
  });

  test('by IAM to a Serverless host names its workgroup and Region', () => {
    expect(redshiftSettings(`redshift://me@${WORKGROUP}/d`, {})).toMatchObject({
      auth: { kind: 'iam workgroup', workgroup: 'plays' },
      region: 'us-gov-west-1',
    });
  });

  test('by IAM names the cluster or workgroup that was said, behind any host', () => {
    const url = 'redshift://localhost/d';
    expect(authOf(`${url}?cluster=c`)).toMatchObject({ clusterIdentifier: 'c' });
    expect(authOf(url, { redshiftCluster: 'c' })).toMatchObject({ clusterIdentifier: 'c' });
    expect(authOf(url, { redshiftWorkgroup: 'w' })).toMatchObject({ workgroup: 'w' });
    expect(authOf(`${url}?cluster=c`, { redshiftWorkgroup: 'w' })).toMatchObject({ clusterIdentifier: 'c' });
    expect(authOf(`redshift://${WORKGROUP}?cluster=c`)).toMatchObject({ clusterIdentifier: 'c' });
    expect(redshiftSettings(url, { redshiftCluster: 'c', region: 'eu-south-1' }).region).toBe('eu-south-1');
    expect(redshiftSettings(url, { redshiftCluster: 'c' }).region).toBeNull();
  });

  test.each([
    [
      'redshift://h/d',
      {},
      /log in to h by IAM, its cluster or workgroup/,
      /REDSHIFT\.CLUSTER_IDENTIFIER or REDSHIFT\.WORKGROUP/,
    ],
    [
      `redshift://evil.${CLUSTER}.example/d`,
      {},
      /by IAM, its cluster or workgroup must be named/,
      /CLUSTER_IDENTIFIER/,
    ],
    ['redshift://h/d?cluster=c&workgroup=w', {}, /are both named/, /Name the one/],
    ['redshift://h/d', { dbPassword: 'hush' }, /No user is named/, /CLUSTER\.DB_USER/],
    ['redshift://me@h/d?auth=password', {}, /no password for me on h/, /SPARKIFY_DB_PASSWORD/],
    ['redshift://me:hush@h/d?auth=secret', {}, /No secret is named/, /REDSHIFT\.SECRET/],
  ] as [string, ParsedSettings, RegExp, RegExp][])(
    'to %s with %o lacks something',
    (url, given, message, hint) => {
      const error = refusal(url, given);
      expect(error.message).toMatch(message);
      expect(error.hint).toMatch(hint);
    },
  );
});

describe('the role that reads S3', () => {
  test.each([
    'default',
    ROLE,
    'arn:aws-cn:iam::123456789012:role/a/path/r_1+=.@-x',
    'arn:aws-us-gov:iam::123456789012:role/r',
    `${ROLE},${ROLE}2`,
  ])('may be %s', (roleArn) => {
    expect(redshiftSettings(`redshift://${CLUSTER}/d`, { roleArn }).roleArn).toBe(roleArn);
  });

  test.each([
    'reader',
    'arn:aws:iam::987654321098:user/hush',
    'arn:aws:iam::98765432109:role/hush',
    'arn:aws:iam::987654321098:role/hush, arn:aws:iam::987654321098:role/hush',
    "arn:aws:iam::987654321098:role/hush' manifest",
    'default,default',
  ])('may not be %s, which is not told', (roleArn) => {
    expect(refusal(`redshift://${CLUSTER}/d`, { roleArn }).message).toMatch(/IAM_ROLE\.ARN is neither/);
  });
});

describe('the settings for Redshift', () => {
  const read = (text: string, env = {}) => {
    const file = join(writeFiles(freshFolder(), { 'dwh.cfg': text }), 'dwh.cfg');
    return readConfig({ file, flags: {}, env });
  };
  const text = `[CLUSTER]
HOST = h:5439/d
[IAM_ROLE]
ARN = ${ROLE}
[S3]
REGION = eu-west-1
STAGING = s3://bucket/staging/
LOG_JSONPATH = s3://bucket/paths.json
[REDSHIFT]
AUTH = Secret
SECRET = arn:aws:secretsmanager:eu-west-1:123456789012:secret:s
CLUSTER_IDENTIFIER = c
DISTRIBUTION = song_id
LOAD_BY = cluster
SLICES = 4
LOCK_TABLES = no
ENDPOINT = https://redshift.example
`;

  test('come from dwh.cfg, and the environment beats it', async () => {
    const { warehouseChoice, warnings } = await read(text);
    expect(warnings).toEqual([]);
    const server = {
      ...usual,
      host: 'h',
      auth: { kind: 'secret', secretId: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:s' },
      region: 'eu-west-1',
      endpoint: 'https://redshift.example',
      roleArn: ROLE,
      stagingPlace: 's3://bucket/staging',
      logJsonPath: 's3://bucket/paths.json',
      distribution: { by: 'song_id' },
      loadBy: 'cluster',
      slices: 4,
      locksTables: false,
    };
    expect(warehouseChoice).toEqual({ engine: 'redshift', server });
    const env = {
      SPARKIFY_STAGING: 's3://other/x/y',
      SPARKIFY_REDSHIFT_AUTH: 'iam',
      SPARKIFY_REDSHIFT_CLUSTER_IDENTIFIER: 'e',
      SPARKIFY_REDSHIFT_DISTRIBUTION: 'EVEN',
      SPARKIFY_REDSHIFT_LOAD_BY: 'client',
      SPARKIFY_REDSHIFT_SLICES: '16',
      SPARKIFY_REDSHIFT_LOCK_TABLES: 'no',
      SPARKIFY_REDSHIFT_ENDPOINT: 'http://127.0.0.1:1',
    };
    expect((await read(text, env)).warehouseChoice).toEqual({
      engine: 'redshift',
      server: {
        ...server,
        auth: { kind: 'iam cluster', clusterIdentifier: 'e', user: null },
        stagingPlace: 's3://other/x/y',
        distribution: 'even',
        loadBy: 'client',
        slices: 16,
        locksTables: false,
        endpoint: 'http://127.0.0.1:1',
      },
    });
  });

  test.each([
    ['SPARKIFY_STAGING', 's3://bucket', /must be s3:\/\/bucket\/prefix/],
    ['SPARKIFY_STAGING', 's3://bucket//', /must be s3:\/\/bucket\/prefix/],
    ['SPARKIFY_STAGING', 'staging', /must be s3:\/\/bucket\/prefix/],
    ['SPARKIFY_REDSHIFT_AUTH', 'kerberos', /must be password, iam or secret/],
    ['SPARKIFY_REDSHIFT_LOAD_BY', 'me', /must be auto, cluster or client/],
    ['SPARKIFY_REDSHIFT_DISTRIBUTION', 'song_id)', /the name of a column/],
    ['SPARKIFY_REDSHIFT_SLICES', '0', /at least 1/],
    ['SPARKIFY_REDSHIFT_ENDPOINT', 'redshift.example', /must begin with http/],
  ])('%s = %s is refused', async (variable, value, message) => {
    await expect(read('', { [variable]: value })).rejects.toThrow(message);
  });
});
