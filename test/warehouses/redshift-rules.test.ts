import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { events } from '../../src/models/staging/events.ts';
import { songs as stagedSongs } from '../../src/models/staging/songs.ts';
import { sourceColumns } from '../../src/schema/table.ts';
import { openSource } from '../../src/sources/open.ts';
import type { SqlRow } from '../../src/warehouses/statement.ts';
import type { Warehouse } from '../../src/warehouses/warehouse.ts';
import { rowsOf } from '../support/ad-hoc.ts';
import { usePostgres } from '../support/postgres.ts';
import { eventRecord, songRecord, writeFiles } from '../support/records.ts';
import { freshCluster, useRedshift, withRedshift } from '../support/redshift-world.ts';
import { server, upload, useS3Server } from '../support/s3-world.ts';
import { deliver, freshFolder, withWarehouse } from '../support/warehouse.ts';

usePostgres();
useS3Server();
useRedshift();

const nowMs = (): number => Date.UTC(2026, 0, 1);

/** Values that a field may hold wrongly, or at its edge, as they stand in JSON. */
const values = [
  'null',
  '""',
  '"x"',
  '" "',
  '"ä\\"\\\\\\n😀"',
  `"${'y'.repeat(300)}"`,
  `"${'é'.repeat(1_100)}"`,
  '0',
  '-0.0',
  '-1',
  '1.5',
  '1e3',
  '4.60',
  '9007199254740991',
  '9007199254740993',
  '123456789012345678901234567890',
  '1e60',
  '9999',
  '10000',
  '1541106106796',
  '946684799999',
  'true',
  'false',
  '[]',
  '[1, "a"]',
  '{}',
  '{"a": null}',
];

/** Every declared key with every such value, without it, and in another case: one record each, all of them JSON. */
function variants(
  whole: Record<string, unknown>,
  keys: readonly string[],
  id: (nth: number) => object,
): string[] {
  const lines: string[] = [];
  const put = (record: object, more = ''): void => {
    const text = JSON.stringify({ ...record, ...id(lines.length) });
    lines.push(more === '' ? text : `${text.slice(0, -1)},${more}}`);
  };
  for (const key of keys) {
    const { [key]: value, ...others } = whole;
    put(others);
    put(others, `"${key.toUpperCase()}x":1`);
    put(
      others,
      `"${key === key.toUpperCase() ? key.toLowerCase() : key.toUpperCase()}":${JSON.stringify(value)}`,
    );
    for (const other of values) {
      const identity = id(lines.length);
      lines.push(
        key in identity
          ? `${JSON.stringify({ ...others, ...identity, [key]: undefined }).slice(0, -1)},"${key}":${other}}`
          : `${JSON.stringify({ ...others, ...identity }).slice(0, -1)},"${key}":${other}}`,
      );
    }
  }
  put(whole, '"new":1,"newer":"it\'s \\"so\\"","a b":[1,{"c":4.60}],"é\\\\":null,"zero":0.10');
  lines.push('[1, 2]', '{}');
  return lines;
}

/** Numbers as JavaScript writes them; the cluster keeps the digits of the file. */
function inOneForm(row: SqlRow): SqlRow {
  const texts = Object.entries(row).map(([name, value]) => [
    name,
    typeof value === 'string'
      ? value.replaceAll(/-?\b\d+(\.\d+)?(e\+?\d+)?\b/gi, (digits) => String(Number(digits) + 0))
      : value,
  ]);
  return Object.fromEntries(texts);
}

/** Where a number stands for a text, a SUPER keeps no exponent and no sign of zero. */
function withoutExponents(row: SqlRow): SqlRow {
  const plain = (value: unknown): unknown =>
    typeof value === 'string' && /^(-0\.0|0\.0|\d+e\d+|1000|1000{20,})$/.test(value)
      ? String(Number(value) + 0)
      : value;
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])) as SqlRow;
}

async function read(warehouse: Warehouse): Promise<Record<string, SqlRow[]>> {
  return {
    rejects: (
      await rowsOf(
        warehouse,
        // What stands there in another case is only told by the reader of lines.
        `select kind, rule, field, value, split_part(reason, '; the record has', 1) as reason from ops.rejects`,
      )
    )
      .map(inOneForm)
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    events: await rowsOf(
      warehouse,
      `select ${['extra', ...sourceColumns(events).map(({ name }) => name)].join(', ')} from staging.events order by session_id, item_in_session`,
    ),
    songs: (
      await rowsOf(
        warehouse,
        `select ${['extra', ...sourceColumns(stagedSongs).map(({ name }) => name)].join(', ')} from staging.songs order by song_id`,
      )
    ).map(withoutExponents),
    drift: await rowsOf(
      warehouse,
      'select change, key, records from ops.drift order by change, key, records',
    ),
  };
}

describe('the rules as SQL', () => {
  test('refuse, keep and count the same as the reader of lines, whatever stands in a field', async () => {
    const keysOf = (table: typeof events | typeof stagedSongs): string[] =>
      sourceColumns(table).map(({ from }) => from.key);
    const folder = writeFiles(freshFolder(), {
      'logs/a.json': variants({ ...eventRecord() }, keysOf(events), (nth) => ({
        sessionId: 1,
        itemInSession: nth,
      })).join('\n'),
      'songs/a.json': variants({ ...songRecord() }, keysOf(stagedSongs), (nth) => ({
        song_id: `S${nth}`,
      })).join('\n'),
    });
    upload(join(folder, 'logs'), 'rules', 'log_data');
    upload(join(folder, 'songs'), 'rules', 'song_data');
    const s3 = { endpoint: server.endpoint, region: 'us-east-1' };
    const place = (name: string) => openSource(`s3://rules/${name}`, nowMs, s3);
    server.sent.clear();
    const cluster = await freshCluster();
    const found = await withRedshift(cluster, async (warehouse) => {
      await deliver(warehouse, { options: { logs: place('log_data'), songs: place('song_data'), nowMs } });
      return read(warehouse);
    });
    expect(server.sent.get('other rules')).toBeUndefined();
    const expected = await withWarehouse(join(freshFolder(), 'w.duckdb'), async (duckDb) => {
      await deliver(duckDb, { logs: join(folder, 'logs'), songs: join(folder, 'songs'), options: { nowMs } });
      return read(duckDb);
    });
    expect(expected.rejects?.length).toBeGreaterThan(200);
    expect(expected.events?.length).toBeGreaterThan(50);
    for (const name of Object.keys(expected)) expect(found[name], name).toEqual(expected[name]);
  });
});
