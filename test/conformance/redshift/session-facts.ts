import type { TLSSocket } from 'node:tls';
import type pg from 'pg';
import { rowsOf, runOn } from '../../support/ad-hoc.ts';
import { all, type Fact, holds, NotRun, refusal, row, same, shown, UNDOCUMENTED, worded } from './fact.ts';

const socketOf = (client: pg.Client): TLSSocket =>
  (client as unknown as { connection: { stream: TLSSocket } }).connection.stream;

const setting = (name: string, value: string, reliedOnBy: string, page: string): Fact => ({
  id: `set-${name.replaceAll('_', '-')}`,
  claim: `${name} can be set, and SHOW gives it back: ${value}`,
  page,
  doubt: 'documented',
  reliedOnBy,
  check: async (cluster) => {
    const [found] = await cluster.rows(`show ${name}`);
    return holds(new RegExp(`^${value}$`, 'i').test(String(found?.[name])), found);
  },
});

/** Connecting by pg, and what a session is like. */
export const sessionFacts: readonly Fact[] = [
  {
    id: 'tls',
    claim: 'pg connects over TLS, and the certificate of the cluster is one that can be verified.',
    page: 'connecting-ssl-support',
    doubt: 'documented',
    reliedOnBy: 'Every connection: without it nothing runs.',
    async check(cluster) {
      const socket = socketOf((await cluster.main()).client);
      return holds(socket.encrypted === true && socket.authorized, `authorized: ${socket.authorized}`);
    },
  },
  {
    id: 'version',
    claim: 'version() names Redshift and a number.',
    page: 'r_VERSION',
    doubt: 'documented',
    reliedOnBy: 'sparkify doctor tells a cluster from a PostgreSQL by it.',
    async check(cluster) {
      const [found] = await cluster.rows('select version() as version');
      cluster.note(String(found?.version));
      return holds(/Redshift [\d.]+/.test(String(found?.version)), found);
    },
  },
  {
    id: 'pid',
    claim: 'pg_backend_pid() is the process that the session was greeted with, and no other session has it.',
    page: 'PG_BACKEND_PID',
    doubt: 'inferred',
    reliedOnBy: 'Cancelling a statement, ending a lost session, naming the holder of the lease.',
    async check(cluster) {
      const [main, other] = [await cluster.main(), await cluster.another()];
      const greeted = (main.client as unknown as { processID: number }).processID;
      if (greeted !== main.pid) cluster.note(`greeted with ${greeted}, but pg_backend_pid() is ${main.pid}`);
      return holds(main.pid > 0 && main.pid !== other.pid, [main.pid, other.pid]);
    },
  },
  setting('timezone', 'UTC', 'Moments: what has no zone is UTC.', 'r_timezone_config'),
  setting('datestyle', 'ISO, ?YMD', 'Moments: how they are written and read.', 'r_datestyle'),
  setting('extra_float_digits', '2', 'Doubles come back with all their digits.', 'r_extra_float_digits'),
  setting(
    'enable_case_sensitive_super_attribute',
    '(on|true)',
    'Keys like userId are found; without it every event would miss its fields.',
    'super-configurations',
  ),
  setting(
    'enable_case_sensitive_identifier',
    '(on|true)',
    'Quoted names keep their case.',
    'r_enable_case_sensitive_identifier',
  ),
  setting('query_group', 'sparkify', 'Queues can be told by it; nothing else.', 'r_query_group'),
  setting('statement_timeout', '0', 'Long loads; the tries for the lease.', 'r_statement_timeout'),
  {
    id: 'set-in-block',
    claim: 'A SET within a transaction stays after its commit.',
    page: 'r_SET',
    doubt: 'documented',
    reliedOnBy: 'A load shortens statement_timeout for LOCK and sets it back within its transaction.',
    async check(cluster) {
      await cluster.run('set statement_timeout to 60000');
      await cluster.run('begin');
      await cluster.run('set statement_timeout to 120000');
      await (await cluster.main()).commit();
      return same(await cluster.rows('show statement_timeout'), [{ statement_timeout: '120000' }]);
    },
  },
  {
    id: 'names-fold',
    claim: 'Unquoted names fold to lower case, also with enable_case_sensitive_identifier on.',
    page: 'r_names',
    doubt: 'documented',
    reliedOnBy: 'Every statement of ours.',
    async check(cluster) {
      await cluster.run('create temporary table Folded (Raw_Column integer)');
      await cluster.run('insert into folded values (1)');
      return same(await cluster.rows('select "raw_column" from "folded"'), [{ raw_column: 1 }]);
    },
  },
  {
    id: 'failed-commit',
    claim: 'COMMIT of a transaction that had failed rolls back, and says ROLLBACK, not COMMIT.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy:
      'The loader takes the word COMMIT for success: a transaction that did not take effect must not say it.',
    async check(cluster) {
      const { client } = await cluster.main();
      await cluster.run('begin');
      const failed = await refusal(cluster.run('select no_such_column from pg_class'));
      const { command } = await client.query('commit');
      return all(holds(failed !== null, 'the statement did not fail'), same(command, 'ROLLBACK'));
    },
  },
  {
    id: 'after-an-error',
    claim: 'After an error, a transaction takes nothing but its end.',
    page: UNDOCUMENTED,
    doubt: 'inferred',
    reliedOnBy: 'Nothing of a load that failed in its middle can be committed.',
    async check(cluster) {
      await cluster.run('begin');
      await refusal(cluster.run('select no_such_column from pg_class'));
      const second = await refusal(cluster.run('select 1'));
      await cluster.run('rollback');
      cluster.note(worded(second));
      return holds(second !== null, 'a statement ran');
    },
  },
  {
    id: 'lost-commit',
    claim:
      'A connection that is lost during COMMIT is an error of the connection, and the outcome is unclear.',
    page: UNDOCUMENTED,
    doubt: 'open',
    reliedOnBy: 'The loader looks what became of it before it does anything again.',
    async check(cluster) {
      if (cluster.faults === null) throw new NotRun('nobody can lose a COMMIT of a real cluster on purpose');
      await cluster.run('create table lost_commit (n integer)');
      const session = await cluster.another();
      await runOn(session, 'begin');
      await runOn(session, 'insert into lost_commit values (1)');
      const off = cluster.faults.on((statement) =>
        statement === 'commit' ? { kind: 'drop', when: 'after' } : null,
      );
      const found = await refusal(session.commit()).finally(off);
      const rows = await cluster.rows('select n from lost_commit');
      return all(same(found?.as, 'CommitUnknownError'), same(rows, [{ n: 1 }]));
    },
  },
  {
    id: 'cancel',
    claim: 'pg_cancel_backend(pid) ends the statement of another session of the same user, which goes on.',
    page: 'PG_CANCEL_BACKEND',
    doubt: 'documented',
    reliedOnBy: 'Ctrl-C during a load.',
    async check(cluster) {
      const [victim, other] = [await cluster.main(), await cluster.another()];
      await cluster.run('create table cancelled (n integer)');
      await runOn(other, 'begin');
      await runOn(other, 'lock cancelled');
      await runOn(victim, 'begin');
      const ended = refusal(runOn(victim, 'lock cancelled'));
      const caller = await cluster.another();
      await new Promise((resolve) => setTimeout(resolve, 200));
      await rowsOf(caller, `select pg_cancel_backend(${victim.pid})`);
      const found = await ended;
      await runOn(other, 'rollback');
      await runOn(victim, 'rollback');
      cluster.note(worded(found));
      return all(
        holds(found !== null && /57014|cancel/i.test(shown(found)), worded(found)),
        same(await rowsOf(victim, 'select 1 as alive'), [{ alive: 1 }]),
      );
    },
  },
  {
    id: 'terminate',
    claim:
      'pg_terminate_backend(pid) ends another session of the same user, with its locks, and that counts as a lost connection.',
    page: 'PG_TERMINATE_BACKEND',
    doubt: 'inferred',
    reliedOnBy: 'After a lost connection, the session that may still hold the lease is ended.',
    async check(cluster) {
      const victim = await cluster.another();
      await cluster.run('create table terminated (n integer)');
      await runOn(victim, 'begin');
      await runOn(victim, 'lock terminated');
      await cluster.rows(`select pg_terminate_backend(${victim.pid})`);
      await cluster.run('set statement_timeout to 10000');
      await cluster.run('begin');
      await cluster.run('lock terminated');
      await cluster.run('rollback');
      const found = await refusal(runOn(victim, 'select 1'));
      cluster.note(worded(found));
      return holds(found?.as === 'TransientError', worded(found));
    },
  },
  {
    id: 'stv-sessions',
    claim: 'STV_SESSIONS shows a user its own sessions, by process and user_name.',
    page: 'r_STV_SESSIONS',
    doubt: 'open',
    reliedOnBy:
      'Only a session that is still this user’s is ended after a lost connection. STV tables are said not to be readable on Serverless.',
    async check(cluster) {
      const { pid } = await cluster.another();
      const sql = `select process from stv_sessions where process = ${pid} and trim(user_name) = current_user`;
      return same(await cluster.rows(sql), [{ process: pid }]);
    },
  },
  {
    id: 'stv-slices',
    claim: 'STV_SLICES has a row for each slice, or is refused without harm to the session.',
    page: 'r_STV_SLICES',
    doubt: 'inferred',
    reliedOnBy: 'How many parts rows are packed into; without an answer, eight.',
    async check(cluster) {
      const found = await refusal(cluster.rows('select count(*) as slices from stv_slices'));
      cluster.note(found === null ? 'told' : worded(found));
      return same(await cluster.rows('select 1 as alive'), [{ alive: 1 }]);
    },
  },
  {
    id: 'isolation-level',
    claim:
      'STV_DB_ISOLATION_LEVEL tells the isolation of the database, or is refused without harm to the session.',
    page: 'r_STV_DB_ISOLATION_LEVEL',
    doubt: 'documented',
    reliedOnBy: 'sparkify doctor shows it; loads work with both.',
    async check(cluster) {
      const sql = 'select isolation_level from stv_db_isolation_level where db_name = current_database()';
      const refused = await refusal(cluster.rows(sql));
      if (refused !== null) {
        cluster.note(worded(refused));
        return same(await cluster.rows('select 1 as alive'), [{ alive: 1 }]);
      }
      const found = await cluster.rows(sql);
      cluster.note(shown(found));
      return holds(found.length === 1 && /snapshot|serial/i.test(shown(found)), found);
    },
  },
  {
    id: 'privileges',
    claim:
      'has_database_privilege and has_schema_privilege answer for the database, and for a schema by its name of pg_namespace.',
    page: 'r_HAS_SCHEMA_PRIVILEGE',
    doubt: 'documented',
    reliedOnBy: 'sparkify doctor says which rights are missing.',
    check: async (cluster) =>
      all(
        row(
          `select has_database_privilege(current_database(), 'create') as may_create,
             has_database_privilege(current_database(), 'temp') as may_temporary`,
          { may_create: true, may_temporary: true },
        )(cluster),
        row(
          `select has_schema_privilege(nspname, 'create') as may from pg_namespace where nspname = '${cluster.schema}'`,
          { may: true },
        )(cluster),
      ),
  },
  {
    id: 'current-schema',
    claim: 'current_schema() is the first schema of search_path, and current_user the user.',
    page: 'r_CURRENT_SCHEMA',
    doubt: 'documented',
    reliedOnBy: 'Where the star is, when no schema is named.',
    async check(cluster) {
      const [found] = await cluster.rows('select current_schema() as star, current_user as role');
      return all(same(found?.star, cluster.schema), holds(String(found?.role).length > 0, found));
    },
  },
  {
    id: 'cursor',
    claim: 'In BEGIN READ ONLY, a cursor gives 1000 rows at a FETCH FORWARD, in the extended protocol too.',
    page: 'declare',
    doubt: 'inferred',
    reliedOnBy: 'sparkify query, and the dashboard’s questions.',
    async check(cluster) {
      await cluster.run('create table fetched (n integer)');
      await cluster.run('insert into fetched values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)');
      for (let copies = 10; copies < 2560; copies *= 2)
        await cluster.run(`insert into fetched select n + ${copies} from fetched`);
      const { client } = await cluster.another();
      await client.query('begin read only');
      const ask = async (text: string): Promise<unknown[][]> =>
        (await client.query({ text, rowMode: 'array', queryMode: 'extended' } as pg.QueryArrayConfig)).rows;
      await ask('declare answer cursor for select n from fetched order by n');
      const counts: number[] = [];
      for (let rows = [[]] as unknown[][]; rows.length > 0; ) {
        rows = await ask('fetch forward 1000 from answer');
        counts.push(rows.length);
      }
      return same(counts, [1000, 1000, 560, 0]);
    },
  },
];
