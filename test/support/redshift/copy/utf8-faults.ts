import { isUtf8 } from 'node:buffer';

/** A byte sequence that is no character, by multi-byte-character-load-errors. */
export interface Utf8Fault {
  readonly at: number;
  readonly length: number;
  readonly error: number;
}

export const isAscii = (bytes: string): boolean => !/[\u0080-\u00ff]/.test(bytes);

/** Text of which each character is a byte, as it is meant. */
export function decoded(bytes: string): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** The first sequence that is not UTF-8; null, if all is. */
export function firstFault(bytes: string): Utf8Fault | null {
  if (isAscii(bytes) || isUtf8(Buffer.from(bytes, 'latin1'))) return null;
  for (let at = 0; at < bytes.length; ) {
    const { length, error } = character(bytes, at);
    if (error > 0) return { at, length, error };
    at += length;
  }
  return null;
}

/**
 * ACCEPTINVCHARS: each byte of a sequence that is not UTF-8 becomes the replacement; so do code points that UTF-8 can
 * write and Unicode keeps free of characters.
 */
export function replaceFaults(bytes: string, replacement: string): string {
  if (isAscii(bytes)) return bytes;
  let result = '';
  for (let at = 0; at < bytes.length; ) {
    const { length, error, point } = character(bytes, at);
    const isFree = (point >= 0xfdd0 && point <= 0xfdef) || (point & 0xfffe) === 0xfffe;
    result += error > 0 || isFree ? replacement.repeat(length) : bytes.slice(at, at + length);
    at += length;
  }
  return result;
}

function character(bytes: string, at: number): { length: number; error: number; point: number } {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return { length: 1, error: 0, point: first };
  if (first < 0xc0 || first > 0xfd) return { length: 1, error: 3, point: 0 };
  const expected = first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : first < 0xfc ? 5 : 6;
  let point = first & (0xff >> (expected + 1));
  for (let i = 1; i < expected; i += 1) {
    if (at + i >= bytes.length) return { length: i, error: 2, point: 0 };
    const next = bytes.charCodeAt(at + i);
    if (next < 0x80 || next > 0xbf) return { length: i, error: 4, point: 0 };
    point = (point << 6) | (next & 0x3f);
  }
  if (expected > 4) return { length: expected, error: 1, point: 0 };
  if (point >= 0xd800 && point <= 0xdfff) return { length: expected, error: 5, point: 0 };
  const least = expected === 2 ? 0x80 : expected === 3 ? 0x800 : 0x10000;
  if (point < least || point > 0x10ffff) return { length: expected, error: point < least ? 9 : 8, point: 0 };
  return { length: expected, error: 0, point };
}
