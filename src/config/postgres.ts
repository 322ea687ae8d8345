import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { type Given, settings } from './settings.ts';

type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** Where a PostgreSQL server is and how it is spoken to; files by path, not read yet. */
export interface PostgresSettings {
  /** A host name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Null: the password file says it, or none is needed. */
  readonly password: string | null;
  readonly passwordFile: string;
  readonly sslMode: SslMode;
  /** Certificates of the authorities to trust, in PEM; null: those that Node.js knows. */
  readonly sslRootCert: string | null;
  readonly sslCert: string | null;
  readonly sslKey: string | null;
  /** The schema of the star; null: the first of the role's search path. */
  readonly schema: string | null;
  /** Server settings as on its command line: `-c work_mem=64MB`. */
  readonly options: string | null;
  readonly connectTimeoutSeconds: number;
  /** 0: none. */
  readonly statementTimeoutSeconds: number;
}

const CONNECT_TIMEOUT_SECONDS = 15;
const sslModes: readonly SslMode[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];
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

/** `postgres://…` and what the environment and the file add; ConfigError for what cannot be. What the address says counts first. */
export function postgresSettings(address: string, given: Given): PostgresSettings {
  const { url, parameters } = takeApart(address);
  const from = (name: (typeof known)[number]): string | undefined => parameters.get(name) || undefined;
  const user = decoded(url.username) ?? from('user') ?? given.pgUser ?? userInfo().username;
  const sslMode = from('sslmode') ?? given.sslMode ?? 'prefer';
  if (!sslModes.includes(sslMode as SslMode)) {
    throw new ConfigError(`sslmode is "${sslMode}", not one of ${sslModes.join(', ')}.`, {
      hint: 'verify-full encrypts and makes sure of the server.',
    });
  }
  return {
    host: (decoded(url.hostname.replace(UNSET, '')) ?? from('host') ?? given.pgHost ?? 'localhost').replace(
      /^\[(.*)\]$/,
      '$1',
    ),
    port: numberOf('port', decoded(url.port) ?? from('port')) ?? given.pgPort ?? 5432,
    database: decoded(url.pathname.slice(1)) ?? from('dbname') ?? given.pgDatabase ?? user,
    user,
    password: decoded(url.password) ?? from('password') ?? given.pgPassword ?? null,
    passwordFile: from('passfile') ?? given.pgPassFile ?? join(homedir(), '.pgpass'),
    sslMode: sslMode as SslMode,
    sslRootCert: from('sslrootcert') ?? given.sslRootCert ?? null,
    sslCert: from('sslcert') ?? given.pgSslCert ?? null,
    sslKey: from('sslkey') ?? given.pgSslKey ?? null,
    schema: schemaOf(from('schema')) ?? given.schema ?? null,
    options: from('options') ?? given.pgOptions ?? null,
    connectTimeoutSeconds:
      numberOf('connect_timeout', from('connect_timeout')) ?? given.connectTimeout ?? CONNECT_TIMEOUT_SECONDS,
    statementTimeoutSeconds:
      numberOf('statement_timeout', from('statement_timeout')) ?? given.statementTimeout ?? 0,
  };
}

/** Stands for the host where the address names none. */
const UNSET = 'unset.invalid';

/** The address as a URL, and its parameters. */
function takeApart(address: string): { url: URL; parameters: URLSearchParams } {
  // Messages never hold the address: it may hold a password.
  const wrong = (why: string): ConfigError =>
    new ConfigError(`The address of the warehouse cannot be used: ${why}.`, {
      hint: 'postgres://user@host:5432/database?sslmode=verify-full; the password better in PGPASSWORD.',
    });
  let url: URL;
  try {
    // `postgres:` and `postgres:///database` leave everything, or all but the database, to the PG… variables.
    const rest = address.replace(/^postgres(ql)?:(\/\/)?/i, '');
    const withHost = rest.replace(/^([^/?]*@)?(?=[/?:]|$)/, `$1${UNSET}`);
    url = new URL(`postgres://${withHost}`);
  } catch {
    throw wrong('it is not as addresses are written');
  }
  if (url.hostname.includes(',')) throw wrong('it names several hosts; name one');
  const parameters = url.searchParams;
  const odd = [...parameters.keys()].find((name) => !(known as readonly string[]).includes(name));
  if (odd !== undefined) throw wrong(`it has the parameter "${odd}", which is unknown here`);
  return { url, parameters };
}

function decoded(part: string): string | undefined {
  if (part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ConfigError('The address of the warehouse holds a "%" that is no escape.', {
      hint: 'In user and password, write % as %25, @ as %40, / as %2F, : as %3A.',
    });
  }
}

function schemaOf(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const parsed = settings.schema.schema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`schema is "${name}": it ${parsed.error.issues[0]?.message}.`);
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new ConfigError(`${name} is "${text}", not a number.`);
}
