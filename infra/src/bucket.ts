import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { STAGING } from './prefixes.ts';
import type { Settings } from './settings.ts';

/** The bucket of logs, songs, staging and exports. It stays when the stack goes: logs cannot be made again, all else can. */
export function dataBucket(scope: Construct, settings: Settings): Bucket {
  return new Bucket(scope, 'Data', {
    ...(settings.bucketName === null ? {} : { bucketName: settings.bucketName }),
    // Logs are the one thing here with no second copy: an overwritten or deleted object can be had back for a while.
    versioned: true,
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    removalPolicy: RemovalPolicy.RETAIN,
    lifecycleRules: [
      {
        id: 'staging-goes',
        prefix: STAGING,
        expiration: Duration.days(settings.stagingDays),
        noncurrentVersionExpiration: Duration.days(1),
      },
      { id: 'broken-uploads-go', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      {
        id: 'former-versions-go',
        noncurrentVersionExpiration: Duration.days(settings.formerVersionDays),
        expiredObjectDeleteMarker: true,
      },
    ],
  });
}
