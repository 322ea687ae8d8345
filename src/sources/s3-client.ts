import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { pause, unlessStopped } from '../stopping.ts';

/** How an S3 server is reached; what is not set, the SDK finds where AWS tools look. */
export interface S3Options {
  readonly endpoint?: string;
  readonly region?: string;
  /** Bucket names in the path, not in the host; the usual way of servers other than Amazon's. */
  readonly pathStyle?: boolean;
  /** Public buckets: requests are not signed. */
  readonly anonymous?: boolean;
  /** The reader pays for requests and transfer. */
  readonly requesterPays?: boolean;
  /** A server that says nothing for so long is asked again. */
  readonly stallMs?: number;
  /** Ends whatever is under way. */
  readonly signal?: AbortSignal;
}

/** How often a request is tried before it has failed. */
export const MOST_ATTEMPTS = 6;
/** A server or a body that sends nothing for so long is given up, and asked again. */
export const STALL_MS = 20_000;
const CONNECT_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** The SDK asks for credentials even where nothing is signed. */
const unsigned: Pick<S3ClientConfig, 'signer' | 'credentials'> = {
  signer: { sign: async (request) => request },
  credentials: { accessKeyId: 'anonymous', secretAccessKey: 'anonymous' },
};

/** A client of the S3 server that the options name, with so many connections at most, until the signal; the SDK itself is loaded now. */
export async function openS3Client(
  { endpoint, region, pathStyle, anonymous, stallMs }: S3Options,
  mostSockets: number,
  stopping: AbortSignal,
): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const client = new S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    region: region ?? 'us-east-1',
    forcePathStyle: pathStyle ?? endpoint !== undefined,
    followRegionRedirects: true,
    maxAttempts: MOST_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: stallMs ?? STALL_MS,
      throwOnRequestTimeout: true,
      httpAgent: { maxSockets: mostSockets },
      httpsAgent: { maxSockets: mostSockets },
    },
    ...(anonymous === true ? unsigned : {}),
  });
  stopWith(client, stopping);
  return client;
}

/** Ends requests that are under way once the signal comes; those that name or remove an upload still pass, so that none is left. */
function stopWith(client: S3Client, stopping: AbortSignal): void {
  const { requestHandler } = client.config;
  const handle = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = (request, options) =>
    handle(
      request,
      request.method === 'DELETE' || 'uploads' in request.query
        ? options
        : { ...options, abortSignal: stopping },
    );
  const send = client.send.bind(client) as (command: object, ...more: unknown[]) => Promise<never>;
  // Before a request, between two attempts and while it looks for credentials, the SDK hears no signal.
  client.send = (command: object, ...more: unknown[]) =>
    PASSES.test(command.constructor.name)
      ? send(command, ...more)
      : unlessStopped(send(command, ...more), stopping);
}

/** Commands that put away what was begun. */
const PASSES = /^(?:Delete|CreateMultipartUpload|AbortMultipartUpload)/;

/** Waits longer with each attempt, by a chance that keeps many readers apart; rejects once the signal comes. */
export function pauseBefore(attempt: number, stopping: AbortSignal): Promise<void> {
  const mostMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  return pause(mostMs * Math.random(), stopping);
}
