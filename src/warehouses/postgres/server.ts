/** Where a PostgreSQL server is and how it is spoken to; files by path, not read yet. */
export interface PostgresServer {
  /** A host name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Null: the password file says it, or none is needed. */
  readonly password: string | null;
  readonly passwordFile: string;
  readonly sslMode: 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
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

/** What people call a server: without the password. */
export function serverName({ user, host, port, database }: PostgresServer): string {
  const at = host.startsWith('/') || !host.includes(':') ? host : `[${host}]`;
  return `postgres://${user}@${at}${port === 5432 ? '' : `:${port}`}/${database}`;
}
