import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError, type SparkifyError, TransientError, WarehouseError } from '../../src/errors.ts';
import { type Login, type LoginOptions, redshiftLogins } from '../../src/warehouses/redshift/login.ts';
import type { RedshiftAuth } from '../../src/warehouses/redshift/server.ts';
import { type AwsServer, startAwsServer } from '../support/aws-server.ts';
import { sampleOneIn } from '../support/sample.ts';

sampleOneIn(3);

const START_MS = Date.UTC(2026, 0, 5, 12);
const MINUTE_MS = 60_000;
const ARN = 'arn:aws:secretsmanager:us-west-2:123456789012:secret:sparkify/redshift-AbCdEf';

const asUser: RedshiftAuth = { kind: 'iam cluster', clusterIdentifier: 'streams', user: 'loader' };
const asIdentity: RedshiftAuth = { kind: 'iam cluster', clusterIdentifier: 'streams', user: null };
const asWorkgroup: RedshiftAuth = { kind: 'iam workgroup', workgroup: 'plays' };
const bySecret: RedshiftAuth = { kind: 'secret', secretId: 'sparkify/redshift' };
const temporary = [
  ['GetClusterCredentials', asUser],
  ['GetClusterCredentialsWithIAM', asIdentity],
  ['GetCredentials', asWorkgroup],
] as const;
const every = [...temporary, ['GetSecretValue', bySecret]] as const;

let aws: AwsServer;
let nowMs = START_MS;

beforeAll(async () => {
  aws = await startAwsServer();
  aws.nowMs = () => nowMs;
});
beforeEach(() => {
  nowMs = START_MS;
  vi.stubEnv('AWS_ACCESS_KEY_ID', aws.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', aws.secretAccessKey);
  vi.stubEnv('AWS_CONFIG_FILE', '/nowhere/config');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere/credentials');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  for (const name of ['AWS_REGION', 'AWS_PROFILE', 'AWS_SESSION_TOKEN']) vi.stubEnv(name, undefined);
  aws.clusters.add('streams');
  aws.workgroups.add('plays');
  for (const id of ['sparkify/redshift', ARN]) keep(id, { username: 'admin', password: 'kept-1' });
});
afterEach(() => {
  vi.unstubAllEnvs();
  aws.trouble = () => null;
  aws.requests.length = 0;
});
afterAll(() => aws.close());

function keep(id: string, secret: object): void {
  aws.secrets.set(id, JSON.stringify({ engine: 'redshift', port: 5439, ...secret }));
}

function loginsBy(auth: RedshiftAuth, options: Partial<LoginOptions> = {}) {
  const usual = { region: 'eu-central-1', database: 'dev', endpoint: aws.endpoint, nowMs: () => nowMs };
  return redshiftLogins(auth, { ...usual, ...options });
}

/** Why a login cannot be had; what can be seen of it, with --verbose too, holds no secret. */
async function refusal(auth: RedshiftAuth, options: Partial<LoginOptions> = {}): Promise<SparkifyError> {
  const error = await loginsBy(auth, options)
    .next()
    .then(
      (login: Login) => expect.fail(`logged in as ${login.user}`),
      (thrown: SparkifyError) => thrown,
    );
  const seen = `${error.message} ${error.hint} ${error.stack} ${(error.cause as Error | undefined)?.stack}`;
  for (const secret of ['given-', 'kept-', 'hush', aws.secretAccessKey]) expect(seen).not.toContain(secret);
  return error;
}

describe('what a new connection logs in with', () => {
  test('is the password where one was given, and AWS is not asked', async () => {
    const logins = loginsBy({ kind: 'password', user: 'me', password: 'p' });
    expect(await logins.next()).toEqual({ user: 'me', password: 'p', expiresAt: null });
    logins.refused();
    expect(await logins.next()).toEqual({ user: 'me', password: 'p', expiresAt: null });
    expect(aws.requests).toEqual([]);
  });

  test.each([
    [asUser, { DbUser: 'loader', DbName: 'dev', ClusterIdentifier: 'streams' }],
    [asIdentity, { DbName: 'dev', ClusterIdentifier: 'streams' }],
    [asWorkgroup, { workgroupName: 'plays', dbName: 'dev' }],
  ])('is asked of AWS for the database alone, and creates no user: %o', async (auth, parameters) => {
    expect(await loginsBy(auth).next()).toEqual({
      user: 'IAM:loader',
      password: aws.passwords.at(-1),
      expiresAt: new Date(START_MS + 15 * MINUTE_MS),
    });
    expect(aws.requests).toEqual([{ action: expect.any(String), region: 'eu-central-1', parameters }]);
  });

  test.each(temporary.map(([, auth]) => auth))('lasts as long as was asked for: %o', async (auth) => {
    const { expiresAt } = await loginsBy({ ...auth, durationSeconds: 3600 } as RedshiftAuth).next();
    expect(expiresAt).toEqual(new Date(START_MS + 60 * MINUTE_MS));
  });

  test('is in a secret, which an ARN says the Region of', async () => {
    expect(await loginsBy(bySecret).next()).toEqual({ user: 'admin', password: 'kept-1', expiresAt: null });
    await loginsBy({ kind: 'secret', secretId: ARN }, { region: null }).next();
    expect(aws.requests).toEqual([
      { action: 'GetSecretValue', region: 'eu-central-1', parameters: { SecretId: 'sparkify/redshift' } },
      { action: 'GetSecretValue', region: 'us-west-2', parameters: { SecretId: ARN } },
    ]);
  });

  test('is asked where AWS’s own variables say, in the Region that they say', async () => {
    const nowhere = { region: null, database: 'dev', nowMs: () => nowMs };
    vi.stubEnv('AWS_REGION', 'eu-north-1');
    for (const service of ['REDSHIFT', 'REDSHIFT_SERVERLESS', 'SECRETS_MANAGER'])
      vi.stubEnv(`AWS_ENDPOINT_URL_${service}`, aws.endpoint);
    for (const [, auth] of every) await redshiftLogins(auth, nowhere).next();
    expect(aws.requests.map(({ action }) => action)).toEqual(every.map(([action]) => action));
    expect(aws.requests.every(({ region }) => region === 'eu-north-1')).toBe(true);
  });
});

describe.each(every)('a login by %s', (_, auth) => {
  test('serves every connection, those too that open together', async () => {
    const logins = loginsBy(auth);
    const [first, second] = await Promise.all([logins.next(), logins.next()]);
    nowMs += 14 * MINUTE_MS;
    expect([second, await logins.next()]).toEqual([first, first]);
    expect(aws.requests).toHaveLength(1);
  });

  test('is asked for anew once the server refused it', async () => {
    const logins = loginsBy(auth);
    const first = await logins.next();
    keep('sparkify/redshift', { username: 'admin', password: 'kept-2' });
    logins.refused();
    expect((await logins.next()).password).not.toBe(first.password);
    await logins.next();
    expect(aws.requests).toHaveLength(2);
  });

  test('is asked for again after AWS failed, and not once it is closed', async () => {
    const logins = loginsBy(auth);
    aws.trouble = () => ({ code: 'AccessDenied', message: 'no', status: 403 });
    await expect(logins.next()).rejects.toThrow('access is denied');
    aws.trouble = () => null;
    await logins.next();
    logins.close();
    await expect(logins.next()).rejects.toThrow('it was stopped');
    expect(aws.requests).toHaveLength(2);
  });

  test('survives AWS’s hurry and a lost connection', async () => {
    const troubles = [{ code: 'ThrottlingException', message: 'Rate exceeded' }, 'reset'] as const;
    aws.trouble = () => troubles[aws.requests.length - 1] ?? null;
    await loginsBy(auth).next();
    expect(aws.requests).toHaveLength(3);
  });
});

test.each(temporary)('a login by %s is renewed when less than a minute of it is left', async (_, auth) => {
  const logins = loginsBy(auth);
  const first = await logins.next();
  nowMs += 14 * MINUTE_MS + 1;
  const second = await logins.next();
  expect(second.password).not.toBe(first.password);
  expect(second.expiresAt).toEqual(new Date(nowMs + 15 * MINUTE_MS));
});

describe('a login that cannot be had', () => {
  test.each([
    [asUser, 'redshift:GetClusterCredentials on dbuser:streams/loader and dbname:streams/dev'],
    [asIdentity, 'redshift:GetClusterCredentialsWithIAM on dbname:streams/dev'],
    [asWorkgroup, 'redshift-serverless:GetCredentials on the workgroup plays'],
    [bySecret, 'secretsmanager:GetSecretValue on sparkify/redshift'],
  ])('names the action that is not allowed: %o', async (auth, action) => {
    const isQuery = auth.kind === 'iam cluster';
    const denial = isQuery
      ? { code: 'AccessDenied', status: 403 }
      : { code: 'AccessDeniedException', status: 400 };
    const message = `User: arn:aws:iam::123456789012:user/x is not authorized to perform: ${action.split(' ')[0]} on resource: *`;
    aws.trouble = () => ({ ...denial, message });
    const error = await refusal(auth);
    expect(error).toBeInstanceOf(WarehouseError);
    expect(error.message).toMatch(/^Cannot (get a login to|read) the .*: access is denied\.$/);
    expect(error.hint).toBe(`The AWS credentials need ${action}.`);
  });

  test('names another action, should that be the one', async () => {
    const told = (message: string) => {
      aws.trouble = () => ({ code: 'AccessDeniedException', message });
      return refusal(bySecret);
    };
    const role = await told('User: x is not authorized to perform: sts:AssumeRole on resource: y');
    expect(role.hint).toBe('The AWS credentials need sts:AssumeRole.');
    expect((await told('Access to KMS is not allowed')).hint).toContain('kms:Decrypt on the key');
  });

  test.each([
    [
      { ...asUser, clusterIdentifier: 'gone' },
      'get a login to the cluster gone as loader',
      /CLUSTER_IDENTIFIER/,
    ],
    [{ ...asIdentity, clusterIdentifier: 'gone' }, 'get a login to the cluster gone', /CLUSTER_IDENTIFIER/],
    [{ kind: 'iam workgroup', workgroup: 'gone' }, 'get a login to the workgroup gone', /WORKGROUP/],
    [{ kind: 'secret', secretId: 'gone' }, 'read the secret gone', /REDSHIFT\.SECRET/],
  ] as [RedshiftAuth, string, RegExp][])('says what is not there: %o', async (auth, what, hint) => {
    const error = await refusal(auth);
    expect(error.message).toBe(`Cannot ${what}: there is none of this name in eu-central-1.`);
    expect(error.hint).toMatch(hint);
  });

  test.each(every)('by %s says what is wrong with AWS’s credentials', async (_, auth) => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'hush');
    expect((await refusal(auth)).message).toMatch(/the AWS credentials were refused \(\w+\)\.$/);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'OTHER');
    expect((await refusal(auth)).message).toMatch(/the AWS credentials were refused \(\w+\)\.$/);
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    const none = await refusal(auth);
    expect(none.message).toMatch(/there are no AWS credentials\.$/);
    expect(none.hint).toContain('AWS_PROFILE');
    vi.stubEnv('AWS_PROFILE', 'nobody');
    expect((await refusal(auth)).message).toMatch(/there are no AWS credentials\.$/);
    expect(aws.requests).toEqual([]);
  });

  test.each(every)('by %s says that no Region is set', async (_, auth) => {
    const error = await refusal(auth, { region: null });
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({
      message: expect.stringMatching(/no AWS Region is set/),
      hint: expect.stringContaining('AWS_REGION'),
    });
  });

  test.each([
    [{ code: 'ExpiredTokenException', message: 'expired' }, WarehouseError, /credentials have expired/],
    [{ code: 'ThrottlingException', message: 'Rate exceeded' }, TransientError, /AWS gets too many requests/],
    [{ code: 'InternalFailure', message: 'oh', status: 500 }, TransientError, /AWS has an internal error/],
    ['reset', TransientError, /AWS does not answer \(ECONNRESET\)/],
    [
      { code: 'InvalidRequestException', message: 'marked for deletion' },
      WarehouseError,
      /: marked for deletion\.$/,
    ],
    ['a page', WarehouseError, /the answer cannot be read\.$/],
    ['broken answer', WarehouseError, /the answer cannot be read\.$/],
  ] as const)('says what became of it: %o', async (trouble, kind, message) => {
    aws.trouble = () => trouble;
    for (const error of await Promise.all(every.map(([, auth]) => refusal(auth)))) {
      expect(error).toBeInstanceOf(kind);
      expect(error.message).toMatch(message);
    }
  });

  test('says that nothing answers', async () => {
    const error = await refusal(asUser, { endpoint: 'http://127.0.0.1:9' });
    expect(error.message).toBe(
      'Cannot get a login to the cluster streams as loader: nothing answers (ECONNREFUSED).',
    );
    expect(error.hint).toContain('REDSHIFT.ENDPOINT');
  });

  test.each([
    ['hush', /it is not JSON/],
    ['{"username":"admin","password":"hush"', /it is not JSON/],
    ['"hush"', /it is not a JSON object/],
    [Buffer.from('hush'), /it is not JSON/],
    ['{"user":"admin","password":"hush"}', /it has no username/],
    ['{"username":"admin","pass":"hush"}', /it has no password/],
    ['{"username":"admin","password":["hush"]}', /it has no password/],
  ])('says what a secret lacks, and nothing of what it holds: %s', async (secret, message) => {
    aws.secrets.set('sparkify/redshift', secret);
    const error = await refusal(bySecret);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toMatch(message);
    expect(error.hint).toContain('"username" and "password"');
  });
});
