import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, statSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { ensureTables } from '../../src/pipeline/setup/setup.ts';
import { openPublishedPostgres } from '../../src/warehouses/postgres/reader.ts';
import { openPostgres } from '../../src/warehouses/postgres/writer.ts';
import { type Outcome, type RunOptions, sparkify } from '../support/command.ts';
import { inventData } from '../support/invented.ts';
import {
  ask,
  freshDatabase,
  hasOwnServer,
  ownServer,
  settingsOf,
  useOwnPostgres,
  whyNoOwnServer,
  withPostgres,
} from '../support/postgres.ts';
import { randomNumbers, useSeed } from '../support/random.ts';
import { sampleOneIn } from '../support/sample.ts';
import { deliver, freshFolder, readStar, type Star } from '../support/warehouse.ts';

sampleOneIn(3);

const crashes = Number(process.env.SPARKIFY_CRASH_RUNS ?? 2);
const random = randomNumbers(useSeed(7));
const cwd = freshFolder();
const ours = "datname = current_database() and application_name like 'sparkify%'";

useOwnPostgres();

let logs: string;
let songs: string;
let firstDay: string;
let wanted: Star;
let undisturbedMs: number;

beforeAll(async () => {
  ({ logs, songs } = inventData(freshFolder(), { seed: 1, days: 3, eventsPerDay: 2000 }));
  firstDay = `${logs}/2018-11-01-events.json`;
  const url = await freshDatabase();
  const began = Date.now();
  expect(await etl(url)).toMatchObject({ code: 0 });
  undisturbedMs = Date.now() - began;
  wanted = await starOf(url);
});

function etl(url: string, options: Partial<RunOptions> = {}, logData = logs): Promise<Outcome> {
  const args = ['etl', '--log-data', logData, '--song-data', songs, '--warehouse', url, '--json'];
  return sparkify(args, { cwd, ...options });
}

async function starOf(url: string): Promise<Star> {
  const warehouse = await openPublishedPostgres(settingsOf(url));
  try {
    return await readStar(warehouse);
  } finally {
    await warehouse.close();
  }
}

/** A database with the first day in it. */
async function loadedDatabase(): Promise<string> {
  const url = await freshDatabase();
  expect(await etl(url, {}, firstDay)).toMatchObject({ code: 0 });
  return url;
}

async function runsOf(url: string): Promise<string[]> {
  const [there] = await ask(url, "select to_regclass('ops.runs') is not null as there");
  if (there?.there !== true) return [];
  return (await ask(url, 'select run_id from ops.runs order by started_at')).map(({ run_id }) =>
    String(run_id),
  );
}

/** A session of another program, for as long as `work` takes. */
async function withSession<T>(
  url: string,
  name: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: name });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** What a disturbed load may end in: the whole star, or nothing of it and the next run mends it. */
async function expectWhole(url: string, outcome: Outcome, runsBefore: number, why: string): Promise<void> {
  expect([0, 1], why + outcome.stderr).toContain(outcome.code);
  expect(outcome.stderr, why).not.toContain('A fault in sparkify');
  if (outcome.code === 1) {
    expect((await runsOf(url)).length, why).toBe(runsBefore);
    const next = await etl(url);
    expect(next.code, why + next.stderr).toBe(0);
  }
  await expectEnd(url, runsBefore + 1, why);
}

async function expectEnd(url: string, runs: number, why: string): Promise<void> {
  expect((await runsOf(url)).length, why).toBe(runs);
  expect(await starOf(url), why).toEqual(wanted);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A moment of a load, counted from the start of the program; its first session comes after a third of it or so. */
function someMoment(): number {
  return undisturbedMs * (0.2 + 0.7 * random());
}

describe('a load', () => {
  test(`whose connection is killed at any of ${2 * crashes} instants ends in the same star`, async () => {
    let killed = 0;
    for (let run = 0; run < 2 * crashes; run += 1) {
      const runsBefore = run % 2;
      const url = await (runsBefore === 0 ? freshDatabase() : loadedDatabase());
      const delayMs = someMoment();
      await withSession(url, 'the killer', async (killer) => {
        let ended = false;
        const loading = etl(url).finally(() => {
          ended = true;
        });
        await pause(delayMs);
        for (let before = killed; !ended && killed === before; await pause(3)) {
          const { rows } = await killer.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where ${ours}`,
          );
          killed += rows.length;
        }
        await expectWhole(url, await loading, runsBefore, `killed after ${delayMs} ms: `);
      });
    }
    expect(killed).toBeGreaterThanOrEqual(crashes);
  }, 600_000);

  test(`that is killed itself at any of ${crashes} instants ends, after the next run, in the same star`, async () => {
    for (let run = 0; run < crashes; run += 1) {
      const url = await freshDatabase();
      const delayMs = someMoment();
      await etl(url, { onStart: (child) => setTimeout(() => child.kill('SIGKILL'), delayMs) });
      const next = await etl(url);
      expect(next.code, next.stderr).toBe(0);
      await expectEnd(url, 1, `killed after ${delayMs} ms`);
    }
  }, 600_000);

  test('during which the server crashes and comes back ends in the same star', async (context) => {
    if (ownServer === undefined) return context.skip(whyNoOwnServer);
    for (const word of ['events:', 'star:']) {
      const url = await freshDatabase();
      let crash: Promise<void> | undefined;
      const outcome = await etl(url, {
        onTalk(_, talk) {
          if (talk.includes(word)) crash ??= ownServer?.crash();
        },
      });
      expect(crash).toBeDefined();
      await crash;
      await expectWhole(url, outcome, 0, `crashed at ${word} `);
    }
  });

  test('that is stopped by SIGINT commits nothing, and leaves no session and no lease', async () => {
    for (const word of ['events:', 'star:', 'checks:']) {
      const url = await freshDatabase();
      const outcome = await etl(url, {
        onTalk(child, talk) {
          if (talk.includes(word) && !child.killed) child.kill('SIGINT');
        },
      });
      expect(outcome.code, outcome.stderr).toBe(130);
      expect(outcome.stderr).toContain('Stopped by SIGINT; nothing was committed.');
      expect(await runsOf(url)).toEqual([]);
      await expect
        .poll(() => ask(url, `select application_name, state, query from pg_stat_activity where ${ours}`), {
          timeout: 3000,
        })
        .toEqual([]);
      expect(
        await ask(
          url,
          "select pid from pg_locks where relation in (to_regclass('ops.lease'), to_regclass('ops.warehouse'))",
        ),
      ).toEqual([]);
    }
  });
});

type AtCommit = (forward: () => void, client: Socket, server: Socket) => unknown;

/** A way to the server where something happens to the first commit of a load. */
async function proxyTo(url: string, atCommit: AtCommit) {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let commits = 0;
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname);
    for (const socket of [client, server]) sockets.add(socket.on('error', () => {}).setNoDelay());
    let pending: Buffer = Buffer.alloc(0);
    let hasStarted = false;
    let wroteRun = false;
    client.on('data', (piece: Buffer) => {
      pending = Buffer.concat([pending, piece]);
      for (;;) {
        // The first message has no type.
        const head = hasStarted ? 1 : 0;
        if (pending.length < head + 4) return;
        const length = head + pending.readInt32BE(head);
        if (pending.length < length) return;
        const message = pending.subarray(0, length);
        pending = pending.subarray(length);
        const query =
          hasStarted && message[0] === 'Q'.charCodeAt(0) ? message.toString('utf8', 5, length - 1) : '';
        hasStarted = true;
        wroteRun ||= query.startsWith('copy ops.runs ');
        const forward = () => server.write(message);
        if (query === 'commit' && wroteRun && commits++ === 0) void atCommit(forward, client, server);
        else forward();
      }
    });
    server.on('data', (piece) => void (client.destroyed || client.write(piece)));
    client.on('end', () => server.end());
    server.on('close', () => client.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = Object.assign(new URL(url), { port: (proxy.address() as AddressInfo).port });
  address.searchParams.set('sslmode', 'disable');
  return {
    url: address.href,
    commits: () => commits,
    close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
}

/** What becomes of a commit, how many a load then makes, and how it is brought about. */
const cuts: [string, number[], AtCommit][] = [
  [
    'that the server has answered',
    [1],
    (forward, client, server) => {
      server.removeAllListeners('data').once('data', () => client.destroy());
      forward();
    },
  ],
  [
    'that the server has, but not its client',
    [1, 2],
    (forward, client, server) => {
      server.removeAllListeners('data').resume();
      forward();
      client.destroy();
    },
  ],
  [
    'that never came to the server',
    [2],
    (_, client, server) => {
      client.destroy();
      server.destroy();
    },
  ],
  ['that never came to the server, which waits for it', [2], (_, client) => client.destroy()],
];

describe('a connection lost at a commit', () => {
  test.each(cuts)('%s: the load finds out, and does nothing twice', async (_, commits, cut) => {
    const url = await freshDatabase();
    const proxy = await proxyTo(url, cut);
    try {
      const outcome = await etl(proxy.url);
      expect(outcome.code, outcome.stderr).toBe(0);
      const report = JSON.parse(outcome.stdout);
      expect(report.status).toBe('committed');
      expect(await runsOf(url)).toEqual([report.runId]);
      expect(commits).toContain(proxy.commits());
      await expectEnd(url, 1, 'cut off');
      expect((await sparkify(['check', '--warehouse', url], { cwd })).code).toBe(0);
    } finally {
      proxy.close();
    }
  });
});

/** A clock that runs ahead, for the minute that a load tries to connect again. */
function fastClock(): () => number {
  const began = Date.now();
  return () => began + (Date.now() - began) * 30;
}

test('a connection lost at a commit, and the lease with it to a program that waited: the run is told to be in doubt', async () => {
  const url = await freshDatabase();
  await withPostgres(url, ensureTables);
  await withSession(url, 'the heir', async (heir) => {
    const proxy = await proxyTo(url, async (forward, client, server) => {
      void heir.query('begin; lock table ops.lease in exclusive mode').catch(() => {});
      await pause(200);
      server.removeAllListeners('data').resume();
      forward();
      client.destroy();
    });
    const lease = { command: 'test', waitMs: 0, nowMs: fastClock() };
    const warehouse = await openPostgres(settingsOf(proxy.url), lease);
    try {
      await expect(deliver(warehouse, { logs: firstDay, songs })).rejects.toMatchObject({
        message: expect.stringMatching(/lost while committing.*being written by the heir/),
        hint: expect.stringMatching(/not known whether the run committed: sparkify status/),
        exitCode: 1,
      });
      expect(await runsOf(url)).toHaveLength(1);
    } finally {
      await warehouse.close();
      proxy.close();
    }
  });
});

describe('two writers', () => {
  test('without patience: the load says who holds the lease, and fails cleanly', async () => {
    const url = await freshDatabase();
    await ask(url, 'create schema ops', 'create table ops.lease (locked boolean)');
    await withSession(url, 'the night watch', async (holder) => {
      await holder.query('begin');
      await holder.query('lock table ops.lease in exclusive mode');
      const outcome = await sparkify(['etl', '--log-data', logs, '--warehouse', url, '--wait-seconds', '0'], {
        cwd,
      });
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toMatch(/is being written by the night watch as \w+ \(PID \d+ of the server/);
      expect(outcome.stderr).toContain('--wait-seconds SECONDS');
      expect(await runsOf(url)).toEqual([]);
    });
  });

  test('at once: one waits for the other, and both end with the same star', async () => {
    const url = await freshDatabase();
    // The first is stopped where it has the lease, until the second has said for whom it waits.
    let first: ChildProcess | undefined;
    let second: Promise<Outcome> | undefined;
    const startSecond = (child: ChildProcess, talk: string): void => {
      if (first !== undefined || !talk.includes('reading:')) return;
      first = child;
      child.kill('SIGSTOP');
      const goOn = (_: unknown, said: string): void => {
        if (said.includes('is being written by')) child.kill('SIGCONT');
      };
      second = etl(url, { onTalk: goOn }).finally(() => child.kill('SIGCONT'));
    };
    const ended = await etl(url, { onTalk: startSecond });
    const both = [ended, (await second) as Outcome];
    expect(
      both.map(({ code }) => code),
      both.map(({ stderr }) => stderr).join(),
    ).toEqual([0, 0]);
    expect(both.map(({ stdout }) => JSON.parse(stdout).status).sort()).toEqual(['committed', 'unchanged']);
    expect(both.map(({ stderr }) => stderr).join()).toContain('is being written by sparkify etl');
    await expectEnd(url, 1, 'two at once');
  });
});

describe('readers', () => {
  test('see the last load while the next one runs, and neither waits for the other', async () => {
    const url = await loadedDatabase();
    const before = await starOf(url);
    const query = ['query', 'select count(*) as plays from songplays', '--json', '--warehouse', url];
    const plays = async (): Promise<unknown> => {
      const { code, stdout, stderr } = await sparkify(query, { cwd });
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout);
    };
    await withSession(url, 'an analyst', async (analyst) => {
      await analyst.query('begin isolation level repeatable read read only');
      await analyst.query('select count(*) from songplays');
      const during: unknown[] = [];
      const proxy = await proxyTo(url, async (forward) => {
        during.push(await plays(), await starOf(url));
        forward();
      });
      try {
        const load = await etl(proxy.url);
        expect(load.code, load.stderr).toBe(0);
      } finally {
        proxy.close();
      }
      expect(during).toEqual([[{ plays: before.songplays.length }], before]);
      const { rows } = await analyst.query('select count(*)::int as plays from songplays');
      expect(rows).toEqual([{ plays: before.songplays.length }]);
    });
    expect(await plays()).toEqual([{ plays: wanted.songplays.length }]);
  });
});

/** Puts a database on a small disk of its own, for as long as `work` takes; null where this user may not make one. */
async function onSmallDisk<T>(url: string, megabytes: number, work: (disk: string) => Promise<T>) {
  const disk = freshFolder();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', disk]).status !== 0)
    return null;
  const database = new URL(url).pathname.slice(1);
  const administration = Object.assign(new URL(url), { pathname: '/postgres' }).href;
  try {
    const { uid, gid } = statSync(ownServer?.folder ?? disk);
    chownSync(disk, uid, gid);
    await ask(
      administration,
      `create tablespace small location '${disk}'`,
      `alter database ${database} set tablespace small`,
    );
    return await work(disk);
  } finally {
    await ask(administration, `drop database ${database} with (force)`, 'drop tablespace small').catch(
      () => {},
    );
    spawnSync('umount', ['-l', disk]);
  }
}

describe('a load that fills the disk', () => {
  test('says so, leaves the star of the load before, and goes on when there is room', async (context) => {
    if (!hasOwnServer) return context.skip(whyNoOwnServer);
    const url = await freshDatabase();
    const done = await onSmallDisk(url, 12, async (disk) => {
      expect(await etl(url, {}, firstDay)).toMatchObject({ code: 0 });
      const before = await starOf(url);
      const full = await etl(url);
      expect(full.code).toBe(1);
      expect(full.stderr).toContain('No space left on the disk of postgres://');
      expect(full.stderr).toContain('Make room on the server');
      expect(await starOf(url)).toEqual(before);
      spawnSync('mount', ['-o', 'remount,size=400m', disk]);
      const again = await etl(url);
      expect(again.code, again.stderr).toBe(0);
      await expectEnd(url, 2, 'after the disk was full');
      return true;
    });
    if (done === null) context.skip('only root on Linux may mount a small disk');
  });
});
