import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { badSignature, sha256, signedRegion } from './aws-signature.ts';

/** A refusal, as AWS names and words it; or what happens to the answer. */
type AwsTrouble =
  | { readonly code: string; readonly message: string; readonly status?: number }
  | 'broken answer'
  | 'a page'
  | 'reset';

type Parameters = Readonly<Record<string, unknown>>;

export interface AwsServer {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Every request that was signed well. */
  readonly requests: { readonly action: string; readonly region: string; readonly parameters: Parameters }[];
  /** Every password that was given out. */
  readonly passwords: string[];
  readonly clusters: Set<string>;
  readonly workgroups: Set<string>;
  /** By name or ARN; a Buffer is a secret that is no text. */
  readonly secrets: Map<string, string | Buffer>;
  /** What time it is here, from which credentials expire. */
  nowMs: () => number;
  /** Asked of each request; null lets it pass. */
  trouble: (action: string) => AwsTrouble | null;
  close(): Promise<void>;
}

/** How an operation is asked for, and which parameters it takes. */
interface Operation {
  readonly service: string;
  readonly parameters: readonly string[];
  answer(parameters: Parameters): Record<string, unknown>;
}

class Refusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const IDENTITY = 'loader';

/**
 * A small strict AWS on loopback that gives logins to Redshift: GetClusterCredentials and GetClusterCredentialsWithIAM
 * by the Query protocol, Serverless' GetCredentials and Secrets Manager's GetSecretValue by JSON 1.1. Checks Signature
 * Version 4 with the body's hash and every parameter, and can be told to fail.
 */
export async function startAwsServer(
  { accessKeyId, secretAccessKey }: Pick<AwsServer, 'accessKeyId' | 'secretAccessKey'> = {
    accessKeyId: `AK${randomUUID().replaceAll('-', '').slice(0, 18).toUpperCase()}`,
    secretAccessKey: randomUUID(),
  },
): Promise<AwsServer> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const state: AwsServer = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accessKeyId,
    secretAccessKey,
    requests: [],
    passwords: [],
    clusters: new Set(),
    workgroups: new Set(),
    secrets: new Map(),
    nowMs: Date.now,
    trouble: () => null,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  const operations: Readonly<Record<string, Operation>> = {
    GetClusterCredentials: {
      service: 'redshift',
      parameters: ['DbUser', 'DbName', 'ClusterIdentifier', 'DurationSeconds', 'AutoCreate'],
      answer: ({ DbUser, ClusterIdentifier, DurationSeconds, AutoCreate }) => {
        if (!state.clusters.has(String(ClusterIdentifier))) throw noSuchCluster(ClusterIdentifier);
        if (typeof DbUser !== 'string') throw new Refusal('InvalidParameterValue', 'DbUser is needed.');
        return credentials(`${AutoCreate === 'true' ? 'IAMA' : 'IAM'}:${DbUser}`, DurationSeconds);
      },
    },
    GetClusterCredentialsWithIAM: {
      service: 'redshift',
      parameters: ['DbName', 'ClusterIdentifier', 'DurationSeconds'],
      answer: ({ ClusterIdentifier, DurationSeconds }) => {
        if (!state.clusters.has(String(ClusterIdentifier))) throw noSuchCluster(ClusterIdentifier);
        return credentials(`IAM:${IDENTITY}`, DurationSeconds);
      },
    },
    GetCredentials: {
      service: 'redshift-serverless',
      parameters: ['workgroupName', 'dbName', 'durationSeconds'],
      answer: ({ workgroupName, durationSeconds }) => {
        if (!state.workgroups.has(String(workgroupName)))
          throw new Refusal('ResourceNotFoundException', `Workgroup ${workgroupName} not found.`);
        const { DbUser, DbPassword, Expiration } = credentials(`IAM:${IDENTITY}`, durationSeconds);
        return { dbUser: DbUser, dbPassword: DbPassword, expiration: Expiration.getTime() / 1000 };
      },
    },
    GetSecretValue: {
      service: 'secretsmanager',
      parameters: ['SecretId'],
      answer: ({ SecretId }) => {
        const secret = state.secrets.get(String(SecretId));
        if (secret === undefined)
          throw new Refusal('ResourceNotFoundException', 'Secrets Manager can’t find the specified secret.');
        return typeof secret === 'string'
          ? { Name: SecretId, SecretString: secret }
          : { Name: SecretId, SecretBinary: secret.toString('base64') };
      },
    },
  };
  return state;

  function credentials(DbUser: string, duration: unknown = 900) {
    const seconds = Number(duration);
    if (!(seconds >= 900 && seconds <= 3600))
      throw new Refusal('InvalidParameterValue', 'DurationSeconds must be from 900 to 3600.');
    const DbPassword = `given-${randomUUID()}`;
    state.passwords.push(DbPassword);
    return { DbUser, DbPassword, Expiration: new Date(state.nowMs() + seconds * 1000) };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const isQuery = request.headers['content-type'] === 'application/x-www-form-urlencoded';
    const send = isQuery ? sendXml : sendJson;
    try {
      const { action, parameters } = isQuery ? readQuery(body) : readJson(request, body);
      const operation = operations[action];
      if (operation === undefined) throw new Refusal('InvalidAction', `There is no action ${action}.`);
      checkSignature(request, body, operation.service, isQuery);
      state.requests.push({ action, region: signedRegion(request), parameters });
      const odd = Object.keys(parameters).find((name) => !operation.parameters.includes(name));
      if (odd !== undefined) throw new Refusal('ValidationException', `${odd} is unknown.`);
      const trouble = state.trouble(action);
      if (trouble === 'reset') {
        request.socket.destroy();
        return;
      }
      if (trouble === 'a page') {
        response.writeHead(404, { 'content-type': 'text/html' });
        response.end('<!doctype html><html><body><p>Not found</body></html>');
        return;
      }
      if (trouble !== null && trouble !== 'broken answer')
        throw new Refusal(trouble.code, trouble.message, trouble.status);
      send(response, action, operation.answer(parameters), trouble === 'broken answer');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      (isQuery ? refuseXml : refuseJson)(response, error);
    }
  }

  function checkSignature(request: IncomingMessage, body: Buffer, service: string, isQuery: boolean): void {
    const url = new URL(request.url ?? '/', state.endpoint);
    if (request.method !== 'POST' || url.pathname !== '/' || url.search !== '')
      throw new Refusal('InvalidAction', 'Only POST / is known.');
    if (request.headers['x-amz-content-sha256'] !== sha256(body))
      throw new Refusal('InvalidSignatureException', 'The body is not what was signed.', 403);
    const bad = badSignature(request, url, { accessKeyId, secretAccessKey, service });
    if (bad === null) return;
    if (bad === 'InvalidAccessKeyId') {
      const code = isQuery ? 'InvalidClientTokenId' : 'UnrecognizedClientException';
      throw new Refusal(code, 'The security token included in the request is invalid.', isQuery ? 403 : 400);
    }
    const code = isQuery ? 'SignatureDoesNotMatch' : 'InvalidSignatureException';
    throw new Refusal(code, 'The request signature we calculated does not match.', isQuery ? 403 : 400);
  }
}

function noSuchCluster(name: unknown): Refusal {
  return new Refusal('ClusterNotFound', `Cluster ${name} not found.`, 404);
}

function readQuery(body: Buffer): { action: string; parameters: Parameters } {
  const { Action = '', Version, ...parameters } = Object.fromEntries(new URLSearchParams(body.toString()));
  if (Version !== '2012-12-01') throw new Refusal('InvalidParameterValue', 'Version must be 2012-12-01.');
  return { action: Action, parameters };
}

function readJson(request: IncomingMessage, body: Buffer): { action: string; parameters: Parameters } {
  const [, action = ''] =
    /^(?:RedshiftServerless|secretsmanager)\.(\w+)$/.exec(String(request.headers['x-amz-target'])) ?? [];
  if (request.headers['content-type'] !== 'application/x-amz-json-1.1')
    throw new Refusal('SerializationException', 'Neither Query nor JSON 1.1.');
  return { action, parameters: JSON.parse(body.toString()) as Parameters };
}

function sendXml(response: ServerResponse, action: string, fields: object, isBroken: boolean): void {
  const text = Object.entries(fields)
    .map(([name, value]) => `<${name}>${value instanceof Date ? value.toISOString() : value}</${name}>`)
    .join('');
  response.writeHead(200, { 'content-type': 'text/xml' });
  response.end(
    `<${action}Response xmlns="http://redshift.amazonaws.com/doc/2012-12-01/"><${action}Result>${text}${isBroken ? '<' : ''}</${action}Result><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`,
  );
}

function sendJson(response: ServerResponse, _action: string, fields: object, isBroken: boolean): void {
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
  const text = JSON.stringify(fields);
  // Broken where a parser that quotes what it met would quote a password.
  response.end(isBroken ? text.replace(/:"(?=given-|{)/, ':!"') : text);
}

function refuseXml(response: ServerResponse, { code, message, status }: Refusal): void {
  response.writeHead(status, { 'content-type': 'text/xml' });
  response.end(
    `<ErrorResponse xmlns="http://redshift.amazonaws.com/doc/2012-12-01/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
  );
}

function refuseJson(response: ServerResponse, { code, message, status }: Refusal): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': code });
  response.end(JSON.stringify({ __type: code, message }));
}
