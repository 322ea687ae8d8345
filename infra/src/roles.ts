import { ArnFormat, Stack } from 'aws-cdk-lib';
import {
  CompositePrincipal,
  PolicyDocument,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { EXPORT, LOG_DATA, SONG_DATA, STAGING } from './prefixes.ts';

const READ = [LOG_DATA, SONG_DATA, STAGING];

/** What Redshift becomes for COPY: it reads what is loaded, and nothing else. */
export function copyRole(scope: Construct, bucket: IBucket): Role {
  return new Role(scope, 'CopyRole', {
    description: 'Redshift reads logs, songs and staged files with it (COPY)',
    assumedBy: redshift(Stack.of(scope)),
    inlinePolicies: {
      read: new PolicyDocument({
        statements: [
          listing(bucket, READ),
          location(bucket),
          new PolicyStatement({ sid: 'Read', actions: ['s3:GetObject'], resources: objects(bucket, READ) }),
        ],
      }),
    },
  });
}

/** What Redshift becomes for UNLOAD: a role of its own, so that a COPY can never write. */
export function unloadRole(scope: Construct, bucket: IBucket): Role {
  return new Role(scope, 'UnloadRole', {
    description: 'Redshift writes exports with it (UNLOAD)',
    assumedBy: redshift(Stack.of(scope)),
    inlinePolicies: {
      write: new PolicyDocument({
        statements: [
          listing(bucket, [EXPORT]),
          location(bucket),
          new PolicyStatement({
            sid: 'Write',
            // The guide asks for GET, LIST and PUT; without DeleteObject, CLEANPATH is refused.
            actions: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'],
            resources: objects(bucket, [EXPORT]),
          }),
        ],
      }),
    },
  });
}

/** ListBucket for what begins with one of these prefixes. */
export function listing(bucket: IBucket, prefixes: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    sid: 'List',
    actions: ['s3:ListBucket'],
    resources: [bucket.bucketArn],
    conditions: { StringLike: { 's3:prefix': prefixes.map((prefix) => `${prefix}*`) } },
  });
}

export function objects(bucket: IBucket, prefixes: readonly string[]): string[] {
  return prefixes.map((prefix) => bucket.arnForObjects(`${prefix}*`));
}

function location(bucket: IBucket): PolicyStatement {
  return new PolicyStatement({
    sid: 'Locate',
    actions: ['s3:GetBucketLocation'],
    resources: [bucket.bucketArn],
  });
}

/**
 * Redshift for this account and Region only. Which workgroup cannot be said: its ARN holds an id that exists only after
 * the namespace, and the namespace names this role.
 */
function redshift(stack: Stack): CompositePrincipal {
  const source = (service: string, resource: string, arnFormat: ArnFormat) => ({
    conditions: {
      StringEquals: { 'aws:SourceAccount': stack.account },
      ArnLike: { 'aws:SourceArn': stack.formatArn({ service, resource, resourceName: '*', arnFormat }) },
    },
  });
  return new CompositePrincipal(
    new ServicePrincipal(
      'redshift-serverless.amazonaws.com',
      source('redshift-serverless', 'workgroup', ArnFormat.SLASH_RESOURCE_NAME),
    ),
    new ServicePrincipal(
      'redshift.amazonaws.com',
      source('redshift', 'cluster', ArnFormat.COLON_RESOURCE_NAME),
    ),
  );
}
