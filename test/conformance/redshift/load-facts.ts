import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { defaultRates } from '../../../src/simulator/faults.ts';
import { openSource } from '../../../src/sources/open.ts';
import {
  type RedshiftConnection,
  type RedshiftSessions,
  redshiftName,
} from '../../../src/warehouses/redshift/connection.ts';
import { accessOf } from '../../../src/warehouses/redshift/s3-access.ts';
import { openStaging } from '../../../src/warehouses/redshift/staging-prefix.ts';
import { redshiftWarehouse } from '../../../src/warehouses/redshift/writer.ts';
import type { SqlRow, Statement } from '../../../src/warehouses/statement.ts';
import type { Warehouse } from '../../../src/warehouses/warehouse.ts';
import { settingsWith, simulate } from '../../support/simulated.ts';
import { readTables } from '../../support/tables.ts';
import { deliver, freshFolder, withWarehouse } from '../../support/warehouse.ts';
import { all, type Fact, same, shown, UNDOCUMENTED } from './fact.ts';
import { rooms, type Trial } from './trial.ts';

/** The moment of all loads: the reasons of rejects name it. */
const nowMs = (): number => Date.UTC(2026, 0, 1);

/** The loader names the schemas staging and ops; here they are those of the run, and what the catalogue says of them is renamed back. */
function inOwnSchemas(sessions: RedshiftSessions, schema: string): RedshiftSessions {
  const loaders = new Map(['staging', 'ops'].map((room) => [`${schema}_${room}`, room]));
  const renamedBack = (row: SqlRow): SqlRow =>
    'table_schema' in row
      ? { ...row, table_schema: loaders.get(String(row.table_schema)) ?? row.table_schema }
      : row;
  const renamed = (statement: Statement): Statement => ({
    ...statement,
    sql: statement.sql.replaceAll(
      /\b(staging|ops)(?=\.\w)|(?<=['"])(staging|ops)(?=['"])/g,
      (name) => `${schema}_${name}`,
    ),
  });
  return {
    close: () => {},
    async open(purpose) {
      const session = await sessions.open(purpose);
      const { rows, run } = session;
      return Object.assign(session, {
        rows: async (statement) => (await rows(renamed(statement))).map(renamedBack),
        run: (statement) => run(renamed(statement)),
      } satisfies Pick<RedshiftConnection, 'rows' | 'run'>);
    },
  };
}

/** Opens the loader's warehouse in schemas of the run; they go when the work is done. */
async function withLoader<T>(
  cluster: Trial,
  loadBy: 'cluster' | 'client',
  work: (warehouse: Warehouse) => Promise<T>,
): Promise<T> {
  const { s3, schema } = cluster;
  const server = { ...cluster.server, schema: `${schema}_star`, loadBy };
  const lease = { command: 'conformance', waitMs: 0, nowMs: Date.now };
  const own = rooms.map((room) => `${schema}_${room}`);
  const sessions = cluster.sessionsIn('star');
  for (const name of own) await cluster.run(`create schema ${name}`);
  try {
    const staging = openStaging(`${cluster.prefix()}staging`, schema, s3);
    const on = {
      name: redshiftName(server),
      server,
      lease,
      sessions: inOwnSchemas(sessions, schema),
      staging,
    };
    const warehouse = await redshiftWarehouse(on, () => accessOf(server, s3));
    try {
      return await work(warehouse);
    } finally {
      await warehouse.close();
    }
  } finally {
    sessions.close();
    for (const name of own) await cluster.run(`drop schema ${name} cascade`);
  }
}

/** Two deliveries: all but the last log file; then that one, another without its first event, and songs a second time. */
async function deliveries(cluster: Trial): Promise<readonly (() => Promise<void>)[]> {
  const folder = join(freshFolder(), 'data');
  const settings = settingsWith({
    users: [60],
    days: 3,
    songs: 30,
    songFiles: 'packed',
    rates: defaultRates,
  });
  await simulate(folder, settings);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(log|song)_data/.test(name) && statSync(join(folder, name)).isFile())
    .sort();
  const logs = files.filter((name) => name.startsWith('log_data'));
  const [first = '', last = ''] = [logs[0], logs.at(-1)];
  const put = async (name: string, content = readFileSync(join(folder, name))): Promise<void> => {
    await cluster.put(name, content);
  };
  return [
    async () => {
      for (const name of files) if (name !== last) await put(name);
    },
    async () => {
      const text = readFileSync(join(folder, first));
      await put(first, text.subarray(text.indexOf('\n') + 1));
      await put(last);
      const songs = files.find((name) => name.startsWith('song_data')) ?? '';
      await put(songs.replace('song_data', 'song_data/again'), readFileSync(join(folder, songs)));
    },
  ];
}

/** A SUPER has an order of keys of its own. */
function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

const OF_THE_READING: readonly string[] = ['reject_id', 'file_id', 'path', 'line', 'raw'];

/** Every row of every table, as far as it does not depend on which engine read the files. */
async function outcome(warehouse: Pick<Warehouse, 'rows'>): Promise<Record<string, string[]>> {
  const tables = await readTables(warehouse);
  const text = (row: SqlRow): string =>
    JSON.stringify({
      ...Object.fromEntries(Object.entries(row).filter(([name]) => !OF_THE_READING.includes(name))),
      ...(typeof row.extra === 'string' ? { extra: sorted(JSON.parse(row.extra)) } : {}),
    });
  return Object.fromEntries(
    Object.entries(tables)
      .filter(([name]) => !['ops.files', 'ops.warehouse', 'ops.drift'].includes(name))
      .map(([name, rows]) => [name, rows.map(text).sort()]),
  );
}

/** What of two outcomes differs, table by table, with the first row of each. */
function compared(seen: Record<string, string[]>, expected: Record<string, string[]>): string[] {
  return Object.keys(expected).flatMap((name) => {
    const [have, want] = [seen[name] ?? [], expected[name] ?? []];
    const [more, less] = [
      have.filter((row) => !want.includes(row)),
      want.filter((row) => !have.includes(row)),
    ];
    if (more.length + less.length === 0 && have.length === want.length) return [];
    return [
      `${name}: ${have.length} rows, not ${want.length}; ${shown(more[0] ?? '')} instead of ${shown(less[0] ?? '')}`,
    ];
  });
}

async function loadTwice(cluster: Trial, loadBy: 'cluster' | 'client'): Promise<readonly string[]> {
  return withLoader(cluster, loadBy, (warehouse) =>
    withWarehouse(join(freshFolder(), 'w.duckdb'), async (duckDb) => {
      const found: string[] = [];
      for (const arrive of await deliveries(cluster)) {
        await arrive();
        for (const to of [warehouse, duckDb]) {
          const place = (name: string) => openSource(`${cluster.prefix()}${name}`, nowMs, cluster.s3);
          const report = await deliver(to, {
            options: { logs: place('log_data'), songs: place('song_data'), nowMs },
          });
          if (to === warehouse)
            cluster.note(`${report.events.staged} events, ${report.events.rejected} refused`);
        }
        found.push(...compared(await outcome(warehouse), await outcome(duckDb)));
      }
      return found;
    }),
  );
}

const whole = (id: string, by: 'cluster' | 'client', how: string): Fact => ({
  id,
  claim: `A whole load of dirty data that ${how}, and a second delivery, make the tables and rejects that DuckDB makes of the same objects.`,
  page: UNDOCUMENTED,
  doubt: 'open',
  reliedOnBy: 'Everything: every statement of a load, and of one that changes what is there.',
  check: async (cluster) => {
    cluster.access();
    return all(same(await loadTwice(cluster, by), []));
  },
});

/** The product itself, from objects to the star. */
export const loadFacts: readonly Fact[] = [
  whole('load-by-cluster', 'cluster', 'the cluster reads by itself'),
  whole('load-by-client', 'client', 'the loader reads, packs and sends'),
];
