import { ConfigError } from '../errors.ts';
import { withoutSecrets } from '../secrets.ts';

/** A bucket and what keys must begin with there. */
export interface S3Address {
  readonly bucket: string;
  /** Without a slash at its end; empty for the whole bucket. */
  readonly key: string;
}

/** `s3://bucket/log_data/` in its parts; s3a and s3n mean the same. An exact one is taken as it is. ConfigError for what is no such address. */
export function parseS3Address(place: string, isExact = false): S3Address {
  const [, bucket, key = ''] = /^s3[an]?:\/\/([^/]+)(?:\/(.*))?$/i.exec(place) ?? [];
  if (bucket === undefined || !/^[a-z0-9][a-z0-9.\-_]*$/i.test(bucket)) {
    throw new ConfigError(`"${withoutSecrets(place)}" is not an S3 address.`, {
      hint: 'For example s3://bucket/log_data',
    });
  }
  // Buckets that were made before 2018 may have up to 255 letters.
  if (bucket.length < 3 || bucket.length > 255) {
    throw new ConfigError(`"${place}" is not an S3 address: there can be no bucket "${bucket}".`, {
      hint: 'The name of a bucket has 3 to 63 characters. For example s3://bucket/log_data',
    });
  }
  if (isExact) return { bucket, key };
  if (/[*?]/.test(key)) {
    throw new ConfigError(`${withoutSecrets(place)} is a pattern, and S3 knows prefixes only.`, {
      hint: 'Name a folder (s3://bucket/log_data/2018/11) or one object.',
    });
  }
  return { bucket, key: key.replace(/\/+$/, '') };
}

/** An object's identity. */
export function s3Path(bucket: string, key: string): string {
  return `s3://${bucket}/${key}`;
}

/** Whether a place is an address of S3, right or wrong, and not a path. */
export function isS3Address(place: string): boolean {
  return /^s3[an]?:/i.test(place);
}
