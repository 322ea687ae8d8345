import type { HeadObjectCommandOutput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { SourceError } from '../errors.ts';
import { s3Path } from './s3-address.ts';
import type { S3Bucket } from './s3-bucket.ts';
import { s3Error, statusOf } from './s3-errors.ts';
import { DATA_FILE, type Listing, type SourceFile } from './source.ts';

/** An exact address of which no object is. */
export class NoObjectError extends SourceError {}

/** The objects below a folder of keys, or the object that has the key itself; SourceError where there is none. */
export async function listFolder(
  bucket: S3Bucket,
  key: string,
  onFound: (files: number) => void,
): Promise<Listing> {
  const folder = key === '' ? '' : `${key}/`;
  const files: SourceFile[] = [];
  const skipped: string[] = [];
  for await (const { Contents: objects = [] } of listPages(bucket, folder)) {
    onFound(objects.length);
    for (const { Key, Size = 0, ETag } of objects) {
      // Consoles make empty objects that stand for folders.
      if (Key === undefined || Key.endsWith('/')) continue;
      if (DATA_FILE.test(Key)) files.push(describe(bucket, Key, Size, ETag));
      else skipped.push(s3Path(bucket.name, Key));
    }
  }
  if (files.length === 0) {
    const single = skipped.length === 0 && key !== '' ? await headObject(bucket, key) : null;
    if (single === null) throw nothingAt(s3Path(bucket.name, key), skipped.length);
    return listingOf(single);
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, skipped, unreadable: [], covers: (path) => path.startsWith(s3Path(bucket.name, folder)) };
}

/** The object of exactly this key; NoObjectError where there is none. */
export async function listObject(bucket: S3Bucket, key: string): Promise<Listing> {
  const single = await headObject(bucket, key);
  if (single === null) throw new NoObjectError(`There is no object ${s3Path(bucket.name, key)}.`);
  return listingOf(single);
}

/** What lies below a prefix, up to the delimiter if there is one, by pages. */
export async function* listPages(
  bucket: S3Bucket,
  prefix: string,
  delimiter?: string,
): AsyncGenerator<ListObjectsV2CommandOutput> {
  const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket.name,
      Prefix: prefix,
      ...bucket.payer,
      ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    const page: ListObjectsV2CommandOutput = await (await bucket.client())
      .send(command, { abortSignal: bucket.stopping })
      .catch((cause) => {
        throw s3Error(cause, 'list', bucket.name, prefix);
      });
    yield page;
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

/** An object as it is now; null if it is gone. */
export async function headObject(bucket: S3Bucket, key: string): Promise<SourceFile | null> {
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
  try {
    const command = new HeadObjectCommand({ Bucket: bucket.name, Key: key, ...bucket.payer });
    const found: HeadObjectCommandOutput = await (await bucket.client()).send(command, {
      abortSignal: bucket.stopping,
    });
    return describe(bucket, key, found.ContentLength ?? 0, found.ETag);
  } catch (cause) {
    if (statusOf(cause) === 404) return null;
    throw s3Error(cause, 'get', bucket.name, key);
  }
}

function describe({ name }: S3Bucket, key: string, bytes: number, etag: string | undefined): SourceFile {
  return { path: s3Path(name, key), bytes, fingerprint: `${bytes}:${etag}`, isStable: true };
}

/** The listing of one object. */
function listingOf(single: SourceFile): Listing {
  return { files: [single], skipped: [], unreadable: [], covers: (path) => path === single.path };
}

function nothingAt(address: string, others: number): SourceError {
  const also =
    others > 0 ? ` (${others} ${others === 1 ? 'object has' : 'objects have'} another ending)` : '';
  return new SourceError(`No JSON files under ${address}${also}.`, {
    hint: 'Expected: .json, .jsonl or .ndjson, plain or with .gz or .zst.',
  });
}
