import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A server in TCP between a client and another server, if there is one. */
export interface Between {
  readonly port: number;
  /** Connections that came. */
  readonly connections: number;
  /** From now on nothing passes, and nobody is told. */
  fallSilent(): void;
  /** Ends all connections, and takes no other. */
  cut(): void;
  close(): Promise<void>;
}

/** Passes bytes on to a port of this machine; without one, it says nothing from the beginning. */
export async function startBetween(to: number | null): Promise<Between> {
  const sockets = new Set<Socket>();
  let isSilent = to === null;
  let isCut = false;
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    if (isCut) {
      client.destroy();
      return;
    }
    sockets.add(client);
    client.on('error', () => {});
    if (to === null) return;
    const upstream = connect(to, '127.0.0.1');
    sockets.add(upstream);
    upstream.on('error', () => client.destroy());
    client.on('data', (bytes) => isSilent || upstream.write(bytes));
    upstream.on('data', (bytes) => isSilent || client.write(bytes));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => isSilent || client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    fallSilent() {
      isSilent = true;
    },
    cut() {
      isCut = true;
      endAll();
    },
    close: () =>
      new Promise((resolve) => {
        endAll();
        server.close(() => resolve());
      }),
  };
}
