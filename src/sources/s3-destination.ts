import { setMaxListeners } from 'node:events';
import type { S3Client } from '@aws-sdk/client-s3';
import { UsageError } from '../errors.ts';
import { NoObjectError, s3Source } from './s3.ts';
import { parseS3Address, s3Path } from './s3-address.ts';
import { openS3Client, type S3Options } from './s3-client.ts';
import { s3Error, statusOf } from './s3-errors.ts';
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
  const { bucket, key } = parseS3Address(place);
  const prefix = key === '' ? '' : `${key}/`;
  const open = new Set<Upload>();
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const payer = options.requesterPays === true ? { RequestPayer: 'requester' as const } : {};
  let opened: Promise<S3Client> | null = null;
  const client = (): Promise<S3Client> => {
    opened ??= openS3Client(options, MOST_SOCKETS, stopping.signal);
    return opened;
  };

  async function* list(delimiter: string | null) {
    const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...payer,
        ...(delimiter === null ? {} : { Delimiter: delimiter }),
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      const page = await (await client()).send(command).catch((cause) => {
        throw s3Error(cause, 'list', bucket, prefix);
      });
      yield page;
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  return {
    async names() {
      const names: string[] = [];
      for await (const page of list('/')) {
        for (const { Prefix = '' } of page.CommonPrefixes ?? []) names.push(Prefix.slice(prefix.length, -1));
        // The empty object that consoles make for a folder has the prefix itself for its key.
        for (const { Key = '' } of page.Contents ?? [])
          if (Key !== prefix) names.push(Key.slice(prefix.length));
      }
      return names;
    },
    async sizes() {
      const sizes = new Map<string, number>();
      for await (const page of list(null)) {
        for (const { Key = '', Size = 0 } of page.Contents ?? []) sizes.set(Key.slice(prefix.length), Size);
      }
      return sizes;
    },
    async read(path) {
      const source = s3Source(s3Path(bucket, prefix + path), { ...options, exact: true });
      try {
        const [file] = (await source.list()).files;
        return file === undefined ? null : (await source.readSmall(file)).toString('utf8');
      } catch (error) {
        if (error instanceof NoObjectError) return null;
        throw error;
      } finally {
        await source.close();
      }
    },
    upload(path) {
      const to = prefix + path;
      stopping.signal.throwIfAborted();
      const upload = startUpload(client, { Bucket: bucket, Key: to, ...payer }, () => open.delete(upload));
      open.add(upload);
      return upload;
    },
    async claim(path, text) {
      const { PutObjectCommand } = await import('@aws-sdk/client-s3');
      try {
        const object = { Bucket: bucket, Key: prefix + path, Body: text, IfNoneMatch: '*', ...payer };
        await (await client()).send(new PutObjectCommand(object));
        return true;
      } catch (cause) {
        // 409: another claim is being written at this moment.
        if (statusOf(cause) === 412 || statusOf(cause) === 409) return false;
        throw s3Error(cause, 'put', bucket, prefix + path);
      }
    },
    async remove(path) {
      const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
      await (await client())
        .send(new DeleteObjectCommand({ Bucket: bucket, Key: prefix + path, ...payer }))
        .catch((cause) => {
          throw s3Error(cause, 'delete', bucket, prefix + path);
        });
    },
    async close() {
      stopping.abort();
      await Promise.all([...open].map((upload) => upload.abandon()));
      if (opened !== null) (await opened).destroy();
    },
  };
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
