import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { starTables } from '../../src/models/book.ts';
import { type Outcome, sparkify } from '../support/command.ts';
import { ask, freshDatabase, hasOwnServer, useOwnPostgres, whyNoOwnServer } from '../support/postgres.ts';
import { eventRecord, jsonLines, songRecord, writeFiles } from '../support/records.ts';
import { sampleOneIn } from '../support/sample.ts';
import { freshFolder } from '../support/warehouse.ts';

sampleOneIn(2);

useOwnPostgres();

const cwd = freshFolder();
/** What docs/postgresql.md says of roles, word for word: the owner, those who read all, those who read the star, limits. */
const [owner, analyst, reporter, limits] = [
  ...(/^## Roles$(.*?)^## /ms.exec(readFileSync('docs/postgresql.md', 'utf8'))?.[1] ?? '').matchAll(
    /^```sql\n(.*?)^```$/gms,
  ),
].map(([, sql]) => sql as string) as [string, string, string, string];
const PASSWORD = '…';
const misled = /Load it|holds no tables|another schema|first load makes it/;
let administrator: string;

function as(role: string): string {
  return Object.assign(new URL(administrator), { username: role, password: PASSWORD }).href;
}

function run(role: string, ...args: string[]): Promise<Outcome> {
  return sparkify([...args, '--warehouse', as(role)], { cwd });
}

function etl(...others: string[]): Promise<Outcome> {
  return run('loader', 'etl', '--log-data', 'logs', '--song-data', 'songs', ...others);
}

beforeAll(async () => {
  if (!hasOwnServer) return;
  const event = eventRecord();
  writeFiles(cwd, {
    'logs/a.json': jsonLines([event, eventRecord({ itemInSession: 1, level: 'no level' })]),
    'songs/a.json': jsonLines([songRecord()]),
    'more/b.json': jsonLines([eventRecord({ itemInSession: 2 })]),
  });
  const other = await freshDatabase();
  await ask(other, "create database sparkify template template0 encoding 'UTF8'");
  administrator = Object.assign(new URL(other), { pathname: '/sparkify' }).href;
  // Readers of the star have their rights before there is a table, the others afterwards.
  await ask(administrator, owner, reporter);
  expect(await run('loader', 'doctor')).toMatchObject({ code: 0 });
  const loaded = await etl();
  expect(`${loaded.code} ${loaded.stderr}`).toMatch(/^0 /);
  await ask(administrator, analyst);
  await ask(
    administrator,
    "create role stranger login password '…'; alter role stranger set search_path = analytics",
  );
  await ask(
    administrator,
    "create role clerk login password '…'; grant usage on schema ops, staging to clerk; grant select on all tables in schema ops, staging to clerk; alter role clerk set search_path = analytics",
  );
});

describe.runIf(hasOwnServer)('by docs/postgresql.md', () => {
  test('an analyst reads everything', async () => {
    for (const args of [
      ['query', 'table songplays'],
      ['status'],
      ['check'],
      ['rejects', 'list'],
      ['export', '--parquet', 'all'],
    ]) {
      const { code, stderr } = await run('analyst', ...args);
      expect(`${code} ${stderr}`).toMatch(/^0 /);
    }
    const refused = await run('analyst', 'etl', '--log-data', 'more');
    expect(`${refused.code} ${refused.stderr}`).toMatch(
      /^1 [\s\S]*permission denied[\s\S]*docs\/postgresql\.md/,
    );
  });

  test('a reporter reads the star: query, status and export give it', async () => {
    const query = await run('reporter', 'query', 'select count(*) as plays from songplays', '--json');
    expect(`${query.code} ${query.stderr}`).toMatch(/^0 /);
    expect(JSON.parse(query.stdout)).toEqual([{ plays: 1 }]);
    const exported = await run('reporter', 'export', '--parquet', 'star');
    expect(`${exported.code} ${exported.stderr}`).toMatch(/^0 /);
    expect(readdirSync(join(cwd, 'star')).sort()).toEqual(
      starTables.map(({ name }) => `${name}.parquet`).sort(),
    );
    const status = await run('reporter', 'status');
    expect(`${status.code} ${status.stderr}`).toMatch(/^0 /);
    expect(status.stdout).toMatch(/songplays +1\n/);
    expect(status.stdout).toMatch(/staging\.events +no right\n/);
    expect(status.stdout).toMatch(/reporter may not read staging\.events, .*ops\.runs/);
    expect(status.stdout).toMatch(
      /grant usage on schema ops, staging to reporter; grant select on all tables/,
    );
    expect(status.stdout).not.toMatch(misled);
    const json = JSON.parse((await run('reporter', 'status', '--json')).stdout);
    expect(json).toMatchObject({ runs: null, files: null, rejects: null, latestEvent: null });
    expect(json.unreadable).toMatchObject({
      role: 'reporter',
      tables: expect.arrayContaining(['ops.files']),
    });
  });

  test('a reporter is told which right lacks for all else', async () => {
    const asked: [string, ...string[]][] = [
      ['check'],
      ['rejects', 'list'],
      ['explain', '1-1'],
      ['export', 'staging.events', '--parquet', 'staged'],
      ['etl', '--log-data', 'more', '--dry-run'],
      ['etl', '--log-data', 'more'],
    ];
    for (const args of asked) {
      const { code, stderr } = await run('reporter', ...args);
      expect(`${args.join(' ')}: ${code} ${stderr}`).toMatch(/: 1 [\s\S]*(may not read|permission denied)/);
      expect(stderr).not.toMatch(misled);
      expect(stderr).not.toContain('A fault in sparkify');
    }
    expect((await run('reporter', 'check')).stderr).toMatch(
      /check .*reporter may not read staging\.events[\s\S]*grant usage on schema ops, staging to reporter/,
    );
    const hidden = await run('reporter', 'query', 'select * from staging.events');
    expect(`${hidden.code} ${hidden.stderr}`).toMatch(
      /^2 [\s\S]*permission denied for schema staging[\s\S]*right/,
    );
    const doctor = await run('reporter', 'doctor');
    expect(`${doctor.code} ${doctor.stdout}`).toMatch(/^1 [\s\S]*bad +rights +reporter may not make tables/);
    expect(doctor.stdout).toMatch(/good +warehouse +1 songplays/);
  });

  test('who may not read the star is told so, and what grants it', async () => {
    const asked: [string, string[]][] = [
      ['stranger', ['status']],
      ['stranger', ['export', '--parquet', 'none']],
      ['clerk', ['query', 'select 1']],
    ];
    for (const [role, args] of asked) {
      const { code, stderr } = await run(role, ...args);
      expect(`${code} ${stderr}`).toMatch(new RegExp(`^1 [\\s\\S]*${role} may not read .*songplays`));
      expect(stderr).toContain(`grant usage on schema analytics to ${role}`);
      expect(stderr).not.toMatch(misled);
    }
    const doctor = await run('stranger', 'doctor');
    expect(doctor.stdout).toMatch(/bad +warehouse +there is one, and stranger may not read its star/);
  });

  test.each([
    ['a table of the star', 'revoke select on analytics.users from analyst', 'users'],
    [
      'some columns of one',
      'revoke select on analytics.users from analyst; grant select (user_id, level) on analytics.users to analyst',
      'users',
    ],
    ['all but one column of one', 'grant select (level) on analytics.users to analyst', 'users'],
    ['a derived table beside the star', 'revoke select on ops.song_keys from analyst', 'ops.song_keys'],
  ])('an analyst who may not see %s reads the rest', async (_, revoke, table) => {
    await ask(administrator, 'revoke select on analytics.users from analyst', revoke);
    try {
      const plays = await run('analyst', 'query', 'select count(*) as plays from songplays', '--json');
      expect(`${plays.code} ${plays.stderr}`).toMatch(/^0 /);
      expect(plays.stderr).not.toContain('missing');
      const status = await run('analyst', 'status');
      expect(`${status.code} ${status.stderr}`).toMatch(/^0 /);
      expect(status.stdout).toMatch(new RegExp(`analyst may not read .*${table}`));
      const checked = await run('analyst', 'check');
      expect(`${checked.code} ${checked.stderr}`).toMatch(
        new RegExp(`^1 [\\s\\S]*analyst may not read .*${table}`),
      );
      const hidden = await run('analyst', 'query', `select * from ${table}`);
      expect(`${hidden.code} ${hidden.stderr}`).toMatch(/^2 [\s\S]*permission denied/);
      expect(hidden.stderr).not.toContain('missing');
    } finally {
      await ask(
        administrator,
        'revoke select (user_id, level) on analytics.users from analyst',
        'grant select on all tables in schema analytics, ops, staging to analyst',
      );
    }
  });

  test('limits leave a load and its readers what they need', async () => {
    await ask(administrator, limits);
    writeFiles(cwd, { 'logs/c.json': jsonLines([eventRecord({ itemInSession: 3 })]) });
    const loaded = await etl();
    expect(`${loaded.code} ${loaded.stderr}`).toMatch(/^0 /);
    expect(await run('analyst', 'check')).toMatchObject({ code: 0 });
    expect(await run('reporter', 'status')).toMatchObject({ code: 0 });
    const timeout = await run('analyst', 'query', 'show statement_timeout', '--format', 'csv');
    expect(timeout.stdout).toBe('statement_timeout\n10min\n');
    const refused = [
      'create temporary table x (a int)',
      'create table public.x (a int)',
      'select pg_advisory_lock(1)',
      'select pg_sleep(1)',
    ];
    for (const sql of refused)
      await expect(ask(as('analyst'), sql), sql).rejects.toThrow(/permission denied|read-only/);
  });
});

test.skipIf(hasOwnServer)('roles are not made on a server that is not ours', (context) =>
  context.skip(whyNoOwnServer),
);
