import { ConfigError } from '../errors.ts';
import { withoutSecrets } from '../secrets.ts';
import { localSource } from './local.ts';
import { type S3SourceOptions, s3Source } from './s3.ts';
import { isS3Address } from './s3-address.ts';
import type { Source } from './source.ts';

/** The source for a place as people write it: a path, a glob, a file: or an s3: address. */
export function openSource(place: string, nowMs: () => number, s3: S3SourceOptions = {}): Source {
  if (isS3Address(place)) return s3Source(place, s3);
  if (place.startsWith('file://')) return localSource(new URL(place).pathname, nowMs, s3.signal);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(place)) {
    throw new ConfigError(`This version reads folders, files and S3, not ${withoutSecrets(place)}.`, {
      hint: 'Copy the files to a folder and name that: --log-data FOLDER --song-data FOLDER',
    });
  }
  return localSource(place, nowMs, s3.signal);
}
