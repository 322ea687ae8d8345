import type { S3Client } from '@aws-sdk/client-s3';

/** Where objects are fetched from. */
export interface S3Bucket {
  readonly name: string;
  client(): Promise<S3Client>;
  readonly requesterPays: boolean;
  readonly stallMs: number | undefined;
  /** Ends whatever is under way. */
  readonly stopping: AbortSignal;
}
