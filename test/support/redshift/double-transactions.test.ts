import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedshiftDouble, startRedshiftDouble } from './double.ts';
import { freshPostgres, refusal, useDouble } from './double-world.ts';

const world = useDouble();
let serializable: RedshiftDouble;
let strictDatabase: string;

beforeAll(async () => {
  const postgres = await freshPostgres();
  strictDatabase = postgres.database;
  serializable = await startRedshiftDouble({
    postgres,
    isolation: 'serializable',
    logins: { analyst: { password: 'secret' } },
  });
});
afterAll(() => serializable.close());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const strictly = () =>
  world().connect({ host: serializable.host, port: serializable.port, database: strictDatabase });
const count = async (table: string, connect = world().connect) => {
  const client = await connect();
  const { rows } = await client.query(`select count(*) as n from ${table}`);
  await client.end();
  return Number(rows[0].n);
};

describe('a block', () => {
  test('is rolled back as one', async () => {
    const client = await world().connect();
    await client.query('create table one (n int)');
    await client.query('begin');
    await client.query('insert into one values (1)');
    await client.query('rollback');
    expect(await count('one')).toBe(0);
  });

  test('is committed by TRUNCATE', async () => {
    const client = await world().connect();
    await client.query('create table kept (n int)');
    await client.query('create table emptied (n int)');
    await client.query('insert into emptied values (1)');
    await client.query('start transaction');
    await client.query('insert into kept values (1)');
    await client.query('truncate emptied');
    await client.query('rollback');
    expect([await count('kept'), await count('emptied')]).toEqual([1, 0]);
  });

  test('takes no VACUUM, and nothing after an error', async () => {
    const client = await world().connect();
    await client.query('begin');
    expect(await refusal(client.query('vacuum'))).toMatchObject({ code: '25001' });
    expect(await refusal(client.query('select 1'))).toMatchObject({ code: '25P02' });
    expect((await client.query('commit')).command).toBe('ROLLBACK');
    await client.query('vacuum');
  });

  test('is aborted by what is refused, in the extended protocol too', async () => {
    const client = await world().connect();
    await client.query('begin');
    expect(await refusal(client.query('select $1::int returning x', [1]))).toMatchObject({ code: '42601' });
    expect(await refusal(client.query('select $1::int', [1]))).toMatchObject({ code: '25P02' });
    await client.query('rollback');
    expect((await client.query('select $1::int as n', [1])).rows).toEqual([{ n: 1 }]);
  });

  test('may read by a cursor, which stands only in a block', async () => {
    const client = await world().connect();
    expect(await refusal(client.query('declare c cursor for select 1'))).toMatchObject({ code: '25P01' });
    await client.query('begin');
    await client.query('declare c cursor for select 1 as n union all select 2 order by 1');
    expect((await client.query('fetch forward 1 from c')).rows).toEqual([{ n: 1 }]);
    expect((await client.query('fetch all from c')).rows).toEqual([{ n: 2 }]);
    await client.query('close c');
    await client.query('end');
  });

  test('that only reads writes nothing', async () => {
    const client = await world().connect();
    await client.query('create table unwritten (n int)');
    await client.query('begin read only');
    expect(await refusal(client.query('insert into unwritten values (1)'))).toMatchObject({ code: '25006' });
    await client.query('rollback');
  });
});

describe('with snapshot isolation', () => {
  test('writers of one table wait for each other', async () => {
    const [first, second] = [await world().connect(), await world().connect()];
    await first.query('create table waited (n int)');
    await first.query('begin');
    await first.query('insert into waited values (1)');
    let done = false;
    const waiting = second.query('insert into waited values (2)').then(() => {
      done = true;
    });
    await pause(150);
    expect(done).toBe(false);
    await first.query('commit');
    await waiting;
    expect(await count('waited')).toBe(2);
  });

  test('a write conflicts whose snapshot is older than another commit to the table', async () => {
    const [first, second] = [await world().connect(), await world().connect()];
    await first.query('create table contested (n int)');
    await second.query('begin');
    await second.query('select * from contested');
    await first.query('insert into contested values (1)');
    expect(await refusal(second.query('insert into contested values (2)'))).toEqual({
      code: 'XX000',
      message: 'could not complete because of conflict with concurrent transaction',
    });
    await second.query('rollback');
  });

  test('LOCK as the first statement lets the second writer see what the first committed', async () => {
    const [first, second] = [await world().connect(), await world().connect()];
    await first.query('create table locked (n int)');
    await first.query('begin');
    await first.query('lock locked');
    await second.query('begin');
    const waiting = second.query('lock locked');
    await first.query('insert into locked values (1)');
    await first.query('commit');
    await waiting;
    await second.query('delete from locked');
    await second.query('insert into locked values (2), (3)');
    await second.query('commit');
    expect(await count('locked')).toBe(2);
  });

  test('crossing reads and writes are let through', async () => {
    const [first, second] = [await world().connect(), await world().connect()];
    await first.query('create table left_side (n int)');
    await first.query('create table right_side (n int)');
    for (const client of [first, second]) await client.query('begin');
    await first.query('select * from left_side');
    await second.query('select * from right_side');
    await first.query('insert into right_side values (1)');
    await second.query('insert into left_side values (1)');
    await first.query('commit');
    await second.query('commit');
    expect([await count('left_side'), await count('right_side')]).toEqual([1, 1]);
  });
});

describe('with serializable isolation', () => {
  test('crossing reads and writes are a violation', async () => {
    const [first, second] = [await strictly(), await strictly()];
    await first.query('create table tab1 (n int)');
    await first.query('create table tab2 (n int)');
    for (const client of [first, second]) await client.query('begin');
    await first.query('select * from tab1');
    await first.query('insert into tab2 values (1)');
    const all = async () => {
      await second.query('select * from tab2');
      await second.query('insert into tab1 values (1)');
      await first.query('commit');
      await second.query('commit');
    };
    const { code, message, detail } = await refusal(all());
    expect({ code, message }).toEqual({ code: 'XX000', message: '1023' });
    expect(detail).toMatch(
      /^Serializable isolation violation on table - \d+, transactions forming the cycle are: \d+, \d+ \(pid:\d+\)$/,
    );
  });

  test('so they are where the rows have nothing to do with each other: whole tables count', async () => {
    const [first, second] = [await strictly(), await strictly()];
    await first.query('create table apart (n int)');
    await first.query('insert into apart values (1), (2)');
    await first.query('create table other (n int)');
    for (const client of [first, second]) await client.query('begin');
    await first.query('select * from apart where n = 1');
    await second.query('select * from other where n = 5');
    await first.query('insert into other values (7)');
    const finish = async () => {
      await second.query('update apart set n = 3 where n = 2');
      await first.query('commit');
      await second.query('commit');
    };
    expect(await refusal(finish())).toMatchObject({ message: '1023' });
  });

  test('transactions that lock all their tables first are safe', async () => {
    const [first, second] = [await strictly(), await strictly()];
    await first.query('create table safe (n int)');
    await first.query('begin');
    await first.query('lock table safe');
    await second.query('begin');
    const waiting = second.query('lock table safe');
    await first.query('select * from safe');
    await first.query('insert into safe values (1)');
    await first.query('commit');
    await waiting;
    expect((await second.query('select * from safe')).rows).toEqual([{ n: 1 }]);
    await second.query('insert into safe values (2)');
    await second.query('commit');
    expect(await count('safe', strictly)).toBe(2);
  });

  test('transactions that touch different tables do not meet, whatever tables they make', async () => {
    const clients = [await strictly(), await strictly()];
    for (const [i, client] of clients.entries()) {
      await client.query(`create table alone_${i} (n int distkey) sortkey (n)`);
      await client.query('begin');
    }
    for (const [i, client] of clients.entries()) {
      await client.query(`create temp table stage (like alone_${i})`);
      await client.query(`insert into stage select n from alone_${i}`);
      await client.query(`insert into alone_${i} values (1)`);
    }
    for (const client of clients) await client.query('commit');
    expect([await count('alone_0', strictly), await count('alone_1', strictly)]).toEqual([1, 1]);
  });

  test('the view of the isolation level tells them apart', async () => {
    const sql = 'select isolation_level from stv_db_isolation_level';
    expect(await world().ask(sql)).toEqual([['Snapshot Isolation']]);
    expect((await (await strictly()).query(sql)).rows).toEqual([{ isolation_level: 'Serializable' }]);
  });
});
