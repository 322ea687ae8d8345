import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAnswerKey } from '../../src/answer-key/answer-key.ts';
import { compareWith } from '../../src/answer-key/compare.ts';
import { allChecks, runChecks } from '../../src/pipeline/check/check.ts';
import type { LoadSummary } from '../../src/pipeline/record/load-summary.ts';
import { defaultRates } from '../../src/simulator/faults.ts';
import { openSource } from '../../src/sources/open.ts';
import type { SqlRow } from '../../src/warehouses/statement.ts';
import type { Warehouse } from '../../src/warehouses/warehouse.ts';
import { rowsOf } from '../support/ad-hoc.ts';
import { usePostgres } from '../support/postgres.ts';
import { realData, whySkipped } from '../support/real-data.ts';
import { freshCluster, useRedshift, withRedshift } from '../support/redshift-world.ts';
import { server, upload, useS3Server } from '../support/s3-world.ts';
import { settingsWith, simulate } from '../support/simulated.ts';
import { readTables } from '../support/tables.ts';
import { deliver, freshFolder, withWarehouse } from '../support/warehouse.ts';

usePostgres();
useS3Server();
useRedshift();

/** The moment of all loads: the reasons of rejects name it. */
const nowMs = (): number => Date.UTC(2026, 0, 1);

/** Loads what lies in a bucket, as the cluster reads it. */
function loadFrom(warehouse: Warehouse, bucket: string, logs = 'log_data'): Promise<LoadSummary> {
  const s3 = { endpoint: server.endpoint, region: 'us-east-1' };
  const place = (prefix: string) => openSource(`s3://${bucket}/${prefix}`, nowMs, s3);
  const songs = server.keys(bucket).some((key) => key.startsWith('song_data')) ? place('song_data') : null;
  return deliver(warehouse, { options: { logs: place(logs), songs, nowMs } });
}

/** What is kept of undeclared keys, with the keys of nested objects in order: a SUPER has an order of its own. */
function inOrder(extra: unknown): object {
  const sorted = (value: unknown): unknown =>
    value === null || typeof value !== 'object' || Array.isArray(value)
      ? value
      : Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, inner]) => [key, sorted(inner)]),
        );
  return typeof extra === 'string' ? { extra: sorted(JSON.parse(extra)) } : {};
}

/** Every row of the tables, without the ids of contents: on Redshift those of a batch share one. */
async function withoutIds(warehouse: Pick<Warehouse, 'rows'>): Promise<Record<string, unknown[]>> {
  const tables = await readTables(warehouse);
  const texts = (rows: readonly SqlRow[], drop: readonly string[]): string[] =>
    rows
      .map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !drop.includes(name))))
      .map((row) => JSON.stringify({ ...row, ...inOrder(row.extra) }))
      .sort();
  const drift = await rowsOf(
    warehouse,
    `select file.kind, drift.change, drift.key, sum(drift.records) as records
     from ops.drift as drift join (select distinct kind, file_id from ops.files) as file on file.file_id = drift.file_id
     group by file.kind, drift.change, drift.key`,
  );
  return {
    ...Object.fromEntries(
      Object.entries(tables)
        .filter(([name]) => !['ops.files', 'ops.warehouse', 'ops.rejects', 'ops.drift'].includes(name))
        .map(([name, rows]) => [name, texts(rows, ['file_id'])]),
    ),
    drift: texts(drift, []),
    rejects: texts(tables['ops.rejects'] ?? [], ['reject_id', 'file_id', 'path', 'line', 'raw']),
  };
}

describe('a load that the cluster reads by itself', () => {
  test.skipIf(!realData)(
    `gives the known answers and DuckDB’s tables, and no event comes to the client${realData ? '' : ` (${whySkipped})`}`,
    async () => {
      const { logs = '', songs = '' } = realData ?? {};
      upload(logs, 'real', 'log_data');
      upload(songs, 'real', 'song_data');
      const cluster = await freshCluster();
      const bytes = server.keys('real').reduce((sum, key) => sum + (server.get('real', key)?.length ?? 0), 0);
      server.sent.clear();
      const [report, tables] = await withRedshift(cluster, async (warehouse) => {
        const loaded = await loadFrom(warehouse, 'real');
        expect(server.sent.get('other real')).toBeUndefined();
        expect(server.sent.get('redshift-double real')).toBe(bytes);
        // What the cluster answered to all statements of the load, against 3.8 MB of events.
        expect(cluster.double.bytesSent()).toBeLessThan(100_000);
        const again = await loadFrom(warehouse, 'real');
        expect(again.status).toBe('unchanged');
        const checks = await runChecks(allChecks('title, artist, duration', warehouse.dialect), warehouse);
        expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
        return [loaded, await withoutIds(warehouse)];
      });
      expect(report.events).toEqual({ lines: 8056, staged: 8056, rejected: 0, blank: 0 });
      expect([report.tables.songplays.rows, report.tables.users.rows, report.match.matched]).toEqual([
        6820, 97, 1,
      ]);
      expect([report.tables.songs.rows, report.tables.artists.rows, report.tables.time.rows]).toEqual([
        71, 69, 6813,
      ]);
      await withWarehouse(join(freshFolder(), 'w.duckdb'), async (duckDb) => {
        await deliver(duckDb, { logs, songs, options: { nowMs } });
        expect(tables).toEqual(await withoutIds(duckDb));
      });
      expect(server.keys('staging')).toEqual(['README']);
    },
  );

  test('of dirty data, delivered again, agrees with its answer key and with DuckDB', async () => {
    const folder = join(freshFolder(), 'data');
    await simulate(
      folder,
      settingsWith({ users: [80], days: 10, songs: 120, songFiles: 'packed', rates: defaultRates }),
    );
    const key = () => {
      const found = parseAnswerKey(readFileSync(join(folder, 'manifest.json'), 'utf8'));
      if (found === null) throw new Error('There is not an answer key.');
      return found;
    };
    const local = { logs: join(folder, 'log_data'), songs: join(folder, 'song_data'), options: { nowMs } };
    const cluster = await freshCluster();
    await withWarehouse(join(freshFolder(), 'w.duckdb'), (duckDb) =>
      withRedshift(cluster, async (warehouse) => {
        for (const again of [false, true]) {
          if (again) cpSync(join(folder, 'redelivery'), folder, { recursive: true });
          for (const kind of ['log_data', 'song_data']) upload(join(folder, kind), 'dirty', kind);
          const report = await loadFrom(warehouse, 'dirty');

          const expected = await deliver(duckDb, local);
          expect((await compareWith(key(), warehouse)).differences).toEqual([]);
          expect(await withoutIds(warehouse)).toEqual(await withoutIds(duckDb));
          expect([report.match, report.tables.songplays.rows]).toEqual([
            expected.match,
            expected.tables.songplays.rows,
          ]);
        }
      }),
    );
  });
});
