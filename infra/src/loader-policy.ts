import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { LOG_DATA, SONG_DATA, STAGING } from './prefixes.ts';
import { listing, objects } from './roles.ts';

interface What {
  readonly bucket: IBucket;
  readonly workgroupArn: string;
  /** Null: it logs in by IAM alone. */
  readonly secretArn: string | null;
}

/** What `sparkify etl` needs; to attach to whatever runs it. It cannot touch logs and songs but to read them. */
export function loaderPolicy(scope: Construct, { bucket, workgroupArn, secretArn }: What): ManagedPolicy {
  const statements = [
    listing(bucket, [LOG_DATA, SONG_DATA, STAGING]),
    new PolicyStatement({
      sid: 'Read',
      actions: ['s3:GetObject'],
      resources: objects(bucket, [LOG_DATA, SONG_DATA, STAGING]),
    }),
    new PolicyStatement({
      sid: 'Stage',
      actions: ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      resources: objects(bucket, [STAGING]),
    }),
    new PolicyStatement({
      sid: 'LogInByIam',
      actions: ['redshift-serverless:GetCredentials'],
      resources: [workgroupArn],
    }),
  ];
  if (secretArn !== null) {
    statements.push(
      new PolicyStatement({
        sid: 'LogInBySecret',
        actions: ['secretsmanager:GetSecretValue'],
        resources: [secretArn],
      }),
    );
  }
  return new ManagedPolicy(scope, 'LoaderPolicy', {
    description: 'What loading the Sparkify warehouse needs',
    statements,
  });
}
