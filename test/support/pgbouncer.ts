import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { freshFolder } from './warehouse.ts';

const PROGRAM = 'pgbouncer';
const NOBODY = 65_534;

/** Why there is no PgBouncer to test with; undefined where there is one. */
export const whyNoPgBouncer =
  spawnSync(PROGRAM, ['--version'], { env: path() }).status === 0
    ? undefined
    : 'PgBouncer is not installed (apt-get install pgbouncer)';

function path(): Record<string, string> {
  return { PATH: `${process.env.PATH ?? ''}:/usr/sbin` };
}

/** Starts a PgBouncer before the server of an address, gives `work` the same address through it, ends it. */
export async function throughPgBouncer<T>(
  address: string,
  settings: Readonly<Record<string, string | number>>,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const folder = freshFolder();
  const { hostname, port, username, password } = new URL(address);
  const ownPort = await freePort();
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: ownPort,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: join(folder, 'users.txt'),
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  const secret = decodeURIComponent(password).replaceAll('"', '""');
  writeFileSync(join(folder, 'users.txt'), `"${username}" "${secret}"\n`);
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]\n* = host=${hostname} port=${port}\n[pgbouncer]\n${lines.join('\n')}\n`,
  );
  // It refuses to run as root.
  const ids = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY);
  chmodSync(folder, 0o755);
  const bouncer = spawn(PROGRAM, [join(folder, 'pgbouncer.ini')], { env: path(), stdio: 'pipe', ...ids });
  try {
    await listening(bouncer, ownPort);
    return await work(Object.assign(new URL(address), { hostname: '127.0.0.1', port: ownPort }).href);
  } finally {
    const ended = once(bouncer, 'exit');
    if (bouncer.exitCode === null && bouncer.kill('SIGKILL')) await ended;
  }
}

async function listening(bouncer: ChildProcess, port: number): Promise<void> {
  let log = '';
  for (const stream of [bouncer.stdout, bouncer.stderr])
    stream?.on('data', (piece) => {
      log += piece;
    });
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (bouncer.exitCode !== null) break;
    const socket = connect(port, '127.0.0.1');
    const isThere = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`PgBouncer did not start: ${log}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
