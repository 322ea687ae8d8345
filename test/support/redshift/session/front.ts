import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { type Message, MessageCutter } from './wire.ts';

/** A client's connection, message by message. */
export class Front {
  private socket: Socket;
  private readonly cutter = new MessageCutter(false);
  private waiting: (() => void) | null = null;
  private ended = false;
  /** Nothing is sent any more, though the connection is still there. */
  muted = false;
  readonly closed: Promise<void>;
  private readonly onClosed: () => void;

  constructor(socket: Socket) {
    this.socket = socket;
    let onClosed = () => {};
    this.closed = new Promise((resolve) => {
      onClosed = resolve;
    });
    this.onClosed = onClosed;
    this.listen(socket);
  }

  private listen(socket: Socket): void {
    socket.on('data', this.onData);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.ended = true;
      this.waiting?.();
      this.onClosed();
    });
  }

  private readonly onData = (chunk: Buffer) => {
    this.cutter.push(chunk);
    this.waiting?.();
  };

  /** The next message; null when the client has left. */
  async next(): Promise<Message | null> {
    for (;;) {
      const found = this.cutter.next();
      if (found !== null) return found;
      if (this.ended) return null;
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
      this.waiting = null;
    }
  }

  get gone(): boolean {
    return this.ended;
  }

  becomeTyped(): void {
    this.cutter.becomeTyped();
  }

  /** Goes on with TLS: the client begins its handshake after the answer. */
  startTls(tls: { readonly cert: string; readonly key: string }): void {
    const plain = this.socket;
    plain.removeListener('data', this.onData);
    plain.write('S');
    this.socket = new TLSSocket(plain, { isServer: true, secureContext: createSecureContext({ ...tls }) });
    this.listen(this.socket);
  }

  send(bytes: Buffer | string): void {
    if (!this.muted && !this.socket.destroyed) this.socket.write(bytes);
  }

  end(): void {
    this.socket.end();
  }

  /** Cuts the connection, as a network that fails does. */
  cut(): void {
    this.muted = true;
    this.socket.destroy();
  }
}
