import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { freshDatabase, usePostgres } from '../postgres.ts';
import { type RedshiftDouble, type RedshiftDoubleOptions, startRedshiftDouble } from './double.ts';

/** The address of a fresh database, as the double takes it. */
export async function freshPostgres(): Promise<RedshiftDoubleOptions['postgres']> {
  const url = new URL(await freshDatabase());
  return {
    host: url.hostname,
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1),
  };
}

/** A double for the tests of a file. */
export interface DoubleWorld {
  readonly double: RedshiftDouble;
  readonly database: string;
  /** A new session; it is closed after the tests. */
  connect(config?: pg.ClientConfig): Promise<pg.Client>;
  /** Runs statements in a session of their own; the rows of the last one, as arrays. */
  ask(...statements: string[]): Promise<unknown[][]>;
}

/** Starts a double before the tests of a file and stops it after them. */
export function useDouble(options: Partial<RedshiftDoubleOptions> = {}): () => DoubleWorld {
  let world: DoubleWorld | undefined;
  const clients = new Set<pg.Client>();
  usePostgres();
  beforeAll(async () => {
    const postgres = await freshPostgres();
    const logins = { analyst: { password: 'secret' } };
    const double = await startRedshiftDouble({ postgres, logins, ...options });
    const { database } = postgres;
    const connect = async (config: pg.ClientConfig = {}) => {
      const { host, port } = double;
      const client = new pg.Client({ host, port, database, user: 'analyst', password: 'secret', ...config });
      client.on('error', () => {});
      await client.connect();
      clients.add(client);
      return client;
    };
    const ask = async (...statements: string[]) => {
      const client = await connect();
      try {
        let rows: unknown[][] = [];
        for (const text of statements) ({ rows } = await client.query({ text, rowMode: 'array' }));
        return rows;
      } finally {
        await client.end();
        clients.delete(client);
      }
    };
    world = { double, database, connect, ask };
  });
  afterAll(async () => {
    await Promise.all([...clients].map((client) => client.end().catch(() => {})));
    await world?.double.close();
  });
  return () => {
    if (world === undefined) throw new Error('The double starts before the tests.');
    return world;
  };
}

/** What a statement is refused with. */
export async function refusal(
  work: Promise<unknown>,
): Promise<{ code: string; message: string; detail?: string }> {
  try {
    await work;
  } catch (error) {
    const { code, message, detail } = error as pg.DatabaseError;
    return { code: code ?? '', message, ...(detail === undefined ? {} : { detail }) };
  }
  throw new Error('It was not refused.');
}
