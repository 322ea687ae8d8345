import type pg from 'pg';
import { ConfigError } from '../../errors.ts';
import { endClient } from '../pg-wire/client.ts';
import { connectError } from '../pg-wire/errors.ts';
import type { SqlRow, Statement } from '../statement.ts';
import { openClient } from './client.ts';
import { type PostgresServer, serverName } from './server.ts';

/** So many clients look for an idle process of the server; a pool rarely has more of them. */
const MOST_PROBES = 25;
const ROUNDS = 2;
/** A pool gives an idle process at once. */
const PROBE_MS = 2_000;
const STATEMENT_POOLING = /statement pooling/i;
const HINT =
  'Connect to the server itself, or to a pool that keeps a session for each client (PgBouncer: pool_mode = session).';

/** What a probe learned: whose process it got, if it got any in time. */
type Probe = { readonly pid: number; readonly isNew: boolean } | null;

/**
 * Makes sure that a pooler keeps its server's process for one client. In transaction mode, the process of a client that
 * is idle goes to the next one that begins a transaction; so other clients begin some, until one gets that process, or one
 * that began only now, or none: then there was no idle one, and the pool keeps the client's.
 */
export async function assertOwnSession(
  server: PostgresServer,
  rows: (statement: Statement) => Promise<SqlRow[]>,
  ownPid: number,
): Promise<void> {
  const name = serverName(server);
  for (let round = 0; round < ROUNDS; round += 1) {
    const [now] = await rows({
      name: 'pooling: the process that answers',
      sql: 'select pg_backend_pid() as pid, cast(extract(epoch from clock_timestamp()) as text) as at',
    });
    const probes: pg.Client[] = [];
    try {
      for (let probe: Probe = { pid: 0, isNew: false }; probe !== null && !probe.isNew; ) {
        if (now?.pid !== ownPid || probe.pid === ownPid) throw sharedSession(name, 'transaction');
        if (probes.length === MOST_PROBES) throw unclear(name);
        const client = await openProbe(server);
        probes.push(client);
        probe = await beginOn(client, String(now?.at)).catch((cause) => {
          throw asPoolingError(name, cause) ?? connectError(name, cause);
        });
      }
    } finally {
      await Promise.all(probes.map(endClient));
    }
  }
}

/** The error of a pooler that takes single statements only; null for any other. */
export function asPoolingError(name: string, error: unknown): ConfigError | null {
  const { message, cause } = error as Error;
  const isIt = STATEMENT_POOLING.test(message) || STATEMENT_POOLING.test((cause as Error)?.message ?? '');
  return isIt ? sharedSession(name, 'statement') : null;
}

function sharedSession(name: string, unit: 'transaction' | 'statement'): ConfigError {
  return new ConfigError(
    `${name} is a pooler in ${unit} mode (PgBouncer or another): it gives a session to other clients after each ${unit}.`,
    { hint: HINT },
  );
}

function unclear(name: string): ConfigError {
  return new ConfigError(`${name} is a pooler, and nothing shows that it keeps a session for each client.`, {
    hint: HINT,
  });
}

async function openProbe(server: PostgresServer): Promise<pg.Client> {
  const { client } = await openClient(server, 'probe').catch((cause) => {
    throw cause instanceof ConfigError ? cause : connectError(serverName(server), cause);
  });
  return client;
}

/** Begins a transaction, which stays open; null where the pool has no process for it in time. */
async function beginOn(client: pg.Client, at: string): Promise<Probe> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, PROBE_MS, null);
  });
  const begun = client.query('begin').then(async () => {
    const { rows } = await client.query(
      `select pid, extract(epoch from backend_start) > ${at} as is_new
       from pg_catalog.pg_stat_activity where pid = pg_backend_pid()`,
    );
    return { pid: Number(rows[0].pid), isNew: rows[0].is_new === true };
  });
  begun.catch(() => {});
  return Promise.race([begun, tooLate]).finally(() => clearTimeout(timer));
}
