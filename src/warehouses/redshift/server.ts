/** How a new connection logs in; `iam` asks AWS for credentials that last minutes. */
export type RedshiftAuth =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | {
      readonly kind: 'iam cluster';
      readonly clusterIdentifier: string;
      /** Null: the database user that is named after the IAM identity. */
      readonly user: string | null;
      readonly durationSeconds?: number;
    }
  | { readonly kind: 'iam workgroup'; readonly workgroup: string; readonly durationSeconds?: number }
  /** In AWS Secrets Manager, by name or ARN: JSON with `username` and `password`. */
  | { readonly kind: 'secret'; readonly secretId: string };

/** Where an Amazon Redshift cluster or workgroup is, and how it loads; files by path, not read yet. */
export interface RedshiftServer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** The schema of the star; null: the first of the user's search path. */
  readonly schema: string | null;
  readonly auth: RedshiftAuth;
  /** Of the cluster; null: wherever AWS tools look for it. */
  readonly region: string | null;
  /** For requests for logins; null: AWS's own, or what its AWS_ENDPOINT_URL… variables say. */
  readonly endpoint: string | null;
  /** Certificates of the authorities to trust, in PEM; null: those that Node.js knows. */
  readonly sslRootCert: string | null;
  readonly connectTimeoutSeconds: number;
  /** 0: none. */
  readonly statementTimeoutSeconds: number;
  /** With which the cluster reads S3: an ARN, several in a chain, or `default`. */
  readonly roleArn: string | null;
  /** `s3://bucket/prefix`, where files may be put for the cluster to copy. */
  readonly stagingPlace: string | null;
  readonly logJsonPath: string | null;
  /** Of songplays; null: as its declaration says. */
  readonly distribution: 'auto' | 'even' | 'all' | { readonly by: string } | null;
  readonly loadBy: 'auto' | 'cluster' | 'client';
  readonly slices: number | null;
  /** Whether a load first locks the tables that it changes. */
  readonly locksTables: boolean;
}
