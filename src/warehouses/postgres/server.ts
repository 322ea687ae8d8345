/** Where a PostgreSQL server is and how it is spoken to; as config/postgres.ts finds it. */
export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | null;
  readonly passwordFile: string;
  readonly sslMode: 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  readonly sslRootCert: string | null;
  readonly sslCert: string | null;
  readonly sslKey: string | null;
  readonly schema: string | null;
  readonly options: string | null;
  readonly connectTimeoutSeconds: number;
  readonly statementTimeoutSeconds: number;
}

/** What people call a server: without the password. */
export function serverName({ user, host, port, database }: PostgresServer): string {
  const at = host.startsWith('/') || !host.includes(':') ? host : `[${host}]`;
  return `postgres://${user}@${at}${port === 5432 ? '' : `:${port}`}/${database}`;
}
