import type { GetObjectCommandInput } from '@aws-sdk/client-s3';
import { SourceChangedError, SourceError } from '../errors.ts';
import { keyOf, type S3Bucket } from './s3-bucket.ts';
import { MOST_ATTEMPTS, pauseBefore, STALL_MS } from './s3-client.ts';
import { isPassing, s3Error, statusOf } from './s3-errors.ts';
import { etagHash, etagOf, isContentEtag, partSizes } from './s3-etag.ts';
import { changedWhileRead, type SourceFile } from './source.ts';

/** Larger objects come by several ranges at a time: one connection is slower than the network. */
const WHOLE_BYTES = 32 * 1024 * 1024;
const RANGE_BYTES = 8 * 1024 * 1024;
const RANGES_AT_ONCE = 3;

/** An object's bytes as they were listed: resumed where a connection broke, by ranges where it is large. */
export async function* fetchObject(bucket: S3Bucket, file: SourceFile): AsyncGenerator<Buffer> {
  const isLarge = file.bytes > WHOLE_BYTES;
  const parts = isLarge ? await partSizes(bucket, file) : null;
  const content = etagHash(parts);
  const answers = { count: 0, isPlain: true };
  const chunks = isLarge
    ? byRanges(bucket, file, answers)
    : piece(bucket, file, { from: 0, to: file.bytes }, answers);
  for await (const chunk of chunks) {
    content.update(chunk);
    yield chunk;
  }
  // Of a body in one piece the SDK compares the checksum; pieces are ours to compare.
  if (answers.count <= 1 || !answers.isPlain || !isContentEtag(bucket, file, parts)) return;
  if (content.etag() !== etagOf(file)) throw otherBytes(file, 'its ETag');
}

/** A small object whole; asked for again if it came corrupted. */
export async function fetchWhole(bucket: S3Bucket, file: SourceFile): Promise<Buffer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of fetchObject(bucket, file)) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks);
    } catch (error) {
      if (!(error instanceof CorruptedError) || attempt >= MOST_ATTEMPTS) throw error;
      await pauseBefore(attempt, bucket.stopping);
    }
  }
}

interface Range {
  readonly from: number;
  /** The first byte behind it. */
  readonly to: number;
}

/** How many answers gave the bytes, and whether all of an object whose ETag tells of its content. */
interface Answers {
  count: number;
  isPlain: boolean;
}

/** Some ranges ahead of the one that is given on. */
async function* byRanges(bucket: S3Bucket, file: SourceFile, answers: Answers): AsyncGenerator<Buffer> {
  const coming: Promise<Buffer[]>[] = [];
  const fetchRange = async (from: number): Promise<Buffer[]> => {
    const chunks: Buffer[] = [];
    const range = { from, to: Math.min(file.bytes, from + RANGE_BYTES) };
    for await (const chunk of piece(bucket, file, range, answers)) chunks.push(Buffer.from(chunk));
    return chunks;
  };
  try {
    for (let next = 0; next < file.bytes || coming.length > 0; ) {
      while (next < file.bytes && coming.length < RANGES_AT_ONCE) {
        const range = fetchRange(next);
        range.catch(() => {});
        coming.push(range);
        next += RANGE_BYTES;
      }
      yield* (await coming.shift()) as Buffer[];
    }
  } finally {
    await Promise.allSettled(coming);
  }
}

/** The bytes of one range, resumed where a connection broke. */
async function* piece(
  bucket: S3Bucket,
  file: SourceFile,
  { from, to }: Range,
  answers: Answers,
): AsyncGenerator<Buffer> {
  for (let at = from, attempt = 1; at < to; attempt += 1) {
    let hasAnswer = false;
    try {
      const { stream, isPlain } = await request(bucket, file, { from: at, to });
      hasAnswer = true;
      answers.count += 1;
      answers.isPlain &&= isPlain;
      for await (const chunk of chunksOf(stream, bucket)) {
        at += chunk.length;
        attempt = 1;
        if (at > to) throw changedWhileRead(file);
        yield chunk;
      }
      if (at < to) throw broken(`the body ended after ${at - from} of ${to - from} bytes`);
    } catch (cause) {
      if (cause instanceof SourceError || bucket.stopping.aborted) throw cause;
      const status = statusOf(cause);
      if (status === 412 || status === 404 || status === 416) throw changedWhileRead(file);
      if (/checksum mismatch/i.test((cause as Error).message)) throw otherBytes(file, 'its checksum');
      // The SDK has tried requests again already; what breaks off after the answer is ours to resume.
      if (!hasAnswer || attempt >= MOST_ATTEMPTS || !isPassing(cause))
        throw s3Error(cause, 'get', bucket.name, keyOf(bucket, file));
      await pauseBefore(attempt, bucket.stopping);
    }
  }
}

/** Asks for bytes of an object by the ETag that was listed; the answer must be of it. */
async function request(bucket: S3Bucket, file: SourceFile, { from, to }: Range) {
  const { GetObjectCommand } = await import('@aws-sdk/client-s3');
  const etag = etagOf(file);
  const isWhole = from === 0 && to === file.bytes;
  const input: GetObjectCommandInput = {
    Bucket: bucket.name,
    Key: keyOf(bucket, file),
    IfMatch: etag,
    ...bucket.payer,
    ...(isWhole ? {} : { Range: `bytes=${from}-${to - 1}` }),
  };
  const options = { abortSignal: bucket.stopping };
  const answer = await (await bucket.client()).send(new GetObjectCommand(input), options);
  if (answer.Body === undefined) throw new SourceError(`${file.path} came without a body.`);
  const stream = answer.Body as ByteStream;
  const isOther = answer.ETag !== undefined && answer.ETag !== etag;
  const isElsewhere = !isWhole && !answer.ContentRange?.startsWith(`bytes ${from}-${to - 1}/`);
  if (isOther || isElsewhere) {
    stream.destroy();
    if (isOther) throw changedWhileRead(file);
    throw new SourceError(`The S3 server does not support ranges, so ${file.path} cannot be read in pieces.`);
  }
  const isPlain =
    !answer.ServerSideEncryption?.startsWith('aws:kms') && answer.SSECustomerAlgorithm === undefined;
  return { stream, isPlain };
}

/** A body's chunks; one that sends nothing for long breaks off. */
async function* chunksOf(stream: ByteStream, bucket: S3Bucket): AsyncGenerator<Buffer> {
  const stall = (): void => stream.destroy(broken('the body stalled'));
  const stop = (): void => stream.destroy(new Error('the load was stopped'));
  const stallMs = bucket.stallMs ?? STALL_MS;
  let timer = setTimeout(stall, stallMs);
  bucket.stopping.addEventListener('abort', stop);
  try {
    for await (const chunk of stream) {
      clearTimeout(timer);
      yield chunk;
      timer = setTimeout(stall, stallMs);
    }
  } finally {
    clearTimeout(timer);
    bucket.stopping.removeEventListener('abort', stop);
    stream.destroy();
  }
}

function otherBytes(file: SourceFile, what: string): CorruptedError {
  return new CorruptedError(`The bytes of ${file.path} do not match ${what}.`, {
    path: file.path,
    reason: `its bytes do not match ${what}`,
    hint: 'Run again; if it happens again, something between here and the server changes data.',
  });
}

/** What came is not what was listed, though it says so. */
class CorruptedError extends SourceChangedError {}

type ByteStream = AsyncIterable<Buffer> & { destroy(error?: Error): void };

/** A connection that ended too early. */
function broken(message: string): Error {
  return Object.assign(new Error(message), { code: 'ECONNRESET' });
}
