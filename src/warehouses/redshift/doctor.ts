import { TransientError } from '../../errors.ts';
import { s3Source } from '../../sources/s3.ts';
import { isS3Address } from '../../sources/s3-address.ts';
import type { S3Options } from '../../sources/s3-client.ts';
import { badFrom, type Diagnosis, type ExamineOptions, good } from '../diagnosis.ts';
import { literal } from '../sql.ts';
import { type RedshiftConnection, redshiftName, redshiftSessions } from './connection.ts';
import { holderOfRedshift, timeoutStatement, tryLock } from './lease.ts';
import { accessOf, stagingOf } from './s3-access.ts';
import type { RedshiftServer } from './server.ts';
import { manifestJson } from './staging-prefix.ts';
import { storageOf } from './storage.ts';

/** A lock that is free is had sooner. */
const LOCK_MS = 5_000;
/** Above it, the fullest slice holds so many times the rows of the emptiest (r_SVV_TABLE_INFO, skew_rows). */
const MUCH_SKEW = 4;
/** Tables that are spread, and grow. */
const LARGE: readonly string[] = ['songplays', 'time', 'staging.events'];
/** In rows: fewer are spread by chance, and nothing waits for them. */
const WORTH_SPREADING = 100_000;

type Places = ExamineOptions['reads'];

/** What is in the way of a load into a cluster or workgroup, or may be. */
export function examineRedshift(
  server: RedshiftServer,
  s3: S3Options,
  nowMs: () => number,
  places: Places,
): Promise<Diagnosis[]> {
  return askCluster(server, s3, nowMs, places).catch((error) => [badFrom('cluster', error)]);
}

async function askCluster(
  server: RedshiftServer,
  s3: S3Options,
  nowMs: () => number,
  places: Places,
): Promise<Diagnosis[]> {
  const sessions = redshiftSessions(server, nowMs);
  const connection = await sessions.open('doctor').finally(sessions.close);
  try {
    return [
      await version(server, connection),
      good('encryption', 'TLS, and the cluster is verified'),
      await isolation(connection),
      await rights(server, connection),
      ...(await reading(server, s3, connection, places)),
      await staging(server, s3),
      await lease(connection),
      await skew(server, connection),
    ];
  } finally {
    await connection.close();
  }
}

async function version(server: RedshiftServer, connection: RedshiftConnection): Promise<Diagnosis> {
  const [row] = await connection.rows({ name: 'doctor: version', sql: 'select version() as version' });
  const found = /Redshift ([\w.]+)/.exec(String(row?.version))?.[1];
  if (found !== undefined) return good('cluster', `${redshiftName(server)}, Redshift ${found}`);
  return {
    what: 'cluster',
    status: 'bad',
    detail: `${redshiftName(server)} is not Amazon Redshift: ${row?.version}`,
    fix: 'For PostgreSQL: --warehouse postgres://…',
  };
}

async function isolation(connection: RedshiftConnection): Promise<Diagnosis> {
  const found = await attempt(() =>
    connection.rows({
      name: 'doctor: isolation',
      sql: 'select isolation_level from stv_db_isolation_level where db_name = current_database()',
    }),
  );
  if (found instanceof Error || found[0] === undefined)
    return good('isolation', 'not known; loads work with both, snapshot and serializable');
  return good('isolation', `${found[0].isolation_level}; loads work with both, snapshot and serializable`);
}

async function rights(server: RedshiftServer, connection: RedshiftConnection): Promise<Diagnosis> {
  const [found] = await connection.rows({
    name: 'doctor: rights of the user',
    sql: `select current_user as role, current_schema() as star,
       has_database_privilege(current_database(), 'create') as may_create,
       has_database_privilege(current_database(), 'temp') as may_temporary`,
  });
  const star = server.schema ?? String(found?.star);
  const missing: string[] = [];
  for (const schema of [star, 'staging', 'ops']) {
    const [there] = await connection.rows({
      name: 'doctor: rights on a schema',
      sql: `select has_schema_privilege(nspname, 'create') as may from pg_namespace where nspname = ${literal(schema)}`,
    });
    if (there === undefined ? found?.may_create !== true : there.may !== true) missing.push(schema);
  }
  if (found?.may_temporary !== true) missing.push('temporary ones');
  if (missing.length === 0)
    return good('rights', `${found?.role} may make tables in ${star}, staging and ops`);
  return {
    what: 'rights',
    status: 'bad',
    detail: `${found?.role} may not make tables: ${missing.join(', ')}`,
    fix: `As an administrator: grant create, temp on database ${server.database} to ${found?.role}`,
  };
}

/** Lets the cluster read the first object of each place by COPY NOLOAD: role, Region and prefix in one question. */
async function reading(
  server: RedshiftServer,
  s3: S3Options,
  connection: RedshiftConnection,
  places: Places,
): Promise<Diagnosis[]> {
  const findings: Diagnosis[] = [];
  const all = [
    ...places.logs.map((place) => ['logs by COPY', place] as const),
    ...places.songs.map((place) => ['songs by COPY', place] as const),
  ];
  for (const [what, place] of all) {
    if (!isS3Address(place)) continue;
    const done = await attempt(() => readOne(server, s3, connection, place));
    await connection.run({
      name: 'doctor: drop doctor_records',
      sql: 'drop table if exists doctor_records',
      temporary: { drops: 'doctor_records' },
    });
    findings.push(
      done instanceof Error
        ? badFrom(what, done)
        : good(what, `the role may read ${done}, and the Region fits (COPY NOLOAD)`),
    );
  }
  return findings;
}

/** COPY NOLOAD of the first object below a place; its address. */
async function readOne(
  server: RedshiftServer,
  s3: S3Options,
  connection: RedshiftConnection,
  place: string,
): Promise<string> {
  const source = s3Source(place, s3);
  const area = stagingOf(server, s3);
  try {
    const { files } = await source.list();
    const first = files.find(({ bytes }) => bytes > 0) ?? files[0];
    if (first === undefined) return place;
    const manifest = await area.put('doctor.manifest', manifestJson([first]));
    const compression = first.path.endsWith('.gz') ? ' gzip' : first.path.endsWith('.zst') ? ' zstd' : '';
    await connection.run({
      name: 'doctor: make doctor_records',
      sql: 'create temporary table doctor_records (record super)',
      temporary: { makes: 'doctor_records' },
    });
    await connection.run({
      name: 'doctor: whether the role may read',
      sql: `copy doctor_records from ${literal(manifest)} ${accessOf(server, s3)} format json 'noshred' manifest${compression} noload maxerror 100000 compupdate off statupdate off`,
    });
    return first.path;
  } finally {
    await area.clear().catch(() => {});
    await area.close();
    await source.close();
  }
}

async function staging(server: RedshiftServer, s3: S3Options): Promise<Diagnosis> {
  const done = await attempt(async () => {
    const area = stagingOf(server, s3);
    try {
      await area.put('doctor.json', '{}\n');
      await area.clear();
    } finally {
      await area.close();
    }
  });
  if (done instanceof Error) return badFrom('staging', done);
  return good('staging', `${server.stagingPlace} accepts files, and they can be removed`);
}

/** Whether the lock of the lease is free; who took it last, if not. */
async function lease(connection: RedshiftConnection): Promise<Diagnosis> {
  const found = await attempt(async () => {
    await connection.run(timeoutStatement(500));
    const isFree = await tryLock(connection, async () => connection, ['ops.lease'], LOCK_MS).finally(() =>
      connection.run(timeoutStatement(0)),
    );
    if (isFree) await connection.rollback();
    return isFree ? null : ((await holderOfRedshift(connection)) ?? 'another session');
  });
  if (found instanceof Error || found === null) return good('lease', 'no load is running');
  return {
    what: 'lease',
    status: 'note',
    detail: `being written by ${found}`,
    fix: 'etl waits for it, up to --wait-seconds.',
  };
}

async function skew(server: RedshiftServer, connection: RedshiftConnection): Promise<Diagnosis> {
  const found = await attempt(() => storageOf(connection, server.schema));
  if (found instanceof Error) {
    return {
      what: 'skew',
      status: 'note',
      detail: 'SVV_TABLE_INFO may not be read',
      fix: 'As an administrator: grant select on svv_table_info to the user.',
    };
  }
  const [worst] = found
    .filter(({ name }) => LARGE.includes(name))
    .sort((a, b) => (b.skew ?? 0) - (a.skew ?? 0));
  if (worst === undefined) return good('skew', 'no tables with rows yet');
  const told = `${worst.name} has ${(worst.skew ?? 1).toFixed(2)} rows on its fullest slice for each on its emptiest (${worst.distribution})`;
  if ((worst.skew ?? 1) < MUCH_SKEW || worst.rows < WORTH_SPREADING) return good('skew', told);
  return {
    what: 'skew',
    status: 'note',
    detail: told,
    fix: 'Choose another DISTRIBUTION below [REDSHIFT]; docs/redshift.md says how.',
  };
}

/** What work gives, or its failure; a lost connection ends everything. */
async function attempt<T>(work: () => Promise<T>): Promise<T | Error> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TransientError) throw error;
    return error as Error;
  }
}
