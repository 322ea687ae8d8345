import { readFileSync } from 'node:fs';
import { listenersByPlace } from './listeners-by-place.ts';
import { paidAndFree } from './paid-and-free.ts';
import { playsByHour } from './plays-by-hour.ts';
import type { Report } from './report.ts';
import { topSongs } from './top-songs.ts';

/** Every report, in the order in which they are read. */
export const allReports: readonly Report[] = [topSongs, playsByHour, paidAndFree, listenersByPlace];

/** A report's SELECT. */
export function reportSql({ name }: Report): string {
  return readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8');
}
