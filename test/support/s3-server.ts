import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { badSignature } from './aws-signature.ts';
import { Bucket, etagOf, inParts, type StoredObject, s3Writing } from './s3-server-writing.ts';

/** What the server does to a request instead of answering it well. */
export type S3Trouble =
  | '503'
  | '500'
  | 'reset'
  | 'truncated'
  | 'slow'
  | 'stall'
  | 'silent'
  | 'other bytes'
  | 'wrong checksum'
  | 'archived';

export interface S3Server {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Every request that came, as `GET bucket/key` or `LIST bucket/prefix`. */
  readonly requests: string[];
  /** Sizes of the objects that were asked for, summed by the program that asked (`redshift-double`, or `other`) and the bucket: `other data`. */
  readonly sent: Map<string, number>;
  /** Stores an object; as if it had come in parts that end at these bytes, if they are given. */
  put(bucket: string, key: string, content: Buffer | string, partEnds?: readonly number[]): void;
  /** The object's bytes; undefined if there is none. */
  get(bucket: string, key: string): Buffer | undefined;
  keys(bucket: string): string[];
  /** Uploads in parts that were begun and neither ended nor given up. */
  openUploads(): number;
  remove(bucket: string, key: string): void;
  /** Asked of each request; null lets it pass. */
  trouble: (request: string, nth: number) => S3Trouble | null;
  /** Called when an object is asked for, before it is looked up. */
  onGet: (key: string) => void;
  denied: (request: string) => boolean;
  close(): Promise<void>;
}

const PAGE = 1_000;

/**
 * A small strict S3 server on loopback: checks Signature Version 4, lists by prefix in UTF-8 order and by pages, knows
 * ranges and If-Match, answers with a checksum, takes objects whole or in parts, and can be told to fail. Path-style
 * addresses only.
 */
export async function startS3Server({ anonymous = false }: { anonymous?: boolean } = {}): Promise<S3Server> {
  const buckets = new Map<string, Bucket>();
  const writing = s3Writing();
  const accessKeyId = `AK${randomUUID().replaceAll('-', '').slice(0, 18).toUpperCase()}`;
  const secretAccessKey = randomUUID();
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => fail(response, 500, 'InternalError', String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const state: S3Server = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accessKeyId,
    secretAccessKey,
    requests: [],
    sent: new Map(),
    put(bucket, key, content, partEnds) {
      const bytes = Buffer.from(content);
      const objects = buckets.get(bucket) ?? new Bucket();
      objects.put(
        key,
        partEnds === undefined ? { content: bytes, etag: etagOf(bytes) } : inParts(bytes, partEnds),
      );
      buckets.set(bucket, objects);
    },
    get: (bucket, key) => buckets.get(bucket)?.objects.get(key)?.content,
    keys: (bucket) => buckets.get(bucket)?.sortedKeys() ?? [],
    openUploads: writing.open,
    remove: (bucket, key) => buckets.get(bucket)?.remove(key),
    trouble: () => null,
    onGet: () => {},
    denied: () => false,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return state;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', state.endpoint);
    const [, bucket = '', ...rest] = url.pathname.split('/');
    const key = decodeURIComponent(rest.join('/'));
    const isList = request.method === 'GET' && url.searchParams.get('list-type') === '2';
    const name = isList
      ? `LIST ${bucket}/${url.searchParams.get('prefix') ?? ''}`
      : `${request.method} ${bucket}/${key}`;
    state.requests.push(name);
    const refused = anonymous
      ? null
      : badSignature(request, url, { accessKeyId, secretAccessKey, service: 's3' });
    if (refused !== null) return fail(response, 403, refused, 'The request was not signed as it should be.');
    if (state.denied(name)) return fail(response, 403, 'AccessDenied', 'Access Denied');
    const trouble = state.trouble(name, state.requests.length);
    if (trouble === '503') return fail(response, 503, 'SlowDown', 'Please reduce your request rate.');
    if (trouble === '500') return fail(response, 500, 'InternalError', 'We encountered an internal error.');
    if (trouble === 'archived')
      return fail(response, 403, 'InvalidObjectState', 'The operation is not valid for the storage class.');
    if (trouble === 'silent') return;
    if (trouble === 'reset') {
      request.socket.destroy();
      return;
    }
    const objects = buckets.get(bucket);
    if (objects === undefined)
      return fail(response, 404, 'NoSuchBucket', 'The specified bucket does not exist');
    if (isList) return list(response, bucket, objects, url.searchParams);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const refusal = await writing.write(request, response, url.searchParams, key, objects);
      return refusal === null ? undefined : fail(response, ...refusal);
    }
    state.onGet(key);
    const object = objects.objects.get(key);
    if (object === undefined) return fail(response, 404, 'NoSuchKey', 'The specified key does not exist.');
    if (request.method === 'GET') {
      const agent = /redshift-double/.test(`${request.headers['user-agent']}`) ? 'redshift-double' : 'other';
      state.sent.set(
        `${agent} ${bucket}`,
        (state.sent.get(`${agent} ${bucket}`) ?? 0) + object.content.length,
      );
    }
    return get(request, response, object, trouble, Number(url.searchParams.get('partNumber') ?? 0));
  }

  function list(response: ServerResponse, bucket: string, objects: Bucket, query: URLSearchParams): void {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? '';
    const most = Math.min(PAGE, Number(query.get('max-keys') ?? PAGE));
    const delimiter = query.get('delimiter') ?? '';
    const keys = objects.sortedKeys();
    const page: string[] = [];
    const prefixes = new Set<string>();
    let at = after === '' ? 0 : Number(Buffer.from(after, 'base64').toString());
    for (; at < keys.length && page.length + prefixes.size < most; at += 1) {
      const key = keys[at] as string;
      if (!key.startsWith(prefix)) continue;
      const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      if (end < 0) page.push(key);
      else prefixes.add(key.slice(0, end + 1));
    }
    let rest = at;
    while (rest < keys.length && !keys[rest]?.startsWith(prefix)) rest += 1;
    const isTruncated = rest < keys.length;
    const escaped = (text: string): string =>
      text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
    const contents = page.map((key) => {
      const { content, etag } = objects.objects.get(key) as StoredObject;
      return `<Contents><Key>${escaped(key)}</Key><Size>${content.length}</Size><ETag>${escaped(etag)}</ETag></Contents>`;
    });
    const common = [...prefixes].map(
      (name) => `<CommonPrefixes><Prefix>${escaped(name)}</Prefix></CommonPrefixes>`,
    );
    const token = Buffer.from(String(at)).toString('base64');
    const next = isTruncated ? `<NextContinuationToken>${token}</NextContinuationToken>` : '';
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(
      `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${bucket}</Name><Prefix>${escaped(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${most}</MaxKeys><IsTruncated>${isTruncated}</IsTruncated>${next}${contents.join('')}${common.join('')}</ListBucketResult>`,
    );
  }

  function get(
    request: IncomingMessage,
    response: ServerResponse,
    { content, etag, partEnds }: StoredObject,
    trouble: S3Trouble | null,
    part: number,
  ): void {
    const wanted = request.headers['if-match'];
    if (wanted !== undefined && wanted !== etag) {
      fail(response, 412, 'PreconditionFailed', 'At least one of the pre-conditions did not hold');
      return;
    }
    const [, start, end] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const from = start === undefined ? (partEnds?.[part - 2] ?? 0) : Number(start);
    const to =
      start === undefined
        ? (partEnds?.[part - 1] ?? content.length)
        : Math.min(content.length, end === '' ? content.length : Number(end) + 1);
    const isPiece = start !== undefined || part > 0;
    if (start !== undefined && from >= content.length) {
      fail(response, 416, 'InvalidRange', 'The requested range is not satisfiable');
      return;
    }
    const body = trouble === 'other bytes' ? Buffer.alloc(to - from, 'x') : content.subarray(from, to);
    const headers: Record<string, string | number> = {
      etag,
      'content-length': body.length,
      'accept-ranges': 'bytes',
      ...(isPiece ? { 'content-range': `bytes ${from}-${to - 1}/${content.length}` } : {}),
      ...(part > 0 && partEnds !== undefined ? { 'x-amz-mp-parts-count': partEnds.length } : {}),
    };
    if (!isPiece && request.headers['x-amz-checksum-mode'] === 'ENABLED') {
      const sum = createHash('sha256')
        .update(trouble === 'wrong checksum' ? 'other' : content)
        .digest('base64');
      headers['x-amz-checksum-sha256'] = sum;
    }
    response.writeHead(isPiece ? 206 : 200, headers);
    if (request.method === 'HEAD') response.end();
    else if (trouble === 'truncated') {
      response.write(body.subarray(0, Math.floor(body.length / 2)), () => request.socket.destroy());
    } else if (trouble === 'stall') response.write(body.subarray(0, Math.floor(body.length / 2)));
    else if (trouble === 'slow') {
      response.write(body.subarray(0, 1));
      setTimeout(() => response.end(body.subarray(1)), 150);
    } else response.end(body);
  }
}

function fail(response: ServerResponse, status: number, code: string, message: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  );
}
