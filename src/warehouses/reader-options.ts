import type { Warehouse } from './warehouse.ts';

/** How what was last published is opened for a reader. */
export interface ReaderOptions {
  readonly nowMs: () => number;
  /** Fixes what a killed load left, should the reader have to publish it first. */
  readonly recover: (warehouse: Warehouse) => Promise<void>;
  /** Hears what is odd about what is read. */
  readonly note?: (message: string) => void;
  /** The only files that the reader may write, as absolute paths. */
  readonly writes?: readonly string[];
  /** Ends whatever the reader is at; it is of no use afterwards. */
  readonly signal?: AbortSignal;
}
