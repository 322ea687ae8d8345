import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createGzip, type Gzip } from 'node:zlib';
import { columnNames, type Table } from '../../schema/table.ts';
import type { S3Options } from '../../sources/s3-client.ts';
import { type S3Destination, s3Destination } from '../../sources/s3-destination.ts';
import { utcText } from '../pg-wire/values.ts';

/** A part is closed at about so many bytes; AWS advises 1 MB to 1 GB after compression (c_best-practices-use-multiple-files). */
const PART_BYTES = 64 * 1024 * 1024;
/** Rows that go to one part before the next part's turn. */
const TURN_BYTES = 1024 * 1024;
const MOST_LANES = 32;
/** Fast, since a single thread compresses; stronger levels save a tenth of the bytes and take twice as long. */
const GZIP_LEVEL = 3;

/** An object with its size, as a manifest names it. */
export interface StagedObject {
  readonly path: string;
  readonly bytes: number;
}

/** The prefix on which this session puts what the cluster is to read, and from which it takes it away. */
export interface StagingArea {
  /** Writes a small object; its address. */
  put(name: string, text: string): Promise<string>;
  /** Takes rows for a table into compressed parts, as many as `slices` or a multiple. */
  parts(table: Table, slices: number): PartsWriter;
  /** Removes what this session put there. */
  clear(): Promise<void>;
  /** Removes what sessions before this one left; only for the holder of the lease. */
  removeLeftovers(): Promise<void>;
  /** A text object anywhere in S3; null if there is none. */
  read(address: string): Promise<string | null>;
  close(): Promise<void>;
}

/** Rows on their way to S3, as JSON arrays in the order of the table's columns. */
export interface PartsWriter {
  readonly rows: number;
  write(rows: readonly object[]): Promise<void>;
  /** Ends all parts. */
  end(): Promise<StagedObject[]>;
}

/** Opens the staging prefix of a warehouse; several warehouses may share the place, since each has a folder of its own. */
export function openStaging(place: string, warehouse: string, options: S3Options): StagingArea {
  const owner = createHash('sha256').update(warehouse).digest('hex').slice(0, 16);
  const root = `${place.replace(/\/+$/, '')}/sparkify-${owner}`;
  const session = `${new Date().toISOString().replaceAll(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`;
  const destination = s3Destination(root, options);
  const written = new Set<string>();
  let parts = 0;

  async function send(name: string, block: Buffer): Promise<void> {
    written.add(name);
    const upload = destination.upload(name);
    await upload.write(block);
    await upload.end();
  }

  return {
    async put(name, text) {
      const path = `${session}/${name}`;
      await send(path, Buffer.from(text));
      return `${root}/${path}`;
    },
    parts(table, slices) {
      return partsWriter(columnNames(table), Math.min(slices, MOST_LANES), () => {
        parts += 1;
        const path = `${session}/${table.name}-${String(parts).padStart(4, '0')}.json.gz`;
        written.add(path);
        return openPart(destination, path, `${root}/${path}`);
      });
    },
    async clear() {
      for (const path of written) {
        await destination.remove(path);
        written.delete(path);
      }
    },
    async removeLeftovers() {
      for (const path of (await destination.sizes()).keys())
        if (!written.has(path)) await destination.remove(path);
    },
    async read(address) {
      const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(address) ?? [];
      const there = s3Destination(`s3://${bucket}`, options);
      try {
        return await there.read(key);
      } finally {
        await there.close();
      }
    },
    close: () => destination.close(),
  };
}

interface Part {
  /** Before compression. */
  readonly taken: number;
  readonly sent: number;
  write(text: string): Promise<void>;
  end(): Promise<StagedObject>;
}

/** One compressed object, sent while it is written. */
function openPart(destination: S3Destination, path: string, address: string): Part {
  const gzip: Gzip = createGzip({ level: GZIP_LEVEL });
  const upload = destination.upload(path);
  let [taken, sent] = [0, 0];
  const sending = (async () => {
    for await (const block of gzip as AsyncIterable<Buffer>) {
      sent += block.length;
      await upload.write(block);
    }
    await upload.end();
  })();
  sending.catch(() => gzip.destroy());
  return {
    get taken() {
      return taken;
    },
    get sent() {
      return sent;
    },
    async write(text) {
      taken += text.length;
      if (!gzip.write(text)) await Promise.race([once(gzip, 'drain'), sending]);
    },
    async end() {
      gzip.end();
      await sending;
      return { path: address, bytes: sent };
    },
  };
}

function partsWriter(columns: readonly string[], lanes: number, open: () => Part): PartsWriter {
  const parts: (Part | null)[] = Array.from({ length: lanes }, () => null);
  const done: StagedObject[] = [];
  let [lane, turn, rows] = [0, 0, 0];

  async function put(text: string): Promise<void> {
    const part = parts[lane] ?? open();
    parts[lane] = part;
    await part.write(text);
    turn += text.length;
    if (part.sent > PART_BYTES) {
      done.push(await part.end());
      parts[lane] = null;
    }
    if (turn < TURN_BYTES) return;
    lane = (lane + 1) % lanes;
    turn = 0;
  }

  return {
    get rows() {
      return rows;
    },
    async write(some) {
      let text = '';
      for (const row of some as readonly Record<string, unknown>[]) {
        text += `${JSON.stringify(columns.map((name) => inJson(row[name])))}\n`;
        if (text.length < TURN_BYTES) continue;
        await put(text);
        text = '';
      }
      if (text !== '') await put(text);
      rows += some.length;
    },
    async end() {
      for (const part of parts) if (part !== null) done.push(await part.end());
      return done;
    },
  };
}

function inJson(value: unknown): unknown {
  if (value === undefined) return null;
  return value instanceof Date ? utcText(value) : value;
}

/** COPY's manifest: exact keys, none may be missing (loading-data-files-using-manifest). */
export function manifestJson(objects: readonly StagedObject[]): string {
  // An object a line, so that people can read it.
  const entries = objects.map(({ path, bytes }) =>
    JSON.stringify({ url: path, mandatory: true, meta: { content_length: bytes } }),
  );
  return `{"entries":[\n${entries.join(',\n')}\n]}\n`;
}

/** The JSONPaths of rows that are arrays in the order of so many columns (copy-usage_notes-copy-from-json). */
export function arrayPathsJson(columns: number): string {
  return `${JSON.stringify({ jsonpaths: Array.from({ length: columns }, (_, at) => `$[${at}]`) })}\n`;
}
