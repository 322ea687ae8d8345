import { LOG_DATA, SONG_DATA, STAGING } from './prefixes.ts';

interface What {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly workgroup: string;
  readonly roleArn: string;
  /** Null: log in by IAM. */
  readonly secretArn: string | null;
  readonly bucket: string;
  readonly region: string;
}

/** The dwh.cfg of this warehouse, without a password in it. */
export function dwhCfg({
  host,
  port,
  database,
  workgroup,
  roleArn,
  secretArn,
  bucket,
  region,
}: What): string {
  const login = secretArn === null ? ['AUTH = iam'] : ['AUTH = secret', `SECRET = ${secretArn}`];
  return [
    '[CLUSTER]',
    `HOST = ${host}`,
    `DB_NAME = ${database}`,
    `DB_PORT = ${port}`,
    '',
    '[IAM_ROLE]',
    `ARN = ${roleArn}`,
    '',
    '[REDSHIFT]',
    ...login,
    `WORKGROUP = ${workgroup}`,
    '',
    '[S3]',
    `LOG_DATA = s3://${bucket}/${LOG_DATA}`,
    `SONG_DATA = s3://${bucket}/${SONG_DATA}`,
    `STAGING = s3://${bucket}/${STAGING}`,
    `REGION = ${region}`,
  ].join('\n');
}
