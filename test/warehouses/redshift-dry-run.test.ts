import { describe, expect, test } from 'vitest';
import { rowsOf, runOn } from '../support/ad-hoc.ts';
import { sparkify } from '../support/command.ts';
import { inventData } from '../support/invented.ts';
import { ask, usePostgres } from '../support/postgres.ts';
import {
  commandLineOf,
  freshCluster,
  type RedshiftTestCluster,
  useRedshift,
} from '../support/redshift-world.ts';
import { server, upload, useS3Server } from '../support/s3-world.ts';
import { freshFolder } from '../support/warehouse.ts';

usePostgres();
useS3Server();
useRedshift();

const cwd = freshFolder();

function etl(cluster: RedshiftTestCluster, places: readonly string[], ...flags: string[]) {
  const { flags: where, env } = commandLineOf(cluster);
  const [logs = '', songs = ''] = places;
  return sparkify(['etl', '--log-data', logs, '--song-data', songs, ...where, ...flags], { cwd, env });
}

/** What a dry run would be guilty of. */
const writes = /^(create|insert|update|delete|copy|lock|begin|commit|drop|alter|analyze|truncate)\b/;

describe('etl --dry-run', () => {
  test('of a first load prints every statement that the load sends, and asks nothing that changes', async () => {
    const { logs, songs } = inventData(freshFolder(), { seed: 2, days: 2, eventsPerDay: 200 });
    upload(logs, 'dry', 'log_data');
    upload(songs, 'dry', 'song_data');
    const places = ['s3://dry/log_data', 's3://dry/song_data'];
    const cluster = await freshCluster();
    const dry = await etl(cluster, places, '--dry-run', '--json');
    expect(dry.code).toBe(0);
    expect(cluster.double.statements.filter((text) => writes.test(text))).toEqual([]);
    expect(server.keys('staging')).toEqual(['README']);
    const { statements, names, objects, status } = JSON.parse(dry.stdout);
    expect(status).toBe('planned');
    expect(names).toHaveLength(statements.length);
    expect(statements[names.indexOf('deduplicate: contested keys')]).toMatch(
      /^create temporary table contested /,
    );
    expect(objects).toHaveLength(2);
    expect(JSON.parse(objects[1].text).entries).toEqual(
      server
        .keys('dry')
        .filter((key) => key.startsWith('log_data'))
        .map((key) => ({
          url: `s3://dry/${key}`,
          mandatory: true,
          meta: { content_length: server.get('dry', key)?.length },
        })),
    );
    // What the load then sends for real stands in the script, but for its values and its questions outside.
    const before = cluster.double.statements.length;
    expect(await etl(cluster, places)).toMatchObject({ code: 0 });
    const shape = (sql: string): string =>
      sql
        .replaceAll(/'[^']*'|\$\d+|\b\d+(\.\d+)?\b|\bnull\b|\btrue\b|\bfalse\b/g, '?')
        .replaceAll(/(\?(, )?)+/g, '?')
        .replaceAll(/(\(\?\)(, )?)+/g, '(?)')
        .replaceAll(/\s+/g, ' ');
    const scripted = new Set((statements as string[]).map(shape));
    const sent = cluster.double.statements
      .slice(before)
      .filter((text) => /^(create|insert|update|delete|copy)\b/.test(text))
      // Other spellings of accented names are made of what stands in the warehouse by then.
      .filter((text) => !/^(copy|insert into) ops\.song_keys .*(manifest|values)/.test(text))
      .map(shape)
      .filter((text) => !scripted.has(text));
    expect([...new Set(sent)]).toEqual([]);
  });

  test('of several places copies every object of them once', async () => {
    const { logs, songs } = inventData(freshFolder(), { seed: 3, days: 2, eventsPerDay: 20 });
    upload(logs, 'dry-several', 'log_data');
    upload(
      inventData(freshFolder(), { seed: 4, days: 2, eventsPerDay: 20 }).logs,
      'dry-several',
      'log_data/late',
    );
    upload(songs, 'dry-several', 'song_data');
    const places = ['s3://dry-several/log_data', 's3://dry-several/song_data'];
    const more = ['--log-data', 's3://dry-several/log_data/late', '--log-data', 's3://dry-several/song_data'];
    const { code, stdout } = await etl(await freshCluster(), places, ...more, '--dry-run', '--json');
    expect(code).toBe(0);
    const listed = JSON.parse(JSON.parse(stdout).objects[1].text).entries.map(
      ({ url }: { url: string }) => url,
    );
    const keys = server.keys('dry-several').map((key) => `s3://dry-several/${key}`);
    expect(listed.toSorted()).toEqual(keys.toSorted());
  });

  test('of an unchanged source prints no statement; of a new day, what that day asks for', async () => {
    const { logs, songs } = inventData(freshFolder(), { seed: 3, days: 2, eventsPerDay: 50 });
    const cluster = await freshCluster();
    expect(await etl(cluster, [`${logs}/2018-11-01-events.json`, songs])).toMatchObject({ code: 0 });
    const unchanged = await etl(cluster, [`${logs}/2018-11-01-events.json`, songs], '--dry-run');
    expect(unchanged.stdout).toMatch(/A load would write nothing/);
    const runs = await ask(cluster.database, 'select count(*) as runs from ops.runs');
    const more = await etl(cluster, [logs, songs], '--dry-run');
    expect(more.code, more.stderr).toBe(0);
    expect(more.stdout).toMatch(/1 new file/);
    expect(more.stdout).toMatch(/^lock artists, ops\.drift, /m);
    expect(more.stdout).toMatch(/^copy staging\.events \(.*manifest gzip/m);
    expect(more.stdout).toMatch(/^-- commit\ncommit;$/m);
    expect(more.stdout).toMatch(
      /^-- deduplicate: contested keys\ncreate temporary table contested as select /m,
    );
    expect(await ask(cluster.database, 'select count(*) as runs from ops.runs')).toEqual(runs);
  });

  test('prints a script that the cluster takes as it stands', async () => {
    const { logs, songs } = inventData(freshFolder(), { seed: 4, days: 2, eventsPerDay: 50 });
    upload(logs, 'script', 'log_data');
    upload(songs, 'script', 'song_data');
    const cluster = await freshCluster();
    const dry = await etl(cluster, ['s3://script/log_data', 's3://script/song_data'], '--dry-run', '--json');
    const { statements, objects } = JSON.parse(dry.stdout) as {
      statements: string[];
      objects: { address: string; text: string }[];
    };
    for (const { address, text } of objects)
      server.put('staging', address.slice('s3://staging/'.length), text);
    const { redshiftSessions } = await import('../../src/warehouses/redshift/connection.ts');
    const session = await redshiftSessions(cluster.place.server, Date.now).open('by hand');
    for (const statement of statements) await runOn(session, statement);
    expect(await rowsOf(session, 'select count(*) as plays from songplays')).toEqual([
      { plays: expect.any(Number) },
    ]);
    await session.close();
    const [found] = await ask(cluster.database, 'select count(*) as plays from songplays');
    expect(Number(found?.plays)).toBeGreaterThan(50);
    for (const { address } of objects) server.remove('staging', address.slice('s3://staging/'.length));
  });
});
