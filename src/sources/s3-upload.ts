import { PassThrough } from 'node:stream';
import type { S3Bucket } from './s3-bucket.ts';
import { s3Error } from './s3-errors.ts';

/** Objects up to this size are sent in one request, larger ones in parts of it; S3 takes 10,000 parts. */
const PART_BYTES = 16 * 1024 * 1024;
const PARTS_AT_ONCE = 3;

/** An object on its way: nobody sees it before it has ended. */
export interface Upload {
  /** Takes the block, which must stay as it is; resolves when the next one may come. */
  write(block: Buffer): Promise<void>;
  /** Resolves once the whole object is stored. */
  end(): Promise<void>;
  /** Gives up; the parts that were sent are removed. */
  abandon(): Promise<void>;
}

/** Sends what is written while it is written: a small object in one request, a large one in parts. */
export function startUpload(bucket: S3Bucket, key: string, onEnd: () => void): Upload {
  const body = new PassThrough({ highWaterMark: PART_BYTES });
  let failure: unknown = null;
  const stored = send().then(
    () => {},
    (cause) => {
      failure = cause;
      body.destroy();
    },
  );
  // Whoever writes hears of it by `failure`; the stream's own event would end the process.
  body.on('error', () => {});

  async function send(): Promise<void> {
    const { Upload: Sending } = await import('@aws-sdk/lib-storage');
    await new Sending({
      client: await bucket.client(),
      params: { Bucket: bucket.name, Key: key, Body: body, ...bucket.payer },
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
    }).done();
  }

  function assertGoing(): void {
    if (failure !== null) throw s3Error(failure, 'put', bucket.name, key);
  }

  return {
    async write(block) {
      assertGoing();
      const taken = new Promise<void>((resolve) => body.write(block, () => resolve()));
      // A stream that is destroyed while it holds back never says that it took the block.
      await Promise.race([taken, stored]);
      assertGoing();
    },
    async end() {
      body.end();
      await stored;
      onEnd();
      assertGoing();
    },
    async abandon() {
      body.destroy(new Error('the upload was given up'));
      await stored;
      onEnd();
    },
  };
}
