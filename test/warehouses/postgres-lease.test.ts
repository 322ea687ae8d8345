import pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { LeaseError, TransientError } from '../../src/errors.ts';
import { ensureTables } from '../../src/pipeline/setup/setup.ts';
import { openPostgres } from '../../src/warehouses/postgres/writer.ts';
import type { Warehouse } from '../../src/warehouses/warehouse.ts';
import { runOn } from '../support/ad-hoc.ts';
import { sparkify } from '../support/command.ts';
import { ask, freshDatabase, settingsOf, usePostgres, withPostgres } from '../support/postgres.ts';
import { eventRecord, jsonLines, writeFiles } from '../support/records.ts';
import { freshFolder } from '../support/warehouse.ts';

usePostgres();

const cwd = freshFolder();
const isLease =
  "pid in (select pid from pg_locks where relation = to_regclass('ops.lease') and mode = 'ExclusiveLock')";
let url: string;

beforeAll(async () => {
  writeFiles(cwd, { 'logs/a.json': jsonLines([eventRecord()]) });
  url = await freshDatabase();
  await withPostgres(url, ensureTables);
});

function open(waitMs = 0, at = url): Promise<Warehouse> {
  return openPostgres(settingsOf(at), { command: 'test', waitMs, nowMs: Date.now });
}

/** Ends the session that holds the lease of a database. */
async function endLease(): Promise<void> {
  const ended = await ask(
    url,
    `select pg_terminate_backend(pid, 5000) as ended from pg_stat_activity where ${isLease}`,
  );
  expect(ended).toEqual([{ ended: true }]);
}

describe('the lease', () => {
  test('is had by a role whose transactions only read by default', async () => {
    const other = await freshDatabase();
    await ask(
      other,
      `alter database ${new URL(other).pathname.slice(1)} set default_transaction_read_only = on`,
    );
    await withPostgres(other, ensureTables);
  });

  test('is out of reach for a role that may only read: whatever it locks, loads go on', async () => {
    const role = `reader_${new URL(url).pathname.slice(6)}`;
    await ask(
      url,
      `create role ${role} login password 'p'`,
      `grant usage on schema ops, staging, public to ${role}`,
      `grant select on all tables in schema ops, staging, public to ${role}`,
    );
    const reader = new pg.Client({
      connectionString: Object.assign(new URL(url), { username: role, password: 'p' }).href,
    });
    await reader.connect();
    try {
      await reader.query('select pg_advisory_lock(1936747883, 1)');
      for (const table of ['ops.lease', 'ops.warehouse']) {
        for (const mode of [
          'row share',
          'share update exclusive',
          'share',
          'exclusive',
          'access exclusive',
        ]) {
          await reader.query('begin');
          await expect(reader.query(`lock table ${table} in ${mode} mode`)).rejects.toThrow(
            /permission denied/,
          );
          await reader.query('rollback');
        }
        await expect(reader.query(`select * from ${table} for share`)).rejects.toThrow(/permission denied/);
      }
      await reader.query('begin isolation level repeatable read');
      await reader.query('lock table ops.lease, ops.warehouse, ops.files in access share mode');
      await reader.query('select * from ops.lease, ops.warehouse, staging.events');
      const loaded = await sparkify(
        ['etl', '--log-data', 'logs', '--warehouse', url, '--wait-seconds', '0'],
        { cwd },
      );
      expect(`${loaded.code} ${loaded.stderr}`).toMatch(/^0 /);
    } finally {
      await reader.end();
      await ask(url, `drop owned by ${role}`, `drop role ${role}`);
    }
  });

  test('is told by doctor and by a second writer, with the process and the PID that hold it', async () => {
    const warehouse = await open();
    try {
      const [holder] = await ask(url, `select pid from pg_stat_activity where ${isLease}`);
      const named = new RegExp(`sparkify test \\(process ${process.pid} .*PID ${holder?.pid} of the server`);
      await expect(open()).rejects.toThrow(named);
      const doctor = await sparkify(['doctor', '--warehouse', url], { cwd });
      expect(doctor.stdout).toMatch(new RegExp(`note +lease +being written by ${named.source}`));
    } finally {
      await warehouse.close();
    }
    expect((await sparkify(['doctor', '--warehouse', url], { cwd })).stdout).toMatch(/good +lease/);
  });

  test('holds back no vacuum, and no timeout of the server ends it', async () => {
    const database = new URL(url).pathname.slice(1);
    await ask(
      url,
      `alter database ${database} set idle_in_transaction_session_timeout = '100ms'`,
      `alter database ${database} set idle_session_timeout = '100ms'`,
      `alter database ${database} set default_transaction_isolation = 'serializable'`,
    );
    const warehouse = await open();
    try {
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(
        await ask(
          url,
          `select state, backend_xmin::text as snapshot, backend_xid::text as id from pg_stat_activity where ${isLease}`,
        ),
      ).toEqual([{ state: 'idle in transaction', snapshot: null, id: null }]);
      await warehouse.transaction(() =>
        runOn(warehouse, 'update ops.warehouse set next_file_id = next_file_id'),
      );
    } finally {
      await warehouse.close();
      await ask(url, `alter database ${database} reset all`);
    }
  });

  test('of one database leaves another on the same server alone', async () => {
    const other = await freshDatabase();
    const warehouse = await open();
    try {
      await withPostgres(other, ensureTables);
    } finally {
      await warehouse.close();
    }
  });

  test('is made by whoever comes first to an empty database, however many come at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      const empty = await freshDatabase();
      let writing = 0;
      const all = Array.from({ length: 6 }, async () => {
        const warehouse = await open(30_000, empty);
        writing += 1;
        expect(writing).toBe(1);
        await ensureTables(warehouse);
        writing -= 1;
        await warehouse.close();
      });
      expect((await Promise.allSettled(all)).filter(({ status }) => status === 'rejected')).toEqual([]);
    }
  });
});

describe('a writer whose lease was lost', () => {
  const bump = 'update ops.warehouse set next_file_id = next_file_id + 1';
  const nextId = async () => Number((await ask(url, 'select next_file_id as id from ops.warehouse'))[0]?.id);

  test('changes nothing on what another may have changed since; a new session may', async () => {
    const warehouse = await open();
    const before = await nextId();
    try {
      await endLease();
      await withPostgres(url, async (other) => {
        await other.transaction(() => runOn(other, bump));
      });
      let asked = false;
      const late = warehouse.transaction(async () => {
        asked = true;
      });
      await expect(late).rejects.toThrow(TransientError);
      expect(asked).toBe(false);
      await warehouse.reconnect?.();
      await warehouse.transaction(() => runOn(warehouse, bump));
      expect(await nextId()).toBe(before + 2);
    } finally {
      await warehouse.close();
    }
  });

  test('while it writes commits alone: another waits for it, and is told who it is', async () => {
    const warehouse = await open();
    const before = await nextId();
    try {
      await warehouse.transaction(async () => {
        await runOn(warehouse, bump);
        await endLease();
        await expect(open()).rejects.toThrow(LeaseError);
        await expect(open()).rejects.toThrow(new RegExp(`sparkify test \\(process ${process.pid} `));
        await runOn(warehouse, bump);
      });
      await withPostgres(url, async (other) => {
        await other.transaction(() => runOn(other, bump));
      });
      expect(await nextId()).toBe(before + 3);
    } finally {
      await warehouse.close();
    }
  });
});
