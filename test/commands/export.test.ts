import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { allTables, starTables } from '../../src/models/book.ts';
import { artists } from '../../src/models/star/artists.ts';
import { songs } from '../../src/models/star/songs.ts';
import { checkLayout, recover } from '../../src/pipeline/setup/setup.ts';
import { columnNames, qualifiedName, type Table } from '../../src/schema/table.ts';
import { openPublished, openWarehouse, type WarehouseAddress } from '../../src/warehouses/open.ts';
import { listColumns } from '../../src/warehouses/sql.ts';
import type { ReadOnlyWarehouse } from '../../src/warehouses/warehouse.ts';
import { rowsOf, runOn } from '../support/ad-hoc.ts';
import { type Outcome, type RunOptions, sparkify } from '../support/command.ts';
import { inventData } from '../support/invented.ts';
import { freshDatabase, settingsOf, usePostgres } from '../support/postgres.ts';
import { eventRecord, jsonLines, writeFiles } from '../support/records.ts';
import {
  commandLineOf,
  freshCluster,
  type RedshiftTestCluster,
  ROLE,
  useRedshift,
} from '../support/redshift-world.ts';
import { env as s3Env, server, useS3Server } from '../support/s3-world.ts';
import { sampleOneIn } from '../support/sample.ts';
import { deliver, freshFolder } from '../support/warehouse.ts';

sampleOneIn(3);

usePostgres();
useS3Server();
useRedshift();

interface World {
  readonly place: WarehouseAddress;
  /** Where sessions can be opened that hold up the export; of DuckDB there is none. */
  readonly database: string;
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What the role was seen to do with objects, as `write bucket/key`. */
const done: string[] = [];
let mayWrite = (_key: string): boolean => true;
let cluster: RedshiftTestCluster;

const engines: readonly [string, () => Promise<World>][] = [
  [
    'DuckDB',
    async () => {
      const file = join(freshFolder(), 'w.duckdb');
      return {
        place: { engine: 'duckdb', file },
        database: '',
        flags: ['--warehouse', `duckdb:${file}`],
        env: s3Env(),
      };
    },
  ],
  [
    'PostgreSQL',
    async () => {
      const database = await freshDatabase();
      return {
        place: { engine: 'postgres', server: settingsOf(database) },
        database,
        flags: ['--warehouse', database],
        env: s3Env(),
      };
    },
  ],
  [
    'Redshift',
    async () => {
      cluster = await freshCluster({
        allows: (action, bucket, key) => {
          done.push(`${action} ${bucket}/${key}`);
          return action !== 'write' || mayWrite(key);
        },
      });
      return { place: cluster.place, database: cluster.database, ...commandLineOf(cluster) };
    },
  ],
];

const worlds = new Map<string, World>();
let tmp = '';
beforeAll(async () => {
  const folder = freshFolder();
  tmp = join(folder, 'tmp');
  mkdirSync(tmp);
  const data = inventData(folder, { seed: 5, days: 2, eventsPerDay: 40 });
  writeFiles(data.logs, {
    'odd.json': jsonLines([
      eventRecord({ sessionId: 9_000, firstName: 'O\'Néill "x"\t\\', location: '' }),
      '{"broken',
    ]),
  });
  server.put('lake', 'README', 'Tables for others.');
  await Promise.all(
    engines.map(async ([name, fresh]) => {
      const world = await fresh();
      worlds.set(name, world);
      const warehouse = await openWarehouse(world.place, { command: 'test', waitMs: 0, nowMs: Date.now });
      await deliver(warehouse, data).finally(() => warehouse.close());
    }),
  );
});

const reading = async <T>(
  name: string,
  work: (reader: ReadOnlyWarehouse) => Promise<T>,
  writes: string[] = [],
): Promise<T> => {
  const reader = await openPublished((worlds.get(name) as World).place, { nowMs: Date.now, recover, writes });
  return work(reader).finally(() => reader.close());
};

function run(name: string, args: readonly string[], options: Partial<RunOptions> = {}): Promise<Outcome> {
  const { flags, env } = worlds.get(name) as World;
  return sparkify(['export', ...args, ...flags], { cwd: tmp, ...options, env: { ...env, TMPDIR: tmp } });
}

const instance = DuckDBInstance.create(':memory:');
afterAll(async () => (await instance).closeSync());

/** Rows of Parquet files as DuckDB reads them, in no order. */
async function parquet(files: string, table: Table): Promise<string[]> {
  const connection = await (await instance).connect();
  const result = await connection.runAndReadAll(`select * from read_parquet('${files}')`);
  expect(result.columnNames()).toEqual(columnNames(table));
  const rows = result.getRowsJS().map((row) => JSON.stringify(row.map(plain)));
  connection.closeSync();
  return rows.sort();
}

const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

/** Rows of tables as the warehouse has them, by the tables' names, in no order. */
function exportedRows(name: string, tables: readonly Table[]): Promise<Record<string, string[]>> {
  return reading(name, async (reader) => {
    const found: Record<string, string[]> = {};
    for (const table of tables) {
      const rows = await rowsOf(reader, `select ${listColumns(table)} from ${qualifiedName(table)}`);
      const values = rows.map((row) => columnNames(table).map((column) => row[column] ?? null));
      found[qualifiedName(table)] = values.map((row) => JSON.stringify(row)).sort();
    }
    return found;
  });
}

/** Brings what lies below a prefix to this machine. */
function fetched(prefix: string): string {
  const folder = freshFolder();
  for (const key of server.keys('lake').filter((found) => found.startsWith(`${prefix}/`)))
    writeFiles(folder, { [key.slice(prefix.length + 1)]: server.get('lake', key) as Buffer });
  return folder;
}

/** Sends a signal once something is seen, whatever it is. */
function signalWhen(isThere: () => boolean): (child: ChildProcess) => void {
  return (child) =>
    void vi
      .waitFor(() => expect(isThere()).toBe(true), { timeout: 20_000 })
      .finally(() => child.kill('SIGINT'));
}

/** Holds a table so that nobody can read it. */
async function holding<T>(database: string, table: string, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  await client.query(`begin; lock table ${table} in access exclusive mode`);
  return work().finally(() => client.end());
}

describe.each(engines.map(([name]) => name))('an export from %s', (name) => {
  const isUnload = name === 'Redshift';
  const prefix = `star-${name.toLowerCase()}`;

  test('to a folder holds every table, row for row', async () => {
    const folder = join(freshFolder(), 'new', "it's");
    const tables = allTables.map(qualifiedName);
    const outcome = await run(name, ['--parquet', folder, '--json', ...tables]);
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    const report = JSON.parse(outcome.stdout);
    expect(readdirSync(folder).sort()).toEqual(tables.map((table) => `${table}.parquet`).sort());
    const rows = await exportedRows(name, allTables);
    for (const table of allTables) {
      const file = join(folder, `${qualifiedName(table)}.parquet`);
      const expected = rows[qualifiedName(table)] as string[];
      expect(await parquet(file.replaceAll("'", "''"), table), table.name).toEqual(expected);
      expect(report.tables).toContainEqual({
        table: qualifiedName(table),
        at: file,
        rows: expected.length,
        files: 1,
        bytes: readFileSync(file).length,
      });
    }
    expect(report).toMatchObject({ status: 'exported', place: folder });
  });

  test('to S3 holds the star; what passes through the client is nothing on Redshift', async () => {
    server.sent.clear();
    done.length = 0;
    const sent = isUnload ? cluster.double.bytesSent() : 0;
    const outcome = await run(name, ['--parquet', `s3://lake/${prefix}/`]);
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    expect(outcome.stdout).toMatch(/songplays +\d+ +\d +[\d.]+ kB\n/);
    expect(outcome.stdout).toMatch(new RegExp(`Wrote \\d+ rows of 5 tables to s3://lake/${prefix}\\.`));
    if (isUnload) {
      // Every object was put by the role, and none was fetched.
      const puts = server.requests.filter((request) => request.startsWith('PUT'));
      expect(puts.sort()).toEqual(
        done
          .filter((act) => act.startsWith('write'))
          .map((act) => act.replace('write', 'PUT'))
          .sort(),
      );
      expect(server.requests.filter((request) => !/^(PUT|LIST) /.test(request))).toEqual([]);
      expect(server.sent.size).toBe(0);
      const exporting = cluster.double.bytesSent() - sent;
      await reading(name, checkLayout);
      const catalogue = cluster.double.bytesSent() - sent - exporting;
      // Beside what every reader asks of the catalogue, only how many rows went where.
      expect(exporting - catalogue).toBeLessThan(5_000);
    }
    const folder = fetched(prefix);
    const rows = await exportedRows(name, starTables);
    for (const table of starTables) {
      const files = isUnload ? `${table.name}/*` : `${table.name}.parquet`;
      expect(await parquet(join(folder, files), table), table.name).toEqual(rows[table.name]);
    }
    expect(readdirSync(tmp)).toEqual([]);
  });

  test('with --overwrite replaces the tables’ own files, and nothing else', async () => {
    const folder = writeFiles(freshFolder(), { 'songs.parquet': 'old', 'mine.txt': 'mine' });
    const at = `over-${prefix}`;
    const old = isUnload ? ['songs/0007_part_00.parquet', 'songs/manifest'] : ['songs.parquet'];
    const others = ['mine.txt', 'songs-old/x', 'users.parquet'];
    for (const key of [...old, ...others]) server.put('lake', `${at}/${key}`, 'old');
    const overwritten = async (place: string): Promise<void> => {
      const outcome = await run(name, ['--overwrite', '--parquet', place, 'songs']);
      expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
      expect(outcome.stderr).toContain(`Left as it was in ${place}: mine.txt`);
    };
    await Promise.all([overwritten(folder), overwritten(`s3://lake/${at}`)]);
    const { songs: expected } = await exportedRows(name, [songs]);
    expect(await parquet(join(folder, 'songs.parquet'), songs)).toEqual(expected);
    expect(readdirSync(folder).sort()).toEqual(['mine.txt', 'songs.parquet']);
    const there = fetched(at);
    expect(await parquet(join(there, isUnload ? 'songs/*' : 'songs.parquet'), songs)).toEqual(expected);
    for (const key of others) expect(readFileSync(join(there, key), 'utf8')).toBe('old');
  });

  test('is of one load, whatever is loaded meanwhile', async () => {
    const folder = freshFolder();
    const select = (table: Table): string => `select ${listColumns(table)} from ${table.name}`;
    const { artists: before } = await exportedRows(name, [artists]);
    const files = [songs, artists].map(({ name: table }) => join(folder, `${table}.parquet`));
    const work = async (reader: ReadOnlyWarehouse): Promise<void> => {
      const write = (table: Table): Promise<number> =>
        reader.unload === undefined
          ? reader.writeParquet(select(table), join(folder, `${table.name}.parquet`))
          : reader.unload(select(table), `s3://lake/one/${table.name}/`, false);
      await write(songs);
      const warehouse = await openWarehouse((worlds.get(name) as World).place, {
        command: 'test',
        waitMs: 0,
        nowMs: Date.now,
      });
      try {
        await warehouse.transaction(() => runOn(warehouse, "update artists set name = 'other'"));
        await warehouse.publish();
      } finally {
        await warehouse.close();
      }
      await write(artists);
    };
    await reading(name, work, files);
    const written = join(isUnload ? fetched('one') : folder, isUnload ? 'artists/*' : 'artists.parquet');
    expect(await parquet(written, artists)).toEqual(before);
    expect(await exportedRows(name, [artists])).not.toEqual({ artists: before });
  });
});

describe('an export that cannot be', () => {
  test('is refused where something lies, by all engines in the same words, before anything is written', async () => {
    const folder = writeFiles(freshFolder(), { 'notes.txt': 'mine' });
    server.put('lake', 'full/notes.txt', 'mine');
    await Promise.all(
      engines.flatMap(([name]) =>
        [folder, 's3://lake/full'].map(async (place) => {
          const outcome = await run(name, ['--parquet', place]);
          expect(outcome).toMatchObject({ code: 2, stdout: '' });
          expect(outcome.stderr, name).toContain(`error ${place} is not empty (it holds notes.txt).`);
          expect(outcome.stderr, name).toContain('add --overwrite');
        }),
      ),
    );
    expect(new Set(server.requests)).toEqual(new Set(['LIST lake/full/']));
    expect(readdirSync(folder)).toEqual(['notes.txt']);
  });

  test('says why', async () => {
    const cwd = writeFiles(freshFolder(), { 'w.txt': '' });
    const mistakes: [string[], number, string[]][] = [
      [
        ['--parquet', 'x', 'songs', 'plays'],
        2,
        ['There is no table "plays".', 'songplays, users,', 'ops.rejects'],
      ],
      [['songs'], 2, ['export needs a place to write to.', '--parquet FOLDER']],
      [['--parquet', 'gs://bucket/x'], 2, ['writes to folders and S3, not to gs://bucket/x']],
      [['--parquet', 'w.txt'], 2, ['w.txt is a file, not a folder.']],
      [['--parquet', 's3://nowhere/x'], 1, ['there is no such bucket']],
    ];
    await Promise.all(
      mistakes.map(async ([args, code, words]) => {
        const outcome = await run('DuckDB', args, { cwd });
        expect(outcome, outcome.stderr).toMatchObject({ code, stdout: '' });
        for (const word of words) expect(outcome.stderr).toContain(word);
      }),
    );
    expect(readdirSync(cwd)).toEqual(['w.txt']);
  });

  test('for want of rights says which the role needs, and what stayed', async () => {
    mayWrite = (key) => !key.includes('/users/0001');
    const { flags, env } = worlds.get('Redshift') as World;
    const [outcome, other] = await Promise.all([
      run('Redshift', ['--parquet', 's3://lake/denied']),
      sparkify(['export', '--parquet', 's3://lake/stranger', ...flags], {
        cwd: tmp,
        env: { ...env, SPARKIFY_ROLE_ARN: ROLE.replace('copy', 'none') },
      }),
    ]);
    mayWrite = () => true;
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toContain('s3:PutObject on s3://lake/denied/users/*');
    expect(outcome.stderr).toContain(
      'warning songplays stayed in s3://lake/denied, complete; of users some files are there.',
    );
    expect(other).toMatchObject({ code: 1, stdout: '' });
    expect(other.stderr).toContain('Attach the role to the cluster');
    expect(other.stderr).not.toContain('warning');
  });

  test('for want of rights of this program’s own says which', async () => {
    server.denied = (request) => request.startsWith('PUT lake/refused');
    const outcome = await run('PostgreSQL', ['--parquet', 's3://lake/refused']);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toContain('s3:PutObject on s3://lake/refused/songplays.parquet');
    expect(readdirSync(tmp)).toEqual([]);
  });
});

describe('an export that is stopped', () => {
  test('leaves no file and no folder', async () => {
    const { database } = worlds.get('PostgreSQL') as World;
    const folder = join(freshFolder(), 'a', 'b');
    const outcome = await holding(database, 'artists', () =>
      run('PostgreSQL', ['--parquet', folder], {
        onStart: signalWhen(
          () => existsSync(folder) && readdirSync(folder).filter((file) => file.endsWith('.part')).length > 2,
        ),
      }),
    );
    expect(outcome.code, outcome.stderr).toBe(130);
    expect(outcome.stderr).toContain('Stopped by SIGINT; nothing was exported.');
    expect(existsSync(join(folder, '..'))).toBe(false);
  });

  test('while it sends leaves no object and no temporary file', async () => {
    server.trouble = (request) => (request.startsWith('PUT lake/stopped/users') ? 'silent' : null);
    const outcome = await run('DuckDB', ['--parquet', 's3://lake/stopped'], {
      onStart: signalWhen(() =>
        server.requests.some((request) => request.startsWith('PUT lake/stopped/users')),
      ),
    });
    expect(outcome.code, outcome.stderr).toBe(130);
    expect(outcome.stderr).toContain('Stopped by SIGINT; songplays stayed in s3://lake/stopped, complete.');
    expect(server.keys('lake').filter((key) => key.startsWith('stopped/'))).toEqual([
      'stopped/songplays.parquet',
    ]);
    expect(server.openUploads()).toBe(0);
    expect(readdirSync(tmp)).toEqual([]);
  });

  test('while the cluster writes stops the cluster', async () => {
    const { database } = worlds.get('Redshift') as World;
    const outcome = await holding(database, 'songs', () =>
      run('Redshift', ['--parquet', 's3://lake/halted'], {
        onStart: signalWhen(() =>
          cluster.double.statements.some(
            (sql) => /unload .* from songs'/.test(sql) && sql.includes('halted'),
          ),
        ),
      }),
    );
    expect(outcome.code, outcome.stderr).toBe(130);
    expect(outcome.stderr).toContain(
      'Stopped by SIGINT; songplays, users stayed in s3://lake/halted, complete.',
    );
    expect(cluster.double.statements.at(-1)).toContain('pg_cancel_backend');
    expect(server.keys('lake').some((key) => key.startsWith('halted/songs/'))).toBe(false);
  });
});
