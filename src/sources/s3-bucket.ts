import { setMaxListeners } from 'node:events';
import type { S3Client } from '@aws-sdk/client-s3';
import { onStop } from '../stopping.ts';
import { s3Path } from './s3-address.ts';
import type { S3Options } from './s3-client.ts';
import type { SourceFile } from './source.ts';

/** Where objects are listed, fetched and stored. */
export interface S3Bucket {
  readonly name: string;
  client(): Promise<S3Client>;
  /** What every request says where the reader pays. */
  readonly payer: { readonly RequestPayer?: 'requester' };
  readonly stallMs: number | undefined;
  /** Ends whatever is under way. */
  readonly stopping: AbortSignal;
}

/** A bucket, and what ends its use. */
export interface OpenBucket {
  readonly bucket: S3Bucket;
  /** Ends whatever is under way. */
  stop(): void;
  /** Closes the connections. */
  close(): Promise<void>;
}

/** A bucket whose client is made when it is first needed, by `open` with the signal that ends all. */
export function openBucket(
  name: string,
  options: S3Options,
  open: (stopping: AbortSignal) => Promise<S3Client>,
): OpenBucket {
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const forget = onStop(options.signal, () => stopping.abort(options.signal?.reason));
  let opened: Promise<S3Client> | null = null;
  return {
    bucket: {
      name,
      client() {
        opened ??= open(stopping.signal);
        return opened;
      },
      payer: options.requesterPays === true ? { RequestPayer: 'requester' } : {},
      stallMs: options.stallMs,
      stopping: stopping.signal,
    },
    stop: () => stopping.abort(),
    async close() {
      forget();
      if (opened !== null) (await opened).destroy();
    },
  };
}

/** The key of an object of a bucket, as it was listed. */
export function keyOf({ name }: S3Bucket, { path }: SourceFile): string {
  return path.slice(s3Path(name, '').length);
}
