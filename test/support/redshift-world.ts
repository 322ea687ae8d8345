import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import type { LeaseOptions } from '../../src/warehouses/lease.ts';
import type { WarehouseAddress } from '../../src/warehouses/open.ts';
import type { RedshiftServer } from '../../src/warehouses/redshift/server.ts';
import { openRedshift } from '../../src/warehouses/redshift/writer.ts';
import type { Warehouse } from '../../src/warehouses/warehouse.ts';
import { freshDatabase } from './postgres.ts';
import { objectStores, type S3Action } from './redshift/copy/object-store.ts';
import { type RedshiftDouble, type RedshiftDoubleOptions, startRedshiftDouble } from './redshift/double.ts';
import { env, server as s3Server } from './s3-world.ts';

/** Made for these tests alone, for localhost; the authority's own key was thrown away. */
const pem = (name: string): string => fileURLToPath(new URL(`./redshift/tls/${name}`, import.meta.url));
const tls = { cert: readFileSync(pem('server.pem'), 'utf8'), key: readFileSync(pem('server.key'), 'utf8') };

export const ROLE = 'arn:aws:iam::123456789012:role/sparkify-copy';
const STAGING = 's3://staging/area';
const REGION = 'us-east-1';

export interface RedshiftTestCluster {
  readonly double: RedshiftDouble;
  readonly place: Extract<WarehouseAddress, { engine: 'redshift' }>;
  /** The database behind the double, for a look that costs the double nothing. */
  readonly database: string;
}

export interface ClusterOptions extends Partial<RedshiftDoubleOptions> {
  readonly server?: Partial<RedshiftServer>;
  /** What the role may do; everything, unless it is said. */
  readonly allows?: (action: S3Action, bucket: string, key: string) => boolean;
}

const doubles: RedshiftDouble[] = [];

/** For the tests of a file, after usePostgres and useS3Server: stops the clusters that they make. */
export function useRedshift(): void {
  afterAll(async () => {
    for (const double of doubles.splice(0)) await double.close();
  });
}

/** A new, empty cluster of the tests: the double before a fresh database, reading the tests' S3 server. */
export async function freshCluster({
  server = {},
  allows = () => true,
  ...options
}: ClusterOptions = {}): Promise<RedshiftTestCluster> {
  const database = await freshDatabase();
  const url = new URL(database);
  const double = await startRedshiftDouble({
    postgres: {
      host: url.hostname,
      port: Number(url.port),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: url.pathname.slice(1),
    },
    open: objectStores({ client: clientOf(), roles: { [ROLE]: allows }, attached: [ROLE] }),
    tls,
    logins: { loader: { password: 'secret' } },
    ...options,
  });
  doubles.push(double);
  s3Server.put('staging', 'README', 'Files on their way to the cluster.');
  return {
    double,
    database,
    place: {
      engine: 'redshift',
      s3: { endpoint: s3Server.endpoint, region: REGION },
      server: {
        host: 'localhost',
        port: double.port,
        database: url.pathname.slice(1),
        schema: null,
        auth: { kind: 'password', user: 'loader', password: 'secret' },
        region: REGION,
        endpoint: null,
        sslRootCert: pem('authority.pem'),
        connectTimeoutSeconds: 10,
        statementTimeoutSeconds: 0,
        roleArn: ROLE,
        stagingPlace: STAGING,
        logJsonPath: null,
        distribution: null,
        loadBy: 'auto',
        slices: null,
        locksTables: true,
        ...server,
      },
    },
  };
}

function clientOf() {
  const { endpoint, accessKeyId, secretAccessKey } = s3Server;
  return { endpoint, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } };
}

const lease: LeaseOptions = { command: 'test', waitMs: 0, nowMs: Date.now };

/** Opens a cluster for writing, gives it to `work`, closes it. */
export async function withRedshift<T>(
  { place }: RedshiftTestCluster,
  work: (warehouse: Warehouse) => Promise<T>,
): Promise<T> {
  const warehouse = await openRedshift(place.server, lease, place.s3);
  try {
    return await work(warehouse);
  } finally {
    await warehouse.close();
  }
}

/** The same cluster for the command line, with the secret in the environment. */
export function commandLineOf({ place: { server } }: RedshiftTestCluster): {
  flags: string[];
  env: Record<string, string>;
} {
  return {
    flags: ['--warehouse', `redshift://loader@${server.host}:${server.port}/${server.database}`],
    env: {
      ...env(),
      SPARKIFY_DB_PASSWORD: 'secret',
      SPARKIFY_ROLE_ARN: ROLE,
      SPARKIFY_STAGING: STAGING,
      PGSSLROOTCERT: server.sslRootCert ?? '',
      AWS_REGION: REGION,
    },
  };
}
