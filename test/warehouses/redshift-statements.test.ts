import { readFileSync, truncateSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { parseAnswerKey } from '../../src/answer-key/answer-key.ts';
import { compareWith } from '../../src/answer-key/compare.ts';
import { command as rejectsCommand } from '../../src/commands/rejects.ts';
import type { Context, Flags } from '../../src/commands/shared/command.ts';
import { readConfig } from '../../src/config/config.ts';
import { exportTables } from '../../src/exports/export.ts';
import { exportTarget } from '../../src/exports/target.ts';
import { explain } from '../../src/lineage/explain.ts';
import { starTables } from '../../src/models/book.ts';
import { matchSummary } from '../../src/pipeline/build/match.ts';
import { allChecks, driftChecks, limitChecks, runChecks } from '../../src/pipeline/check/check.ts';
import { plan } from '../../src/pipeline/load.ts';
import type { LoadOptions } from '../../src/pipeline/load-options.ts';
import type { LoadSummary } from '../../src/pipeline/record/load-summary.ts';
import { countTotals, lastDrift } from '../../src/pipeline/record/totals.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { dropTables, ensureTables, hasTables, recover } from '../../src/pipeline/setup/setup.ts';
import { countDrift } from '../../src/pipeline/stage/drift.ts';
import { readFreshness, readStatus } from '../../src/pipeline/status.ts';
import { allReports, reportSql } from '../../src/reports/book.ts';
import { defaultRates } from '../../src/simulator/faults.ts';
import { openSource } from '../../src/sources/open.ts';
import { silent } from '../../src/telemetry/observer.ts';
import type { LeaseOptions } from '../../src/warehouses/lease.ts';
import { openPublished } from '../../src/warehouses/open.ts';
import { examineRedshift } from '../../src/warehouses/redshift/doctor.ts';
import { dryRunRedshift } from '../../src/warehouses/redshift/dry-run.ts';
import type { RedshiftServer } from '../../src/warehouses/redshift/server.ts';
import { openRedshift } from '../../src/warehouses/redshift/writer.ts';
import type { ReadOnlyWarehouse, Warehouse } from '../../src/warehouses/warehouse.ts';
import { runOn } from '../support/ad-hoc.ts';
import {
  headed,
  readGolden,
  sentDuring,
  statementBook,
  type ThisRun,
  writeGolden,
} from '../support/golden-statements.ts';
import { thaw } from '../support/layouts/frozen.ts';
import { ask, usePostgres } from '../support/postgres.ts';
import { eventRecord, jsonLines, pageRecord, play, songRecord, writeFiles } from '../support/records.ts';
import {
  commandLineOf,
  freshCluster,
  type RedshiftTestCluster,
  useRedshift,
  withRedshift,
} from '../support/redshift-world.ts';
import { server, useS3Server } from '../support/s3-world.ts';
import { settingsWith, simulate } from '../support/simulated.ts';
import { deliver, freshFolder } from '../support/warehouse.ts';

usePostgres();
useS3Server();
useRedshift();

const GOLDEN = fileURLToPath(new URL('../golden/redshift', import.meta.url));
const HOW_TO_RENEW =
  'If the SQL was meant to change: SPARKIFY_RENEW_GOLDEN=1 npx vitest run test/warehouses/redshift-statements.test.ts, read the difference, and run .ci/sqlfluff.sh';
/** The moment of all loads: bounds and reasons name it. */
const nowMs = (): number => Date.UTC(2026, 0, 1);
/** Plays 0 to 2, packed by zstd. */
const zstd = Buffer.from(
  'KLUv/WQQA70IAJbROCZgT3MwMQzDMBCUe/TucIT0y9Y6JBL+D8pOALJReuGwaQEpDQZ5DiwALQAtAPJ8x99rX7Pj+fBi/L09MHJtlZrzp0VdHSN9/H1zM3h+p5pOnMbfr5W3wpMCv+jmtud8C0JxnNJO+PiFGdpV83esQYdBa4U4Gzu/ZxU1IHZu75NKa3syLU/f2YXXnk+vWfmzZ/d+WfZcKRBV5RRO0QwHV6+Vsev5cdLJDXXk7x3h53xKRfIXiQLCAUpH/L8IDBWmSoSoUDblg1o4ZwlQbXAgQAyTIwr55e93dmTUtllzVXPO3rMNEgAAUOkB6iyAYj2ghHjtqBtsgHdAMOXrERTTteqKLgaDg9xBaDkoOTKhORxSm4UyA4WWkY8=',
  'base64',
);

const s3Place = (name: string) =>
  openSource(`s3://data/${name}`, nowMs, { endpoint: server.endpoint, region: 'us-east-1' });

/** Loads what lies in the bucket, as the cluster reads it. */
function loadFromS3(warehouse: Warehouse, options: Partial<LoadOptions> = {}): Promise<LoadSummary> {
  return deliver(warehouse, {
    options: { logs: s3Place('log_data'), songs: s3Place('song_data'), nowMs, ...options },
  });
}

/** As gzip, the same on every machine: not compressed, and from no system. */
function packed(text: string): Buffer {
  const bytes = gzipSync(text, { level: 0 });
  bytes[9] = 255;
  return bytes;
}

const put = (name: string, content: string | Buffer): unknown => server.put('data', name, content);
/** The same cluster, used otherwise. */
const otherwise = (cluster: RedshiftTestCluster, change: Partial<RedshiftServer>): RedshiftTestCluster => ({
  ...cluster,
  place: { ...cluster.place, server: { ...cluster.place.server, ...change } },
});

async function reading(
  cluster: RedshiftTestCluster,
  work: (reader: ReadOnlyWarehouse) => Promise<void>,
): Promise<void> {
  const reader = await openPublished(cluster.place, { nowMs, recover });
  try {
    await work(reader);
  } finally {
    await reader.close();
  }
}

/** All events of an artist whom the catalogue knows, or not; a title that it knows, or not. */
async function coldLoad(warehouse: Warehouse): Promise<void> {
  put(
    'log_data/1.json',
    jsonLines([play(10), play(11, { song: 'Unravel' }), pageRecord('Home', { itemInSession: 12 })]),
  );
  put('log_data/2.json.gz', packed(jsonLines([play(20, { length: 1 }), play(21, { artist: 'Nobody' })])));
  put('log_data/3.json.zst', zstd);
  put('song_data/1.json', JSON.stringify(songRecord()));
  await recover(warehouse);
  expect((await loadFromS3(warehouse)).events.staged).toBe(8);
  expect((await loadFromS3(warehouse)).status).toBe('unchanged');
}

async function laterLoads(warehouse: Warehouse): Promise<void> {
  put('log_data/4.json', jsonLines([play(40, { level: 'paid' }), play(41, { userId: '8' })]));
  await loadFromS3(warehouse);
  // A changed file, whose batch is replaced; duplicates and a conflict; undeclared keys; refused records; another name.
  put(
    'log_data/1.json',
    jsonLines([play(10), play(10), play(11, { level: 'paid' }), { ...play(13), weather: 'fair' }]),
  );
  put(
    'log_data/5.json',
    jsonLines([
      play(10),
      play(20, { level: 'paid' }),
      { ...play(50), ts: 'soon' },
      { ...play(51), Level: 'x' },
    ]),
  );
  put('log_data/6.json', jsonLines([play(40, { level: 'paid' }), play(41, { userId: '8' })]));
  put(
    'song_data/2.json',
    JSON.stringify({ ...songRecord({ song_id: 'SO2', title: 'Jóga' }), mood: 'high', year: -1.5 }),
  );
  put('song_data/3.json', JSON.stringify(songRecord({ song_id: 'SO3', title: 'Unravel' })));
  const report = await loadFromS3(warehouse);
  expect([
    report.events.rejected,
    report.songs.rejected,
    report.files.changed,
    report.files.duplicate,
  ]).toEqual([1, 1, 1, 1]);
  expect(report.conflicts.events).toBe(1);
  // What is no record is read line by line; a whole file that is none, too.
  put('log_data/7.json', jsonLines([play(70), '{"broken', play(71)]));
  put('log_data/8.json.gz', packed(jsonLines([play(80)])).subarray(0, 60));
  expect((await loadFromS3(warehouse)).events.rejected).toBe(2);
  put('log_data/9.json', jsonLines([{ ...play(90), ts: -1 }]));
  const none = { share: null, count: 0 };
  await expect(loadFromS3(warehouse, { maxRejects: none })).rejects.toThrow(/more than the limit of 0/);
  put('log_data/9.json', '{"broken');
  await expect(loadFromS3(warehouse, { maxRejects: none })).rejects.toThrow(/more than the limit of 0/);
  put('log_data/9.json', jsonLines([play(91)]));
  await loadFromS3(warehouse);
}

/** A delivery from this machine's disk: few rows by INSERT, many in parts on the staging prefix. */
async function clientLoads(warehouse: Warehouse, folder: string): Promise<void> {
  await simulate(
    folder,
    settingsWith({ users: [40], days: 3, songs: 120, songFiles: 'packed', rates: defaultRates }),
  );
  const local = { logs: join(folder, 'log_data'), songs: join(folder, 'song_data'), options: { nowMs } };
  // Old enough for their times to be trusted, so that what is sent does not depend on how fast this machine is.
  const settled = () => new Promise((resolve) => setTimeout(resolve, 200));
  await settled();
  expect((await deliver(warehouse, local)).events.staged).toBeGreaterThan(200);
  writeFiles(local.logs, {
    'more.json': jsonLines([play(1), play(2), '{}']),
    'copy.json': jsonLines([play(1), play(2), '{}']),
  });
  writeFiles(local.logs, { 'cut.json.gz': packed(jsonLines([play(3)])) });
  truncateSync(join(local.logs, 'cut.json.gz'), 60);
  await settled();
  await deliver(warehouse, local);
  // Touched, so that its times are renewed.
  utimesSync(join(local.logs, 'more.json'), 1_600_000_000.5, 1_600_000_000.5);
  await settled();
  await deliver(warehouse, local);
}

/** What one reader asks: status, reports, a play's history, a dry run, questions of people. */
async function readings(reader: ReadOnlyWarehouse): Promise<void> {
  await hasTables(reader);
  await readStatus(reader, 5);
  await readFreshness(reader);
  await matchSummary(reader);
  await countTotals(reader);
  for (const report of allReports)
    await reader.rows({ name: `report: ${report.name}`, sql: reportSql(report) });
  for (const play of ['1-0', '1-11', '1-12', '1-20', '1-21', '1-99'])
    await explain(play, reader, (path) =>
      openSource(path, nowMs, { endpoint: server.endpoint, exact: true }),
    );
  await plan(reader, { ...loadOptions, logs: s3Place('log_data') }, silent);
  const { batches } = await reader.answer(
    'select level, count(*) as plays from songplays group by level order by level',
  );
  for await (const rows of batches) expect(rows.length).toBeGreaterThan(0);
}

const loadOptions: LoadOptions = {
  command: 'test',
  logs: null,
  songs: null,
  fullRefresh: false,
  matchOn: null,
  maxRejects: { share: null, count: null },
  nowMs,
};

async function checking(reader: ReadOnlyWarehouse): Promise<void> {
  for (const matchOn of ['title, artist, duration', 'title, artist'] as const)
    await runChecks([...allChecks(matchOn, reader.dialect), ...driftChecks(await lastDrift(reader))], reader);
  await runChecks(limitChecks({ maxAgeHours: 1, minMatchPercent: 100, nowMs: nowMs() }), reader);
}

/** Two programs that want to write, a lost connection, a commit that nobody knows of, and a statement that is ended. */
async function sessions(cluster: RedshiftTestCluster): Promise<void> {
  const { double, database, place } = cluster;
  const lease: LeaseOptions = { command: 'test', waitMs: 0, nowMs: Date.now };
  const first = await openRedshift(place.server, lease, place.s3);
  await expect(openRedshift(place.server, lease, place.s3)).rejects.toThrow(/is being written by/);
  const second = await openRedshift(
    place.server,
    { ...lease, waitMs: 20_000, onWait: () => void first.close() },
    place.s3,
  );
  const heard = (of: RegExp): Promise<void> =>
    expect.poll(() => double.statements.some((text) => of.test(text))).toBe(true);
  put('log_data/10.json', jsonLines([play(100)]));
  let isLost = false;
  double.faults.on((statement) => {
    // As if the cluster had not noticed yet that the session was lost.
    const pid = /from stv_sessions where process = (\d+)/.exec(statement)?.[1];
    const there = `insert into redshift_double.sessions values (${pid}, 'loader', now()) on conflict do nothing`;
    if (pid !== undefined) return { kind: 'pause', until: ask(database, there) };
    if (isLost || !statement.startsWith('insert into songplays')) return null;
    isLost = true;
    return { kind: 'drop', when: 'before' };
  });
  expect((await loadFromS3(second)).status).toBe('committed');
  double.faults.clear();
  double.faults.on((statement, nth) =>
    statement === 'commit' && nth === 1 ? { kind: 'drop', when: 'after' } : null,
  );
  put('log_data/11.json', jsonLines([play(110)]));
  expect((await loadFromS3(second)).status).toBe('committed');
  double.faults.clear();
  await second.close();
  const stopping = new AbortController();
  const third = await openRedshift(place.server, { ...lease, signal: stopping.signal }, place.s3);
  stopping.abort();
  await heard(/^select pg_cancel_backend/);
  await third.close();
}

/** `sparkify rejects` in this process, so that its SQL is that of the sources. */
function rejectsOf(cluster: RedshiftTestCluster) {
  const { flags, env } = commandLineOf(cluster);
  const file = join(writeFiles(freshFolder(), { 'dwh.cfg': '' }), 'dwh.cfg');
  const config = () => readConfig({ file, flags: { warehouse: flags[1] }, env });
  return (given: Flags, ...args: string[]) =>
    rejectsCommand.run(
      { config, nowMs, console: { observer: silent }, signal: silent.signal } as unknown as Context,
      given,
      args,
    );
}

/** What differs in this run: the staging prefix, by what the S3 server was asked for; processes; names of runs. */
function thisRun(pids: readonly number[], runIds: readonly (string | null)[] = []): ThisRun {
  const prefixes = server.requests
    .filter((request) => request.startsWith('PUT staging/area/'))
    .map((request) => request.split('/').slice(2, 4).join('/'));
  return {
    texts: new Map([
      ...prefixes.map((prefix) => [prefix, 'sparkify-0123/20260101T000000000Z-0123'] as const),
      ...runIds.map((id) => [String(id), '2026-01-01T00:00:00.000Z-0123'] as const),
      [`(process ${process.pid} on ${hostname()})`, '(process 1 on host)'],
    ]),
    pids,
  };
}

/** How often each text came. */
function counted(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

test('every statement that Redshift is sent has a name and stands in the golden files, and they hold no other', async () => {
  const book = statementBook();
  /** Does something with a cluster, and keeps what it is sent: by the program's own word, with which the wire agrees. */
  async function keep(
    theme: string,
    { double }: RedshiftTestCluster,
    work: () => Promise<unknown>,
  ): Promise<void> {
    const from = double.statements.length;
    const sent = await sentDuring(work);
    const told = counted(sent.map(({ sql }) => sql));
    const untold = [...counted(double.statements.slice(from))].filter(
      ([text, times]) => times > (told.get(text) ?? 0),
    );
    expect(untold, 'sent, but not told of').toEqual([]);
    book.add(
      theme,
      sent.filter(({ name }) => !name.startsWith('a test ')),
      thisRun(double.pids),
    );
  }
  const folder = join(freshFolder(), 'data');
  const cluster = await freshCluster();
  await keep('1-cold-load-by-the-cluster', cluster, () => withRedshift(cluster, coldLoad));
  await keep('2-later-loads-by-the-cluster', cluster, () => withRedshift(cluster, laterLoads));
  const renamed = await freshCluster({ server: { logJsonPath: 's3://data/paths.json' } });
  await keep('3-log-jsonpath', renamed, async () => {
    const keys = Object.keys(eventRecord());
    put(
      'paths.json',
      JSON.stringify({ jsonpaths: keys.map((key) => `$['${key === 'userId' ? 'uid' : key}']`) }),
    );
    const records = [play(0), { ...play(1), level: 'none' }, play(1)].map(({ userId: uid, ...rest }) => ({
      ...rest,
      uid,
    }));
    put('renamed/1.json', jsonLines(records));
    const report = await withRedshift(renamed, (warehouse) =>
      loadFromS3(warehouse, { logs: s3Place('renamed') }),
    );
    expect(report.events).toMatchObject({ staged: 2, rejected: 1 });
  });
  const client = await freshCluster();
  await keep('4-loads-by-the-client', client, () =>
    withRedshift(client, (warehouse) => clientLoads(warehouse, folder)),
  );
  await keep('5-replay-refresh-and-match', cluster, () =>
    withRedshift(cluster, async (warehouse) => {
      const [reject] = await ask(
        cluster.database,
        "select reject_id from ops.rejects where kind = 'log' and rule = 'wrong_type'",
      );
      expect(reject).toBeDefined();
      await replay(
        [{ rejectId: String(reject?.reject_id), raw: JSON.stringify(play(50)) }],
        warehouse,
        nowMs,
        silent,
      );
      expect(await countDrift(warehouse)).toEqual(await lastDrift(warehouse));
      await loadFromS3(warehouse, { fullRefresh: true });
      // What was changed by hand is set right: rows twice, and rows that are gone, of what the cluster and this program read.
      await runOn(warehouse, 'insert into songplays select * from songplays');
      await runOn(
        warehouse,
        'delete from staging.events where session_id = 1 and item_in_session in (10, 20)',
      );
      await runOn(warehouse, 'delete from ops.drift');
      await loadFromS3(warehouse, { fullRefresh: true });
      await loadFromS3(warehouse, { matchOn: 'title, artist' });
      await loadFromS3(warehouse, { matchOn: 'title, artist, duration' });
    }),
  );
  await keep('6-readers', cluster, async () => {
    await reading(cluster, readings);
    await reading(cluster, async (reader) => {
      for await (const _ of (await reader.answer('explain select count(*) from songplays')).batches);
    });
    await reading(cluster, async (reader) => {
      await reader.writeParquet(
        'select songplay_id, start_time from songplays',
        join(freshFolder(), 'plays.parquet'),
      );
    });
    for (const isReplacing of [false, true]) {
      await reading(cluster, async (reader) => {
        const s3 = { endpoint: server.endpoint, region: 'us-east-1' };
        const place = exportTarget('s3://data/exported', s3, { isReplacing, keeps: [] });
        const told = { isReplacing, found: [], observer: silent, onUnload() {}, onExported() {} };
        await exportTables(reader, starTables, place, told).finally(place.close);
      });
    }
    const rejects = rejectsOf(cluster);
    await rejects({ limit: '50', rule: 'wrong_type', file: 'data' }, 'list');
    await rejects({ limit: '50' }, 'list');
    await rejects({}, 'export');
    const [reject] = await ask(cluster.database, 'select reject_id from ops.rejects');
    await rejects({}, 'show', String(reject?.reject_id));
  });
  await keep('7-checks', cluster, async () => {
    await reading(cluster, checking);
    await ask(
      cluster.database,
      'update artists set latitude = 1',
      'delete from users',
      'delete from ops.song_keys',
    );
    await reading(cluster, checking);
    await reading(client, async (reader) => {
      const key = parseAnswerKey(readFileSync(join(folder, 'manifest.json'), 'utf8'));
      if (key === null) throw new Error('There is not an answer key.');
      await compareWith(key, reader);
    });
  });
  await keep('8-sessions-lease-and-doctor', client, async () => {
    await withRedshift(client, dropTables);
    await sessions(client);
    const { server: own, s3 } = client.place;
    const places = { logs: ['s3://data/log_data'], songs: ['s3://data/song_data/1.json'] };
    for (const change of [{}, { roleArn: 'default', region: null }])
      await examineRedshift({ ...own, ...change }, { endpoint: s3.endpoint ?? '' }, nowMs, places);
  });
  await keep('9-tables', client, async () => {
    for (const distribution of ['auto', 'even', 'all', { by: 'song_id' }] as const)
      await withRedshift(otherwise(client, { distribution }), async (warehouse) => {
        await dropTables(warehouse);
        await ensureTables(warehouse);
        await warehouse.publish();
      });
    await withRedshift(client, dropTables);
    await withRedshift(otherwise(client, { schema: 'analytics' }), ensureTables);
  });
  const older = await freshCluster();
  await withRedshift(older, (warehouse) => thaw(1, 'redshift', folder, warehouse));
  await keep('b-upgrade-and-repair', older, () => withRedshift(older, ensureTables));
  await withRedshift(older, async (warehouse) => {
    await runOn(warehouse, 'drop table songs');
    await runOn(warehouse, 'alter table users drop column level');
  });
  await keep('b-upgrade-and-repair', older, () => withRedshift(older, ensureTables));
  // A dry run's script, with its values in it.
  for (const loadBy of ['cluster', 'client'] as const) {
    const { place } = otherwise(await freshCluster(), { loadBy });
    const lease = { command: 'etl', waitMs: 0, nowMs };
    const { warehouse, statements } = await dryRunRedshift(place.server, lease, place.s3);
    try {
      const { runId } = await loadFromS3(warehouse);
      book.add('a-dry-run', statements, thisRun([], [runId]));
    } finally {
      await warehouse.close();
    }
  }

  if (process.env.SPARKIFY_RENEW_GOLDEN === '1') writeGolden(GOLDEN, book.statements);
  const golden = readGolden(GOLDEN);
  const sent = [...book.statements.values()].flat().map(headed);
  expect(
    sent.filter((statement) => !golden.includes(statement)),
    `sent, but not golden. ${HOW_TO_RENEW}`,
  ).toEqual([]);
  expect(
    golden.filter((statement) => !sent.includes(statement)),
    `golden, but not sent. ${HOW_TO_RENEW}`,
  ).toEqual([]);
});
