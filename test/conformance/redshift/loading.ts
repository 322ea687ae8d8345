import { gzipSync } from 'node:zlib';
import type { StagedObject } from '../../../src/warehouses/redshift/staging-prefix.ts';
import { literal } from '../../../src/warehouses/sql.ts';
import type { SqlRow } from '../../../src/warehouses/statement.ts';
import { rowsOf } from '../../support/ad-hoc.ts';
import type { Trial } from './trial.ts';

/** The system views are filled a little later than a COPY ends; the loader waits as long. */
const VIEWS_MS = 60_000;
const POLL_MS = 100;

export const packed = (text: string): Buffer => gzipSync(text);

/** One ZSTD frame with one block that is not compressed; for less than 256 bytes. */
export function zstdFrame(text: string): Buffer {
  const bytes = Buffer.from(text);
  const block = Buffer.alloc(3);
  block.writeUIntLE((bytes.length << 3) | 1, 0, 3);
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, bytes.length]), block, bytes]);
}

/** A COPY of the loader's, word for word. */
export function copySql(cluster: Trial, table: string, manifest: string, options = ' maxerror 1'): string {
  return `copy ${table} from ${literal(manifest)} ${cluster.access()} format json 'noshred' manifest${options} compupdate off statupdate off`;
}

/** COPY of objects into a new temporary table read_records (record super), as a load does it. */
export async function copyObjects(
  cluster: Trial,
  contents: Readonly<Record<string, string | Buffer>>,
  options?: string,
): Promise<StagedObject[]> {
  const objects: StagedObject[] = [];
  for (const [name, content] of Object.entries(contents)) objects.push(await cluster.put(name, content));
  const manifest = await cluster.manifest('manifest', objects);
  const sql = copySql(cluster, 'read_records', manifest, options);
  await cluster.run('drop table if exists read_records');
  await cluster.run('create temporary table read_records (record super)');
  await cluster.run(sql);
  return objects;
}

/** One object, loaded, and expressions over each of its records, in the order of the key n. */
export async function records(
  cluster: Trial,
  content: string,
  select: string,
  options?: string,
): Promise<SqlRow[]> {
  await copyObjects(cluster, { 'records.json': content }, options);
  return cluster.rows(
    `select ${select} from read_records as source order by cast(source.record.n as integer)`,
  );
}

/** What was counted of the last COPY of the session. */
export async function counted(cluster: Trial): Promise<{ records: number; queryId: number }> {
  const [last] = await cluster.rows('select pg_last_copy_count() as records, pg_last_copy_id() as query_id');
  return { records: Number(last?.records), queryId: Number(last?.query_id) };
}

export interface History {
  readonly loaded: number;
  readonly errors: number;
  readonly files: number;
  /** From the end of the COPY until the view told of it. */
  readonly afterMs: number;
}

/** What the views tell another session of a COPY, once they do; null if they never do. */
export async function historyOf(cluster: Trial, queryId: number): Promise<History | null> {
  const aside = await cluster.another();
  const began = Date.now();
  for (;;) {
    const [found] = await rowsOf(
      aside,
      `select loaded_rows, error_count, source_file_count from sys_load_history where query_id = ${queryId} and status = 'completed'`,
    );
    if (found !== undefined) {
      return {
        loaded: Number(found.loaded_rows),
        errors: Number(found.error_count),
        files: Number(found.source_file_count),
        afterMs: Date.now() - began,
      };
    }
    if (Date.now() - began > VIEWS_MS) return null;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export interface RefusedRecord {
  readonly file: string;
  readonly line: number;
  readonly code: number;
  readonly message: string;
}

/** The error rows of a COPY, as soon as there are at least so many. */
export async function errorsOf(
  cluster: Trial,
  where: string,
  atLeast: number,
): Promise<readonly RefusedRecord[]> {
  const aside = await cluster.another();
  const until = Date.now() + VIEWS_MS;
  for (;;) {
    const found = await rowsOf(
      aside,
      `select trim(file_name) as file_name, line_number, error_code, trim(error_message) as error_message
       from sys_load_error_detail where ${where} order by file_name, line_number`,
    );
    if (found.length >= atLeast || Date.now() > until) {
      return found.map((row) => ({
        file: String(row.file_name),
        line: Number(row.line_number),
        code: Number(row.error_code),
        message: String(row.error_message),
      }));
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
