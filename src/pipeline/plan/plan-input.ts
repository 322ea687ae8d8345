import type { Table } from '../../schema/table.ts';
import type { Listing, Source } from '../../sources/source.ts';
import type { FileIds } from '../file-ids.ts';
import type { FileKind } from '../file-kinds.ts';
import type { Damage } from './damage.ts';
import type { KnownFiles } from './manifest-reader.ts';
import type { PassedOver } from './passed-over.ts';

export interface PlanInput {
  readonly kind: FileKind;
  /** The staging table that the files are for. */
  readonly table: Table;
  readonly source: Source;
  readonly listing: Listing;
  readonly known: KnownFiles;
  readonly fileIds: FileIds;
  /** How many objects the engine reads as one unit, unseen by this program; null where this program surveys every file, and each is a unit. */
  readonly objectsPerUnit: number | null;
  /** Read every file, whatever the file system says. */
  readonly ignoreFingerprints: boolean;
  /** What of the known contents is damaged, and so is loaded again. */
  readonly damage: Damage;
  readonly passedOver: PassedOver;
}
