import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sparkify } from './support/command.ts';
import { inventData } from './support/invented.ts';
import { eventRecord, jsonLines, writeFiles } from './support/records.ts';
import { sampleOneIn } from './support/sample.ts';
import { freshFolder } from './support/warehouse.ts';

sampleOneIn(2);

const etl = ['etl', '--log-data', 'logs'];

function withLog(): string {
  const cwd = freshFolder();
  writeFiles(cwd, { 'logs/a.json': jsonLines([eventRecord()]) });
  return cwd;
}

function modeOf(...path: string[]): string {
  return (statSync(join(...path)).mode & 0o777).toString(8);
}

describe('what sparkify makes', () => {
  test('can be read by its user alone, while a load runs, too', async () => {
    const cwd = freshFolder();
    const { logs } = inventData(cwd, { seed: 9, days: 2, eventsPerDay: 4000 });
    const during = new Map<string, string>();
    const load = await sparkify(['etl', '--log-data', logs], {
      cwd,
      onTalk() {
        for (const name of readdirSync(cwd).filter((name) => name.startsWith('sparkify.')))
          during.set(name.replace(/\.\d+-\w+\.tmp/, '.aside'), modeOf(cwd, name));
      },
    });
    expect(load.code, load.stderr).toBe(0);
    expect([...during.keys()]).toContain('sparkify.duckdb.lease');
    expect(new Set(during.values())).toEqual(new Set(['600']));
    expect(modeOf(cwd, 'sparkify.duckdb')).toBe('600');
    expect(modeOf(cwd, 'sparkify.published.duckdb')).toBe('400');
    const exported = await sparkify(['export', 'users', '--parquet', 'out/deep'], { cwd });
    expect(exported.code, exported.stderr).toBe(0);
    expect([modeOf(cwd, 'out'), modeOf(cwd, 'out/deep'), modeOf(cwd, 'out/deep/users.parquet')]).toEqual([
      '700',
      '700',
      '600',
    ]);
    expect((await sparkify(['init'], { cwd })).code).toBe(0);
    expect(modeOf(cwd, 'dwh.cfg')).toBe('600');
  });

  test('can be read by a group where FILE_MODE says so', async () => {
    const cwd = withLog();
    writeFiles(cwd, { 'dwh.cfg': '[WAREHOUSE]\nFILE_MODE = 640\n' });
    expect((await sparkify(etl, { cwd })).code).toBe(0);
    expect(modeOf(cwd, 'sparkify.duckdb')).toBe('640');
    expect(modeOf(cwd, 'sparkify.published.duckdb')).toBe('440');
    await sparkify(['export', 'users', '--parquet', 'out'], { cwd });
    expect(modeOf(cwd, 'out/users.parquet')).toBe('640');
    const wrong = await sparkify(etl, { cwd, env: { SPARKIFY_FILE_MODE: '666' } });
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('must be 600 or 640')]);
  });

  test('is as the user’s umask has it where the data is made up', async () => {
    const cwd = freshFolder();
    const made = await sparkify(['simulate', '--days', '1', '--users', '5', '--songs', '71'], { cwd });
    expect(made.code, made.stderr).toBe(0);
    const usual = (0o666 & ~process.umask()).toString(8);
    expect(modeOf(cwd, 'simulated', 'manifest.json')).toBe(usual);
  });
});

describe('a warehouse that others can read', () => {
  test('stays as it is, with its copy, and doctor says so', async () => {
    const cwd = withLog();
    const file = join(cwd, 'sparkify.duckdb');
    expect((await sparkify(etl, { cwd })).code).toBe(0);
    expect((await sparkify(['doctor'], { cwd })).stdout).not.toContain('can read');
    chmodSync(file, 0o644);
    writeFiles(cwd, { 'logs/b.json': jsonLines([eventRecord({ itemInSession: 1 })]) });
    expect((await sparkify(etl, { cwd })).code).toBe(0);
    expect([modeOf(file), modeOf(cwd, 'sparkify.published.duckdb')]).toEqual(['644', '444']);
    const doctor = await sparkify(['doctor'], { cwd });
    expect(doctor.code).toBe(0);
    expect(doctor.stdout).toMatch(/note {2}file modes .*others can read/);
    const fix = doctor.stdout.match(/chmod .*duckdb$/m)?.[0] as string;
    expect(spawnSync('sh', ['-c', fix]).status).toBe(0);
    expect([modeOf(file), modeOf(cwd, 'sparkify.published.duckdb')]).toEqual(['600', '400']);
    expect((await sparkify(['doctor'], { cwd })).stdout).not.toContain('can read');
  });
});

describe('a dwh.cfg with a secret in it', () => {
  test.each([
    [
      'a password',
      '[CLUSTER]\nDB_PASSWORD = x\n[WAREHOUSE]\nURL = duckdb:w.duckdb\n',
      '[CLUSTER] DB_PASSWORD',
    ],
    ['an AWS key', "[AWS]\nKEY=AKIA\nSECRET='y'\n", '[AWS] KEY, [AWS] SECRET'],
    ['an address with a password', '[OLD]\nURL = postgres://me:x@host/d\n', '[OLD] URL'],
  ])('%s: doctor minds that others can read it', async (_, text, keys) => {
    const cwd = freshFolder();
    writeFiles(cwd, { 'dwh.cfg': text });
    chmodSync(join(cwd, 'dwh.cfg'), 0o640);
    const minded = await sparkify(['doctor'], { cwd });
    expect(minded.stdout).toContain(`others can read dwh.cfg (mode 640), which holds ${keys}`);
    expect(minded.stdout).toContain('chmod 600 dwh.cfg');
    chmodSync(join(cwd, 'dwh.cfg'), 0o600);
    expect((await sparkify(['doctor'], { cwd })).stdout).not.toContain('others can read');
  });

  test('that names a secret elsewhere, or sets none, may be read', async () => {
    const cwd = freshFolder();
    writeFiles(cwd, {
      'dwh.cfg':
        '[REDSHIFT]\nSECRET = sparkify/redshift\n[CLUSTER]\nDB_PASSWORD =\n[WAREHOUSE]\nURL = w.duckdb\n',
    });
    chmodSync(join(cwd, 'dwh.cfg'), 0o644);
    expect((await sparkify(['doctor'], { cwd })).stdout).not.toContain('others can read');
  });
});
