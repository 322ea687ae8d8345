import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createGzip, type Gzip } from 'node:zlib';

const MOST_PENDING = 4;
/** Copies of blocks on their way to disk; used again, since fresh memory costs as much as the writing. */
const spare: Buffer[] = [];
const SPARE_BYTES = 524_288;

/** What was written. */
export interface Written {
  readonly bytes: number;
  readonly sha256: string;
}

/** Where blocks of a file go. */
export interface Writer {
  /** Takes a copy of the block. */
  write(block: Uint8Array): void;
  /** Resolves when so much is written that more may come; rejects if writing failed. */
  ready(): Promise<void>;
  end(): Promise<Written>;
  /** Gives up and removes what was written. */
  abandon(): Promise<void>;
}

/** The name of a file that is not finished; it shows which process writes it. */
export function passingName(path: string): string {
  return `${path}.${process.pid}.part`;
}

/** Begins the file of a path below the data set's place. */
export type OpenWriter = (path: string) => Promise<Writer>;

/** Where the bytes of one file end up. */
export interface Sink {
  /** Takes the block, in order; resolves when its memory may be used again. */
  write(block: Buffer): Promise<void>;
  /** Gives the file its name. */
  end(): Promise<void>;
  /** Removes what was written. */
  abandon(): Promise<void>;
}

/** Writes a file under a temporary name; it gets its own name when it is complete. */
export async function openFile(path: string, isPacked: boolean): Promise<Writer> {
  const passing = passingName(path);
  mkdirSync(dirname(passing), { recursive: true });
  const handle = await open(passing, 'w');
  const sink: Sink = {
    write: (block) =>
      handle.writeFile(block).catch((error) => {
        // Errors of writing, unlike those of opening, do not say where.
        throw Object.assign(error, { path });
      }),
    async end() {
      await handle.close();
      await rename(passing, path);
    },
    async abandon() {
      await handle.close().catch(() => {});
      await rm(passing, { force: true });
    },
  };
  return writerTo(sink, isPacked);
}

/** Hashes and counts what goes into a sink, compressed or not; without a sink it does no more than that. */
export function writerTo(sink: Sink | null, isPacked: boolean): Writer {
  const hash = createHash('sha256');
  let bytes = 0;
  const inFlight: Promise<void>[] = [];
  let last = Promise.resolve();
  let failure: unknown = null;

  function store(block: Uint8Array): void {
    hash.update(block);
    bytes += block.length;
    if (sink === null) return;
    const buffer =
      block.length <= SPARE_BYTES ? (spare.pop() ?? Buffer.allocUnsafeSlow(SPARE_BYTES)) : Buffer.from(block);
    buffer.set(block);
    const { length } = block;
    last = last
      .then(async () => {
        if (failure === null) await sink.write(buffer.subarray(0, length));
        if (buffer.length === SPARE_BYTES) spare.push(buffer);
      })
      .catch((error) => {
        failure ??= error;
      });
    inFlight.push(last);
  }

  const gzip: Gzip | null = isPacked ? createGzip({ level: 6 }) : null;
  gzip?.on('data', store);
  const unpacked: { flushed: Promise<void> } = { flushed: Promise.resolve() };

  async function ready(): Promise<void> {
    await unpacked.flushed;
    while (inFlight.length > MOST_PENDING) await inFlight.shift();
    if (failure !== null) throw failure;
  }

  return {
    write(block) {
      if (gzip === null) store(block);
      else {
        const copy = Buffer.from(block);
        unpacked.flushed = new Promise((resolve, reject) => {
          gzip.write(copy, (error) => (error ? reject(error) : resolve()));
        });
      }
    },
    ready,
    async end() {
      if (gzip !== null) {
        await unpacked.flushed;
        await new Promise<void>((resolve, reject) => {
          gzip.once('end', resolve).once('error', reject).end();
        });
      }
      await last;
      if (failure !== null) throw failure;
      await sink?.end();
      return { bytes, sha256: hash.digest('hex') };
    },
    async abandon() {
      await last;
      await sink?.abandon();
    },
  };
}
