import { getEventListeners } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { InterruptedError } from '../../src/errors.ts';
import { allTables, modelSql, starTables } from '../../src/models/book.ts';
import { userLevels } from '../../src/models/ops/user-levels.ts';
import { events } from '../../src/models/staging/events.ts';
import { songs } from '../../src/models/star/songs.ts';
import { wholeModels } from '../../src/pipeline/build/build.ts';
import { dropTemporary, makeTemporary } from '../../src/pipeline/build/temporary.ts';
import { dropTables, ensureTables, recover } from '../../src/pipeline/setup/setup.ts';
import { columnNames, qualifiedName } from '../../src/schema/table.ts';
import { failureOf } from '../../src/terminal/failure.ts';
import { openPublished, openWarehouse, type WarehouseAddress } from '../../src/warehouses/open.ts';
import { inDialect } from '../../src/warehouses/sql.ts';
import type { ReadOnlyWarehouse, Warehouse } from '../../src/warehouses/warehouse.ts';
import { rowsOf, runOn } from '../support/ad-hoc.ts';
import { sparkify } from '../support/command.ts';
import { freshDatabase, settingsOf, usePostgres } from '../support/postgres.ts';
import { randomNumbers } from '../support/random.ts';
import { eventRecord, jsonLines, writeFiles } from '../support/records.ts';
import {
  commandLineOf,
  freshCluster,
  type RedshiftTestCluster,
  useRedshift,
} from '../support/redshift-world.ts';
import { useS3Server } from '../support/s3-world.ts';
import { freshFolder } from '../support/warehouse.ts';

usePostgres();
useS3Server();
useRedshift();

let database = '';
let cluster: RedshiftTestCluster;

/** How the command line names the place that was made last. */
function flagsOf(place: WarehouseAddress): { flags: string[]; env: Record<string, string> } {
  if (place.engine === 'redshift') return commandLineOf(cluster);
  const address = place.engine === 'duckdb' ? `duckdb:${place.file}` : database;
  return { flags: ['--warehouse', address], env: {} };
}

const engines: readonly [string, () => Promise<WarehouseAddress>][] = [
  ['DuckDB', async () => ({ engine: 'duckdb', file: join(freshFolder(), 'w.duckdb') })],
  [
    'PostgreSQL',
    async () => {
      database = await freshDatabase();
      return { engine: 'postgres', server: settingsOf(database) };
    },
  ],
  [
    'Redshift',
    async () => {
      cluster = await freshCluster();
      return cluster.place;
    },
  ],
];

const lease = { command: 'test', waitMs: 0, nowMs: Date.now };

/** So many songs that differ in song_id and duration, which are their number. */
function songsOf(count: number) {
  return Array.from({ length: count }, (_, at) => ({
    song_id: `S${at}`,
    title: 't',
    artist_id: 'A',
    duration: at,
  }));
}

describe.each(engines)('a warehouse on %s', (name, freshPlace) => {
  async function opened<T>(
    work: (warehouse: Warehouse, place: WarehouseAddress) => Promise<T>,
    place?: WarehouseAddress,
  ): Promise<T> {
    const at = place ?? (await freshPlace());
    const warehouse = await openWarehouse(at, lease);
    try {
      await ensureTables(warehouse);
      return await work(warehouse, at);
    } finally {
      await warehouse.close();
    }
  }

  /** A reader of what was published last. */
  async function reading<T>(
    place: WarehouseAddress,
    work: (reader: ReadOnlyWarehouse) => Promise<T>,
    writes: string[] = [],
  ): Promise<T> {
    const reader = await openPublished(place, { nowMs: Date.now, recover, writes });
    try {
      return await work(reader);
    } finally {
      await reader.close();
    }
  }

  test('has the declared tables, with their columns in order, made once', () =>
    opened(async (warehouse) => {
      expect(await ensureTables(warehouse)).toEqual({
        created: false,
        refilled: [],
        upgraded: null,
        remade: [],
      });
      for (const table of allTables) {
        const rows = await rowsOf(
          warehouse,
          `select column_name from information_schema.columns
           where table_name = $1 and table_schema = ${table.schema === 'star' ? 'current_schema()' : `'${table.schema}'`}
           order by ordinal_position`,
          [table.name],
        );
        expect(rows.map(({ column_name }) => column_name)).toEqual(columnNames(table));
      }
    }));

  test('gives back what was appended: every character, number, moment and null', () =>
    opened(async (warehouse) => {
      const texts = [
        '',
        ' ',
        'a\tb',
        'a\nb',
        'a\r\nb',
        '\\',
        '\\N',
        '\\.',
        "it's",
        '"',
        '{}',
        'é',
        '😀',
        '%',
        '\u0001',
      ];
      const rows = texts.map((title, at) => ({
        song_id: `S${at}`,
        title,
        artist_id: 'A',
        year: at === 0 ? null : at,
        duration: at / 7,
      }));
      await warehouse.append(songs, rows);
      expect(await rowsOf(warehouse, 'select * from songs order by length(song_id), song_id')).toEqual(rows);
      const numbers = [0, 1e-300, 5e-324, 1.7976931348623157e308, 0.1, 1 / 3, 269.58322, 1e21, -1e-7];
      await runOn(warehouse, 'delete from songs');
      await warehouse.append(
        songs,
        numbers.map((duration, at) => ({ song_id: `${at}`, title: 't', artist_id: 'A', duration })),
      );
      expect(
        (await rowsOf(warehouse, 'select duration from songs order by song_id')).map((row) => row.duration),
      ).toEqual(numbers);
      const moments = [0, 1, 999, 951_782_400_000, 1_541_106_106_796, 4_102_444_799_999].map(
        (ms) => new Date(ms),
      );
      await warehouse.append(
        userLevels,
        moments.map((valid_from, at) => ({ user_id: `${at}`, level: 'free', valid_from, valid_to: null })),
      );
      expect(
        (await rowsOf(warehouse, 'select valid_from, valid_to from ops.user_levels order by user_id')).map(
          (row) => row,
        ),
      ).toEqual(moments.map((valid_from) => ({ valid_from, valid_to: null })));
      await warehouse.append(events, [
        {
          file_id: 1,
          session_id: Number.MAX_SAFE_INTEGER,
          item_in_session: 0,
          ts: 0,
          level: 'free',
          page: 'Home',
        },
      ]);
      const [event] = await rowsOf(warehouse, 'select session_id, artist, registration from staging.events');
      expect(event).toEqual({ session_id: Number.MAX_SAFE_INTEGER, artist: null, registration: null });
    }));

  test('says how many rows a statement changed, and takes parameters', () =>
    opened(async (warehouse) => {
      const rows = Array.from({ length: 12_000 }, (_, at) => ({
        song_id: `S${at}`,
        title: 't',
        artist_id: `A${at % 3}`,
        duration: 1,
      }));
      await warehouse.append(songs, rows);
      expect(await runOn(warehouse, 'delete from songs where artist_id = $1', ['A1'])).toBe(4_000);
      const [count] = await rowsOf(
        warehouse,
        'select count(*) as songs, sum(duration) as seconds, max(year) as year, count(*) > 1 as many from songs where artist_id = $1',
        ["A2' or 1 = 1"],
      );
      expect(count).toEqual({ songs: 0, seconds: null, year: null, many: false });
    }));

  test('a transaction that fails leaves nothing; what fails within it is told', () =>
    opened(async (warehouse) => {
      const song = { song_id: 'S', title: 't', artist_id: 'A', duration: 1 };
      await expect(
        warehouse.transaction(async () => {
          await warehouse.append(songs, [song]);
          await runOn(warehouse, 'insert into nothing values (1)');
        }),
      ).rejects.toThrow(/nothing/);
      // Swallowed, it must not pass for a commit.
      await expect(
        warehouse.transaction(async () => {
          await warehouse.append(songs, [song]);
          await rowsOf(warehouse, 'select cast(title as integer) as number from songs').catch(() => {});
        }),
      ).rejects.toThrow();
      expect(await rowsOf(warehouse, 'select * from songs')).toEqual([]);
      await warehouse.transaction(() => warehouse.append(songs, [song]));
      expect(await rowsOf(warehouse, 'select song_id from songs')).toEqual([{ song_id: 'S' }]);
    }));

  test('an error in the middle of a result is an error, not its end', () =>
    opened(async (warehouse) => {
      const rows = Array.from({ length: 10_000 }, (_, at) => ({
        song_id: `${at}`,
        title: at === 9_000 ? 'x' : '1',
        artist_id: 'A',
        duration: 1,
      }));
      await warehouse.append(songs, rows);
      await expect(rowsOf(warehouse, 'select cast(title as integer) as number from songs')).rejects.toThrow();
      await warehouse.publish();
    }));

  test('a signal ends its statement at once; its transaction is rolled back, and nothing begins any more', async () => {
    const place = await freshPlace();
    const stopping = new AbortController();
    const warehouse = await openWarehouse(place, { ...lease, signal: stopping.signal });
    await ensureTables(warehouse);
    await warehouse.append(songs, songsOf(1_000));
    const slow = warehouse.transaction(async () => {
      await warehouse.append(songs, [{ song_id: 'S', title: 't', artist_id: 'A', duration: 1 }]);
      await rowsOf(
        warehouse,
        `select count(*) as n from songs as a cross join songs as b cross join songs as c cross join songs as d
         where a.duration + b.duration + c.duration + d.duration > 5`,
      );
    });
    slow.catch(() => {});
    await setTimeout(300);
    const stoppedAtMs = Date.now();
    stopping.abort(new InterruptedError('SIGINT'));
    await expect(slow).rejects.toBe(stopping.signal.reason);
    await expect(rowsOf(warehouse, 'select 1 as one')).rejects.toBe(stopping.signal.reason);
    await warehouse.close();
    expect(Date.now() - stoppedAtMs).toBeLessThan(2_000);
    expect(getEventListeners(stopping.signal, 'abort')).toEqual([]);
    await opened(async (again) => {
      expect(await rowsOf(again, 'select count(*) as n from songs')).toEqual([{ n: 1_000 }]);
      await again.publish();
    }, place);
  });

  test('an error of the engine names the statement, unless a person asked it', () =>
    opened(async (warehouse, place) => {
      const failureIn = async (work: Promise<unknown>) =>
        failureOf(
          await work.then(
            () => expect.unreachable(),
            (error: unknown) => error,
          ),
          String,
          String,
        );
      const wrong = { name: 'deduplicate: contested keys', sql: 'select nothing from nowhere' };
      for (const work of [() => warehouse.rows(wrong), () => warehouse.run(wrong)]) {
        const failure = await failureIn(work());
        expect(failure.message.split('\n')[0]).toMatch(/nowhere.*\(deduplicate: contested keys\)\.?$/);
        expect(failure.statement).toBe('deduplicate: contested keys');
      }
      const song = { ...songs, name: 'songs_of_nowhere' };
      const appending = warehouse.transaction(() => warehouse.append(song, songsOf(1)));
      expect((await failureIn(appending)).statement).toMatch(/^append: songs_of_nowhere/);
      await warehouse.publish();
      await reading(place, async (reader) => {
        const failure = await failureIn(reader.answer(wrong.sql));
        expect(failure.message).toMatch(/nowhere/);
        expect(failure).not.toHaveProperty('statement');
      });
    }));

  test('its temporary tables hide and harm no table of the user’s', () =>
    opened(async (warehouse) => {
      await runOn(warehouse, 'create table contested (a integer)');
      await runOn(warehouse, 'insert into contested values (7)');
      await warehouse.transaction(async () => {
        await makeTemporary(warehouse, 'contested', { name: 'one', sql: 'select 1 as b' });
        await makeTemporary(warehouse, 'contested', { name: 'two', sql: 'select 2 as b' });
        expect(await rowsOf(warehouse, 'select b from contested')).toEqual([{ b: 2 }]);
        await dropTemporary(warehouse, 'contested');
        await dropTemporary(warehouse, 'contested');
      });
      expect(await rowsOf(warehouse, 'select a from contested')).toEqual([{ a: 7 }]);
    }));

  test('a table of the user’s that has one of our names is left alone', async () => {
    const place = await freshPlace();
    const warehouse = await openWarehouse(place, lease);
    try {
      await runOn(warehouse, 'create table users (mine varchar(10))');
      await runOn(warehouse, "insert into users values ('mine')");
      await expect(ensureTables(warehouse)).rejects.toThrow(/holds a table users that sparkify did not make/);
      await dropTables(warehouse);
      expect(await rowsOf(warehouse, 'select mine from users')).toEqual([{ mine: 'mine' }]);
    } finally {
      await warehouse.close();
    }
  });

  test('one writer at a time; another is told who it is', () =>
    opened(async (_warehouse, place) => {
      const cwd = writeFiles(freshFolder(), { 'logs/a.json': jsonLines([eventRecord()]) });
      const { flags, env } = flagsOf(place);
      const etl = (...others: string[]) =>
        sparkify(['etl', '--log-data', 'logs', ...flags, ...others], { cwd, env });
      const refused = await etl('--wait-seconds', '0');
      expect(`${refused.code} ${refused.stderr}`).toMatch(
        /^1 [\s\S]*being written by sparkify test \(process \d+/,
      );
      expect(refused.stderr).toContain('--wait-seconds SECONDS');
      const waiting = etl('--wait-seconds', '1', '--json');
      expect((await waiting).stderr).toMatch(/^Waiting for .*sparkify test/m);
    }));

  test('a reader sees what was published, changes nothing, and answers one statement', async () => {
    const place = await freshPlace();
    await opened(async (warehouse) => {
      await warehouse.append(songs, [
        { song_id: 'S', title: 'Jóga', artist_id: 'A', year: 1997, duration: 305.5 },
      ]);
      await warehouse.publish();
    }, place);
    await reading(place, async (reader) => {
      expect(await rowsOf(reader, 'select title from songs where song_id = $1', ['S'])).toEqual([
        { title: 'Jóga' },
      ]);
      expect((await reader.answer('/* why */ -- so\nselect 1 as one')).columns).toEqual(['one']);
      for (const sql of ['delete from songs', 'create table x (a integer)', 'drop table songs'])
        await expect(reader.answer(sql)).rejects.toThrow(/query only reads/);
      await expect(reader.answer('select 1; drop table songs')).rejects.toThrow();
    });
    await reading(place, async (reader) => {
      await expect(reader.answer('select nothing from songs')).rejects.toThrow(/nothing/);
    });
    await reading(place, async (reader) => {
      const { columns, batches } = await reader.answer(
        `select title, year, duration, count(*) over () as found, null as nil, year > 1990 as recent,
           timestamp '2018-11-01 21:01:46.796' as moment from songs -- at the end`,
      );
      expect(columns).toEqual(['title', 'year', 'duration', 'found', 'nil', 'recent', 'moment']);
      const rows = [];
      for await (const batch of batches) rows.push(...batch);
      expect(rows).toEqual([['Jóga', 1997, 305.5, 1, null, true, '2018-11-01 21:01:46.796']]);
    });
    await opened(async (warehouse) => {
      expect(await rowsOf(warehouse, 'select count(*) as songs from songs')).toEqual([{ songs: 1 }]);
      await runOn(warehouse, 'delete from songs');
      await warehouse.append(songs, songsOf(5_000));
      await warehouse.publish();
    }, place);
    await reading(place, async (reader) => {
      const { batches } = await reader.answer('select duration from songs order by duration;');
      const all: unknown[] = [];
      for await (const batch of batches) all.push(...batch.flat());
      expect(all).toEqual(Array.from({ length: 5_000 }, (_, at) => at));
    });
  });

  test('a result is written as Parquet, with its types', async () => {
    const place = await freshPlace();
    const folder = freshFolder();
    mkdirSync(folder, { recursive: true });
    await opened(async (warehouse) => {
      await warehouse.append(
        songs,
        Array.from({ length: 3_000 }, (_, at) => ({
          song_id: `S${at}`,
          title: `it's\n"${at}"`,
          artist_id: 'A',
          year: at % 2 === 0 ? null : at,
          duration: at / 3,
        })),
      );
      await warehouse.publish();
    }, place);
    const file = join(folder, "it's.parquet");
    const work = async (reader: ReadOnlyWarehouse): Promise<void> => {
      const sql = `select song_id, title, year, duration, timestamp '2018-11-01 21:01:46.796' as moment, count(*) over () as found from songs`;
      expect(await reader.writeParquet(sql, file)).toBe(3_000);
      await expect(reader.writeParquet('drop table songs', file)).rejects.toThrow();
    };
    await reading(place, work, [file]);
    const other = { engine: 'duckdb', file: join(folder, 'read.duckdb') } as const;
    await opened(async (duckDb) => {
      const path = file.replaceAll("'", "''");
      const [row] = await rowsOf(
        duckDb,
        `select title, year, duration, moment, found from read_parquet('${path}') where song_id = 'S2999'`,
      );
      expect(row).toEqual({
        title: 'it\'s\n"2999"',
        year: 2999,
        duration: 2999 / 3,
        moment: new Date('2018-11-01T21:01:46.796Z'),
        found: 3_000,
      });
    }, other);
  });

  test('our functions mean the same as in JavaScript', () =>
    opened(async (warehouse) => {
      const random = randomNumbers(11);
      const cases = Array.from({ length: 400 }, (_, at) => Math.floor(random() * 4.1e12) + (at % 3));
      await warehouse.append(
        events,
        cases.map((ts, at) => ({
          file_id: 1,
          session_id: at,
          item_in_session: 0,
          ts,
          level: 'free',
          page: 'Home',
        })),
      );
      const rows = await rowsOf(
        warehouse,
        inDialect(
          `select ms, utc_timestamp(ms) as moment, cast(iso_weekday(instant) as integer) as weekday,
             ms_of_day(instant) as ms_of_day, md5_number(word) as number, byte_length(word) as bytes
           from (
             select ts as ms, utc_timestamp(ts) as instant, 'é' || cast(ts as varchar) as word from staging.events
           ) as made`,
          warehouse.dialect,
        ),
      );
      expect(rows).toHaveLength(cases.length);
      const { createHash } = await import('node:crypto');
      for (const { ms, moment, weekday, ms_of_day, number, bytes } of rows) {
        const date = new Date(Number(ms));
        const word = `é${ms}`;
        expect([moment, weekday, ms_of_day, number, bytes]).toEqual([
          date,
          date.getUTCDay() === 0 ? 7 : date.getUTCDay(),
          Number(ms) % 86_400_000,
          Number.parseInt(createHash('md5').update(word).digest('hex').slice(0, 7), 16),
          Buffer.byteLength(word),
        ]);
      }
    }));

  test.each([...starTables, userLevels].map((table) => [qualifiedName(table), table] as const))(
    'the model of %s yields exactly its columns, in order and of their types',
    (_, table) =>
      opened(async (warehouse) => {
        expect(modelSql(table)).not.toBe('');
        const model = wholeModels('title, artist, duration', warehouse.dialect).find(
          (candidate) => candidate.table === table,
        );
        await warehouse.transaction(async () => {
          await makeTemporary(warehouse, 'model_result', {
            name: 'the model',
            sql: `select * from (${model?.sql}) as made where 1 = 0`,
          });
          const types = (name: string, where: string) =>
            rowsOf(
              warehouse,
              `select column_name, data_type from information_schema.columns where table_name = '${name}' and ${where} order by ordinal_position`,
            );
          const schema = table.schema === 'star' ? 'current_schema()' : `'${table.schema}'`;
          expect(await types('model_result', '1 = 1')).toEqual(
            await types(table.name, `table_schema = ${schema}`),
          );
        });
      }),
  );

  test(`is named without a secret, as people know it (${name})`, () =>
    opened(async (warehouse) => {
      expect(warehouse.name).toMatch(/^(duckdb:|postgres:\/\/\w+@|redshift:\/\/localhost)/);
      expect(warehouse.name).not.toContain('password');
    }));
});
