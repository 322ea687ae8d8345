import { SourceError } from '../../errors.ts';
import type { Survey } from '../../reading/survey.ts';
import { isListed } from '../../sources/content-identity.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import type { FileKind } from '../file-kinds.ts';
import { type KnownFile, knownFiles } from './manifest-reader.ts';

/** What does not stand in the warehouse as it was loaded: changed by hand, or lost. */
export interface Damage {
  /** Contents whose rows are not those that the manifest counts; ids that it does not know are among them. */
  readonly fileIds: ReadonlySet<number>;
  /** Rows of ops.drift are not those that the loads wrote: of which content they are is not known. */
  readonly hasDriftLost: boolean;
}

export const noDamage: Damage = { fileIds: new Set(), hasDriftLost: false };

/** Whether the rows of a known content that did not change are not those that it gave, or may not be. */
export function isDamaged(
  known: Pick<KnownFile, 'file_id' | 'bytes'>,
  { file, isClean, sha256 }: Survey,
  { fileIds, hasDriftLost }: Damage,
): boolean {
  // What is in clean form has every declared key and no other.
  return (
    fileIds.has(known.file_id) ||
    (!isListed(sha256) && known.bytes !== file.bytes) ||
    (hasDriftLost && !isClean)
  );
}

/** Says that known files are read again: their batch lost a content, or their rows are damaged. */
export function whyReadAgain(files: number, isOfBatch: boolean): string {
  const why = isOfBatch
    ? 'another file of the batch changed'
    : 'the rows in the warehouse are not those that were loaded';
  return `${files} unchanged ${files === 1 ? 'file is' : 'files are'} read again, since ${why}; rejects that were fixed are checked again.`;
}

/** Refuses a full refresh without the source of contents that are damaged. */
export async function assertSourceGiven(
  kind: FileKind,
  { fileIds }: Damage,
  warehouse: Pick<Warehouse, 'rows'> | null,
): Promise<void> {
  const [first] = fileIds.size === 0 ? [] : await knownFiles(kind, warehouse).withIds([...fileIds]);
  if (first !== undefined) throw cannotReadAgain(first.path);
}

/** The rows of a file are damaged, and the file is not there. */
export function cannotReadAgain(path: string): SourceError {
  return new SourceError(
    `${path} is not among the files of this load, and its rows in the warehouse are damaged: they cannot be read again.`,
    {
      hint: 'Put it back, or name the place where it is. To go on without it, start over: sparkify create-tables --drop, then sparkify etl.',
    },
  );
}
