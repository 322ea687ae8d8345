import { ConfigError } from '../../errors.ts';
import type { S3Options } from '../../sources/s3-client.ts';
import { literal } from '../sql.ts';
import type { RedshiftServer } from './server.ts';
import { openStaging, type StagingArea } from './staging-prefix.ts';

/** `iam_role …` and `region …` of every COPY and UNLOAD; ConfigError where no role is named. */
export function accessOf({ roleArn, region, host }: RedshiftServer, s3: S3Options): string {
  if (roleArn === null) {
    throw new ConfigError(`No IAM role is set for ${host} to read and write S3.`, {
      hint: 'Set ARN below [IAM_ROLE] in dwh.cfg, or SPARKIFY_ROLE_ARN; `default` is the cluster’s default role.',
    });
  }
  const role = roleArn === 'default' ? 'default' : literal(roleArn);
  const bucketRegion = s3.region ?? region;
  return `iam_role ${role}${bucketRegion === null ? '' : ` region ${literal(bucketRegion)}`}`;
}

/** The staging prefix; ConfigError, once it is needed, where none is named. */
export function stagingOf(server: RedshiftServer, s3: S3Options): StagingArea {
  const { stagingPlace, host, port, database, schema } = server;
  if (stagingPlace !== null)
    return openStaging(stagingPlace, `${host}:${port}/${database}/${schema ?? ''}`, s3);
  const missing = (): never => {
    throw new ConfigError('No prefix in S3 is set where sparkify can put files for the cluster to read.', {
      hint: 'Set STAGING below [S3] in dwh.cfg, or SPARKIFY_STAGING: s3://bucket/prefix, in the Region of the data.',
    });
  };
  return {
    put: async () => missing(),
    parts: missing,
    clear: async () => {},
    removeLeftovers: async () => {},
    read: async () => missing(),
    close: async () => {},
  };
}
