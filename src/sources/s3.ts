import { parseS3Address } from './s3-address.ts';
import { keyOf, openBucket, type S3Bucket } from './s3-bucket.ts';
import { openS3Client, type S3Options } from './s3-client.ts';
import { headObject, listFolder, listObject } from './s3-listing.ts';
import { fetchObject, fetchWhole } from './s3-object.ts';
import type { Source, SourceFile } from './source.ts';
import { openSpool, type Spool, type SpoolRoom, spoolRoom } from './spool.ts';

export interface S3SourceOptions extends S3Options {
  /** The address is of one object, whatever characters it has. */
  readonly exact?: boolean;
  /** For copies of large objects on this machine; its own, if it shares none. */
  readonly room?: SpoolRoom;
}

const SMALL_AT_ONCE = 48;
const LARGE_AT_ONCE = 4;

/** A folder of objects below a prefix, or one object. Objects are read as they were listed: by their ETag. */
export function s3Source(place: string, options: S3SourceOptions): Source {
  const { bucket: name, key } = parseS3Address(place, options.exact === true);
  const spool = openSpool(options.room ?? spoolRoom());
  const { bucket, stop, close } = openBucket(name, options, (stopping) =>
    openS3Client(options, SMALL_AT_ONCE, stopping),
  );
  return {
    isLocal: false,
    concurrency: { small: SMALL_AT_ONCE, large: LARGE_AT_ONCE },
    list: (onFound = () => {}) =>
      options.exact === true ? listObject(bucket, key) : listFolder(bucket, key, onFound),
    open(file) {
      const version = versionOf(file);
      const copy = spool.read(version);
      if (copy !== null) return copy;
      const chunks = fetchObject(bucket, file);
      return spool.reserve(version, file.bytes, false) ? spool.keep(version, chunks) : chunks;
    },
    readSmall: (file) => fetchWhole(bucket, file),
    // What was copied is what was listed: the request asked for that version only.
    relist: async (file) =>
      spool.pathOf(versionOf(file)) === null ? headObject(bucket, keyOf(bucket, file)) : file,
    async fetch(files) {
      await copyMissing(files, bucket, spool);
      return files.map((file) => spool.pathOf(versionOf(file)) as string);
    },
    release: (file) => spool.remove(versionOf(file)),
    async close() {
      stop();
      await spool.close();
      await close();
    },
  };
}

/** Copies the files that the spool lacks; after a failure, begins no other. */
async function copyMissing(files: readonly SourceFile[], bucket: S3Bucket, spool: Spool): Promise<void> {
  const missing = files.filter((file) => spool.pathOf(versionOf(file)) === null);
  const lane = async (): Promise<void> => {
    for (let file = missing.pop(); file !== undefined; file = missing.pop()) {
      const version = versionOf(file);
      spool.reserve(version, file.bytes, true);
      try {
        for await (const _chunk of spool.keep(version, fetchObject(bucket, file)));
      } catch (error) {
        missing.length = 0;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: LARGE_AT_ONCE }, lane));
  for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
}

/** An object as it was listed; under the same name another one may come. */
function versionOf({ path, fingerprint }: SourceFile): string {
  return `${path} ${fingerprint}`;
}
