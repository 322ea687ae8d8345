import { gunzipSync } from 'node:zlib';
import { decompress } from 'fzstd';
import { s3Place } from '../grammar/statement-reader.ts';
import { JsonError, type JsonValue, readJson } from '../json/json-values.ts';
import { type ObjectStore, ServerError } from './copy-session.ts';
import type { CopyStatement } from './copy-statement.ts';
import { codes, LoadError } from './load-error.ts';
import { s3ServiceException, storageError } from './object-store.ts';
import { decoded } from './utf8-faults.ts';

/** An object that a COPY is to load. */
export interface SourceFile {
  readonly bucket: string;
  readonly key: string;
  /** One that a manifest does not call mandatory may be missing. */
  readonly mayBeMissing: boolean;
  /** As a manifest has it. */
  readonly contentLength: number | null;
}

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** The objects that a COPY loads, in their order: those of its manifest, or those whose keys begin with its key. */
export async function sourceFiles(statement: CopyStatement, store: ObjectStore): Promise<SourceFile[]> {
  const { bucket, key } = statement.source;
  requireRegion(statement, store, bucket);
  if (statement.isManifest) {
    const files = manifestFiles(await readManifest(store, bucket, key));
    for (const file of files) requireRegion(statement, store, file.bucket);
    return files;
  }
  const found = await store.list(bucket, key);
  if (found.length === 0)
    throw storageError(`The specified S3 prefix '${key}' does not exist`, `S3 path : s3://${bucket}/${key}`);
  return found.map((object) => ({ bucket, key: object.key, mayBeMissing: false, contentLength: null }));
}

/** Fails where a bucket is neither in the cluster's Region nor in the one that REGION names. */
export function requireRegion(
  { region }: { readonly region: string | null },
  store: ObjectStore,
  bucket: string,
): void {
  // A name that no bucket can have: the answer is the cluster's own Region.
  if (store.regionOf(bucket) === (region ?? store.regionOf(''))) return;
  throw s3ServiceException(
    301,
    'PermanentRedirect',
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
    `S3 bucket : ${bucket}`,
  );
}

async function readManifest(store: ObjectStore, bucket: string, key: string): Promise<JsonValue> {
  let content: Buffer;
  try {
    content = await store.read(bucket, key);
  } catch (error) {
    // Redshift words a manifest that may not be read like one that is not there.
    if (!(error instanceof ServerError) || !/Error (NoSuchKey|AccessDenied)/.test(error.message)) throw error;
    const message = 'COPY with MANIFEST parameter requires full path of an S3 object.';
    throw storageError(message, `S3 path : s3://${bucket}/${key}`);
  }
  try {
    return readJson(content.toString('latin1'));
  } catch (error) {
    if (error instanceof JsonError) throw badManifest(error.message);
    throw error;
  }
}

function manifestFiles(manifest: JsonValue): SourceFile[] {
  const entries = member(manifest, 'entries');
  if (entries?.kind !== 'array') throw badManifest('no array of entries');
  return entries.items.map((entry) => {
    const url = member(entry, 'url');
    if (url?.kind !== 'string') throw badManifest('Mandatory url is not present in manifest file.');
    const mandatory = member(entry, 'mandatory')?.kind ?? 'false';
    if (mandatory !== 'true' && mandatory !== 'false') throw badManifest('mandatory is not a boolean');
    const meta = member(entry, 'meta');
    const length = meta === undefined ? undefined : member(meta, 'content_length');
    if (length !== undefined && length.kind !== 'number') throw badManifest('content_length is not a number');
    return {
      ...s3Place(decoded(url.bytes)),
      mayBeMissing: mandatory === 'false',
      contentLength: length === undefined ? null : Number(length.digits),
    };
  });
}

function member(value: JsonValue, name: string): JsonValue | undefined {
  return value.kind === 'object' ? value.values[value.names.indexOf(name)] : undefined;
}

function badManifest(why: string): ServerError {
  return storageError(`Problem reading manifest file - ${why}`, 'manifest');
}

/** An object's content; null, if it is not there and may be missing. */
export async function readSource(file: SourceFile, store: ObjectStore): Promise<Buffer | null> {
  let content: Buffer;
  try {
    content = await store.read(file.bucket, file.key);
  } catch (error) {
    const isMissing = error instanceof ServerError && error.message.includes('Error NoSuchKey');
    if (isMissing && file.mayBeMissing) return null;
    throw error;
  }
  if (file.contentLength === null || file.contentLength === content.length) return content;
  throw storageError(
    `The file has ${content.length} bytes where the manifest says ${file.contentLength}`,
    `S3 key being read : s3://${file.bucket}/${file.key}`,
  );
}

/** What a compressed object holds; throws LoadError where the keyword of the COPY and the object do not agree. */
export function unpacked(content: Buffer, compression: CopyStatement['compression']): Buffer {
  const begins = (magic: Buffer): boolean => content.subarray(0, magic.length).equals(magic);
  const found = begins(GZIP) ? 'gzip' : begins(ZSTD) ? 'zstd' : null;
  if (found === compression || content.length === 0) {
    try {
      if (found === 'gzip') return gunzipSync(content);
      return found === 'zstd' ? Buffer.from(decompress(content)) : content;
    } catch {
      throw new LoadError(codes.line, `The ${found} stream is broken.`);
    }
  }
  const [is, said] = [found ?? 'not compressed', compression ?? 'not compressed'];
  throw new LoadError(codes.line, `The file is ${is}, and the COPY says ${said}.`);
}
