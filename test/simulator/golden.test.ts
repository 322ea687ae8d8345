import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { defaultRates } from '../../src/simulator/faults.ts';
import type { Settings } from '../../src/simulator/settings.ts';
import { hashesIn, simulated } from '../support/simulated.ts';

/**
 * What seeds make, on every machine and engine. Where one of these changes, every data set that anybody made
 * changes: that is for the changelog.
 */
const golden: readonly (readonly [name: string, change: Partial<Settings>, hash: string])[] = [
  ['classic', {}, '4ccfe981ddecab15'],
  ['another seed', { seed: 20_181_101 }, 'e0dacec638aa247e'],
  [
    'full, growing, over the end of daylight saving',
    { profile: 'full', from: '2019-03-08', growth: 8, attrition: 0.9 },
    '1b718c2066de9e13',
  ],
  ['plain NDJSON', { format: 'ndjson' }, '4e977db38a7e43a2'],
  ['packed songs', { songs: 1_000, songFiles: 'packed' }, 'befd144abc22fe88'],
  ['dirty', { rates: { ...defaultRates, 'redelivered-file': 0.5 } }, '978dd1f174e28bb7'],
];

test.each(golden)('%s', async (_, change, hash) => {
  const files = Object.entries(hashesIn(await simulated(change))).map(([name, of]) => `${name} ${of}`);
  expect(createHash('sha256').update(files.join('\n')).digest('hex').slice(0, 16)).toBe(hash);
});
