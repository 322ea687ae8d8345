import { onStop, pause } from '../stopping.ts';
import type { EngineReads } from './engine-reads.ts';
import type { Warehouse } from './warehouse.ts';

/** A server that does not answer is not waited for any longer. */
const PATIENCE_MS = 500;

/** How an engine ends the statement that it is at. */
export interface StatementStop {
  /** What it returns is waited for before the warehouse is closed. */
  interrupt(): Promise<void> | void;
  /** Again after so long, as long as a statement goes on: it may have been asked for, and not begun. Absent: once is enough. */
  readonly againMs?: number;
}

/**
 * The warehouse as one that ends with the signal: what it is at is interrupted, and nothing begins any more. What its
 * transaction then rolls back, and its closing, are its own.
 */
export function stoppable(
  warehouse: Warehouse,
  signal: AbortSignal | undefined,
  { interrupt, againMs }: StatementStop,
): Warehouse {
  if (signal === undefined) return warehouse;
  let inFlight = 0;
  let timer: NodeJS.Timeout | undefined;
  let interrupted: Promise<void> | undefined;
  const forget = onStop(signal, () => {
    interrupted = Promise.race([interrupt(), pause(PATIENCE_MS)]);
    if (inFlight > 0 && againMs !== undefined) timer = setInterval(interrupt, againMs);
  });
  function counted<Given extends unknown[], Result>(
    work: (...given: Given) => Promise<Result>,
    beginsStopped = false,
  ): (...given: Given) => Promise<Result> {
    return async (...given) => {
      if (!beginsStopped) signal?.throwIfAborted();
      inFlight += 1;
      try {
        return await work(...given);
      } catch (error) {
        // Whatever an engine says of a statement that was ended; what publishing came to, each engine says itself.
        if (!beginsStopped) signal?.throwIfAborted();
        throw error;
      } finally {
        inFlight -= 1;
        if (inFlight === 0) clearInterval(timer);
      }
    };
  }
  const stoppableReads = ({ prepare, read, ...reads }: EngineReads): EngineReads => ({
    ...reads,
    ...(prepare === undefined ? {} : { prepare: counted(prepare) }),
    read: counted(read),
  });
  const { engineReads, afterWrite, reconnect } = warehouse;
  return {
    ...warehouse,
    rows: counted(warehouse.rows),
    run: counted(warehouse.run),
    append: counted(warehouse.append),
    async transaction(work, options) {
      signal.throwIfAborted();
      return warehouse.transaction(work, options);
    },
    ...(engineReads === undefined ? {} : { engineReads: stoppableReads(engineReads) }),
    ...(afterWrite === undefined ? {} : { afterWrite: counted(afterWrite) }),
    ...(reconnect === undefined ? {} : { reconnect: counted(reconnect) }),
    // After the commit, each engine knows by itself whether anything is left to stop.
    publish: counted(warehouse.publish, true),
    async close() {
      forget();
      clearInterval(timer);
      await interrupted;
      await warehouse.close();
    },
  };
}
