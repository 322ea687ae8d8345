import type { EngineReads, ReadUnit } from '../engine-reads.ts';
import { type CopiedUnit, copyObjects, type ReadingSession } from './copy-objects.ts';
import { validateCopied } from './validate-objects.ts';

/** Many small files: so many, and smaller than this on average, are packed by this program first. */
const MANY_FILES = 1_000;
const SMALL_BYTES = 1024 * 1024;
const OBJECTS_PER_UNIT = 200;

/** The cluster's reads of objects, and what they keep between the COPY and the transaction. */
export interface ObjectReads extends EngineReads {
  /** Forgets what was copied: a transaction that takes it has ended, or its session has. */
  forget(): void;
}

/** The cluster reads objects in S3 unseen: COPY before the transaction, the rules as SQL within it. */
export function objectReads(
  loadBy: 'cluster' | 'client' | 'auto',
  sessionFor: (unit: ReadUnit) => Promise<ReadingSession>,
): ObjectReads {
  const copied = new Map<number, CopiedUnit>();
  return {
    opens: 'objects',
    accepts: () => false,
    objectsPerUnit(objects, bytes) {
      const suits = objects <= MANY_FILES || bytes / objects >= SMALL_BYTES;
      return loadBy === 'cluster' || (loadBy === 'auto' && suits) ? OBJECTS_PER_UNIT : null;
    },
    async prepare(unit) {
      copied.set(unit.fileId, await copyObjects(unit, await sessionFor(unit)));
    },
    async read(units) {
      const results = [];
      for (const unit of units) {
        const found = copied.get(unit.fileId);
        if (found === undefined) throw new Error(`Unit ${unit.fileId} was not copied.`);
        results.push(await validateCopied(unit, found, (await sessionFor(unit)).main));
      }
      return results;
    },
    forget: () => copied.clear(),
  };
}
