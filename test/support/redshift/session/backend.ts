import { connect, type Socket } from 'node:net';
import pg from 'pg';
import { type BackendResult, ServerError } from '../copy/copy-session.ts';
import { int32, type Message, MessageCutter, message, readFields, readString } from './wire.ts';

/** The PostgreSQL behind the double. */
export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** One connection to the PostgreSQL behind the double, on the level of its messages. */
export class Backend {
  readonly pid: number;
  /** I, T or E, as of the last ReadyForQuery. */
  status = 'I';
  readonly closed: Promise<void>;
  private readonly secret: number;
  private readonly address: PostgresAddress;
  private readonly socket: Socket;
  private readonly cutter = new MessageCutter(true);
  private onMessage: (message: Message) => void = () => {};
  private onReady: (() => void) | null = null;
  private onLost: (() => void) | null = null;
  private lost = false;
  private cancelled = false;
  private working = false;

  constructor(address: PostgresAddress, socket: Socket, pid: number, secret: number) {
    this.address = address;
    this.socket = socket;
    this.pid = pid;
    this.secret = secret;
    socket.on('data', (chunk) => this.receive(chunk));
    this.closed = new Promise((resolve) =>
      socket.on('close', () => {
        this.lost = true;
        this.onLost?.();
        resolve();
      }),
    );
    socket.on('error', () => {});
  }

  private receive(chunk: Buffer): void {
    this.cutter.push(chunk);
    for (let found = this.cutter.next(); found !== null; found = this.cutter.next()) {
      if (found.type === 'Z') {
        this.status = String.fromCharCode(found.body[0] as number);
        this.onReady?.();
      } else this.onMessage(found);
    }
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Hands what answers the bytes to `onMessage`, until the server is ready for the next statement. */
  async relay(bytes: Buffer, onMessage: (message: Message) => void): Promise<void> {
    if (this.lost) throw gone();
    this.onMessage = onMessage;
    const ready = new Promise<void>((resolve, reject) => {
      this.onReady = resolve;
      this.onLost = () => reject(gone());
    });
    this.send(bytes);
    try {
      await ready;
    } finally {
      this.onMessage = () => {};
      this.onReady = null;
      this.onLost = null;
    }
  }

  /** Runs PostgreSQL's own SQL; the result is the last statement's. */
  async query(sql: string): Promise<BackendResult> {
    this.checkCancelled();
    const taking = new Taking();
    await this.relay(message('Q', sql), (found) => taking.take(found));
    return taking.result();
  }

  async copyIn(sql: string, chunks: AsyncIterable<string> | Iterable<string>): Promise<void> {
    const taking = new Taking();
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const done = this.relay(message('Q', sql), (found) => {
      taking.take(found);
      begin();
    });
    await Promise.race([begun, done]);
    if (taking.error === null) {
      try {
        for await (const chunk of chunks) {
          this.checkCancelled();
          this.send(message('d', Buffer.from(chunk)));
        }
        this.send(message('c'));
      } catch (error) {
        this.send(message('f', 'the rows failed'));
        await done;
        throw error;
      }
    }
    await done;
    taking.result();
  }

  /** Work that is not the server's alone: a request to cancel is met between its queries too. */
  async whileWorking<T>(work: () => Promise<T>): Promise<T> {
    this.working = true;
    try {
      return await work();
    } finally {
      this.working = false;
      this.cancelled = false;
    }
  }

  private checkCancelled(): void {
    if (!this.cancelled) return;
    this.cancelled = false;
    throw new ServerError('57014', 'canceling statement due to user request');
  }

  /** Asks the server to stop the statement that runs. */
  cancel(): void {
    this.cancelled = this.working;
    const socket = connect(this.address.port, this.address.host);
    socket.on('error', () => {});
    socket.end(Buffer.concat([int32(16), int32(80877102), int32(this.pid), int32(this.secret)]));
  }

  /** Leaves the server; what is not committed is lost. */
  close(): void {
    if (!this.lost && (this.status !== 'I' || this.onReady !== null)) this.cancel();
    this.socket.end(message('X'));
    this.socket.destroySoon();
  }
}

class Taking {
  error: ServerError | null = null;
  private columns: string[] = [];
  private rows: (string | null)[][] = [];

  take({ type, body }: Message): void {
    if (type === 'E') this.error ??= errorOf(body);
    if (type === 'T') {
      this.columns = columnsOf(body).map(({ name }) => name);
      this.rows = [];
    }
    if (type === 'D') this.rows.push(valuesOf(body).map((value) => value?.toString() ?? null));
  }

  result(): BackendResult {
    if (this.error !== null) throw this.error;
    return { columns: this.columns, rows: this.rows };
  }
}

/** The error that a message holds. */
export function errorOf(body: Buffer): ServerError {
  const fields = readFields(body);
  return new ServerError(
    fields.get('C') ?? 'XX000',
    fields.get('M') ?? '',
    fields.get('D') ?? null,
    fields.get('H') ?? null,
  );
}

/** The columns of a RowDescription; `typeAt` is where the type's number stands. */
export function columnsOf(body: Buffer): { name: string; type: number; typeAt: number }[] {
  const columns = [];
  let at = 2;
  for (let i = 0; i < body.readInt16BE(0); i += 1) {
    const { text, end } = readString(body, at);
    columns.push({ name: text, type: body.readInt32BE(end + 6), typeAt: end + 6 });
    at = end + 18;
  }
  return columns;
}

/** The values of a DataRow. */
export function valuesOf(body: Buffer): (Buffer | null)[] {
  const values: (Buffer | null)[] = [];
  let at = 2;
  for (let i = 0; i < body.readInt16BE(0); i += 1) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : body.subarray(at, at + length));
    at += Math.max(length, 0);
  }
  return values;
}

const gone = () => new ServerError('57P01', 'terminating connection due to administrator command');

interface Internals {
  readonly processID: number;
  readonly secretKey: number;
  readonly connection: { readonly stream: Socket };
}

/** Lets `pg` sign in, then takes its socket over. */
export async function openBackend(address: PostgresAddress): Promise<Backend> {
  const client = new pg.Client({ ...address, application_name: 'redshift' });
  client.on('error', () => {});
  await client.connect();
  const { processID, secretKey, connection } = client as unknown as Internals;
  for (const event of ['data', 'error', 'close']) connection.stream.removeAllListeners(event);
  return new Backend(address, connection.stream, processID, secretKey);
}
