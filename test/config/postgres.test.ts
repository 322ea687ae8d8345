import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { postgresSettings } from '../../src/config/postgres.ts';
import { writeFiles } from '../support/records.ts';
import { freshFolder } from '../support/warehouse.ts';

const usual = {
  host: 'localhost',
  port: 5432,
  database: userInfo().username,
  user: userInfo().username,
  password: null,
  passwordFile: join(homedir(), '.pgpass'),
  sslMode: 'prefer',
  sslRootCert: null,
  sslCert: null,
  sslKey: null,
  schema: null,
  options: null,
  connectTimeoutSeconds: 15,
  statementTimeoutSeconds: 0,
};

describe('the address of a PostgreSQL server', () => {
  test.each([
    ['postgres:', {}],
    ['postgresql://', {}],
    ['postgres:///sparkify', { database: 'sparkify' }],
    ['postgres://db', { host: 'db' }],
    ['postgres://me@db/d', { host: 'db', user: 'me', database: 'd' }],
    ['postgres://me@db', { host: 'db', user: 'me', database: 'me' }],
    [
      'postgres://me:a%40%2F%3A%25b@db:5433/d',
      { host: 'db', port: 5433, user: 'me', password: 'a@/:%b', database: 'd' },
    ],
    ['postgres://[::1]:6000/d', { host: '::1', port: 6000, database: 'd' }],
    [
      'postgres:///d?host=/var/run/postgresql&user=me',
      { host: '/var/run/postgresql', database: 'd', user: 'me' },
    ],
    [
      'postgres://db/d?sslmode=verify-full&sslrootcert=ca.pem&schema=analytics&statement_timeout=60&connect_timeout=3&options=-c%20work_mem%3D64MB',
      {
        host: 'db',
        database: 'd',
        sslMode: 'verify-full',
        sslRootCert: 'ca.pem',
        schema: 'analytics',
        statementTimeoutSeconds: 60,
        connectTimeoutSeconds: 3,
        options: '-c work_mem=64MB',
      },
    ],
  ])('%s', (address, expected) => {
    expect(postgresSettings(address, {})).toEqual({ ...usual, ...expected });
  });

  test('counts before the PG… variables, and those before the usual', async () => {
    const env = {
      SPARKIFY_WAREHOUSE: 'postgres://given@/d?port=1',
      PGHOST: 'h',
      PGPORT: '2',
      PGDATABASE: 'other',
      PGUSER: 'other',
      PGPASSWORD: 'secret',
      PGPASSFILE: 'f',
      PGSSLMODE: 'verify-ca',
      PGSSLROOTCERT: 'r',
      PGSSLCERT: 'c',
      PGSSLKEY: 'k',
      PGOPTIONS: '-c a=b',
      PGCONNECT_TIMEOUT: '7',
    };
    const file = join(
      writeFiles(freshFolder(), { 'dwh.cfg': '[WAREHOUSE]\nSCHEMA = analytics\nSTATEMENT_TIMEOUT = 9' }),
      'dwh.cfg',
    );
    const { warehouseChoice } = await readConfig({ file, flags: {}, env });
    expect(warehouseChoice).toEqual({
      engine: 'postgres',
      server: {
        host: 'h',
        port: 1,
        database: 'd',
        user: 'given',
        password: 'secret',
        passwordFile: 'f',
        sslMode: 'verify-ca',
        sslRootCert: 'r',
        sslCert: 'c',
        sslKey: 'k',
        schema: 'analytics',
        options: '-c a=b',
        connectTimeoutSeconds: 7,
        statementTimeoutSeconds: 9,
      },
    });
  });

  test.each([
    ['postgres://me:secret@a,b/d', /several hosts/],
    ['postgres://me:secret@h:99999999/d', /not have the form of an address/],
    ['postgres://me:se%zzcret@h/d', /"%" that is not an escape/],
    ['postgres://me:secret@h/d?sslmod=require', /parameter "sslmod"/],
    ['postgres://me:secret@h/d?sslmode=always', /sslmode is "always", not one of/],
    ['postgres://me:secret@h/d?schema=a;drop', /schema is "a;drop": it must be a plain name/],
    ['postgres://me:secret@h/d?schema=staging', /must not be staging or ops/],
    ['postgres://me:secret@h/d?connect_timeout=soon', /connect_timeout is "soon", not a number/],
  ])('%s is refused without telling its password', (address, message) => {
    let thrown: Error | null = null;
    try {
      postgresSettings(address, {});
    } catch (error) {
      thrown = error as Error;
    }
    expect(thrown?.message).toMatch(message);
    expect(`${thrown?.message} ${(thrown as { hint?: string } | null)?.hint}`).not.toMatch(/secret|cret@/);
  });
});
