import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Outcome, sparkify } from '../support/command.ts';
import {
  ask,
  freshDatabase,
  hasOwnServer,
  ownServer,
  useOwnPostgres,
  whyNoOwnServer,
} from '../support/postgres.ts';
import { sampleOneIn } from '../support/sample.ts';
import { freshFolder } from '../support/warehouse.ts';

sampleOneIn(3);

const folder = freshFolder();
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const skipReason = !hasOwnServer ? whyNoOwnServer : hasOpenssl ? null : 'openssl is not installed';
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
}

/** An authority's certificate, and a server's that it signed: for `localhost` only. */
function makeCertificates(): Record<string, string> {
  for (const authority of ['ca', 'other-ca']) {
    openssl(
      ...['req', '-x509', ...newKey, '-keyout', `${authority}.key`, '-out', `${authority}.crt`],
      ...['-subj', `/CN=${authority} of a test`, '-days', '30'],
    );
  }
  writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost\n');
  openssl('req', '-new', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  openssl(
    ...['x509', '-req', '-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-out', 'server.crt', '-days', '30', '-extfile', 'names'],
  );
  return Object.fromEntries(
    ['server.crt', 'server.key'].map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

useOwnPostgres({}, skipReason === null ? makeCertificates() : {});

let direct: URL;

beforeAll(async () => {
  direct = new URL(await freshDatabase());
  const made = await sparkify(['create-tables', '--warehouse', direct.href], { cwd: folder });
  expect(made.code, made.stderr).toBe(0);
});

async function serverSpeaksTls(does: boolean): Promise<void> {
  await ask(
    direct.href,
    "alter system set ssl_cert_file = '../server.crt'",
    "alter system set ssl_key_file = '../server.key'",
    `alter system set ssl = ${does ? 'on' : 'off'}`,
    'select pg_reload_conf()',
  );
  await vi.waitFor(async () =>
    expect(await ask(direct.href, 'show ssl')).toEqual([{ ssl: does ? 'on' : 'off' }]),
  );
}

/** The database's address, with some of it changed. */
function address(change: Partial<URL>, parameters: Readonly<Record<string, string>> = {}): string {
  const url = Object.assign(new URL(direct), change);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

function run(url: string, command: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return sparkify([...command, '--warehouse', url], { cwd: folder, env });
}

const isEncrypted = [
  'query',
  'select ssl as encrypted from pg_stat_ssl where pid = pg_backend_pid()',
  '--json',
];

/** Whether the session that a command opens is encrypted, as the server says. */
async function asked(url: string, env: Record<string, string> = {}): Promise<boolean> {
  const { code, stdout, stderr } = await run(url, isEncrypted, env);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout)[0].encrypted;
}

async function refused(url: string, env: Record<string, string> = {}): Promise<Outcome> {
  const outcome = await run(url, isEncrypted, env);
  expect(outcome.code, outcome.stdout).toBe(1);
  const all = outcome.stdout + outcome.stderr;
  expect(all).not.toContain('A fault in sparkify');
  for (const secret of [ownServer?.password ?? '', direct.password, 'wr0ng'])
    if (secret !== '') expect(all).not.toContain(secret);
  return outcome;
}

describe('a server that speaks TLS', () => {
  beforeAll(async () => {
    if (skipReason === null) await serverSpeaksTls(true);
  });
  afterAll(async () => {
    if (skipReason === null) await serverSpeaksTls(false);
  });
  beforeEach((context) => {
    if (skipReason !== null) context.skip(skipReason);
  });

  test('is made sure of by verify-full, and doctor says so', async () => {
    const url = address({ hostname: 'localhost' }, { sslmode: 'verify-full', sslrootcert: 'ca.crt' });
    expect(await asked(url)).toBe(true);
    const doctor = await run(url, ['doctor']);
    expect(doctor.stdout).toContain('TLS, and the server is verified (verify-full)');
  });

  test('is refused by verify-full where its certificate is for another name, not so by verify-ca', async () => {
    const { stderr } = await refused(
      address({ hostname: '127.0.0.1' }, { sslmode: 'verify-full', sslrootcert: 'ca.crt' }),
    );
    expect(stderr).toMatch(/certificate.*127\.0\.0\.1/);
    expect(
      await asked(address({ hostname: '127.0.0.1' }, { sslmode: 'verify-ca', sslrootcert: 'ca.crt' })),
    ).toBe(true);
  });

  test('is refused where nobody who is trusted vouches for it; the hint names sslrootcert', async () => {
    for (const sslmode of ['verify-full', 'verify-ca']) {
      for (const authority of [{}, { sslrootcert: 'other-ca.crt' }] as Record<string, string>[]) {
        const { stderr } = await refused(address({ hostname: 'localhost' }, { sslmode, ...authority }));
        expect(stderr).toContain('certificate cannot be trusted');
        expect(stderr).toContain('sslrootcert=FILE');
      }
    }
  });

  test('encrypts by require and prefer without being made sure of, and not by disable', async () => {
    const by = (sslmode: string) => asked(address({}, { sslmode }));
    expect(await Promise.all(['require', 'prefer', 'disable'].map(by))).toEqual([true, true, false]);
  });

  test('is made sure of by require too where an authority is named, as libpq does', async () => {
    await refused(address({}, { sslmode: 'require', sslrootcert: 'other-ca.crt' }));
    expect(await asked(address({}, { sslmode: 'require', sslrootcert: 'ca.crt' }))).toBe(true);
  });

  test('takes its settings from PGSSLMODE and PGSSLROOTCERT', async () => {
    const localhost = address({ hostname: 'localhost' });
    const { stderr } = await refused(localhost, { PGSSLMODE: 'verify-full' });
    expect(stderr).toContain('sslrootcert=FILE');
    expect(await asked(localhost, { PGSSLMODE: 'verify-full', PGSSLROOTCERT: 'ca.crt' })).toBe(true);
  });
});

describe('a server that does not speak TLS', () => {
  beforeEach((context) => {
    if (skipReason !== null) context.skip(skipReason);
  });

  test('is refused by verify-full and require, taken by prefer and disable', async () => {
    for (const sslmode of ['verify-full', 'require']) {
      const { stderr } = await refused(address({ hostname: 'localhost' }, { sslmode }));
      expect(stderr).toContain('the server does not speak TLS');
      expect(stderr).toContain('sslmode=disable');
    }
    expect(await asked(address({}, { sslmode: 'prefer' }))).toBe(false);
    expect(await asked(address({}, { sslmode: 'disable' }))).toBe(false);
  });
});

describe('a server that cannot be reached', () => {
  beforeEach((context) => {
    // Another server may let everybody in.
    if (!hasOwnServer) context.skip(whyNoOwnServer);
  });

  test.each([
    ['a wrong password', { password: 'wr0ng' }, 'password authentication failed', 'PGPASSWORD'],
    ['no password', { password: '' }, 'password', 'PGPASSWORD'],
    ['an unknown user', { username: 'nobody_here' }, 'password authentication failed', 'Check user'],
    ['an unknown database', { pathname: '/not_there' }, '"not_there" does not exist', 'createdb'],
    ['a host that does not exist', { hostname: 'no-host.invalid' }, 'there is no such host', 'name'],
    ['a port where nothing answers', { port: '9' }, 'nothing answers', 'Check host and port'],
  ] as const)('by %s: the message says what to do, and no password', async (_, change, why, hint) => {
    const { stderr } = await refused(address(change));
    // The address holds a password, of which a warning comes first.
    expect(stderr).toMatch(/^(warning --warehouse holds a password .*\n)?error /);
    expect(stderr).toContain(why);
    expect(stderr).toContain(hint);
  });
});

describe('a password file', () => {
  function passwordFile(mode: number): { url: string; file: string } {
    const file = join(freshFolder(), 'passwords');
    const password = decodeURIComponent(direct.password).replace(/[\\:]/g, '\\$&');
    const { hostname, port, username } = direct;
    writeFileSync(file, `# of a test\n${hostname}:${port || 5432}:*:${username}:${password}\n`);
    chmodSync(file, mode);
    return { url: address({ password: '' }), file };
  }

  test('that only its owner can read is used', async () => {
    const { url, file } = passwordFile(0o600);
    expect(await asked(url, { PGPASSFILE: file })).toBeTypeOf('boolean');
    expect(await asked(address({ password: '' }, { passfile: file }))).toBeTypeOf('boolean');
  });

  test('that others can read is refused, with what to do about it', async () => {
    const { url, file } = passwordFile(0o644);
    const { code, stdout, stderr } = await run(url, isEncrypted, { PGPASSFILE: file });
    expect(code, stdout).toBe(2);
    expect(stderr).toContain(`${file} can be read by others`);
    expect(stderr).toContain(`chmod 600 '${file}'`);
  });
});
