import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import { postgresSettings } from '../../src/config/postgres.ts';
import type { PostgresServer } from '../../src/warehouses/open.ts';
import { openPostgres } from '../../src/warehouses/postgres/writer.ts';
import type { Warehouse } from '../../src/warehouses/warehouse.ts';
import { addressOf, cheapSettings, type PostgresTestServer, startPostgres } from './postgres-server.mjs';

/** The address of a server that is there; its role must be allowed to make databases. */
const given = process.env.SPARKIFY_TEST_POSTGRES;
let address: URL;
/** The test file's own server; undefined where SPARKIFY_TEST_POSTGRES names another, or all files share one. */
export let ownServer: PostgresTestServer | undefined;
export const whyNoOwnServer = 'SPARKIFY_TEST_POSTGRES names a server that is not the tests’ to restart';
export const hasOwnServer = given === undefined;
const databases: string[] = [];

/** Gives the tests of a file the server that all files share, or the one that SPARKIFY_TEST_POSTGRES names. */
export function usePostgres(): void {
  const shared = given ?? inject('postgres');
  // A run with another configuration shares none.
  if (shared === undefined) useOwnPostgres();
  else useServer(shared);
}

/** For tests that change the server, crash it or look at all of it: one of their own, where none is named. */
export function useOwnPostgres(
  settings: Readonly<Record<string, string | number>> = {},
  files: Readonly<Record<string, string>> = {},
): void {
  if (given !== undefined) {
    useServer(given);
    return;
  }
  beforeAll(async () => {
    ownServer = await startPostgres({ ...cheapSettings, ...settings }, files);
    address = new URL(addressOf(ownServer));
  });
  afterAll(() => ownServer?.stop());
}

function useServer(url: string): void {
  beforeAll(() => {
    address = new URL(url);
  });
  afterAll(async () => {
    for (const database of databases.splice(0))
      await ask(address.href, `drop database if exists ${database} with (force)`);
  });
}

/** The address of a new, empty database. */
export async function freshDatabase(): Promise<string> {
  const database = `test_${randomBytes(6).toString('hex')}`;
  // Copies files where the copy need not go to the disk; a server that is named may not know the word.
  const strategy = given === undefined ? 'strategy file_copy' : '';
  await ask(address.href, `create database ${database} template template0 encoding 'UTF8' ${strategy}`);
  databases.push(database);
  return Object.assign(new URL(address), { pathname: `/${database}` }).href;
}

/** Runs statements in a session of their own; the rows of the last one. */
export async function ask(url: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.end();
  }
}

/** An address as the adapter takes it. */
export function settingsOf(url: string): PostgresServer {
  return postgresSettings(url, {});
}

/** Opens a database for writing, gives it to `work`, closes it. */
export async function withPostgres<T>(url: string, work: (warehouse: Warehouse) => Promise<T>): Promise<T> {
  const warehouse = await openPostgres(settingsOf(url), { command: 'test', waitMs: 0, nowMs: Date.now });
  try {
    return await work(warehouse);
  } finally {
    await warehouse.close();
  }
}
