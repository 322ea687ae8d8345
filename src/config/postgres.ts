import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { PostgresServer } from '../warehouses/open.ts';
import { numberOf, readAddress, schemaOf } from './address.ts';
import type { ParsedSettings } from './settings.ts';

type SslMode = PostgresServer['sslMode'];

const CONNECT_TIMEOUT_SECONDS = 15;
const sslModes: readonly SslMode[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];
const EXAMPLE =
  'For example postgres://user@host:5432/database?sslmode=verify-full, and the password in PGPASSWORD.';
type PathParameter = 'passfile' | 'sslrootcert' | 'sslcert' | 'sslkey';
/** Parameters of an address that mean something here; libpq has more. */
const known = [
  'host',
  'port',
  'user',
  'password',
  'dbname',
  'passfile',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'schema',
  'options',
  'connect_timeout',
  'statement_timeout',
  'application_name',
] as const;

/**
 * `postgres://…` and what the environment and the file add; ConfigError for what cannot be. What the address says counts
 * first; `place` says what its paths are relative to.
 */
export function postgresSettings(
  address: string,
  given: ParsedSettings,
  place: (path: string) => string = (path) => path,
): PostgresServer {
  const { host, port, database, password, from, ...named } = readAddress(address, known, EXAMPLE);
  const pathFrom = (name: PathParameter): string | undefined => {
    const path = from(name);
    return path === undefined || path === 'system' ? path : place(path);
  };
  const user = named.user ?? from('user') ?? given.pgUser ?? userInfo().username;
  const sslMode = from('sslmode') ?? given.sslMode ?? 'prefer';
  if (!sslModes.includes(sslMode as SslMode)) {
    throw new ConfigError(`sslmode is "${sslMode}", not one of ${sslModes.join(', ')}.`, {
      hint: 'verify-full encrypts and verifies the server.',
    });
  }
  return {
    host: (host ?? from('host') ?? given.pgHost ?? 'localhost').replace(/^\[(.*)\]$/, '$1'),
    port: numberOf('port', port ?? from('port')) ?? given.pgPort ?? 5432,
    database: database ?? from('dbname') ?? given.pgDatabase ?? user,
    user,
    password: password ?? from('password') ?? given.pgPassword ?? null,
    passwordFile: pathFrom('passfile') ?? given.pgPassFile ?? join(homedir(), '.pgpass'),
    sslMode: sslMode as SslMode,
    sslRootCert: pathFrom('sslrootcert') ?? given.sslRootCert ?? null,
    sslCert: pathFrom('sslcert') ?? given.pgSslCert ?? null,
    sslKey: pathFrom('sslkey') ?? given.pgSslKey ?? null,
    schema: schemaOf(from('schema')) ?? given.schema ?? null,
    options: from('options') ?? given.pgOptions ?? null,
    connectTimeoutSeconds:
      numberOf('connect_timeout', from('connect_timeout')) ?? given.connectTimeout ?? CONNECT_TIMEOUT_SECONDS,
    statementTimeoutSeconds:
      numberOf('statement_timeout', from('statement_timeout')) ?? given.statementTimeout ?? 0,
  };
}
