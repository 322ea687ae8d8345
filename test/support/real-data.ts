import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const place = resolve(process.env.SPARKIFY_REAL_DATA ?? '../shared/data/sparkify');

/** The real log and song files, which are not part of this repository; null where they are not at hand. */
export const realData: { logs: string; songs: string; expected: string } | null = existsSync(
  `${place}/log_data`,
)
  ? { logs: `${place}/log_data`, songs: `${place}/song_data`, expected: `${place}/expected.json` }
  : null;

export const whySkipped = `no real data at ${place}; set SPARKIFY_REAL_DATA`;
