import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { postgresSettings } from '../../src/config/postgres.ts';
import type { PostgresServer } from '../../src/warehouses/open.ts';
import { openPostgres } from '../../src/warehouses/postgres/writer.ts';
import type { Warehouse } from '../../src/warehouses/warehouse.ts';
import { type PostgresTestServer, startPostgres } from './postgres-server.mjs';

/** The address of a server that is there; its role must be allowed to make databases. */
const given = process.env.SPARKIFY_TEST_POSTGRES;
let address: URL;
/** The test file's own server; undefined where SPARKIFY_TEST_POSTGRES names another. */
export let ownServer: PostgresTestServer | undefined;
export const whyNoOwnServer = 'SPARKIFY_TEST_POSTGRES names a server that is not the tests’ to restart';
export const hasOwnServer = given === undefined;
const databases: string[] = [];

/** Starts a server for the tests of a file, or takes the one that SPARKIFY_TEST_POSTGRES names. */
export function usePostgres(
  settings: Readonly<Record<string, string | number>> = {},
  files: Readonly<Record<string, string>> = {},
): void {
  beforeAll(async () => {
    if (given !== undefined) {
      address = new URL(given);
      return;
    }
    ownServer = await startPostgres(settings, files);
    const { user, password, port } = ownServer;
    address = new URL(`postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`);
  });
  afterAll(async () => {
    if (ownServer !== undefined) return ownServer.stop();
    for (const database of databases)
      await ask(address.href, `drop database if exists ${database} with (force)`);
  });
}

/** The address of a new, empty database. */
export async function freshDatabase(): Promise<string> {
  const database = `test_${randomBytes(6).toString('hex')}`;
  await ask(address.href, `create database ${database} template template0 encoding 'UTF8'`);
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
