import { ConfigError } from '../errors.ts';
import { localSource } from './local.ts';
import type { Source } from './source.ts';

/** The source for a place as people write it: a path, a glob, a file: address. */
export function openSource(place: string, nowMs: () => number): Source {
  if (place.startsWith('file://')) return localSource(new URL(place).pathname, nowMs);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(place)) {
    throw new ConfigError(`This version reads folders and files, not ${place}.`, {
      hint: 'Copy the files to a folder and name that: --log-data FOLDER --song-data FOLDER',
    });
  }
  return localSource(place, nowMs);
}
