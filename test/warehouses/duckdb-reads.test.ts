import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rejects } from '../../src/models/ops/rejects.ts';
import { events } from '../../src/models/staging/events.ts';
import { ensureTables } from '../../src/pipeline/setup/setup.ts';
import { writeFiles } from '../support/records.ts';
import { freshFolder, withWarehouse } from '../support/warehouse.ts';

test('the engine’s own reader leaves over what it refuses as content, and fails for anything else', async () => {
  const folder = writeFiles(freshFolder(), { 'bad.json': '{"ts": 1, "page": ["Home"}\n' });
  await withWarehouse(join(folder, 'w.duckdb'), async (warehouse) => {
    await ensureTables(warehouse);
    const read = (name: string) => {
      const files = [{ path: join(folder, name), bytes: 30, lines: 1 }];
      const unit = { fileId: 1, kind: 'log', table: events, rejects, files };
      const run = { compression: 'none', runId: 'test', startedAt: new Date() } as const;
      return warehouse.engineReads?.read([{ ...unit, ...run }]);
    };
    expect(await read('bad.json')).toMatchObject([
      {
        staged: 0,
        leftover: [join(folder, 'bad.json')],
        refusal: expect.stringContaining('Invalid Input'),
      },
    ]);
    await expect(read('gone.json')).rejects.toThrow(/gone\.json/);
  });
});
