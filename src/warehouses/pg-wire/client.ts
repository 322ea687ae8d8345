import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import type pg from 'pg';

const LONGEST_APPLICATION_NAME = 63;

const GOODBYE_MS = 2_000;

/** Ends a session; one whose server is out of reach cannot say goodbye, and is dropped. */
export async function endClient(client: pg.Client): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
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
