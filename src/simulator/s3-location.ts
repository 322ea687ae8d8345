import { SparkifyError } from '../errors.ts';
import type { S3Options } from '../sources/s3-client.ts';
import { s3Destination } from '../sources/s3-destination.ts';
import { type Sink, writerTo } from './file-writer.ts';
import { below, notAsMade, type OutputLocation } from './output-location.ts';
import { lockName, lockText, parseLock } from './writing-lock.ts';

const FILES_AT_ONCE = 24;

/**
 * A prefix in S3. Objects appear complete, and the same settings give the same bytes, so two writers of one data set do
 * no harm; a claim keeps writers of another one away.
 */
export function s3Location(out: string, options: S3Options): OutputLocation {
  const objects = s3Destination(out, options);
  return {
    name: out,
    filesAtOnce: FILES_AT_ONCE,
    names: objects.names,
    read: objects.read,
    async open(path, isPacked) {
      const upload = objects.upload(path);
      const sink: Sink = {
        // What was written may be sent later: the block itself is needed again before.
        write: (block) => upload.write(Buffer.from(block)),
        end: upload.end,
        abandon: upload.abandon,
      };
      return writerTo(sink, isPacked);
    },
    remove: objects.remove,
    async missing(files) {
      if (files.size === 0) return [];
      const sizes = await objects.sizes();
      const other = [...files].find(([path, { bytes }]) => sizes.has(path) && sizes.get(path) !== bytes);
      if (other !== undefined) throw notAsMade(below(out, other[0]));
      return [...files.keys()].filter((path) => !sizes.has(path));
    },
    async lock(settings, part) {
      const name = lockName(part);
      if (!(await objects.claim(name, lockText(settings)))) {
        const lock = parseLock(await objects.read(name));
        // Gone again in the meantime: its writer has ended, and what it wrote is looked at by the next run.
        if (lock === null || JSON.stringify(lock.settings) !== JSON.stringify(settings)) {
          throw new SparkifyError(`Another process is writing into ${out}; nothing was written.`, {
            hint: `If none is, remove ${below(out, name)}.`,
          });
        }
      }
      return { release: () => objects.remove(name) };
    },
    tidy: async () => {},
    freeBytes: () => null,
    close: objects.close,
  };
}
