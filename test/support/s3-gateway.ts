import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

/** A real S3 server, as `SPARKIFY_TEST_S3` names it: http://KEY:SECRET@HOST:PORT; null without it. */
const address = process.env.SPARKIFY_TEST_S3 === undefined ? null : new URL(process.env.SPARKIFY_TEST_S3);

export const whyNoGateway = 'no S3 server at hand; SPARKIFY_TEST_S3=http://KEY:SECRET@HOST:PORT names one';

export interface S3Gateway {
  readonly endpoint: string;
  /** What programs that read from it need in their environment. */
  readonly env: Readonly<Record<string, string>>;
  makeBucket(bucket: string): Promise<void>;
  put(bucket: string, key: string, content: Buffer | string): Promise<void>;
  remove(bucket: string, key: string): Promise<void>;
}

export const gateway: S3Gateway | null = address === null ? null : openGateway(address);

function openGateway({ protocol, host, username, password }: URL): S3Gateway {
  const endpoint = `${protocol}//${host}`;
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: username, secretAccessKey: password },
  });
  return {
    endpoint,
    env: {
      SPARKIFY_S3_ENDPOINT: endpoint,
      AWS_ACCESS_KEY_ID: username,
      AWS_SECRET_ACCESS_KEY: password,
      AWS_REGION: 'us-east-1',
    },
    async makeBucket(bucket) {
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
    },
    async put(bucket, key, content) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }));
    },
    async remove(bucket, key) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
  };
}
