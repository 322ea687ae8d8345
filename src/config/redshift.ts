import { ConfigError } from '../errors.ts';
import type { RedshiftServer } from '../warehouses/open.ts';
import { numberOf, readAddress, schemaOf } from './address.ts';
import { awsHost, redshiftAuth } from './redshift-auth.ts';
import type { ParsedSettings } from './settings.ts';

const PORT = 5439;
/** A Serverless workgroup that has slept needs a while. */
const CONNECT_TIMEOUT_SECONDS = 30;
const EXAMPLE =
  'For example redshift://host:5439/database?schema=analytics&auth=iam, and a password in SPARKIFY_DB_PASSWORD.';
/** Parameters of an address that mean something here. */
const known = [
  'schema',
  'auth',
  'secret',
  'cluster',
  'workgroup',
  'region',
  'sslrootcert',
  'connect_timeout',
  'statement_timeout',
] as const;

/**
 * `redshift://…` and what the environment and the file add; ConfigError for what cannot be. What the address says counts
 * first; `place` says what its paths are relative to.
 */
export function redshiftSettings(
  url: string | null,
  given: ParsedSettings,
  place: (path: string) => string = (path) => path,
): RedshiftServer {
  const address = readAddress(url ?? 'redshift:', known, EXAMPLE);
  const { from } = address;
  const rootCert = from('sslrootcert');
  const pasted = address.host === undefined ? endpointOf(given.clusterHost) : {};
  const host = address.host ?? pasted.host;
  if (host === undefined) {
    throw new ConfigError('No Redshift server is named.', {
      hint: 'Set CLUSTER.HOST, or: --warehouse redshift://host/database',
    });
  }
  const database = address.database ?? given.dbName ?? pasted.database;
  if (database === undefined) {
    throw new ConfigError(`No database on ${host} is named.`, {
      hint: `Set CLUSTER.DB_NAME, or: --warehouse redshift://${host}/database`,
    });
  }
  return {
    host,
    port: numberOf('port', address.port) ?? given.dbPort ?? numberOf('port', pasted.port) ?? PORT,
    database,
    schema: schemaOf(from('schema')) ?? given.schema ?? null,
    auth: redshiftAuth(host, address, given),
    region: from('region') ?? awsHost(host)?.region ?? given.region ?? null,
    endpoint: given.redshiftEndpoint ?? null,
    sslRootCert: (rootCert === undefined ? rootCert : place(rootCert)) ?? given.sslRootCert ?? null,
    connectTimeoutSeconds:
      numberOf('connect_timeout', from('connect_timeout')) ?? given.connectTimeout ?? CONNECT_TIMEOUT_SECONDS,
    statementTimeoutSeconds:
      numberOf('statement_timeout', from('statement_timeout')) ?? given.statementTimeout ?? 0,
    roleArn: roleOf(given.roleArn),
    stagingPlace: given.stagingPlace ?? null,
    logJsonPath: given.logJsonPath ?? null,
    distribution: given.redshiftDistribution ?? null,
    loadBy: given.redshiftLoadBy ?? 'auto',
    slices: given.redshiftSlices ?? null,
    locksTables: given.redshiftLockTables ?? true,
  };
}

/** A host as people paste it: `host:port/database`, perhaps with `jdbc:redshift://` before it. */
function endpointOf(text: string | undefined): { host?: string; port?: string; database?: string } {
  if (text === undefined) return {};
  const [, host, port, database] =
    /^(?:(?:jdbc:)?redshift:(?:iam:)?\/\/)?([\w.-]+)(?::(\d+))?(?:\/([^/?;]*))?$/i.exec(text) ?? [];
  if (host === undefined) {
    // It is not shown: people paste addresses with passwords.
    throw new ConfigError('CLUSTER.HOST is not written as host, host:port or host:port/database.', {
      hint: 'For example: my-cluster.abc123.eu-central-1.redshift.amazonaws.com:5439/dev',
    });
  }
  return { host, ...(port ? { port } : {}), ...(database ? { database } : {}) };
}

const ROLE = /^arn:aws(-cn|-us-gov)?:iam::\d{12}:role\/[\w+=.@/-]+$/;

function roleOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (text === 'default' || text.split(',').every((role) => ROLE.test(role))) return text;
  throw new ConfigError('The role in IAM_ROLE.ARN is neither "default" nor the ARN of an IAM role.', {
    hint: 'arn:aws:iam::<12 digits>:role/<name>; several in a chain with a comma and no blank between them.',
  });
}
