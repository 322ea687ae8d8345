import { Decompress } from 'fzstd';
import xxhash from 'xxhash-wasm';

const FRAME_MAGIC = 0xfd2fb528;
const LAST_SKIPPABLE_MAGIC = 0x184d2a5f;
const FIRST_SKIPPABLE_MAGIC = 0x184d2a50;
/** What `zstd` itself takes by default; an unpacker holds the complete window. */
const MOST_WINDOW_BYTES = 128 * 1024 * 1024;
const SKIPPED_AT_ONCE = 64 * 1024;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

/**
 * Unpacks zstd frames (RFC 8878) block by block, so that a few bytes cannot become a gigabyte at once, and compares
 * each frame with its content checksum, which fzstd does not. Throws an Error on damaged or cut-off input.
 */
export async function* decompressZstd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const input = byteReader(chunks);
  const { create64 } = await xxhash();
  for (let start = await input.take(4, 'or end'); start !== null; start = await input.take(4, 'or end')) {
    const magic = start.readUInt32LE();
    if (magic >= FIRST_SKIPPABLE_MAGIC && magic <= LAST_SKIPPABLE_MAGIC) {
      await skip(input, (await input.take(4)).readUInt32LE());
      continue;
    }
    if (magic !== FRAME_MAGIC) throw new Error('what follows a frame is not a frame');
    const header = await frameHeader(input);
    if (header.windowBytes > MOST_WINDOW_BYTES)
      throw new Error(
        `a frame needs a window of ${header.windowBytes} bytes, more than ${MOST_WINDOW_BYTES}`,
      );
    const hash = create64();
    let unpacked: Buffer[] = [];
    const unpacker = new Decompress((part) => unpacked.push(Buffer.from(part)));
    unpacker.push(Buffer.concat([start, header.bytes]));
    for (let isLast = false; !isLast; ) {
      const blockHeader = await input.take(3);
      const word = blockHeader.readUIntLE(0, 3);
      isLast = (word & 1) === 1;
      const type = (word >> 1) & 3;
      if (type === RESERVED_BLOCK) throw new Error('a block has an unknown type');
      const content = await input.take(type === RLE_BLOCK ? 1 : word >> 3);
      unpacker.push(Buffer.concat([blockHeader, content]), isLast && !header.hasChecksum);
      for (const part of unpacked) {
        hash.update(part);
        yield part;
      }
      unpacked = [];
    }
    if (!header.hasChecksum) continue;
    const checksum = await input.take(4);
    if (Number(hash.digest() & 0xffffffffn) !== checksum.readUInt32LE()) {
      throw new Error('the content differs from its checksum');
    }
  }
}

/** Skips bytes that are not needed. */
async function skip(input: ByteReader, count: number): Promise<void> {
  for (let left = count; left > 0; left -= SKIPPED_AT_ONCE) await input.take(Math.min(left, SKIPPED_AT_ONCE));
}

interface FrameHeader {
  readonly bytes: Buffer;
  readonly hasChecksum: boolean;
  readonly windowBytes: number;
}

/** The rest of a frame's header: its length depends on its first byte. */
async function frameHeader(input: ByteReader): Promise<FrameHeader> {
  const first = await input.take(1);
  const descriptor = first[0] as number;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  const rest = await input.take((isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes);
  const hasChecksum = (descriptor & 4) !== 0;
  const windowBytes = isSingleSegment ? sizeOf(rest.subarray(dictionaryBytes)) : windowOf(rest[0] as number);
  return { bytes: Buffer.concat([first, rest]), hasChecksum, windowBytes };
}

/** The window of a frame that is one segment is its complete content. */
function sizeOf(field: Buffer): number {
  if (field.length === 8) return Number(field.readBigUInt64LE());
  return field.readUIntLE(0, field.length) + (field.length === 2 ? 256 : 0);
}

/** Five bits of exponent, three of eighths. */
function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

interface ByteReader {
  /** Exactly so many bytes; at the very end null if that is allowed, else an Error. */
  take(count: number): Promise<Buffer>;
  take(count: number, atEnd: 'or end'): Promise<Buffer | null>;
}

function byteReader(chunks: AsyncIterable<Buffer>): ByteReader {
  const iterator = chunks[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  async function take(count: number, atEnd?: 'or end'): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    let missing = count;
    while (missing > held.length) {
      parts.push(Buffer.from(held));
      missing -= held.length;
      const next = await iterator.next();
      held = Buffer.alloc(0);
      if (!next.done) held = next.value;
      else if (atEnd === 'or end' && missing === count) return null;
      else throw new Error('it ends too early');
    }
    parts.push(Buffer.from(held.subarray(0, missing)));
    held = held.subarray(missing);
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }
  return { take } as ByteReader;
}
