import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { redshiftSettings } from '../../../src/config/redshift.ts';
import type { S3Options } from '../../../src/sources/s3-client.ts';
import { type S3Destination, s3Destination } from '../../../src/sources/s3-destination.ts';
import {
  type RedshiftConnection,
  type RedshiftSessions,
  redshiftSessions,
} from '../../../src/warehouses/redshift/connection.ts';
import { accessOf } from '../../../src/warehouses/redshift/s3-access.ts';
import type { RedshiftServer } from '../../../src/warehouses/redshift/server.ts';
import { manifestJson, type StagedObject } from '../../../src/warehouses/redshift/staging-prefix.ts';
import type { SqlRow, SqlValue } from '../../../src/warehouses/statement.ts';
import { rowsOf, runOn } from '../../support/ad-hoc.ts';
import type { Faults } from '../../support/redshift/faults.ts';
import { NotRun } from './fact.ts';

export type Isolation = 'snapshot' | 'serializable';
type Sessions = ReturnType<typeof redshiftSessions>;
/** A session with the driver's own client. */
type Session = RedshiftConnection & { readonly client: pg.Client };

/** A cluster as the facts are asked of it. */
export interface Asked {
  /** What the double shows is what we believe, and no more. */
  readonly isDouble: boolean;
  readonly server: RedshiftServer;
  readonly s3: S3Options;
  /** How statements are made to fail; null where only luck does it. */
  readonly faults: Faults | null;
  /** Another cluster with that isolation, if one can be had. */
  other?(isolation: Isolation): Promise<Asked>;
}

/** A cluster for one fact: its sessions end with it, and all that it makes stands in a schema and below a prefix of the run. */
/** Schemas beside the run's own, for what has fixed schemas; whoever makes them takes them away. */
export const rooms = ['star', 'staging', 'ops'] as const;
type Room = (typeof rooms)[number];

export interface Trial {
  readonly isDouble: boolean;
  readonly schema: string;
  readonly server: RedshiftServer;
  readonly s3: S3Options;
  readonly faults: Faults | null;
  /** By the session that stands for the fact; opened as the loader opens its own. */
  rows(sql: string, parameters?: readonly SqlValue[]): Promise<SqlRow[]>;
  run(sql: string, parameters?: readonly SqlValue[]): Promise<number>;
  main(): Promise<Session>;
  another(): Promise<Session>;
  /** Sessions that begin in another schema of the run, `<schema>_<room>`. */
  sessionsIn(room: Room): RedshiftSessions;
  /** `iam_role … region …`, as in every COPY of ours. */
  access(): string;
  /** The prefix of this fact, in the bucket. */
  prefix(): string;
  put(name: string, content: string | Buffer): Promise<StagedObject>;
  /** Puts a manifest of objects; its address. */
  manifest(name: string, objects: readonly StagedObject[]): Promise<string>;
  /** What lies below the fact's prefix, by path. */
  objects(): Promise<ReadonlyMap<string, number>>;
  /** Says what was seen beside the verdict. */
  note(seen: string): void;
  /** The same fact's cluster with that isolation. */
  inIsolation(isolation: Isolation): Promise<Trial>;
}

/** The cluster that the environment names; null where it names none. */
export function clusterOf(environment: NodeJS.ProcessEnv): Asked | null {
  const {
    REDSHIFT_TEST_URL: url,
    REDSHIFT_TEST_PASSWORD: dbPassword,
    REDSHIFT_TEST_BUCKET: stagingPlace,
    REDSHIFT_TEST_ROLE: roleArn,
    AWS_REGION: region,
    PGSSLROOTCERT: sslRootCert,
  } = environment;
  if (!url) return null;
  const server = redshiftSettings(url, {
    ...(dbPassword ? { dbPassword } : {}),
    ...(stagingPlace ? { stagingPlace } : {}),
    ...(roleArn ? { roleArn } : {}),
    ...(region ? { region } : {}),
    ...(sslRootCert ? { sslRootCert } : {}),
  });
  const bucketRegion = region ?? server.region;
  return { isDouble: false, server, s3: bucketRegion === null ? {} : { region: bucketRegion }, faults: null };
}

/** One run: a schema and a prefix of its own, which `close` takes away again. */
export interface Run {
  trial(id: string, notes: string[]): Promise<{ trial: Trial; end(): Promise<void> }>;
  close(): Promise<void>;
}

/** Makes the schema of a run; every session opens in it. */
export async function openRun(asked: Asked): Promise<Run> {
  const name = `sparkify_conformance_${randomBytes(6).toString('hex')}`;
  const outside = redshiftSessions({ ...asked.server, schema: null }, Date.now);
  const server = { ...asked.server, schema: name };
  const sessions = redshiftSessions(server, Date.now);
  const others = new Map<Isolation, Promise<Run>>();
  const place = asked.server.stagingPlace?.replace(/\/+$/, '') ?? null;
  const root = place === null ? null : `${place}/${name}`;
  const destination = root === null ? null : s3Destination(root, asked.s3);
  const schemas = [name, ...rooms.map((room) => `${name}_${room}`)];
  const sweeper = asked.isDouble ? null : startSweeper({ server: asked.server, s3: asked.s3, schemas, root });
  await withSession(outside, (session) => runOn(session, `create schema ${name}`));

  async function removeObjects(): Promise<void> {
    if (destination === null) return;
    const paths = [...(await destination.sizes()).keys()];
    await Promise.all(paths.map((path) => destination.remove(path)));
    await destination.close();
  }

  return {
    async trial(id, notes) {
      const own: Session[] = [];
      let main: Promise<Session> | null = null;
      const another = async (): Promise<Session> => {
        const session = (await sessions.open('conformance')) as Session;
        own.push(session);
        return session;
      };
      const ends: (() => Promise<void>)[] = [];
      const trial: Trial = {
        ...objectsOf(id, root, destination),
        isDouble: asked.isDouble,
        schema: name,
        server,
        s3: asked.s3,
        faults: asked.faults,
        main: () => {
          main ??= another();
          return main;
        },
        another,
        sessionsIn: (room) => redshiftSessions({ ...server, schema: `${name}_${room}` }, Date.now),
        rows: async (sql, parameters) => rowsOf(await trial.main(), sql, parameters),
        run: async (sql, parameters) => runOn(await trial.main(), sql, parameters),
        access() {
          if (server.roleArn === null) throw new NotRun('REDSHIFT_TEST_ROLE names no role');
          return accessOf(server, asked.s3);
        },
        note: (seen) => notes.push(seen),
        async inIsolation(isolation) {
          if ((await isolationOf(trial)) === isolation) return trial;
          if (asked.other === undefined)
            throw new NotRun(
              `the database does not have ${isolation} isolation; run again on one that has it`,
            );
          let run = others.get(isolation);
          if (run === undefined) {
            run = asked.other(isolation).then(openRun);
            others.set(isolation, run);
          }
          const there = await (await run).trial(id, notes);
          ends.push(there.end);
          return there.trial;
        },
      };
      return {
        trial,
        async end() {
          for (const session of own) await session.close();
          for (const more of ends) await more();
        },
      };
    },
    async close() {
      for (const run of others.values()) await (await run).close();
      try {
        await withSession(outside, async (session) => {
          for (const schema of schemas) await runOn(session, `drop schema if exists ${schema} cascade`);
        });
      } finally {
        sessions.close();
        outside.close();
        await removeObjects();
      }
      sweeper?.end('\ndone\n');
    },
  };
}

/** A process that waits for the end of this one, however it comes. */
function startSweeper(made: object): NodeJS.WritableStream {
  const sweeper = spawn(process.execPath, [fileURLToPath(new URL('./sweep.mjs', import.meta.url))], {
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  sweeper.unref();
  sweeper.stdin.write(JSON.stringify(made));
  return sweeper.stdin;
}

async function withSession(sessions: Sessions, work: (session: Session) => Promise<unknown>): Promise<void> {
  const session = await sessions.open('conformance');
  try {
    await work(session);
  } finally {
    await session.close();
  }
}

function objectsOf(
  id: string,
  root: string | null,
  destination: S3Destination | null,
): Pick<Trial, 'prefix' | 'put' | 'manifest' | 'objects'> {
  const there = (): { root: string; destination: S3Destination } => {
    if (root === null || destination === null) throw new NotRun('REDSHIFT_TEST_BUCKET names no bucket');
    return { root, destination };
  };
  async function put(name: string, content: string | Buffer): Promise<StagedObject> {
    const bytes = Buffer.from(content);
    const upload = there().destination.upload(`${id}/${name}`);
    if (bytes.length > 0) await upload.write(bytes);
    await upload.end();
    return { path: `${there().root}/${id}/${name}`, bytes: bytes.length };
  }
  return {
    prefix: () => `${there().root}/${id}/`,
    put,
    manifest: async (name, objects) => (await put(name, manifestJson(objects))).path,
    async objects() {
      const sizes = await there().destination.sizes();
      const own = [...sizes].filter(([path]) => path.startsWith(`${id}/`));
      return new Map(own.map(([path, bytes]) => [path.slice(id.length + 1), bytes]));
    },
  };
}

/** The isolation of the database that a trial is in. */
async function isolationOf(trial: Trial): Promise<Isolation> {
  const [found] = await trial
    .rows('select isolation_level from stv_db_isolation_level where db_name = current_database()')
    .catch(() => []);
  if (found === undefined) throw new NotRun('stv_db_isolation_level does not tell which isolation it is');
  return /serial/i.test(String(found.isolation_level)) ? 'serializable' : 'snapshot';
}
