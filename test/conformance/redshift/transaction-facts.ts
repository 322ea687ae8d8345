import { rowsOf, runOn } from '../../support/ad-hoc.ts';
import { all, type Fact, holds, refusal, same, UNDOCUMENTED, worded } from './fact.ts';
import type { Isolation, Trial } from './trial.ts';

/** Longer than any statement here takes on a cluster that is awake. */
const WAIT_MS = 1_500;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Two transactions that read a table and then write it, crossing: one of them must be turned away in a known way. */
const conflict =
  (isolation: Isolation): Fact['check'] =>
  async (given) => {
    const cluster = await given.inIsolation(isolation);
    const [first, second] = [await cluster.another(), await cluster.another()];
    for (const name of ['crossed_a', 'crossed_b']) await cluster.run(`create table ${name} (n integer)`);
    for (const session of [first, second]) await runOn(session, 'begin');
    await rowsOf(first, 'select n from crossed_a');
    await rowsOf(second, 'select n from crossed_b');
    if (isolation === 'snapshot') await rowsOf(second, 'select n from crossed_a');
    const crossing = async (): Promise<void> => {
      await runOn(first, `insert into ${isolation === 'snapshot' ? 'crossed_a' : 'crossed_b'} values (1)`);
      if (isolation === 'snapshot') await first.commit();
      await runOn(second, 'insert into crossed_a values (2)');
      if (isolation === 'serializable') await first.commit();
      await second.commit();
    };
    const found = await refusal(crossing());
    given.note(worded(found));
    return holds(found?.as === 'TransientError', worded(found));
  };

/** Locks, as a load takes them first, hold off a second load until it sees what the first committed. */
const locksFirst =
  (isolation: Isolation): Fact['check'] =>
  async (given) => {
    const cluster = await given.inIsolation(isolation);
    const [first, second] = [await cluster.another(), await cluster.another()];
    for (const name of ['locked_a', 'locked_b']) await cluster.run(`create table ${name} (n integer)`);
    await runOn(first, 'begin');
    await runOn(first, 'lock locked_a, locked_b');
    await runOn(second, 'begin');
    let isIn = false;
    const waiting = runOn(second, 'lock locked_a, locked_b').then(() => {
      isIn = true;
    });
    await runOn(first, 'delete from locked_a');
    await runOn(first, 'insert into locked_a values (1)');
    await runOn(first, 'insert into locked_b select n from locked_a');
    await pause(100);
    const wasIn = isIn;
    await first.commit();
    await waiting;
    const seen = await rowsOf(second, 'select n from locked_b');
    await runOn(second, 'delete from locked_b using locked_a where locked_a.n = locked_b.n');
    await runOn(second, 'insert into locked_a values (2)');
    await second.commit();
    return all(holds(!wasIn, 'the second did not wait'), same(seen, [{ n: 1 }]));
  };

async function temporary(cluster: Trial, name: string): Promise<boolean> {
  return (await refusal(cluster.rows(`select count(*) from ${name}`))) === null;
}

/** Transactions, locks and temporary tables. */
export const transactionFacts: readonly Fact[] = [
  {
    id: 'conflict-serializable',
    claim:
      'With serializable isolation, crossing reads and writes fail with 1023, which the loader takes for passing.',
    page: 'c_serial_isolation',
    doubt: 'documented',
    reliedOnBy: 'A load that somebody was in the way of is done again.',
    check: conflict('serializable'),
  },
  {
    id: 'conflict-snapshot',
    claim:
      'With snapshot isolation, writing a table that another wrote after the snapshot fails, in words that the loader takes for passing.',
    page: 'c_serial_isolation',
    doubt: 'inferred',
    reliedOnBy: 'A load that somebody was in the way of is done again.',
    check: conflict('snapshot'),
  },
  {
    id: 'lock-first-serializable',
    claim:
      'LOCK of several tables as the first statement: the second waits, sees what the first committed, and does not conflict (serializable isolation).',
    page: 'r_LOCK',
    doubt: 'inferred',
    reliedOnBy: 'Loads beside other writers go through at the first try.',
    check: locksFirst('serializable'),
  },
  {
    id: 'lock-first-snapshot',
    claim:
      'LOCK of several tables as the first statement: the second waits, sees what the first committed, and does not conflict (snapshot isolation).',
    page: 'r_LOCK',
    doubt: 'inferred',
    reliedOnBy: 'Loads beside other writers go through at the first try.',
    check: locksFirst('snapshot'),
  },
  {
    id: 'lock-timeout',
    claim:
      'statement_timeout ends the wait for a LOCK, with 57014 or words of cancelling, and the session goes on.',
    page: UNDOCUMENTED,
    doubt: 'open',
    reliedOnBy:
      'The lease: a second load says who holds it instead of waiting for ever; a reader of hours does not hang a load.',
    async check(cluster) {
      await cluster.run('create table held (n integer)');
      const holder = await cluster.another();
      await runOn(holder, 'begin');
      await runOn(holder, 'lock held');
      await cluster.run('set statement_timeout to 500');
      await cluster.run('begin');
      const began = Date.now();
      const found = await Promise.race([
        refusal(cluster.run('lock held')),
        pause(30_000).then(() => 'it waits for ever' as const),
      ]);
      if (typeof found === 'string') {
        await runOn(holder, 'rollback');
        return { differs: found };
      }
      await cluster.run('rollback');
      await runOn(holder, 'rollback');
      cluster.note(`${worded(found)}; after ${Date.now() - began} ms`);
      return all(
        holds(
          found !== null && (found.code === '57014' || /cancel|timeout/i.test(found.message)),
          worded(found),
        ),
        holds(Date.now() - began >= 400, 'it did not wait'),
        same(await cluster.rows('select 1 as alive'), [{ alive: 1 }]),
      );
    },
  },
  {
    id: 'lock-idle',
    claim: 'An idle transaction keeps its LOCK while other sessions work.',
    page: 'r_LOCK',
    doubt: 'inferred',
    reliedOnBy: 'The lease: a session that does nothing but hold it.',
    async check(cluster) {
      await cluster.run('create table idle (n integer)');
      const holder = await cluster.another();
      await runOn(holder, 'begin');
      await runOn(holder, 'lock idle');
      await cluster.run('create table beside (n integer)');
      await cluster.run('insert into beside values (1)');
      await pause(WAIT_MS / 3);
      await cluster.run('set statement_timeout to 300');
      await cluster.run('begin');
      const found = await refusal(cluster.run('lock idle'));
      await cluster.run('rollback');
      await cluster.run('set statement_timeout to 0');
      await rowsOf(holder, 'select 1 as held');
      await runOn(holder, 'rollback');
      await cluster.run('begin');
      await cluster.run('lock idle');
      await cluster.run('rollback');
      return holds(found !== null, 'the lock was got beside its holder');
    },
  },
  {
    id: 'lock-blocks-readers',
    claim:
      'LOCK holds off readers of the table until the load has ended, or lets them read what was committed.',
    page: 'r_LOCK',
    doubt: 'inferred',
    reliedOnBy: 'Nobody sees half a load. That readers wait is what LOCK_TABLES is for.',
    async check(cluster) {
      await cluster.run('create table read_meanwhile (n integer)');
      const writer = await cluster.another();
      await runOn(writer, 'begin');
      await runOn(writer, 'lock read_meanwhile');
      await runOn(writer, 'insert into read_meanwhile values (1)');
      await cluster.run('set statement_timeout to 500');
      const seen: { rows?: unknown } = {};
      const found = await refusal(
        cluster.rows('select count(*) as records from read_meanwhile').then((rows) => {
          seen.rows = rows;
        }),
      );
      await runOn(writer, 'rollback');
      cluster.note(found === null ? 'readers read' : 'readers wait');
      return found === null ? same(seen.rows, [{ records: 0 }]) : 'confirmed';
    },
  },
  {
    id: 'temporary-in-transaction',
    claim: 'Temporary tables, by CREATE and by CREATE AS, are made, filled and dropped within a transaction.',
    page: 'r_CREATE_TABLE_NEW',
    doubt: 'inferred',
    reliedOnBy: 'Every load: the reading and the build work in them.',
    async check(cluster) {
      await cluster.run('begin');
      await cluster.run('create temporary table t_made (n integer)');
      await cluster.run('insert into t_made values (1), (2)');
      await cluster.run('create temporary table t_selected as select n + 1 as n from t_made where n > 1');
      await cluster.run('drop table if exists t_made');
      await cluster.run('create temporary table t_made (text varchar(16))');
      await cluster.run('insert into t_made select cast(n as varchar) from t_selected');
      await (await cluster.main()).commit();
      return same(await cluster.rows('select text from t_made'), [{ text: '3' }]);
    },
  },
  {
    id: 'temporary-rolled-back',
    claim:
      'A temporary table that was made in a transaction is gone when it is rolled back, and one that was dropped is back.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy: 'A load that is done again in the same session finds its names free.',
    async check(cluster) {
      await cluster.run('create temporary table t_before (n integer)');
      await cluster.run('begin');
      await cluster.run('create temporary table t_within (n integer)');
      await cluster.run('drop table if exists t_before');
      await cluster.run('rollback');
      return same(
        [await temporary(cluster, 't_within'), await temporary(cluster, 't_before')],
        [false, true],
      );
    },
  },
  {
    id: 'temporary-hides',
    claim: 'A temporary table hides a permanent one of its name, which DROP TABLE then uncovers unharmed.',
    page: 'r_CREATE_TABLE_NEW',
    doubt: 'documented',
    reliedOnBy: 'A user’s table that has the name of one of our temporary tables is safe.',
    async check(cluster) {
      await cluster.run('create table hidden (n integer)');
      await cluster.run('insert into hidden values (1)');
      await cluster.run('create temporary table hidden (n integer)');
      const during = await cluster.rows('select n from hidden');
      await cluster.run('drop table if exists hidden');
      return same([during, await cluster.rows('select n from hidden')], [[], [{ n: 1 }]]);
    },
  },
  {
    id: 'drop-if-exists',
    claim: 'DROP TABLE IF EXISTS of what is not there does nothing, in a transaction too.',
    page: 'r_DROP_TABLE',
    doubt: 'documented',
    reliedOnBy: 'Work begins by taking away what an earlier try left.',
    async check(cluster) {
      const { client } = await cluster.main();
      await cluster.run('begin');
      await client.query('drop table if exists never_made');
      const rows = await cluster.rows('select 1 as alive');
      await cluster.run('rollback');
      return same(rows, [{ alive: 1 }]);
    },
  },
  {
    id: 'ddl-rolled-back',
    claim: 'CREATE SCHEMA and CREATE TABLE within a transaction are rolled back with it.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy: 'create-tables makes all tables or none.',
    async check(cluster) {
      await cluster.run('begin');
      await cluster.run('create table undone (n integer) diststyle all');
      await cluster.run('rollback');
      return same(await temporary(cluster, 'undone'), false);
    },
  },
  {
    id: 'alter-in-transaction',
    claim:
      'ALTER TABLE adds a column in a transaction that then writes to the table, and RENAME gives a new table the name of a dropped one.',
    page: 'r_ALTER_TABLE',
    doubt: 'inferred',
    reliedOnBy: 'An upgrade of an older layout is one transaction.',
    async check(cluster) {
      await cluster.run('create table altered (n integer)');
      await cluster.run('insert into altered values (1)');
      await cluster.run('begin');
      await cluster.run('alter table altered add column word varchar(16) encode zstd');
      await cluster.run("update altered set word = 'one' where n = 1");
      await cluster.run('create table altered_of_new_layout (n integer, word varchar(16), twice integer)');
      await cluster.run(
        'insert into altered_of_new_layout (n, word, twice) select n, word, n * 2 from altered',
      );
      await cluster.run('drop table altered');
      await cluster.run('alter table altered_of_new_layout rename to altered');
      await (await cluster.main()).commit();
      return same(await cluster.rows('select n, word, twice from altered'), [
        { n: 1, word: 'one', twice: 2 },
      ]);
    },
  },
  {
    id: 'alter-rolled-back',
    claim: 'ALTER TABLE ADD COLUMN, DROP TABLE and RENAME within a transaction are rolled back with it.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy: 'An upgrade that fails leaves the older layout.',
    async check(cluster) {
      await cluster.run('create table kept (n integer)');
      await cluster.run('insert into kept values (1)');
      await cluster.run('begin');
      await cluster.run('alter table kept add column word varchar(16)');
      await cluster.run('create table kept_of_new_layout (other integer)');
      await cluster.run('drop table kept');
      await cluster.run('alter table kept_of_new_layout rename to kept');
      await cluster.run('rollback');
      return same(await cluster.rows('select * from kept'), [{ n: 1 }]);
    },
  },
  {
    id: 'update-from',
    claim: 'UPDATE … FROM takes values from a temporary table, row by row.',
    page: 'r_UPDATE',
    doubt: 'documented',
    reliedOnBy: 'Contents that a full refresh loads again get their ids back.',
    async check(cluster) {
      await cluster.run('create table numbered (id integer, word varchar(16))');
      await cluster.run("insert into numbered values (7, '7:1'), (8, '8:1')");
      await cluster.run('create temporary table restored as select 7 as new_id, 2 as old_id');
      await cluster.run(
        `update numbered set id = restored.old_id, word = cast(restored.old_id as varchar) || substring(word, length(cast(restored.new_id as varchar)) + 1)
         from restored where restored.new_id = numbered.id`,
      );
      return same(await cluster.rows('select id, word from numbered order by id'), [
        { id: 2, word: '2:1' },
        { id: 8, word: '8:1' },
      ]);
    },
  },
];
