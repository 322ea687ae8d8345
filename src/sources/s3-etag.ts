import { createHash } from 'node:crypto';
import { keyOf, type S3Bucket } from './s3-bucket.ts';
import { s3Error, statusOf } from './s3-errors.ts';
import { changedWhileRead, type SourceFile } from './source.ts';

const HEADS_AT_ONCE = 16;

/** Whether the ETag can be made from the content: not in directory buckets, nor of parts of unknown sizes. */
export function isContentEtag(
  { name }: S3Bucket,
  file: SourceFile,
  parts: readonly number[] | null,
): boolean {
  if (name.endsWith('--x-s3')) return false;
  return partsOf(file) === null ? /^"[0-9a-f]{32}"$/.test(etagOf(file)) : parts !== null;
}

/** The ETag that a file was listed with. */
export function etagOf({ fingerprint }: SourceFile): string {
  return fingerprint.slice(fingerprint.indexOf(':') + 1);
}

/** How many parts an object came in, as its ETag tells; null if it was put whole. */
function partsOf(file: SourceFile): number | null {
  const [, parts] = /^"[0-9a-f]{32}-(\d+)"$/.exec(etagOf(file)) ?? [];
  return parts === undefined ? null : Number(parts);
}

/**
 * An ETag from a content: the MD5 of an object that was put whole; of one that came in parts of these sizes, the MD5 of
 * their MD5s, and their number.
 */
export function etagHash(parts: readonly number[] | null) {
  const all = createHash('md5');
  let part = createHash('md5');
  let inPart = 0;
  let nth = 0;
  return {
    update(chunk: Buffer): void {
      if (parts === null) {
        all.update(chunk);
        return;
      }
      for (let at = 0; at < chunk.length; ) {
        const size = parts[nth] ?? Number.POSITIVE_INFINITY;
        const end = Math.min(chunk.length, at + size - inPart);
        part.update(chunk.subarray(at, end));
        inPart += end - at;
        at = end;
        if (inPart < size) continue;
        all.update(part.digest());
        part = createHash('md5');
        inPart = 0;
        nth += 1;
      }
    },
    etag: (): string => `"${all.digest('hex')}${parts === null ? '' : `-${nth}`}"`,
  };
}

/** The sizes in bytes of the parts that an object came in; null if it was put whole, or the server does not tell. */
export async function partSizes(bucket: S3Bucket, file: SourceFile): Promise<number[] | null> {
  const parts = partsOf(file);
  if (parts === null) return null;
  const sizes: number[] = [];
  for (let at = 0; at < parts; at += HEADS_AT_ONCE) {
    const some = Array.from({ length: Math.min(HEADS_AT_ONCE, parts - at) }, (_, nth) => at + nth + 1);
    const found = await Promise.all(some.map((part) => partSize(bucket, file, part)));
    for (const size of found) {
      if (size === null) return null;
      sizes.push(size);
    }
  }
  return sizes.reduce((sum, size) => sum + size, 0) === file.bytes ? sizes : null;
}

async function partSize(bucket: S3Bucket, file: SourceFile, part: number): Promise<number | null> {
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
  try {
    const command = new HeadObjectCommand({
      Bucket: bucket.name,
      Key: keyOf(bucket, file),
      IfMatch: etagOf(file),
      PartNumber: part,
      ...bucket.payer,
    });
    const answer = await (await bucket.client()).send(command, { abortSignal: bucket.stopping });
    return answer.PartsCount === partsOf(file) ? (answer.ContentLength ?? null) : null;
  } catch (cause) {
    if (statusOf(cause) === 412 || statusOf(cause) === 404) throw changedWhileRead(file);
    // A server that knows no parts refuses to be asked for one.
    if (statusOf(cause) === 400 || statusOf(cause) === 416 || statusOf(cause) === 501) return null;
    throw s3Error(cause, 'get', bucket.name, keyOf(bucket, file));
  }
}
