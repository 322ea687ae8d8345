import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';

export interface StoredObject {
  readonly content: Buffer;
  readonly etag: string;
  /** Where the parts of an object that came in parts end. */
  readonly partEnds?: readonly number[];
}

/** The objects of a bucket; their keys are sorted once they are asked for. */
export class Bucket {
  readonly objects = new Map<string, StoredObject>();
  private sorted: string[] | null = null;

  put(key: string, object: StoredObject): void {
    if (!this.objects.has(key)) this.sorted = null;
    this.objects.set(key, object);
  }

  remove(key: string): void {
    if (this.objects.delete(key)) this.sorted = null;
  }

  sortedKeys(): string[] {
    this.sorted ??= [...this.objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return this.sorted;
  }
}

export function etagOf(content: Buffer): string {
  return `"${createHash('md5').update(content).digest('hex')}"`;
}

/** An object as it stands when it came in parts that end at these bytes. */
export function inParts(content: Buffer, partEnds: readonly number[]): StoredObject {
  const md5s = partEnds.map((end, at) =>
    createHash('md5')
      .update(content.subarray(partEnds[at - 1] ?? 0, end))
      .digest(),
  );
  const etag = `"${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-${md5s.length}"`;
  return { content, etag, partEnds };
}

/** Status, code and message of an answer that refuses. */
type Refusal = readonly [number, string, string];

const LEAST_PART_BYTES = 5 * 1024 * 1024;

/** The requests that change a bucket: PUT, DELETE, and uploads in parts, with the checks that S3 makes. */
export function s3Writing() {
  const uploads = new Map<string, { readonly key: string; readonly parts: Map<number, Buffer> }>();

  async function write(
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
    key: string,
    bucket: Bucket,
  ): Promise<Refusal | null> {
    const body = await bodyOf(request);
    const refused = badBody(request, body);
    if (refused !== null) return refused;
    const id = query.get('uploadId');
    if (request.method === 'POST' && query.has('uploads')) {
      const uploadId = randomUUID();
      uploads.set(uploadId, { key, parts: new Map() });
      const xml = `<InitiateMultipartUploadResult><Key>x</Key><UploadId>${uploadId}</UploadId></InitiateMultipartUploadResult>`;
      response.writeHead(200, { 'content-type': 'application/xml' }).end(xml);
      return null;
    }
    if (id !== null) {
      const upload = uploads.get(id);
      if (upload === undefined || upload.key !== key) return [404, 'NoSuchUpload', 'There is no such upload'];
      if (request.method === 'DELETE') {
        uploads.delete(id);
        response.writeHead(204).end();
        return null;
      }
      if (request.method === 'PUT') {
        upload.parts.set(Number(query.get('partNumber')), body);
        response.writeHead(200, { etag: etagOf(body) }).end();
        return null;
      }
      return complete(id, body.toString(), response, bucket);
    }
    if (request.method === 'DELETE') {
      bucket.remove(key);
      response.writeHead(204).end();
      return null;
    }
    if (request.method !== 'PUT') return [405, 'MethodNotAllowed', 'Not emulated'];
    if (request.headers['if-none-match'] === '*' && bucket.objects.has(key))
      return [412, 'PreconditionFailed', 'At least one of the pre-conditions did not hold'];
    bucket.put(key, { content: body, etag: etagOf(body) });
    response.writeHead(200, { etag: etagOf(body) }).end();
    return null;
  }

  function complete(id: string, xml: string, response: ServerResponse, bucket: Bucket): Refusal | null {
    const { key, parts } = uploads.get(id) as { key: string; parts: Map<number, Buffer> };
    const named = [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
      number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
      etag: (/<ETag>(.*?)</.exec(part)?.[1] ?? '').replaceAll('&quot;', '"'),
    }));
    const contents: Buffer[] = [];
    for (const [at, { number, etag }] of named.entries()) {
      const part = parts.get(number);
      if (part === undefined || etagOf(part) !== etag) return [400, 'InvalidPart', `Part ${number}`];
      if (number <= (named[at - 1]?.number ?? 0)) return [400, 'InvalidPartOrder', `Part ${number}`];
      if (at < named.length - 1 && part.length < LEAST_PART_BYTES)
        return [400, 'EntityTooSmall', `Part ${number}`];
      contents.push(part);
    }
    if (contents.length === 0) return [400, 'MalformedXML', 'No part is named'];
    uploads.delete(id);
    let end = 0;
    const partEnds = contents.map((part) => {
      end += part.length;
      return end;
    });
    const object = inParts(Buffer.concat(contents), partEnds);
    const { etag } = object;
    bucket.put(key, object);
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(
      `<CompleteMultipartUploadResult><ETag>${etag.replaceAll('"', '&quot;')}</ETag></CompleteMultipartUploadResult>`,
    );
    return null;
  }

  return { write, open: () => uploads.size };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A body must be what its headers say: S3 refuses it otherwise. */
function badBody({ headers }: IncomingMessage, body: Buffer): Refusal | null {
  const hash = headers['x-amz-content-sha256'];
  if (hash !== 'UNSIGNED-PAYLOAD' && hash !== createHash('sha256').update(body).digest('hex'))
    return [400, 'XAmzContentSHA256Mismatch', 'The body has another hash'];
  const sum = headers['x-amz-checksum-crc32'];
  const own = Buffer.alloc(4);
  own.writeUInt32BE(crc32(body));
  if (sum !== undefined && sum !== own.toString('base64'))
    return [400, 'BadDigest', 'The CRC32 you specified did not match'];
  return null;
}
