import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Whose requests a server of the tests takes, and for which service. */
export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly service: string;
}

/** Why a request's signature does not hold, as AWS calls it; null if it does. As documented for Signature Version 4. */
export function badSignature(request: IncomingMessage, url: URL, signer: Signer): string | null {
  const [, credential, signed, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? '',
    ) ?? [];
  if (credential === undefined || signed === undefined) return 'AccessDenied';
  const [id, date = '', region = '', service = '', end] = credential.split('/');
  if (id !== signer.accessKeyId) return 'InvalidAccessKeyId';
  if (service !== signer.service || end !== 'aws4_request') return 'SignatureDoesNotMatch';
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const headers = signed.split(';').map((name) => `${name}:${String(request.headers[name] ?? '').trim()}\n`);
  const path = url.pathname
    .split('/')
    .map((part) => encode(decodeURIComponent(part)))
    .join('/');
  const canonical = [
    request.method,
    path,
    query,
    headers.join(''),
    signed,
    request.headers['x-amz-content-sha256'],
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${request.headers['x-amz-date']}\n${scope}\n${sha256(canonical)}`;
  const sign = (key: Buffer | string, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest();
  const secret = [date, region, service, 'aws4_request'].reduce<Buffer | string>(
    sign,
    `AWS4${signer.secretAccessKey}`,
  );
  return sign(secret, toSign).toString('hex') === signature ? null : 'SignatureDoesNotMatch';
}

/** The Region that a request was signed for. */
export function signedRegion(request: IncomingMessage): string {
  return /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '';
}

export function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
