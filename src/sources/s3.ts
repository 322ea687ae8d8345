import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { GetObjectCommandInput, ListObjectsV2CommandOutput, S3Client } from '@aws-sdk/client-s3';
import { SourceChangedError, SourceError } from '../errors.ts';
import { parseS3Address, s3Path } from './s3-address.ts';
import { MOST_ATTEMPTS, openS3Client, type S3Options, STALL_MS } from './s3-client.ts';
import { isPassing, s3Error } from './s3-errors.ts';
import { DATA_FILE, type Listing, type Source, type SourceFile } from './source.ts';
import { openSpool } from './spool.ts';

export interface S3SourceOptions extends S3Options {
  /** The address is of one object, whatever characters it has. */
  readonly exact?: boolean;
  /** Copies of large objects that are kept on this machine at a time. */
  readonly spoolBytes?: number;
}

const SMALL_AT_ONCE = 48;
const LARGE_AT_ONCE = 4;
/** Copies that are kept from the survey to the staging; objects beyond are fetched again when their turn comes. */
const SPOOL_BYTES = 4_000_000_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** A folder of objects below a prefix, or one object. Objects are read as they were listed: by their ETag. */
export function s3Source(place: string, options: S3SourceOptions): Source {
  const { bucket, key } = parseS3Address(place, options.exact === true);
  const spool = openSpool(options.spoolBytes ?? SPOOL_BYTES);
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
      if (single === null) throw nothingAt(0);
      return { files: [single], skipped: [], covers: (path) => path === single.path };
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
      if (single !== null) return { files: [single], skipped: [], covers: (path) => path === single.path };
    }
    if (found.files.length === 0) throw nothingAt(found.skipped.length);
    found.files.sort((a, b) => (a.path < b.path ? -1 : 1));
    return { ...found, covers: (path) => path.startsWith(s3Path(bucket, folder)) };
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
      if ((cause as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 404)
        return null;
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

  /** The object's bytes, resumed where a connection broke; never those of another version. */
  async function* fetch(file: SourceFile): AsyncGenerator<Buffer> {
    const of = keyOf(file);
    const hash = createHash('md5');
    let at = 0;
    let answers = 0;
    /** The ETag is the content's MD5, as it is of objects that were put in one piece and not encrypted by a key service. */
    let isMd5 = /:"[0-9a-f]{32}"$/.test(file.fingerprint);
    for (let attempt = 1; at < file.bytes; attempt += 1) {
      let hasAnswer = false;
      try {
        const { stream, isPlain } = await request(of, file, at);
        hasAnswer = true;
        answers += 1;
        isMd5 &&= isPlain;
        for await (const chunk of chunksOf(stream)) {
          at += chunk.length;
          attempt = 1;
          if (at > file.bytes) throw changed(file);
          hash.update(chunk);
          yield chunk;
        }
        if (at < file.bytes) throw broken(`the body ended after ${at} of ${file.bytes} bytes`);
      } catch (cause) {
        if (cause instanceof SourceError || stopping.signal.aborted) throw cause;
        const status = (cause as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
        if (status === 412 || status === 404 || status === 416) throw changed(file);
        // The SDK has tried requests again already; what breaks off after the answer is ours to resume.
        if (!hasAnswer || attempt >= MOST_ATTEMPTS || !isPassing(cause))
          throw s3Error(cause, 'get', bucket, of);
        await pause(attempt);
      }
    }
    // Of a body in one piece the SDK compares the checksum; pieces are ours to compare.
    if (answers > 1 && isMd5 && !file.fingerprint.endsWith(`:"${hash.digest('hex')}"`)) {
      throw new SourceChangedError(`${file.path} came with other bytes than its ETag tells of.`, {
        hint: 'Run again; if it happens again, something between here and the server changes data.',
      });
    }
  }

  /** Asks for an object from a byte on, by the ETag that was listed; the answer must be of it. */
  async function request(of: string, file: SourceFile, from: number) {
    const { GetObjectCommand } = await import('@aws-sdk/client-s3');
    const etag = file.fingerprint.slice(file.fingerprint.indexOf(':') + 1);
    const input: GetObjectCommandInput = { Bucket: bucket, Key: of, IfMatch: etag, ...payer };
    if (from > 0) input.Range = `bytes=${from}-`;
    const answer = await (await client()).send(new GetObjectCommand(input), abort);
    if (answer.Body === undefined) throw new SourceError(`${file.path} came without a body.`);
    const stream = answer.Body as ByteStream;
    const isOther = answer.ETag !== undefined && answer.ETag !== etag;
    const isElsewhere = from > 0 && !answer.ContentRange?.startsWith(`bytes ${from}-`);
    if (isOther || isElsewhere) {
      stream.destroy();
      if (isOther) throw changed(file);
      throw new SourceError(`The S3 server does not know ranges, so ${file.path} could not be resumed.`);
    }
    const isPlain =
      !answer.ServerSideEncryption?.startsWith('aws:kms') && answer.SSECustomerAlgorithm === undefined;
    return { stream, isPlain };
  }

  /** A body's chunks; one that sends nothing for long breaks off. */
  async function* chunksOf(stream: ByteStream): AsyncGenerator<Buffer> {
    const stall = (): void => stream.destroy(broken('the body stalled'));
    const stop = (): void => stream.destroy(new Error('the load was stopped'));
    const stallMs = options.stallMs ?? STALL_MS;
    let timer = setTimeout(stall, stallMs);
    stopping.signal.addEventListener('abort', stop);
    try {
      for await (const chunk of stream) {
        clearTimeout(timer);
        yield chunk;
        timer = setTimeout(stall, stallMs);
      }
    } finally {
      clearTimeout(timer);
      stopping.signal.removeEventListener('abort', stop);
      stream.destroy();
    }
  }

  function changed(file: SourceFile): SourceChangedError {
    return new SourceChangedError(`${file.path} changed while it was being read.`, {
      hint: 'Run again when it is written to its end.',
    });
  }

  return {
    isLocal: false,
    smallAtOnce: SMALL_AT_ONCE,
    largeAtOnce: LARGE_AT_ONCE,
    list,
    open(file) {
      const copy = spool.read(versionOf(file));
      if (copy !== null) return copy;
      const version = versionOf(file);
      return spool.reserve(version, file.bytes, false) ? spool.keep(version, fetch(file)) : fetch(file);
    },
    async bring(files) {
      const missing = files.filter((file) => spool.pathOf(versionOf(file)) === null);
      const lane = async (): Promise<void> => {
        for (let file = missing.pop(); file !== undefined; file = missing.pop()) {
          const version = versionOf(file);
          spool.reserve(version, file.bytes, true);
          try {
            for await (const _chunk of spool.keep(version, fetch(file)));
          } catch (error) {
            missing.length = 0;
            throw error;
          }
        }
      };
      const lanes = await Promise.allSettled(Array.from({ length: LARGE_AT_ONCE }, lane));
      for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
    },
    release: (file) => spool.remove(versionOf(file)),
    async readSmall(file) {
      const chunks: Buffer[] = [];
      for await (const chunk of fetch(file)) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks);
    },
    // What was copied is what was listed: the request asked for that version only.
    relist: async (file) => (spool.pathOf(versionOf(file)) === null ? head(keyOf(file)) : file),
    localPath: (file) => spool.pathOf(versionOf(file)),
    async close() {
      stopping.abort();
      await spool.close();
      if (opened !== null) (await opened).destroy();
    },
  };
}

type ByteStream = AsyncIterable<Buffer> & { destroy(error?: Error): void };

/** A connection that ended too early. */
function broken(message: string): Error {
  return Object.assign(new Error(message), { code: 'ECONNRESET' });
}

/** An object as it was listed; under the same name another one may come. */
function versionOf({ path, fingerprint }: SourceFile): string {
  return `${path} ${fingerprint}`;
}

/** Waits longer with each attempt, by a chance that keeps many readers apart. */
function pause(attempt: number): Promise<void> {
  const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  return new Promise((resolve) => setTimeout(resolve, most * Math.random()));
}
