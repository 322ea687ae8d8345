import pg from 'pg';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ensureTables } from '../../src/pipeline/setup/setup.ts';
import { openPostgres } from '../../src/warehouses/postgres/writer.ts';
import { rowsOf } from '../support/ad-hoc.ts';
import { type Outcome, sparkify } from '../support/command.ts';
import { throughPgBouncer, whyNoPgBouncer } from '../support/pgbouncer.ts';
import { ask, freshDatabase, settingsOf, usePostgres, withPostgres } from '../support/postgres.ts';
import { eventRecord, jsonLines, writeFiles } from '../support/records.ts';
import { sampleOneIn } from '../support/sample.ts';
import { freshFolder } from '../support/warehouse.ts';

sampleOneIn(3);

usePostgres();

const cwd = freshFolder();
let url: string;
/** What the server gives a session that sets nothing. */
let untouched: unknown;

/** PgBouncer itself carries over the application's name. */
const settings = `select string_agg(name || '=' || setting, ',' order by name) as all
  from pg_settings where source = 'session' and name <> 'application_name'`;
const session = 'select pg_backend_pid() as pid';

beforeAll(async () => {
  writeFiles(cwd, { 'logs/a.json': jsonLines([eventRecord()]) });
  url = await freshDatabase();
  await withPostgres(url, ensureTables);
});

beforeEach(async (context) => {
  if (whyNoPgBouncer !== undefined) return context.skip(whyNoPgBouncer);
  untouched = await ask(url, settings);
});

function run(at: string, ...args: string[]): Promise<Outcome> {
  return sparkify([...args, '--warehouse', at], { cwd });
}

function etl(at: string, ...others: string[]): Promise<Outcome> {
  return run(at, 'etl', '--log-data', 'logs', '--json', ...others);
}

/** Clients that each hold a transaction, so that the pool has as many processes; idle again afterwards. */
async function fillPool(at: string, count: number): Promise<void> {
  const clients = Array.from({ length: count }, () => new pg.Client({ connectionString: at }));
  await Promise.all(clients.map((client) => client.connect()));
  for (const client of clients) await client.query('begin');
  for (const client of clients) await client.query('rollback');
  await Promise.all(clients.map((client) => client.end()));
}

/** The settings that each process of a pool has for its next client. */
async function leftIn(at: string, count: number): Promise<unknown[]> {
  const clients = Array.from({ length: count }, () => new pg.Client({ connectionString: at }));
  await Promise.all(clients.map((client) => client.connect()));
  const left: unknown[] = [];
  for (const client of clients) {
    await client.query('begin');
    left.push((await client.query(settings)).rows);
  }
  await Promise.all(clients.map((client) => client.end()));
  return left;
}

describe('a pooler in transaction mode', () => {
  test.each([
    ['that gives the last process first', { server_round_robin: 0 }, 0],
    ['that gives processes in turn', { server_round_robin: 1 }, 6],
    ['that keeps spare processes', { min_pool_size: 5 }, 3],
  ])('%s is refused for a load, with the reason and what to do', async (_, more, others) => {
    await throughPgBouncer(url, { pool_mode: 'transaction', ...more }, async (pooled) => {
      await fillPool(pooled, others);
      const before = await ask(url, 'select count(*) as runs from ops.runs');
      const refused = await etl(pooled);
      expect(`${refused.code} ${refused.stderr}`).toMatch(/^2 [\s\S]*is a pooler in transaction mode/);
      expect(refused.stderr).toContain('pool_mode = session');
      expect(await ask(url, 'select count(*) as runs from ops.runs')).toEqual(before);
      const doctor = await run(pooled, 'doctor');
      expect(doctor.code).toBe(1);
      expect(doctor.stdout).toMatch(/bad +server +.*pooler in transaction mode[\s\S]*pool_mode = session/);
      for (const left of await leftIn(pooled, others + 1)) expect(left).toEqual(untouched);
    });
  });

  test('serves readers, who leave no setting behind', async () => {
    await throughPgBouncer(url, { pool_mode: 'transaction' }, async (pooled) => {
      const shown = await run(pooled, 'query', 'show timezone', '--format', 'csv');
      expect(`${shown.code} ${shown.stdout}`).toBe('0 TimeZone\nUTC\n');
      expect((await run(pooled, 'status')).code).toBe(0);
      expect(await leftIn(pooled, 1)).toEqual([untouched]);
    });
  });
});

test('a pooler in statement mode is refused, for readers, too', async () => {
  await throughPgBouncer(url, { pool_mode: 'statement' }, async (pooled) => {
    for (const refused of [await etl(pooled), await run(pooled, 'status')]) {
      expect(`${refused.code} ${refused.stderr}`).toMatch(/^2 [\s\S]*is a pooler in statement mode/);
      expect(refused.stderr).toContain('pool_mode = session');
    }
    expect((await run(pooled, 'doctor')).stdout).toMatch(/bad +server +.*pooler in statement mode/);
  });
});

describe('a pooler in session mode', () => {
  test.each([
    ['that gives the last process first', { server_round_robin: 0 }],
    ['that gives processes in turn', { server_round_robin: 1 }],
    ['that has just two processes', { default_pool_size: 2, reserve_pool_size: 0 }],
  ])('%s is taken for a load', async (_, more) => {
    const database = await freshDatabase();
    await throughPgBouncer(database, { pool_mode: 'session', ...more }, async (pooled) => {
      if (!('default_pool_size' in more)) await fillPool(pooled, 6);
      const loaded = await etl(pooled);
      expect(`${loaded.code} ${loaded.stderr}`).toMatch(/^0 /);
      expect(JSON.parse(loaded.stdout).status).toBe('committed');
      expect((await run(pooled, 'check')).code).toBe(0);
    });
  });

  test('has one writer at a time, named to others, and no session when it has gone', async () => {
    await throughPgBouncer(url, { pool_mode: 'session' }, async (pooled) => {
      const warehouse = await openPostgres(settingsOf(pooled), {
        command: 'test',
        waitMs: 0,
        nowMs: Date.now,
      });
      try {
        expect(await rowsOf(warehouse, session)).toEqual(await rowsOf(warehouse, session));
        const refused = await etl(pooled, '--wait-seconds', '0');
        expect(`${refused.code} ${refused.stderr}`).toMatch(
          new RegExp(`^1 [\\s\\S]*being written by sparkify test \\(process ${process.pid} `),
        );
      } finally {
        await warehouse.close();
      }
      expect((await etl(url, '--wait-seconds', '5')).code).toBe(0);
      expect((await run(pooled, 'doctor')).stdout).toMatch(/good +server +.*keeps a session for each client/);
      for (const left of await leftIn(pooled, 3)) expect(left).toEqual(untouched);
    });
  });
});
