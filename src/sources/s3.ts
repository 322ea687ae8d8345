import { setMaxListeners } from 'node:events';
import type { ListObjectsV2CommandOutput, S3Client } from '@aws-sdk/client-s3';
import { SourceError } from '../errors.ts';
import { parseS3Address, s3Path } from './s3-address.ts';
import type { S3Bucket } from './s3-bucket.ts';
import { openS3Client, type S3Options } from './s3-client.ts';
import { s3Error, statusOf } from './s3-errors.ts';
import { fetchObject, fetchWhole } from './s3-object.ts';
import { DATA_FILE, type Listing, type Source, type SourceFile } from './source.ts';
import { openSpool, type SpoolRoom, spoolRoom } from './spool.ts';

export interface S3SourceOptions extends S3Options {
  /** The address is of one object, whatever characters it has. */
  readonly exact?: boolean;
  /** For copies of large objects on this machine; its own, if it shares none. */
  readonly room?: SpoolRoom;
}

const SMALL_AT_ONCE = 48;
const LARGE_AT_ONCE = 4;

/** An exact address of which no object is. */
export class NoObjectError extends SourceError {}

/** A folder of objects below a prefix, or one object. Objects are read as they were listed: by their ETag. */
export function s3Source(place: string, options: S3SourceOptions): Source {
  const { bucket, key } = parseS3Address(place, options.exact === true);
  const spool = openSpool(options.room ?? spoolRoom());
  /** Ends whatever is under way. */
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const abort = { abortSignal: stopping.signal };
  let opened: Promise<S3Client> | null = null;
  const client = (): Promise<S3Client> => {
    opened ??= openS3Client(options, SMALL_AT_ONCE);
    return opened;
  };
  const payer = options.requesterPays === true ? { RequestPayer: 'requester' as const } : {};

  async function list(onFound?: (files: number) => void): Promise<Listing> {
    if (options.exact === true) {
      const single = await head(key);
      if (single === null) throw new NoObjectError(`There is no object s3://${bucket}/${key}.`);
      return listingOf(single);
    }
    const folder = key === '' ? '' : `${key}/`;
    const found = { files: [] as SourceFile[], skipped: [] as string[] };
    for await (const page of pages(folder)) {
      const { Contents: objects = [] } = page;
      onFound?.(objects.length);
      for (const object of objects) {
        if (object.Key === undefined) continue;
        // Consoles make empty objects that stand for folders.
        if (object.Key.endsWith('/')) continue;
        if (DATA_FILE.test(object.Key)) found.files.push(describe(object.Key, object.Size ?? 0, object.ETag));
        else found.skipped.push(s3Path(bucket, object.Key));
      }
    }
    if (found.files.length === 0 && found.skipped.length === 0 && key !== '') {
      const single = await head(key);
      if (single !== null) return listingOf(single);
    }
    if (found.files.length === 0) throw nothingAt(found.skipped.length);
    found.files.sort((a, b) => (a.path < b.path ? -1 : 1));
    return { ...found, unreadable: [], covers: (path) => path.startsWith(s3Path(bucket, folder)) };
  }

  async function* pages(prefix: string): AsyncGenerator<ListObjectsV2CommandOutput> {
    const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
    let token: string | undefined;
    do {
      const page: ListObjectsV2CommandOutput = await (await client())
        .send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            ...payer,
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
          abort,
        )
        .catch((cause) => {
          throw s3Error(cause, 'list', bucket, prefix);
        });
      yield page;
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async function head(of: string): Promise<SourceFile | null> {
    const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
    try {
      const found = await (await client()).send(
        new HeadObjectCommand({ Bucket: bucket, Key: of, ...payer }),
        abort,
      );
      return describe(of, found.ContentLength ?? 0, found.ETag);
    } catch (cause) {
      if (statusOf(cause) === 404) return null;
      throw s3Error(cause, 'get', bucket, of);
    }
  }

  function describe(of: string, bytes: number, etag: string | undefined): SourceFile {
    return { path: s3Path(bucket, of), bytes, fingerprint: `${bytes}:${etag}`, settled: true };
  }

  function keyOf(file: SourceFile): string {
    return file.path.slice(s3Path(bucket, '').length);
  }

  function nothingAt(others: number): SourceError {
    const also =
      others > 0 ? ` (${others} ${others === 1 ? 'object has' : 'objects have'} another ending)` : '';
    return new SourceError(`No JSON files under s3://${bucket}/${key}${also}.`, {
      hint: 'Expected are .json, .jsonl or .ndjson, plain or with .gz or .zst.',
    });
  }

  const from: S3Bucket = {
    name: bucket,
    client,
    requesterPays: options.requesterPays === true,
    stallMs: options.stallMs,
    stopping: stopping.signal,
  };
  const read = (file: SourceFile): AsyncGenerator<Buffer> => fetchObject(from, keyOf(file), file);

  /** Copies the files to this machine that were not copied before. */
  async function copyAll(files: readonly SourceFile[]): Promise<void> {
    const missing = files.filter((file) => spool.pathOf(versionOf(file)) === null);
    const lane = async (): Promise<void> => {
      for (let file = missing.pop(); file !== undefined; file = missing.pop()) {
        const version = versionOf(file);
        spool.reserve(version, file.bytes, true);
        try {
          for await (const _chunk of spool.keep(version, read(file)));
        } catch (error) {
          missing.length = 0;
          throw error;
        }
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: LARGE_AT_ONCE }, lane));
    for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
  }

  return {
    isLocal: false,
    concurrency: { small: SMALL_AT_ONCE, large: LARGE_AT_ONCE },
    list,
    open(file) {
      const copy = spool.read(versionOf(file));
      if (copy !== null) return copy;
      const version = versionOf(file);
      return spool.reserve(version, file.bytes, false) ? spool.keep(version, read(file)) : read(file);
    },
    async fetch(files) {
      await copyAll(files);
      return files.map((file) => spool.pathOf(versionOf(file)) as string);
    },
    release: (file) => spool.remove(versionOf(file)),
    readSmall: (file) => fetchWhole(from, keyOf(file), file),
    // What was copied is what was listed: the request asked for that version only.
    relist: async (file) => (spool.pathOf(versionOf(file)) === null ? head(keyOf(file)) : file),
    async close() {
      stopping.abort();
      await spool.close();
      if (opened !== null) (await opened).destroy();
    },
  };
}

/** The listing of one object. */
function listingOf(single: SourceFile): Listing {
  return { files: [single], skipped: [], unreadable: [], covers: (path) => path === single.path };
}

/** An object as it was listed; under the same name another one may come. */
function versionOf({ path, fingerprint }: SourceFile): string {
  return `${path} ${fingerprint}`;
}
