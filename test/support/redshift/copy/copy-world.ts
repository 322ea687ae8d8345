import { once } from 'node:events';
import { Readable } from 'node:stream';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { afterAll, beforeAll } from 'vitest';
import { ask, freshDatabase, usePostgres } from '../../postgres.ts';
import { type S3Server, startS3Server } from '../../s3-server.ts';
import { runUnload } from '../unload/unload.ts';
import { runCopy } from './copy.ts';
import type { BackendResult, CopySession, DeclaredColumn } from './copy-session.ts';
import { loadTablesSql } from './load-tables.ts';
import { type ObjectStoreOptions, objectStores } from './object-store.ts';

export const role = 'arn:aws:iam::123456789012:role/loader';
export const lesserRole = 'arn:aws:iam::123456789012:role/reader';
export const strangeRole = 'arn:aws:iam::123456789012:role/stranger';
export const bucket = 'music';

/** A database with a session that COPY and UNLOAD run in, and a bucket; all the file's own. */
export interface CopyWorld {
  readonly s3: S3Server;
  readonly session: CopySession;
  /** Makes a table of Redshift's types, as `name type [not null] [default]`. */
  table(name: string, columns: readonly string[]): Promise<void>;
  put(key: string, content: Buffer | string): void;
  copy(sql: string): Promise<{ loaded: number; notices: string[] }>;
  unload(sql: string): Promise<{ rows: number; notices: string[] }>;
  rows(sql: string): Promise<Record<string, unknown>[]>;
  /** The newest load errors, of one COPY, in their order. */
  errors(): Promise<Record<string, unknown>[]>;
}

/** Gives the tests of a file a world; ask for it within a test. */
export function useCopyWorld(): () => CopyWorld {
  usePostgres();
  let world: CopyWorld;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ world, close } = await openWorld());
  });
  afterAll(() => close());
  return () => world;
}

async function openWorld(): Promise<{ world: CopyWorld; close: () => Promise<void> }> {
  const s3 = await startS3Server();
  // The server makes a bucket with its first object.
  for (const name of [bucket, 'far-away']) s3.put(name, 'first', '');
  const url = await freshDatabase();
  await ask(url, 'create schema redshift_double', loadTablesSql);
  const clients = [
    new pg.Client({ connectionString: url }),
    new pg.Client({ connectionString: url }),
  ] as const;
  for (const client of clients) await client.connect();
  const [own, other] = clients;
  await own.query("set datestyle = 'ISO'; set timezone = 'UTC'");
  const tables = new Map<string, DeclaredColumn[]>();
  const session: CopySession = {
    query: (sql) => answer(own, sql),
    outside: (sql) => answer(other, sql),
    async copyIn(sql, chunks) {
      const stream = Readable.from(chunks).pipe(own.query(copyFrom(sql)));
      await once(stream, 'finish');
    },
    columnsOf: async (table) => tables.get(table.replace(/^public\./, '')) ?? [],
    pid: 4_711,
    userId: 100,
    database: 'dev',
  };
  const open = objectStores(storeOptions(s3));
  const world: CopyWorld = {
    s3,
    session,
    async table(name, columns) {
      const declared = columns.map(declaredColumn);
      tables.set(
        name,
        declared.map(({ column }) => column),
      );
      await own.query(`drop table if exists ${name}`);
      await own.query(`create table ${name} (${declared.map(({ ddl }) => ddl).join(', ')})`);
    },
    put: (key, content) => s3.put(bucket, key, content),
    copy: (sql) => runCopy(sql, session, open),
    unload: (sql) => runUnload(sql, session, open, (inner) => inner),
    rows: async (sql) => (await own.query(sql)).rows,
    errors: async () =>
      (
        await own.query(
          `select trim(file_name) file, line_number::int line, trim(column_name) "column", error_code code, trim(error_message) message
           from redshift_double.load_error_detail
           where query_id = (select max(query_id) from redshift_double.load_error_detail)`,
        )
      ).rows,
  };
  return {
    world,
    close: async () => {
      for (const client of clients) await client.end();
      await s3.close();
    },
  };
}

/** What the roles of the tests may do. */
export function storeOptions(s3: S3Server): ObjectStoreOptions {
  const { endpoint, accessKeyId, secretAccessKey } = s3;
  return {
    client: { endpoint, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } },
    roles: {
      [role]: () => true,
      [lesserRole]: (action, _bucket, key) => action !== 'write' && key.startsWith('open/'),
      [strangeRole]: () => true,
    },
    regions: { 'far-away': 'eu-central-1' },
    attached: [role, lesserRole],
  };
}

async function answer(client: pg.Client, sql: string): Promise<BackendResult> {
  const { fields, rows } = await client.query({
    text: sql,
    rowMode: 'array',
    types: { getTypeParser: () => String },
  });
  return { columns: fields.map(({ name }) => name), rows };
}

function declaredColumn(definition: string): { column: DeclaredColumn; ddl: string } {
  const [, name = '', type = '', first, second, rest = ''] =
    /^(\w+) (double precision|\w+)(?:\((\d+)(?:, ?(\d+))?\))?(.*)$/.exec(definition) ?? [];
  const isText = type === 'varchar' || type === 'char';
  const column: DeclaredColumn = {
    name,
    type,
    length: isText ? Number(first ?? 256) : null,
    precision: type === 'decimal' ? Number(first ?? 18) : null,
    scale: type === 'decimal' ? Number(second ?? 0) : null,
    notNull: rest.includes('not null'),
    hasDefault: rest.includes('default'),
  };
  const own = isText
    ? 'text'
    : type === 'super'
      ? 'jsonb'
      : definition.slice(name.length, definition.length - rest.length);
  return { column, ddl: `${name} ${own} ${rest}` };
}
