import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { type ObjectStore, ServerError } from './copy-session.ts';

export type S3Action = 'read' | 'write' | 'list';

export interface ObjectStoreOptions {
  /** Where the objects lie. */
  readonly client: S3ClientConfig;
  /** What each role may do, by its ARN; of `list`, the key is the prefix. Deleting counts as writing. */
  readonly roles: Readonly<Record<string, (action: S3Action, bucket: string, key: string) => boolean>>;
  /** The Regions of buckets that are not in the cluster's own. */
  readonly regions?: Readonly<Record<string, string>>;
  /** The ARNs of roles that are attached to the cluster; the first one is its default. */
  readonly attached: readonly string[];
}

/** The Region that the emulated cluster is in. */
const clusterRegion = 'us-east-1';

const RULE = '-----------------------------------------------';

/** What a role sees of S3. A chain of roles, `'arnA,arnB'`, may do what the last one may. */
export function objectStores(options: ObjectStoreOptions): (role: string) => ObjectStore {
  const client = new S3Client({
    region: clusterRegion,
    maxAttempts: 2,
    ...options.client,
    customUserAgent: 'redshift-double',
  });
  return (role) => storeOf(client, allowance(options, role), options.regions ?? {});
}

/** The detail that Redshift sends with an error of its storage layer. */
export function storageError(message: string, context: string): ServerError {
  const lines = [RULE, `error:  ${message}`, 'code:      8001', `context:   ${context}`, RULE];
  return new ServerError('XX000', message, `\n  ${lines.join('\n  ')}\n`);
}

/** An answer of S3 as Redshift words it. */
export function s3ServiceException(
  status: number,
  code: string,
  message: string,
  context: string,
): ServerError {
  const words = `S3ServiceException:${message},Status ${status},Error ${code},Rid 0000000000000000,ExtRid none,CanRetry 1`;
  return storageError(words, context);
}

type Allowance = (action: S3Action, bucket: string, key: string) => boolean;

function allowance(options: ObjectStoreOptions, role: string): Allowance {
  const chain = role === 'default' ? options.attached.slice(0, 1) : role.split(',');
  const [first] = chain;
  if (first === undefined) throw storageError('The cluster has no default IAM role.', 'IAM Role=default');
  const arn = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;
  if (chain.some((name) => !arn.test(name)))
    throw storageError(`Invalid IAM role: '${role}'.`, `IAM Role=${role}`);
  const missing = options.attached.includes(first)
    ? chain.find((name) => options.roles[name] === undefined)
    : first;
  if (missing !== undefined)
    throw storageError(
      `User arn:aws:redshift:${clusterRegion}:000000000000:dbuser:double/user is not authorized to assume IAM Role ${missing}`,
      `IAM Role=${missing}`,
    );
  return options.roles[chain.at(-1) as string] as Allowance;
}

function storeOf(client: S3Client, mayDo: Allowance, regions: Readonly<Record<string, string>>): ObjectStore {
  async function ask<T>(action: S3Action, bucket: string, key: string, send: () => Promise<T>): Promise<T> {
    const doing = action === 'list' ? 'listed' : action === 'read' ? 'read' : 'written';
    const context = `S3 key being ${doing} : s3://${bucket}/${key}`;
    if (!mayDo(action, bucket, key)) throw s3ServiceException(403, 'AccessDenied', 'Access Denied', context);
    try {
      return await send();
    } catch (error) {
      throw worded(error, context);
    }
  }
  return {
    read: (bucket, key) =>
      ask('read', bucket, key, async () => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        return Buffer.from((await Body?.transformToByteArray()) ?? []);
      }),
    list: (bucket, prefix) =>
      ask('list', bucket, prefix, async () => {
        const found: { key: string; size: number }[] = [];
        let token: string | undefined;
        do {
          const page = await client.send(
            new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
          );
          for (const { Key, Size = 0 } of page.Contents ?? [])
            if (Key !== undefined) found.push({ key: Key, size: Size });
          token = page.NextContinuationToken;
        } while (token !== undefined);
        return found;
      }),
    write: (bucket, key, body) =>
      ask('write', bucket, key, async () => {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
      }),
    remove: (bucket, key) =>
      ask('write', bucket, key, async () => {
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
      }),
    regionOf: (bucket) => regions[bucket] ?? clusterRegion,
  };
}

const sayings: Readonly<Record<string, string>> = {
  NoSuchKey: 'The specified key does not exist.',
  NoSuchBucket: 'The specified bucket does not exist',
  AccessDenied: 'Access Denied',
};

function worded(error: unknown, context: string): ServerError {
  const { name, message, $metadata } = error as S3ServiceException;
  return s3ServiceException($metadata?.httpStatusCode ?? 0, name, sayings[name] ?? message, context);
}
