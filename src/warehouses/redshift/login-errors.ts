import { ConfigError, SparkifyError, TransientError, WarehouseError } from '../../errors.ts';
import type { RedshiftAuth } from './server.ts';

/** What of an SDK's error is looked at. */
interface AwsFailure extends Error {
  readonly code?: string;
  /** Set where AWS itself said no, and so wrote the message. */
  readonly $fault?: 'client' | 'server';
  readonly $metadata?: { readonly httpStatusCode?: number };
}

interface Wanted {
  readonly region: string | null;
  readonly database: string;
}

/** An SDK's error as one that says what failed, on what, and what to do. */
export function loginError(cause: unknown, auth: RedshiftAuth, wanted: Wanted): SparkifyError {
  if (cause instanceof SparkifyError) return cause;
  const failure = cause as AwsFailure;
  const { name, code = '', $metadata } = failure;
  const status = $metadata?.httpStatusCode ?? 0;
  const { what, settings, permission } = wordsFor(auth, wanted.database);
  const cannot = (why: string): string => `Cannot ${what}: ${why}`;
  const say = (why: string, hint: string): WarehouseError => new WarehouseError(cannot(why), { hint, cause });
  const passing = (why: string): TransientError =>
    new TransientError(cannot(why), { hint: 'Run again in a while.', cause });

  if (/^Region is missing/.test(failure.message)) {
    return new ConfigError(cannot('no AWS Region is set.'), { hint: 'Set AWS_REGION or S3.REGION.', cause });
  }
  if (name === 'AbortError') return say('it was stopped.', 'Run again.');
  if (/^(Credentials|Token)ProviderError$/.test(name)) {
    return say(
      /could not load credentials/i.test(failure.message)
        ? 'there are no AWS credentials.'
        : 'the AWS credentials cannot be loaded.',
      'Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; aws sts get-caller-identity tries them.',
    );
  }
  if (/ExpiredToken|RequestExpired/.test(name))
    return say('the AWS credentials have expired.', 'Get new ones and run again.');
  if (
    /InvalidClientTokenId|UnrecognizedClient|InvalidAccessKey|Signature|InvalidToken|MissingAuth/.test(name)
  ) {
    return say(
      `the AWS credentials were refused (${name}).`,
      'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile; and this machine’s clock.',
    );
  }
  if (/ClusterNotFound|ResourceNotFound/.test(name)) {
    const where = wanted.region === null ? '' : ` in ${wanted.region}`;
    return say(`there is none of this name${where}.`, `Check ${settings} and the Region.`);
  }
  if (/Throttl|TooManyRequests|RequestLimitExceeded|SlowDown/.test(name) || status === 429)
    return passing('AWS gets too many requests.');
  if (/AccessDenied|NotAuthorized|Unauthorized/.test(name) || status === 403)
    return say('access is denied.', `The AWS credentials need ${missing(failure.message, permission)}.`);
  if (status >= 500) return passing(`AWS has an internal error (${name}).`);
  return networkError(failure, code, say, passing) ?? otherError(failure, say);
}

function networkError(
  { name, message }: AwsFailure,
  code: string,
  say: (why: string, hint: string) => WarehouseError,
  passing: (why: string) => TransientError,
): WarehouseError | null {
  if (/ENOTFOUND|ECONNREFUSED|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH/.test(code)) {
    return say(
      `nothing answers (${code}).`,
      'Check the network, the Region, and REDSHIFT.ENDPOINT if it is set; in a network without internet, a VPC endpoint is needed.',
    );
  }
  if (
    /ECONNRESET|EPIPE|ETIMEDOUT|ECONNABORTED|TimeoutError|socket hang up/.test(`${code} ${name} ${message}`)
  )
    return passing(`AWS does not answer (${code || name}).`);
  return null;
}

function otherError(failure: AwsFailure, say: (why: string, hint: string) => WarehouseError): WarehouseError {
  const message = failure.message || failure.name;
  if (failure.$fault !== undefined && !/^Unknown/.test(message)) {
    return say(message.replace(/\.?$/, '.'), 'Check the settings in [REDSHIFT].');
  }
  // An answer that cannot be read may hold a password, and errors of parsers quote what they read.
  const unread = say('the answer cannot be read.', 'Check REDSHIFT.ENDPOINT if it is set: is it AWS?');
  if ('$response' in failure || failure.name === 'SyntaxError')
    return new WarehouseError(unread.message, unread.hint === undefined ? {} : { hint: unread.hint });
  return say(failure.message.replace(/\.?$/, '.'), 'Run again with --verbose to see more.');
}

/** The action that AWS names, should it be another one: to assume a role, to use a key. */
function missing(message: string, permission: { readonly action: string; readonly on: string }): string {
  if (/\bKMS\b/i.test(message)) return 'kms:Decrypt on the key of the secret';
  const action = /to perform: ([\w-]+:\w+)/.exec(message)?.[1] ?? permission.action;
  return action === permission.action ? `${action} on ${permission.on}` : action;
}

/** What is asked for, in which settings it stands, and what it takes. */
function wordsFor(auth: RedshiftAuth, database: string) {
  switch (auth.kind) {
    case 'iam cluster': {
      const { clusterIdentifier: cluster, user } = auth;
      const settings = 'CLUSTER.HOST or REDSHIFT.CLUSTER_IDENTIFIER';
      const dbname = `dbname:${cluster}/${database}`;
      if (user === null) {
        const permission = { action: 'redshift:GetClusterCredentialsWithIAM', on: dbname };
        return { what: `get a login to the cluster ${cluster}`, settings, permission };
      }
      const on = `dbuser:${cluster}/${user} and ${dbname}`;
      const permission = { action: 'redshift:GetClusterCredentials', on };
      return { what: `get a login to the cluster ${cluster} as ${user}`, settings, permission };
    }
    case 'iam workgroup':
      return {
        what: `get a login to the workgroup ${auth.workgroup}`,
        settings: 'CLUSTER.HOST or REDSHIFT.WORKGROUP',
        permission: { action: 'redshift-serverless:GetCredentials', on: `the workgroup ${auth.workgroup}` },
      };
    case 'secret':
      return {
        what: `read the secret ${auth.secretId}`,
        settings: 'REDSHIFT.SECRET',
        permission: { action: 'secretsmanager:GetSecretValue', on: auth.secretId },
      };
    case 'password':
      return { what: 'log in', settings: 'CLUSTER.DB_USER', permission: { action: '', on: '' } };
  }
}
