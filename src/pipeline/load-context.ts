import type { Source } from '../sources/source.ts';
import type { Observer } from '../telemetry/observer.ts';
import type { PhaseSeconds } from '../telemetry/phases.ts';
import type { Warehouse } from '../warehouses/warehouse.ts';
import type { FileIds } from './file-ids.ts';

export interface Run {
  readonly id: string;
  readonly startedAt: Date;
}

/** What a change of the warehouse is made with. */
export interface ChangeContext {
  readonly warehouse: Warehouse;
  readonly run: Run;
  readonly observer: Observer;
  /** Seconds by phase, so far. */
  readonly phases: PhaseSeconds;
}

/** What files are staged with. */
export interface StageContext extends ChangeContext {
  readonly source: Source;
  readonly fileIds: FileIds;
}
