import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { LoadSummary } from '../../src/pipeline/record/load-summary.ts';
import { ensureTables } from '../../src/pipeline/setup/setup.ts';
import { openSource } from '../../src/sources/open.ts';
import { silent } from '../../src/telemetry/observer.ts';
import { redshiftSessions } from '../../src/warehouses/redshift/connection.ts';
import type { Warehouse } from '../../src/warehouses/warehouse.ts';
import { rowsOf, runOn } from '../support/ad-hoc.ts';
import { startAwsServer } from '../support/aws-server.ts';
import { type Outcome, type RunOptions, sparkify } from '../support/command.ts';
import { inventData } from '../support/invented.ts';
import { noting } from '../support/observers.ts';
import { usePostgres } from '../support/postgres.ts';
import { randomNumbers, useSeed } from '../support/random.ts';
import { eventRecord, jsonLines } from '../support/records.ts';
import type { Faults } from '../support/redshift/faults.ts';
import {
  type ClusterOptions,
  commandLineOf,
  freshCluster,
  type RedshiftTestCluster,
  useRedshift,
  withRedshift,
} from '../support/redshift-world.ts';
import { server, upload, useS3Server } from '../support/s3-world.ts';
import { sampleOneIn } from '../support/sample.ts';
import { deliver, freshFolder, readStar, type Star, withWarehouse } from '../support/warehouse.ts';

sampleOneIn(3);

usePostgres();
useS3Server();
useRedshift();

const crashes = Number(process.env.SPARKIFY_CRASH_RUNS ?? 2);
const random = randomNumbers(useSeed(7));
const cwd = freshFolder();
let wanted: Star;

beforeAll(async () => {
  const { logs, songs } = inventData(freshFolder(), { seed: 1, days: 3, eventsPerDay: 300 });
  upload(logs, 'data', 'log_data');
  upload(songs, 'data', 'song_data');
  wanted = await withWarehouse(join(freshFolder(), 'w.duckdb'), async (duckDb) => {
    await deliver(duckDb, { logs, songs });
    return readStar(duckDb);
  });
});

function load(warehouse: Warehouse, observer = silent): Promise<LoadSummary> {
  const s3 = { endpoint: server.endpoint, region: 'us-east-1' };
  const [logs, songs] = ['log_data', 'song_data'].map((name) =>
    openSource(`s3://data/${name}`, Date.now, s3),
  );
  return deliver(warehouse, { options: { logs: logs ?? null, songs: songs ?? null }, observer });
}

/** Nothing is left on the staging prefix, and the star is that of a load that nothing disturbed. */
async function assertRight(cluster: RedshiftTestCluster): Promise<void> {
  await withRedshift(cluster, async (warehouse) => {
    expect(await readStar(warehouse)).toEqual(wanted);
    expect(await rowsOf(warehouse, 'select count(*) as runs from ops.runs')).toEqual([{ runs: 1 }]);
  });
  expect(server.keys('staging')).toEqual(['README']);
}

/** Makes the nth statement that begins so fail once; how many there were. */
function once(
  faults: Faults,
  begins: RegExp,
  fault: ReturnType<Parameters<Faults['on']>[0]>,
  nth: number,
): () => number {
  let seen = 0;
  faults.on((statement) => {
    if (!begins.test(statement)) return null;
    seen += 1;
    return seen === nth ? fault : null;
  });
  return () => seen;
}

const conflict = {
  kind: 'error',
  code: 'XX000',
  message: '1023',
  detail:
    'Serializable isolation violation on table - 100140, transactions forming the cycle are: 41212, 41214 (pid:1234)',
} as const;

describe('a load into Redshift is done again, whole and on new connections, after', () => {
  test.each([
    ['its connection is lost before a COPY', /^copy/, { kind: 'drop', when: 'before' }, 2],
    ['its connection is lost after a COPY', /^copy/, { kind: 'drop', when: 'after' }, 1],
    ['its connection is lost within the build', /^insert into songplays/, { kind: 'drop', when: 'after' }, 1],
    ['its connection is lost before the commit', /^commit/, { kind: 'drop', when: 'before' }, 2],
    [
      'its connection is lost after the commit, which nobody told',
      /^commit/,
      { kind: 'drop', when: 'after' },
      2,
    ],
    ['a broken serialization at the commit (1023)', /^commit/, conflict, 2],
    ['a broken serialization within the load (1023)', /^insert into users/, conflict, 1],
    [
      'a conflict with another writer under snapshot isolation',
      /^insert into songs/,
      {
        kind: 'error',
        code: 'XX000',
        message: 'could not complete because of conflict with concurrent transaction',
      },
      1,
    ],
    ['a lost lease', /^select 1 as held/, { kind: 'drop', when: 'before' }, 1],
  ] as const)('%s', async (_, begins, fault, nth) => {
    const cluster = await freshCluster();
    const seen = once(cluster.double.faults, begins, fault, nth);
    const { observer } = noting();
    await withRedshift(cluster, async (warehouse) => {
      const report = await load(warehouse, observer);
      expect(report.status).toBe('committed');
    });
    expect(seen()).toBeGreaterThanOrEqual(nth);
    cluster.double.faults.clear();
    await assertRight(cluster);
  });

  test.each(['snapshot', 'serializable'] as const)(
    'another writer committed to one of its tables meanwhile (%s isolation)',
    async (isolation) => {
      const cluster = await freshCluster({ isolation, server: { locksTables: false } });
      const { place, double } = cluster;
      await withRedshift(cluster, (warehouse) => ensureTables(warehouse));
      const other = await redshiftSessions(place.server, Date.now).open('other');
      let writes: Promise<unknown> | null = null;
      double.faults.on((statement) => {
        if (writes !== null || !/^insert into staging\.events/.test(statement)) return null;
        writes = runOn(other, "update ops.warehouse set created_by = 'another writer'");
        return { kind: 'pause', until: writes };
      });
      const { observer, notes } = noting();
      await withRedshift(cluster, (warehouse) => load(warehouse, observer));
      await other.close();
      expect(notes.join('\n')).toMatch(/another session was in the way.*Trying again/s);
      double.faults.clear();
      await assertRight(cluster);
    },
  );
});

describe('a load into Redshift that fails leaves nothing, and the next one ends right, after', () => {
  async function failsThenWorks(
    cluster: RedshiftTestCluster,
    message: RegExp,
    mend: () => void,
  ): Promise<void> {
    await withRedshift(cluster, async (warehouse) => {
      await expect(load(warehouse)).rejects.toThrow(message);
      expect(await rowsOf(warehouse, 'select count(*) as events from staging.events')).toEqual([
        { events: 0 },
      ]);
    });
    expect(server.keys('staging')).toEqual(['README']);
    cluster.double.faults.clear();
    mend();
    await withRedshift(cluster, (warehouse) => load(warehouse));
    await assertRight(cluster);
  }

  test('a 1023 that does not end', async () => {
    const cluster = await freshCluster();
    cluster.double.faults.on((statement) => (/^insert into songplays/.test(statement) ? conflict : null));
    await failsThenWorks(cluster, /another session was in the way.*1023.*Serializable isolation/s, () => {});
  });

  test('a COPY that meets more broken records than it may', async () => {
    const cluster = await freshCluster();
    server.put('data', 'log_data/broken.json', 'no record\n'.repeat(50));
    await withRedshift(cluster, async (warehouse) => {
      const s3 = { endpoint: server.endpoint, region: 'us-east-1' };
      const logs = openSource('s3://data/log_data', Date.now, s3);
      await expect(
        deliver(warehouse, { options: { logs, maxRejects: { share: null, count: 5 } } }),
      ).rejects.toThrow(/50 of \d+ records were refused \(malformed_json 50\).*nothing was committed/);
    });
    expect(server.keys('staging')).toEqual(['README']);
    server.remove('data', 'log_data/broken.json');
    await withRedshift(cluster, (warehouse) => load(warehouse));
    await assertRight(cluster);
  });

  test('a role that may not read the data', async () => {
    let allowed = false;
    const options: ClusterOptions = {
      allows: (action, bucket) => allowed || bucket !== 'data' || action !== 'read',
    };
    const cluster = await freshCluster(options);
    await failsThenWorks(cluster, /the cluster’s role may not do this/, () => {
      allowed = true;
    });
  });

  test('a full disk on the cluster', async () => {
    const cluster = await freshCluster();
    const full = { kind: 'error', code: '53100', message: 'Disk Full' } as const;
    cluster.double.faults.on((statement) => (/^insert into staging.events/.test(statement) ? full : null));
    await failsThenWorks(cluster, /no space left on the cluster/, () => {});
  });
});

describe('what lies in S3 changes while the cluster reads:', () => {
  test('an object that is gone when COPY comes for it is listed anew', async () => {
    const cluster = await freshCluster();
    const gone = 'log_data/gone.json';
    server.put('data', gone, jsonLines([eventRecord({ sessionId: 999_999 })]));
    let copies = 0;
    cluster.double.faults.on((statement) => {
      if (/^copy read_records_\d+ from '[^']*events/.test(statement) && ++copies === 1)
        server.remove('data', gone);
      return null;
    });
    const { observer, notes } = noting();
    await withRedshift(cluster, (warehouse) => load(warehouse, observer));
    expect(notes.join('\n')).toMatch(/did not find objects that it was to read.*Planning again/s);
    await assertRight(cluster);
  });

  test('an object that is written over after COPY took it is loaded as it is at the end', async () => {
    const cluster = await freshCluster();
    const [key = ''] = server.keys('data').filter((name) => name.startsWith('log_data'));
    const right = server.get('data', key) as Buffer;
    server.put('data', key, jsonLines([eventRecord({ sessionId: 999_999 })]));
    let taken = false;
    cluster.double.faults.on((statement) => {
      if (/^copy read_records_\d+ from '[^']*events/.test(statement)) taken = true;
      else if (taken) server.put('data', key, right);
      return null;
    });
    await withRedshift(cluster, (warehouse) => load(warehouse));
    await assertRight(cluster);
  });
});

describe('logins of Redshift', () => {
  test('that expired are asked for again for the new connection, and the load goes on', async () => {
    const aws = await startAwsServer(server);
    try {
      aws.workgroups.add('wg');
      const cluster = await freshCluster({
        server: {
          auth: { kind: 'iam workgroup', workgroup: 'wg' },
          endpoint: aws.endpoint,
          loadBy: 'client',
        },
      });
      // The cluster knows whom AWS gave a password, and only the last one is good.
      const learn = setInterval(() => {
        const password = aws.passwords.at(-1);
        if (password !== undefined) cluster.double.setLogin('IAM:loader', { password });
      }, 1);
      try {
        let dropped = false;
        cluster.double.faults.on((statement) => {
          if (!/^insert into songplays/.test(statement) || dropped) return null;
          dropped = true;
          aws.passwords.push('expired: nobody has it');
          return { kind: 'drop', when: 'before' };
        });
        const { logs, songs } = inventData(freshFolder(), { seed: 1, days: 3, eventsPerDay: 300 });
        await withRedshift(cluster, (warehouse) => deliver(warehouse, { logs, songs }));
        expect(dropped).toBe(true);
        expect(aws.requests.length).toBeGreaterThan(1);
        await withRedshift(cluster, async (warehouse) => expect(await readStar(warehouse)).toEqual(wanted));
      } finally {
        clearInterval(learn);
      }
    } finally {
      await aws.close();
    }
  });

  test('that are wrong are told so, without the secret', async () => {
    const cluster = await freshCluster({ logins: { loader: { password: 'another' } } });
    await expect(withRedshift(cluster, load)).rejects.toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/refused the login: password authentication failed/),
        exitCode: 2,
      }),
    );
  });
});

describe('a client that is killed', () => {
  function etl(cluster: RedshiftTestCluster, options: Partial<RunOptions> = {}): Promise<Outcome> {
    const { flags, env } = commandLineOf(cluster);
    const places = ['--log-data', 's3://data/log_data', '--song-data', 's3://data/song_data'];
    return sparkify(['etl', ...places, ...flags, '--wait-seconds', '20', '--json'], { cwd, env, ...options });
  }

  test('at some statement, or is stopped by Ctrl-C, leaves what the next run makes right', async () => {
    for (const signal of ['SIGKILL', 'SIGINT'] as const) {
      for (let crash = 0; crash < crashes; crash += 1) {
        const cluster = await freshCluster();
        const at = 20 + Math.floor(random() * 150);
        let kill = (): unknown => null;
        let seen = 0;
        cluster.double.faults.on(() => {
          seen += 1;
          if (seen === at) kill();
          return null;
        });
        const ended = await etl(cluster, {
          onStart(child) {
            kill = () => child.kill(signal);
          },
        });
        expect([0, null, 130], `${signal} at statement ${at}: ${ended.stderr}`).toContain(ended.code);
        const again = await etl(cluster);
        expect(again.code, again.stderr).toBe(0);
        await assertRight(cluster);
      }
    }
  });
});
