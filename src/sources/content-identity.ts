import { createHash } from 'node:crypto';
import type { SourceFile } from './source.ts';

/**
 * In place of the SHA-256 of a content that this program has not read: size and ETag, hashed to fit where a SHA-256
 * does.
 */
export function listedIdentity({ fingerprint }: SourceFile): string {
  return `etag:${createHash('sha256').update(fingerprint).digest('hex').slice(0, 59)}`;
}

/** Whether an identity is of a content that this program has not read. */
export function isListed(sha256: string): boolean {
  return sha256.startsWith('etag:');
}
