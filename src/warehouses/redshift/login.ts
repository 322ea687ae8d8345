import { ConfigError, WarehouseError } from '../../errors.ts';
import { loginError } from './login-errors.ts';
import type { RedshiftAuth } from './server.ts';

/** What a new connection logs in with; null never expires. */
export interface Login {
  readonly user: string;
  readonly password: string;
  readonly expiresAt: Date | null;
}

/** Logins for new connections: asked for when the first one is needed, kept until shortly before they expire. */
export interface RedshiftLogins {
  /** Rejects with a ConfigError or WarehouseError that says what is missing, and holds no secret. */
  next(): Promise<Login>;
  /** The server refused the last one: a new one is asked for. */
  refused(): void;
  close(): void;
}

export interface LoginOptions {
  /** Null: where AWS tools look for it. */
  readonly region: string | null;
  readonly database: string;
  /** Other than AWS's own. */
  readonly endpoint?: string;
  readonly nowMs: () => number;
}

/** A login that lasts no longer than this is renewed, so that it is good until the server has looked at it. */
const SPARE_MS = 60_000;
const MOST_ATTEMPTS = 4;
const CONNECT_MS = 5_000;
const ANSWER_MS = 20_000;

/** Logins by password, by IAM, or by a secret in Secrets Manager; AWS is asked only for the latter two. */
export function redshiftLogins(auth: RedshiftAuth, options: LoginOptions): RedshiftLogins {
  const closing = new AbortController();
  let kept: Login | null = null;
  // Connections that open together share one request.
  let asked: Promise<Login> | null = null;
  const lasts = ({ expiresAt }: Login): boolean =>
    expiresAt === null || expiresAt.getTime() - options.nowMs() >= SPARE_MS;

  async function renew(): Promise<Login> {
    try {
      kept = await ask(auth, options, closing.signal);
      return kept;
    } catch (cause) {
      throw loginError(cause, auth, options);
    } finally {
      asked = null;
    }
  }
  return {
    async next() {
      if (kept !== null && lasts(kept)) return kept;
      asked ??= renew();
      return asked;
    },
    refused() {
      kept = null;
    },
    close() {
      kept = null;
      closing.abort();
    },
  };
}

async function ask(auth: RedshiftAuth, options: LoginOptions, abortSignal: AbortSignal): Promise<Login> {
  switch (auth.kind) {
    case 'password':
      return { user: auth.user, password: auth.password, expiresAt: null };
    case 'iam cluster':
      return askCluster(auth, options, abortSignal);
    case 'iam workgroup':
      return askWorkgroup(auth, options, abortSignal);
    case 'secret':
      return askSecret(auth.secretId, options, abortSignal);
  }
}

async function askCluster(
  { clusterIdentifier, user, durationSeconds }: Extract<RedshiftAuth, { kind: 'iam cluster' }>,
  options: LoginOptions,
  abortSignal: AbortSignal,
): Promise<Login> {
  const { GetClusterCredentialsCommand, GetClusterCredentialsWithIAMCommand, RedshiftClient } = await import(
    '@aws-sdk/client-redshift'
  );
  const client = new RedshiftClient(clientOptions(options));
  const wanted = {
    ClusterIdentifier: clusterIdentifier,
    DbName: options.database,
    ...(durationSeconds === undefined ? {} : { DurationSeconds: durationSeconds }),
  };
  try {
    const { DbUser, DbPassword, Expiration } =
      user === null
        ? await client.send(new GetClusterCredentialsWithIAMCommand(wanted), { abortSignal })
        : await client.send(new GetClusterCredentialsCommand({ ...wanted, DbUser: user }), { abortSignal });
    // The user comes back as `IAM:user`, and that is whom the server knows.
    return loginOf(DbUser, DbPassword, Expiration);
  } finally {
    client.destroy();
  }
}

async function askWorkgroup(
  { workgroup, durationSeconds }: Extract<RedshiftAuth, { kind: 'iam workgroup' }>,
  options: LoginOptions,
  abortSignal: AbortSignal,
): Promise<Login> {
  const { GetCredentialsCommand, RedshiftServerlessClient } = await import(
    '@aws-sdk/client-redshift-serverless'
  );
  const client = new RedshiftServerlessClient(clientOptions(options));
  try {
    const { dbUser, dbPassword, expiration } = await client.send(
      new GetCredentialsCommand({
        workgroupName: workgroup,
        dbName: options.database,
        ...(durationSeconds === undefined ? {} : { durationSeconds }),
      }),
      { abortSignal },
    );
    return loginOf(dbUser, dbPassword, expiration);
  } finally {
    client.destroy();
  }
}

function loginOf(user: string | undefined, password: string | undefined, expiresAt: Date | undefined): Login {
  if (user && password && expiresAt) return { user, password, expiresAt };
  throw new WarehouseError('AWS answered without user, password or expiry.', {
    hint: 'Check REDSHIFT.ENDPOINT if it is set.',
  });
}

async function askSecret(secretId: string, options: LoginOptions, abortSignal: AbortSignal): Promise<Login> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  // A secret need not lie where the cluster does; its ARN says.
  const region = /^arn:[\w-]+:secretsmanager:([\w-]+):/.exec(secretId)?.[1] ?? options.region;
  const client = new SecretsManagerClient(clientOptions({ ...options, region }));
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }), {
      abortSignal,
    });
    return loginIn(SecretString, secretId);
  } finally {
    client.destroy();
  }
}

/** What a secret holds; errors show nothing of it. */
function loginIn(text: string | undefined, secretId: string): Login {
  const wrong = (why: string): ConfigError =>
    new ConfigError(`The secret ${secretId} cannot be used: ${why}.`, {
      hint: 'It must be JSON with "username" and "password", as Secrets Manager makes it for Redshift.',
    });
  let held: unknown;
  try {
    held = JSON.parse(text ?? '');
  } catch {
    throw wrong('it is not JSON');
  }
  if (typeof held !== 'object' || held === null) throw wrong('it is not a JSON object');
  const { username, password } = held as Record<string, unknown>;
  if (typeof username !== 'string' || username === '') throw wrong('it has no username');
  if (typeof password !== 'string' || password === '') throw wrong('it has no password');
  return { user: username, password, expiresAt: null };
}

function clientOptions({ region, endpoint }: LoginOptions) {
  return {
    ...(region === null ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: MOST_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      throwOnRequestTimeout: true,
    },
  };
}
