import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshFolder } from '../support/folders.ts';
import { ask, freshDatabase, usePostgres, withPostgres } from '../support/postgres.ts';
import { eventRecord, jsonLines, songRecord, writeFiles } from '../support/records.ts';
import { deliver } from '../support/warehouse.ts';

usePostgres();

const keyIndexes = async (url: string): Promise<string[]> =>
  (
    await ask(
      url,
      "select schemaname || '.' || indexname as index from pg_indexes where indexname = 'songs_key' order by 1",
    )
  ).map(({ index }) => String(index));

test('each of two tables of one name has its own index, also after the star’s was made again', async () => {
  const url = await freshDatabase();
  const folder = freshFolder();
  const logs = writeFiles(join(folder, 'logs'), { 'a.json': jsonLines([eventRecord()]) });
  const songs = writeFiles(join(folder, 'songs'), { 'a.json': JSON.stringify(songRecord()) });
  await withPostgres(url, (warehouse) => deliver(warehouse, { logs, songs }));
  expect(await keyIndexes(url)).toEqual(['public.songs_key', 'staging.songs_key']);
  await ask(url, 'drop table songs');
  await withPostgres(url, (warehouse) => deliver(warehouse, { logs, songs }));
  expect(await keyIndexes(url)).toEqual(['public.songs_key', 'staging.songs_key']);
});
