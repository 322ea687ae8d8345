import { describe, expect, test } from 'vitest';
import { rowsOf, runOn } from '../support/ad-hoc.ts';
import { sparkify } from '../support/command.ts';
import { inventData } from '../support/invented.ts';
import { usePostgres } from '../support/postgres.ts';
import { eventRecord, jsonLines } from '../support/records.ts';
import {
  type ClusterOptions,
  commandLineOf,
  freshCluster,
  type RedshiftTestCluster,
  useRedshift,
} from '../support/redshift-world.ts';
import { server, upload, useS3Server } from '../support/s3-world.ts';
import { sampleOneIn } from '../support/sample.ts';
import { freshFolder } from '../support/warehouse.ts';

sampleOneIn(2);

usePostgres();
useS3Server();
useRedshift();

const cwd = freshFolder();
const places = ['--log-data', 's3://commands/log_data', '--song-data', 's3://commands/song_data'];

function run(cluster: RedshiftTestCluster, command: string, ...args: string[]) {
  const { flags, env } = commandLineOf(cluster);
  return sparkify([command, ...args, ...flags], { cwd, env });
}

async function clusterWith(options: ClusterOptions = {}): Promise<RedshiftTestCluster> {
  const { logs, songs } = inventData(freshFolder(), { seed: 5, days: 2, eventsPerDay: 200 });
  upload(logs, 'commands', 'log_data');
  upload(songs, 'commands', 'song_data');
  return freshCluster(options);
}

describe('on Redshift,', () => {
  test('doctor finds nothing in the way, status shows how the tables lie, query and check answer', async () => {
    const cluster = await clusterWith();
    const first = await run(cluster, 'doctor', ...places);
    expect(first.code, first.stdout).toBe(0);
    for (const found of [
      /cluster +redshift:\/\/localhost:\d+\/\w+, Redshift 1\.0/,
      /encryption +TLS/,
      /isolation +Snapshot/,
      /rights +loader may make tables in public, staging and ops/,
      /logs by COPY +the role may read s3:\/\/commands\/log_data\/2018-11-01/,
      /staging +s3:\/\/staging\/area accepts files/,
      /lease +no load is running/,
      /skew +no tables/,
    ])
      expect(first.stdout).toMatch(found);
    expect(await run(cluster, 'etl', ...places)).toMatchObject({ code: 0 });
    const status = await run(cluster, 'status');
    expect(status.stdout).toMatch(/songplays +KEY\(start_time\) +start_time +1\.\d\d +0 % +0 %/);
    expect(status.stdout).toMatch(/users +ALL +user_id +0 % +0 %/);
    const json = JSON.parse((await run(cluster, 'status', '--json')).stdout);
    expect(json.storage.find(({ name }: { name: string }) => name === 'staging.events')).toMatchObject({
      distribution: 'KEY(session_id)',
      sort: 'ts',
    });
    const query = await run(cluster, 'query', 'select count(*) as plays from songplays', '--format', 'csv');
    expect(query.stdout).toMatch(/^plays\n\d+\n$/);
    for (const hostile of [
      "select pg_terminate_backend(1), 'x'",
      "select '\\', set_config('statement_timeout', '1', false), '\\'",
      "select '\\'', set_config('statement_timeout', '1', false), '",
    ]) {
      const refused = await run(cluster, 'query', hostile);
      expect(`${refused.code} ${refused.stderr}`).toMatch(
        /^2 [\s\S]*query does not call (pg_term|set_config)/,
      );
    }
    expect((await run(cluster, 'check')).code).toBe(0);
    expect((await run(cluster, 'doctor', ...places)).stdout).toMatch(/skew +\S+ has \d/);
    const { songplay_id: id } = JSON.parse(
      (await run(cluster, 'query', 'select songplay_id from songplays limit 1', '--format', 'json')).stdout,
    )[0];
    const explained = JSON.parse((await run(cluster, 'explain', id, '--json')).stdout);
    expect(explained.provenance).toHaveLength(1);
    expect(explained.provenance[0]).toMatchObject({
      path: expect.stringMatching(/^s3:\/\/commands\/log_data\//),
      line: expect.any(Number),
      missing: null,
    });
    expect(server.keys('staging')).toEqual(['README']);
  });

  test('doctor tells a role that may not read, a bucket that takes nothing, and rights that lack', async () => {
    const cluster = await clusterWith({
      allows: (action, bucket) => bucket !== 'commands' || action !== 'read',
    });
    cluster.double.deny('database', 'create');
    const reading = await run(cluster, 'doctor', ...places);
    expect(reading.code).toBe(1);
    expect(reading.stdout).toMatch(/bad +logs by COPY.*role may not do this[\s\S]*s3:GetObject/);
    expect(reading.stdout).toMatch(/good +staging/);
    expect(reading.stdout).toMatch(/bad +rights +loader may not make tables/);
    server.denied = (request) => request.startsWith('PUT staging');
    const { stdout } = await run(cluster, 'doctor', ...places);
    expect(stdout).toMatch(/bad +staging.*access is denied[\s\S]*s3:PutObject/);
  });

  test('the distribution of songplays is the user’s choice', async () => {
    const cluster = await clusterWith();
    const { flags, env } = commandLineOf(cluster);
    const chosen = { ...env, SPARKIFY_REDSHIFT_DISTRIBUTION: 'user_id' };
    expect(await sparkify(['etl', ...places, ...flags], { cwd, env: chosen })).toMatchObject({ code: 0 });
    expect((await run(cluster, 'status')).stdout).toMatch(/songplays +KEY\(user_id\)/);
    const wrong = { ...env, SPARKIFY_REDSHIFT_DISTRIBUTION: 'colour' };
    const other = commandLineOf(await freshCluster());
    const refused = await sparkify(['etl', ...places, ...other.flags], { cwd, env: { ...wrong } });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/songplays has no column "colour"/);
  });

  test('a load goes on beside a reader that does not end', async () => {
    const cluster = await clusterWith();
    expect(await run(cluster, 'etl', ...places)).toMatchObject({ code: 0 });
    const { redshiftSessions } = await import('../../src/warehouses/redshift/connection.ts');
    const reader = await redshiftSessions(cluster.place.server, Date.now).open('reader');
    await runOn(reader, 'begin read only');
    await rowsOf(reader, 'select count(*) as plays from songplays');
    server.put('commands', 'log_data/late.json', jsonLines([eventRecord({ sessionId: 77_777 })]));
    const loaded = await run(cluster, 'etl', ...places);
    expect(loaded.code, loaded.stderr).toBe(0);
    expect(loaded.stderr).toMatch(/Readers hold tables .*loading beside them/);
    await reader.close();
  });
});
