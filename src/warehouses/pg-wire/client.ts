import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import type pg from 'pg';
import { onStop, unlessStopped } from '../../stopping.ts';

const LONGEST_APPLICATION_NAME = 63;

const GOODBYE_MS = 2_000;
/** After a signal, what a session is at is cancelled, and then rolled back, for so long. */
const STOPPED_MS = 500;

/** Connects, until the signal comes; a client that is not connected then is dropped. */
export async function connectClient(client: pg.Client, signal: AbortSignal | undefined): Promise<void> {
  const forget = onStop(signal, () => drop(client));
  try {
    await unlessStopped(client.connect(), signal);
  } catch (error) {
    await endClient(client);
    throw error;
  } finally {
    forget();
  }
}

/** Drops a session soon after the signal, whatever its server is at: the server then rolls back. The function that takes that back. */
export function dropAfter(signal: AbortSignal | undefined, client: pg.Client): () => void {
  let timer: NodeJS.Timeout | undefined;
  const forget = onStop(signal, () => {
    timer = setTimeout(() => drop(client), STOPPED_MS);
  });
  return () => {
    forget();
    clearTimeout(timer);
  };
}

function drop(client: pg.Client): void {
  (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
}

/** Ends a session; one whose server is out of reach cannot say goodbye, and is dropped. */
export async function endClient(client: pg.Client): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      drop(client);
      resolve();
    }, GOODBYE_MS);
  });
  await Promise.race([client.end().catch(() => {}), patience]);
  clearTimeout(timer);
}

/** `sparkify etl (process 12 on host)`, as pg_stat_activity shows it: at most 63 bytes. */
export function applicationName(purpose: string): string {
  const host = hostname().replace(/[^ -~]/g, '');
  return `sparkify ${purpose} (process ${process.pid} on ${host})`.slice(0, LONGEST_APPLICATION_NAME);
}
