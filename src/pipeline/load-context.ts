import type { Source } from '../sources/source.ts';
import type { Observer } from '../telemetry/observer.ts';
import type { Warehouse } from '../warehouses/warehouse.ts';

export interface Run {
  readonly id: string;
  readonly startedAt: Date;
}

export interface StageContext {
  readonly warehouse: Warehouse;
  readonly source: Source;
  readonly run: Run;
  readonly observer: Observer;
  /** Whether the engine may read files itself. */
  readonly useCleanReader: boolean;
}
