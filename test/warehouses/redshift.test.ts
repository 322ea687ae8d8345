import { describe, expect, test } from 'vitest';
import { openSource } from '../../src/sources/open.ts';
import { usePostgres } from '../support/postgres.ts';
import { realData, whySkipped } from '../support/real-data.ts';
import { freshCluster, useRedshift, withRedshift } from '../support/redshift-world.ts';
import { server, upload, useS3Server } from '../support/s3-world.ts';
import { deliver } from '../support/warehouse.ts';

usePostgres();
useS3Server();
useRedshift();

describe('a load into Redshift', () => {
  test('of the real data', async () => {
    upload(realData?.logs ?? '', 'data', 'log_data');
    upload(realData?.songs ?? '', 'data', 'song_data');
    const cluster = await freshCluster();
    const s3 = { endpoint: server.endpoint, region: 'us-east-1' };
    const report = await withRedshift(cluster, (warehouse) =>
      deliver(warehouse, {
        options: {
          logs: openSource('s3://data/log_data', Date.now, s3),
          songs: openSource('s3://data/song_data', Date.now, s3),
        },
      }),
    ).catch((error) => {
      console.log(cluster.double.statements.slice(-2).join('\n---\n'));
      throw error;
    });
    console.log(report.phases, cluster.double.statements.length, report.events, report.match);
    expect(report.tables.songplays.rows).toBe(6820);
  });
});
