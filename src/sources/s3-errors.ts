import { SourceError, UnreadableFileError } from '../errors.ts';
import { s3Path } from './s3-address.ts';

/** What of an SDK's error is looked at. */
interface S3Failure extends Error {
  readonly Code?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** The permission that an operation needs. */
const permissions = {
  list: 's3:ListBucket',
  get: 's3:GetObject',
  put: 's3:PutObject',
  delete: 's3:DeleteObject',
} as const;
const verbs = { list: 'list', get: 'read', put: 'write', delete: 'remove' } as const;
export type S3Operation = keyof typeof permissions;

/** An SDK's error as one that says what failed, on what, and what to do; an UnreadableFileError where only this object is at fault. */
export function s3Error(cause: unknown, operation: S3Operation, bucket: string, key: string): SourceError {
  if (cause instanceof SourceError) return cause;
  const failure = cause as S3Failure;
  const status = failure.$metadata?.httpStatusCode;
  const name = failure.Code ?? failure.name;
  const what = `${verbs[operation]} s3://${bucket}/${key}`;
  const say = (why: string, hint: string): SourceError =>
    new SourceError(`Cannot ${what}: ${why}`, { hint, cause });
  if (name === 'NoSuchBucket') return say('there is no such bucket.', 'Check the name of the bucket.');
  // Objects are asked for once their bucket was listed: then the credentials are right.
  const isRefused = operation !== 'get' && name === 'SignatureDoesNotMatch';
  if (isRefused || /InvalidAccessKeyId|InvalidToken/.test(name)) {
    return say(
      `the credentials were refused (${name}).`,
      'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile.',
    );
  }
  if (/ExpiredToken|RequestExpired/.test(name))
    return say('the credentials have expired.', 'Get new ones and run again.');
  if (name === 'RequestTimeTooSkewed')
    return say('this machine’s clock is wrong.', 'Set the clock and run again.');
  if (/Credentials/.test(failure.name)) {
    return say(
      'there are no credentials.',
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or S3.ANONYMOUS = yes for a public bucket.',
    );
  }
  if (status === 301 || /PermanentRedirect|AuthorizationHeaderMalformed/.test(name)) {
    return say('the bucket is in another Region.', 'Set AWS_REGION or S3.REGION to the bucket’s Region.');
  }
  const one = (reason: string, hint: string): SourceError =>
    operation === 'get'
      ? new UnreadableFileError(`Cannot ${what}: ${reason}.`, {
          path: s3Path(bucket, key),
          reason,
          hint,
          cause,
        })
      : say(`${reason}.`, hint);
  if (name === 'SignatureDoesNotMatch') {
    return one('its name cannot be signed (SignatureDoesNotMatch)', 'Give it a name without "./" and "../".');
  }
  if (name === 'InvalidObjectState') {
    return one('it is archived (InvalidObjectState)', 'Restore it from its storage class, then run again.');
  }
  if (status === 403) {
    const on = operation === 'list' ? `bucket ${bucket}` : `s3://${bucket}/${key}`;
    return one('access is denied', `The credentials need ${permissions[operation]} on ${on}.`);
  }
  if (/ENOTFOUND|ECONNREFUSED|EAI_AGAIN|EHOSTUNREACH/.test(failure.code ?? '')) {
    return say(`nothing answers (${failure.code}).`, 'Check the network, and S3.ENDPOINT if it is set.');
  }
  const said = `${failure.message || name}`.replace(/\.?$/, '');
  const hint = 'Run again; sparkify doctor tries list and get.';
  // What is refused, and not by what passes, is refused for this object.
  return status !== undefined && status >= 400 && status < 500 && !isPassing(cause)
    ? one(said, hint)
    : say(`${said}.`, hint);
}

/** Whether trying again may help: the server or the network failed, not the request. */
export function isPassing(cause: unknown): boolean {
  const { $metadata, name, code } = cause as S3Failure;
  const status = $metadata?.httpStatusCode;
  if (status !== undefined) return status >= 500 || status === 429 || status === 408;
  return /ECONNRESET|EPIPE|ETIMEDOUT|ECONNABORTED|UND_ERR|aborted|TimeoutError|StallError/i.test(
    `${code} ${name} ${(cause as Error).message}`,
  );
}

/** The HTTP status of an SDK's error, if there was an answer. */
export function statusOf(cause: unknown): number | undefined {
  return (cause as S3Failure).$metadata?.httpStatusCode;
}
