import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import { ConfigError } from '../../errors.ts';
import { applicationName, connectClient } from '../pg-wire/client.ts';
import { readPem } from '../pg-wire/pem.ts';
import { getTypeParser } from '../pg-wire/values.ts';
import type { PostgresServer } from './server.ts';

/** Opens the driver's client, encrypted as the settings ask. */
export async function openClient(
  server: PostgresServer,
  purpose: string,
  signal?: AbortSignal,
): Promise<{ client: pg.Client; isEncrypted: boolean }> {
  const { sslMode } = server;
  const mayBePlain = sslMode === 'prefer' || sslMode === 'allow';
  const isSocket = server.host.startsWith('/');
  if (sslMode === 'disable' || isSocket) {
    return { client: await open(server, purpose, false, signal), isEncrypted: false };
  }
  try {
    return { client: await open(server, purpose, await tlsOptions(server), signal), isEncrypted: true };
  } catch (error) {
    if (!mayBePlain || !/does not support SSL/i.test((error as Error).message)) throw error;
    return { client: await open(server, purpose, false, signal), isEncrypted: false };
  }
}

async function open(
  server: PostgresServer,
  purpose: string,
  ssl: ConnectionOptions | false,
  signal: AbortSignal | undefined,
): Promise<pg.Client> {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    database: server.database,
    user: server.user,
    password: async () => server.password ?? (await passwordFrom(server)) ?? '',
    ssl,
    application_name: applicationName(purpose),
    connectionTimeoutMillis: server.connectTimeoutSeconds * 1000,
    keepAlive: true,
    types: { getTypeParser },
    ...(server.options === null ? {} : { options: server.options }),
  });
  // A session that dies says so here as well as in the query that it dies in; unheard, it would end the process.
  client.on('error', () => {});
  await connectClient(client, signal);
  return client;
}

/** libpq's modes: require encrypts, verify-ca makes sure of the authority, verify-full of the host's name too. */
async function tlsOptions(server: PostgresServer): Promise<ConnectionOptions> {
  const { sslMode, sslRootCert, sslCert, sslKey } = server;
  const verifies = sslMode.startsWith('verify') || (sslMode === 'require' && sslRootCert !== null);
  const hint = 'Check sslrootcert, sslcert and sslkey, in the address or in the PG… variables.';
  const pem = (what: string, path: string): Promise<string> => readPem(what, path, hint);
  return {
    rejectUnauthorized: verifies,
    ...(sslRootCert === null || sslRootCert === 'system'
      ? {}
      : { ca: await pem('the authority’s certificate', sslRootCert) }),
    ...(sslCert === null ? {} : { cert: await pem('the client’s certificate', sslCert) }),
    ...(sslKey === null ? {} : { key: await pem('the client’s key', sslKey) }),
    ...(sslMode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** The password that the password file has for a server; libpq ignores files that others can read, and so do we. */
async function passwordFrom(server: PostgresServer): Promise<string | undefined> {
  const found = await stat(server.passwordFile).catch(() => null);
  if (!found?.isFile()) return undefined;
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) {
    throw new ConfigError(`${server.passwordFile} can be read by others, so it is not used.`, {
      hint: `chmod 600 '${server.passwordFile}'`,
    });
  }
  const { default: helper } = await import('pgpass/lib/helper.js');
  const { host, port, database, user, passwordFile } = server;
  return new Promise((resolve) => {
    helper.getPassword({ host, port, database, user }, createReadStream(passwordFile), resolve);
  });
}
