import type { z } from 'zod';
import {
  address,
  count,
  distribution,
  fileMode,
  matchOn,
  oneOf,
  place,
  port,
  rejectLimit,
  s3Folder,
  schemaName,
  seconds,
  yesOrNo,
} from './value-kinds.ts';

/** A setting: where it may come from, what it may be, and how it is explained. */
export interface Setting {
  readonly doc: string;
  /** Names in dwh.cfg, the preferred one first: `S3.LOG_DATA`. */
  readonly file: readonly string[];
  readonly env: readonly string[];
  readonly secret?: boolean;
  /** A path, or a pattern of paths: in dwh.cfg it is relative to that file. */
  readonly path?: 'file' | 'pattern';
  readonly schema: z.ZodType<unknown, string>;
}

/** Every setting that sparkify reads, in the order in which `init` writes them. */
export const settings = {
  logData: {
    doc: 'Where the activity logs are: a folder, one file, a glob, or s3://bucket/prefix.',
    file: ['S3.LOG_DATA'],
    env: ['SPARKIFY_LOG_DATA'],
    path: 'pattern',
    schema: place,
  },
  songData: {
    doc: 'Where the song files are: a folder, one file, a glob, or s3://bucket/prefix.',
    file: ['S3.SONG_DATA'],
    env: ['SPARKIFY_SONG_DATA'],
    path: 'pattern',
    schema: place,
  },
  logJsonPath: {
    doc: 'The JSONPaths file of the logs, for Amazon Redshift.',
    file: ['S3.LOG_JSONPATH', 'S3.LOG_JSON_PATH'],
    env: ['SPARKIFY_LOG_JSONPATH'],
    schema: place,
  },
  warehouse: {
    doc: 'The warehouse: duckdb:FILE, postgres://user@host/database or redshift://host/database. Without it, and without CLUSTER.HOST, it is duckdb:sparkify.duckdb.',
    file: ['WAREHOUSE.URL'],
    env: ['SPARKIFY_WAREHOUSE'],
    secret: true,
    schema: place,
  },
  schema: {
    doc: 'The schema of the star on PostgreSQL and Redshift; without it, the first of the search path.',
    file: ['WAREHOUSE.SCHEMA'],
    env: ['SPARKIFY_SCHEMA'],
    schema: schemaName,
  },
  fileMode: {
    doc: 'Who may read the files that sparkify makes: 600 (you alone) or 640 (your group, too).',
    file: ['WAREHOUSE.FILE_MODE'],
    env: ['SPARKIFY_FILE_MODE'],
    schema: fileMode,
  },
  sslMode: {
    doc: 'How the connection is protected: disable, prefer, require, verify-ca or verify-full.',
    file: ['WAREHOUSE.SSLMODE'],
    env: ['PGSSLMODE'],
    schema: place,
  },
  sslRootCert: {
    doc: 'The certificates of the authorities to trust, a file in PEM.',
    file: ['WAREHOUSE.SSLROOTCERT'],
    env: ['PGSSLROOTCERT'],
    path: 'file',
    schema: place,
  },
  statementTimeout: {
    doc: 'How long a single statement on the server may take, in seconds; 0 sets no limit.',
    file: ['WAREHOUSE.STATEMENT_TIMEOUT'],
    env: ['SPARKIFY_STATEMENT_TIMEOUT'],
    schema: seconds,
  },
  connectTimeout: {
    doc: 'Connection timeout, in seconds.',
    file: ['WAREHOUSE.CONNECT_TIMEOUT'],
    env: ['PGCONNECT_TIMEOUT'],
    schema: seconds,
  },
  pgHost: { doc: 'The PostgreSQL server.', file: [], env: ['PGHOST'], schema: place },
  pgPort: { doc: 'Its port.', file: [], env: ['PGPORT'], schema: port },
  pgDatabase: { doc: 'Its database.', file: [], env: ['PGDATABASE'], schema: place },
  pgUser: { doc: 'The role to connect as.', file: [], env: ['PGUSER'], schema: place },
  pgPassword: { doc: 'Its password.', file: [], env: ['PGPASSWORD'], secret: true, schema: place },
  pgPassFile: { doc: 'The file with passwords.', file: [], env: ['PGPASSFILE'], path: 'file', schema: place },
  pgSslCert: {
    doc: 'The client’s certificate, in PEM.',
    file: [],
    env: ['PGSSLCERT'],
    path: 'file',
    schema: place,
  },
  pgSslKey: { doc: 'The client’s key, in PEM.', file: [], env: ['PGSSLKEY'], path: 'file', schema: place },
  pgOptions: { doc: 'Settings of the session.', file: [], env: ['PGOPTIONS'], schema: place },
  matchOn: {
    doc: 'What a play and its song must share: title, artist, duration; or title, artist.',
    file: ['LOAD.MATCH_ON'],
    env: ['SPARKIFY_MATCH_ON'],
    schema: matchOn,
  },
  maxRejects: {
    doc: 'If more records than this are refused, a load commits nothing: a number (100) or a share (1%).',
    file: ['LOAD.MAX_REJECTS'],
    env: ['SPARKIFY_MAX_REJECTS'],
    schema: rejectLimit,
  },
  waitSeconds: {
    doc: 'How long to wait for a running load, in seconds.',
    file: ['LOAD.WAIT_SECONDS'],
    env: ['SPARKIFY_WAIT_SECONDS'],
    schema: seconds,
  },
  clusterHost: {
    doc: 'The endpoint of the Redshift cluster or workgroup: host, or host:port/database.',
    file: ['CLUSTER.HOST', 'CLUSTER.CL_ENDPOINT', 'CLUSTER.DB_ENDPOINT', 'DWH.DWH_ENDPOINT', 'DWH.HOST'],
    env: ['SPARKIFY_CLUSTER_HOST'],
    schema: place,
  },
  dbName: {
    doc: 'The cluster’s database.',
    file: ['CLUSTER.DB_NAME', 'CLUSTER.CL_DB_NAME', 'DWH.DWH_DB', 'DWH.DB', 'DB.DB_NAME'],
    env: ['SPARKIFY_DB_NAME'],
    schema: place,
  },
  dbUser: {
    doc: 'The database user.',
    file: ['CLUSTER.DB_USER', 'CLUSTER.CL_USER', 'DWH.DWH_DB_USER', 'DWH.DB_USER', 'DB.DB_USER'],
    env: ['SPARKIFY_DB_USER'],
    schema: place,
  },
  dbPassword: {
    doc: 'Its password; keep it in the environment, not in a file.',
    file: [
      'CLUSTER.DB_PASSWORD',
      'CLUSTER.CL_PASSWORD',
      'DWH.DWH_DB_PASSWORD',
      'DWH.DB_PASSWORD',
      'DB.DB_PASSWORD',
    ],
    env: ['SPARKIFY_DB_PASSWORD'],
    secret: true,
    schema: place,
  },
  dbPort: {
    doc: 'The database’s port.',
    file: ['CLUSTER.DB_PORT', 'CLUSTER.CL_PORT', 'DWH.DWH_PORT', 'DWH.PORT', 'DB.DB_PORT'],
    env: ['SPARKIFY_DB_PORT'],
    schema: port,
  },
  roleArn: {
    doc: 'The IAM role with which the cluster reads S3: its ARN, or default.',
    file: [
      'IAM_ROLE.ARN',
      'ARN.ARN',
      'SECURITY.ROLE_ARN',
      'IAM_ROLE.DWH_ROLE_ARN',
      'CLUSTER.DB_IAM_ROLE_ARN',
    ],
    env: ['SPARKIFY_ROLE_ARN'],
    secret: true,
    schema: place,
  },
  region: {
    doc: 'The AWS Region of the bucket, and of a cluster whose host name does not say it.',
    file: ['S3.REGION', 'S3.S3_REGION', 'AWS.REGION', 'AWS.REGION_NAME', 'CLUSTER.REGION', 'DWH.DWH_REGION'],
    env: ['SPARKIFY_REGION', 'AWS_REGION', 'AWS_DEFAULT_REGION'],
    schema: place,
  },
  s3Endpoint: {
    doc: 'An S3 server other than Amazon’s: http://127.0.0.1:9000.',
    file: ['S3.ENDPOINT', 'S3.ENDPOINT_URL'],
    env: ['SPARKIFY_S3_ENDPOINT', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
    schema: address,
  },
  s3PathStyle: {
    doc: 'Whether the bucket’s name is in the path: yes or no (default: yes with an ENDPOINT, else no).',
    file: ['S3.PATH_STYLE'],
    env: ['SPARKIFY_S3_PATH_STYLE'],
    schema: yesOrNo,
  },
  s3Anonymous: {
    doc: 'Whether to read a public bucket without credentials: yes or no.',
    file: ['S3.ANONYMOUS'],
    env: ['SPARKIFY_S3_ANONYMOUS'],
    schema: yesOrNo,
  },
  s3RequesterPays: {
    doc: 'Whether you pay for requests to a requester-pays bucket: yes or no.',
    file: ['S3.REQUESTER_PAYS'],
    env: ['SPARKIFY_S3_REQUESTER_PAYS'],
    schema: yesOrNo,
  },
  stagingPlace: {
    doc: 'Where Redshift’s loads may put files for the cluster to copy: s3://bucket/prefix.',
    file: ['S3.STAGING'],
    env: ['SPARKIFY_STAGING'],
    schema: s3Folder,
  },
  redshiftAuth: {
    doc: 'How to log in to Redshift: password, iam or secret; without it, the other settings decide.',
    file: ['REDSHIFT.AUTH'],
    env: ['SPARKIFY_REDSHIFT_AUTH'],
    schema: oneOf(['password', 'iam', 'secret']),
  },
  redshiftSecret: {
    doc: 'The secret in AWS Secrets Manager that holds username and password: its name or ARN.',
    file: ['REDSHIFT.SECRET'],
    env: ['SPARKIFY_REDSHIFT_SECRET'],
    schema: place,
  },
  redshiftCluster: {
    doc: 'The cluster’s identifier, for a login by IAM where the host name does not say it.',
    file: ['REDSHIFT.CLUSTER_IDENTIFIER'],
    env: ['SPARKIFY_REDSHIFT_CLUSTER_IDENTIFIER'],
    schema: place,
  },
  redshiftWorkgroup: {
    doc: 'The Serverless workgroup’s name, for a login by IAM where the host name does not say it.',
    file: ['REDSHIFT.WORKGROUP'],
    env: ['SPARKIFY_REDSHIFT_WORKGROUP'],
    schema: place,
  },
  redshiftDistribution: {
    doc: 'How the rows of songplays are spread over the cluster: auto, even, all, or by a column (song_id).',
    file: ['REDSHIFT.DISTRIBUTION'],
    env: ['SPARKIFY_REDSHIFT_DISTRIBUTION'],
    schema: distribution,
  },
  redshiftLoadBy: {
    doc: 'Who reads the files: cluster (COPY from where they are), client (sparkify, which checks each record), or auto.',
    file: ['REDSHIFT.LOAD_BY'],
    env: ['SPARKIFY_REDSHIFT_LOAD_BY'],
    schema: oneOf(['auto', 'cluster', 'client']),
  },
  redshiftSlices: {
    doc: 'How many slices the cluster has; files for COPY are made in multiples of it.',
    file: ['REDSHIFT.SLICES'],
    env: ['SPARKIFY_REDSHIFT_SLICES'],
    schema: count,
  },
  redshiftLockTables: {
    doc: 'Whether a load first locks the tables that it changes, so that readers wait until it has committed: yes or no.',
    file: ['REDSHIFT.LOCK_TABLES'],
    env: ['SPARKIFY_REDSHIFT_LOCK_TABLES'],
    schema: yesOrNo,
  },
  redshiftEndpoint: {
    doc: 'An endpoint for logins, other than AWS’s own: https://vpce-….redshift.eu-central-1.vpce.amazonaws.com.',
    file: ['REDSHIFT.ENDPOINT'],
    env: ['SPARKIFY_REDSHIFT_ENDPOINT'],
    schema: address,
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;

/** The value of each setting that was given, parsed. */
export type ParsedSettings = { [Name in SettingName]?: z.infer<(typeof settings)[Name]['schema']> };

/** Keys that other programs keep in a dwh.cfg, which sparkify has no use for and does not warn about. */
export const ignoredKeys: readonly RegExp[] = [
  /^AWS\.(ADMIN_)?(KEY|SECRET|AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|USER_NAME|AWS_USER|ZONE|TOKEN)$/,
  /^(DWH|CLUSTER|CLUSTER_HW|CLUSTER_PROPERTIES)\.(DWH_|CL_)?(CLUSTER_)?(TYPE|CLUSTER_TYPE|NUM_NODES|NUMBER_OF_NODES|NODE_TYPE|IDENTIFIER|CLUSTER_IDENTIFIER|CLUSTER_ID|ID|CLUSTER_SUBNET_GROUP)$/,
  /^(DWH|IAM_ROLE|CLUSTER)\.(DWH_)?(IAM_ROLE_)?NAME$/,
  /^S3\.(SONGS?_JSONPATH|BUCKET|LOCAL_PATH|LOG_DATAX)$/,
];
