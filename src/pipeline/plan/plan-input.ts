import type { Table } from '../../schema/table.ts';
import type { Listing, Source } from '../../sources/source.ts';
import type { FileKind } from '../file-kinds.ts';
import type { Damage } from '../repair/damage.ts';
import type { KnownFiles } from './manifest-reader.ts';
import type { PassedOver } from './passed-over.ts';

export interface PlanInput {
  readonly kind: FileKind;
  /** The staging table that the files are for. */
  readonly table: Table;
  readonly source: Source;
  readonly listing: Listing;
  readonly known: KnownFiles;
  /** The first id that no content has yet. */
  readonly nextFileId: number;
  /** Read every file, whatever the file system says. */
  readonly distrust: boolean;
  /** What of the known contents is damaged, and so is loaded again. */
  readonly damage: Damage;
  /** No file is read here: the engine will. */
  readonly byEngine: boolean;
  readonly passedOver: PassedOver;
}
