import { UsageError } from '../errors.ts';
import { onStop } from '../stopping.ts';
import { s3Source } from './s3.ts';
import { parseS3Address, s3Path } from './s3-address.ts';
import { openBucket, type S3Bucket } from './s3-bucket.ts';
import { openS3Client, type S3Options } from './s3-client.ts';
import { s3Error, statusOf } from './s3-errors.ts';
import { listPages, NoObjectError } from './s3-listing.ts';
import { startUpload, type Upload } from './s3-upload.ts';

/** A prefix in a bucket that objects are written below; paths are relative to it. Rejects with SourceErrors. */
export interface S3Destination {
  /** What lies right below the prefix: objects, and first parts of longer paths. */
  names(): Promise<string[]>;
  /** The sizes in bytes of all objects below the prefix. */
  sizes(): Promise<Map<string, number>>;
  /** A text object; null if there is none. */
  read(path: string): Promise<string | null>;
  upload(path: string): Upload;
  /** Stores a text object unless there is one: then false, and it stays as it is. */
  claim(path: string, text: string): Promise<boolean>;
  remove(path: string): Promise<void>;
  /** Gives up all uploads that have not ended. */
  close(): Promise<void>;
}

const MOST_SOCKETS = 48;

/** Opens a prefix for writing, as it is: `s3://bucket/folder`, or `s3://bucket` with whole keys for paths. */
export function s3Destination(place: string, options: S3Options): S3Destination {
  const { bucket: name, key } = parseS3Address(place);
  const prefix = key === '' ? '' : `${key}/`;
  const uploads = new Set<Upload>();
  const { bucket, stop, close } = openBucket(name, options, (stopping) =>
    openS3Client(options, MOST_SOCKETS, stopping),
  );
  const end = async (): Promise<void> => {
    stop();
    await Promise.all([...uploads].map((upload) => upload.abandon()));
  };
  const forget = onStop(options.signal, () => void end().catch(() => {}));
  return {
    names: () => namesBelow(bucket, prefix),
    sizes: () => sizesBelow(bucket, prefix),
    read: (path) => readText(s3Path(name, prefix + path), options),
    upload(path) {
      bucket.stopping.throwIfAborted();
      const upload = startUpload(bucket, prefix + path, () => uploads.delete(upload));
      uploads.add(upload);
      return upload;
    },
    claim: (path, text) => putNew(bucket, prefix + path, text),
    remove: (path) => removeObject(bucket, prefix + path),
    async close() {
      forget();
      await end();
      await close();
    },
  };
}

async function namesBelow(bucket: S3Bucket, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const page of listPages(bucket, prefix, '/')) {
    for (const { Prefix = '' } of page.CommonPrefixes ?? []) names.push(Prefix.slice(prefix.length, -1));
    // The empty object that consoles make for a folder has the prefix itself for its key.
    for (const { Key = '' } of page.Contents ?? []) if (Key !== prefix) names.push(Key.slice(prefix.length));
  }
  return names;
}

async function sizesBelow(bucket: S3Bucket, prefix: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const page of listPages(bucket, prefix)) {
    for (const { Key = '', Size = 0 } of page.Contents ?? []) sizes.set(Key.slice(prefix.length), Size);
  }
  return sizes;
}

async function readText(address: string, options: S3Options): Promise<string | null> {
  const source = s3Source(address, { ...options, exact: true });
  try {
    const [file] = (await source.list()).files;
    return file === undefined ? null : (await source.readSmall(file)).toString('utf8');
  } catch (error) {
    if (error instanceof NoObjectError) return null;
    throw error;
  } finally {
    await source.close();
  }
}

async function putNew(bucket: S3Bucket, key: string, text: string): Promise<boolean> {
  const { PutObjectCommand } = await import('@aws-sdk/client-s3');
  try {
    const object = { Bucket: bucket.name, Key: key, Body: text, IfNoneMatch: '*', ...bucket.payer };
    await (await bucket.client()).send(new PutObjectCommand(object));
    return true;
  } catch (cause) {
    // 409: another claim is being written at this moment.
    if (statusOf(cause) === 412 || statusOf(cause) === 409) return false;
    throw s3Error(cause, 'put', bucket.name, key);
  }
}

async function removeObject(bucket: S3Bucket, key: string): Promise<void> {
  const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
  await (await bucket.client())
    .send(new DeleteObjectCommand({ Bucket: bucket.name, Key: key, ...bucket.payer }))
    .catch((cause) => {
      throw s3Error(cause, 'delete', bucket.name, key);
    });
}

/** Writes one object by its whole address; UsageError if it is there and not to be replaced, SourceError says what is missing. */
export async function writeS3Object(
  address: string,
  text: string,
  options: S3Options,
  isReplacing: boolean,
): Promise<void> {
  const { bucket, key } = parseS3Address(address, true);
  if (key === '' || key.endsWith('/')) {
    throw new UsageError(`${address} names no object.`, { hint: 'For example s3://bucket/folder/file.json' });
  }
  const destination = s3Destination(s3Path(bucket, ''), options);
  try {
    if (!isReplacing) {
      if (await destination.claim(key, text)) return;
      throw new UsageError(`There is an object ${address} already.`, {
        hint: 'Name a new one, or add --overwrite to replace it.',
      });
    }
    const upload = destination.upload(key);
    await upload.write(Buffer.from(text));
    await upload.end();
  } finally {
    await destination.close();
  }
}
