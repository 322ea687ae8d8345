import { CommitUnknownError, LeaseError, TransientError, WarehouseError } from '../errors.ts';
import type { Table } from '../schema/table.ts';
import type { Observer } from '../telemetry/observer.ts';
import type { Warehouse } from '../warehouses/warehouse.ts';
import type { ChangeContext } from './load-context.ts';

const TRIES = 4;

/** Does work again, whole and on a new connection, where it failed by what passes: a conflict, a lost connection. */
export async function withRetries<T>(
  warehouse: Warehouse,
  observer: Observer,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransientError) || attempt >= TRIES) throw error;
      observer.signal.throwIfAborted();
      observer.emit({ type: 'retrying', attempt, message: error.message });
      observer.emit({ type: 'note', message: `${error.message} Trying again, from the beginning.` });
      await warehouse.reconnect?.();
    }
  }
}

/**
 * A run's transaction, which writes its row in ops.runs. Where the connection is lost while it commits, that row tells
 * a new connection whether it did, so that nothing is done twice.
 */
export async function commitOnce<T>(
  context: CommitContext,
  work: () => Promise<T>,
  writes: readonly Table[],
): Promise<T> {
  const result = await committed(context, work, writes);
  context.observer.emit({ type: 'committed', runId: context.run.id });
  return result;
}

type CommitContext = Pick<ChangeContext, 'observer' | 'run' | 'warehouse'>;

async function committed<T>(
  { observer, run, warehouse }: CommitContext,
  work: () => Promise<T>,
  writes: readonly Table[],
): Promise<T> {
  let done: { readonly result: T } | null = null;
  const doWork = async (): Promise<T> => {
    const result = await work();
    done = { result };
    return result;
  };
  const beforeCommit = (): void => {
    observer.signal.throwIfAborted();
    observer.emit({ type: 'committing' });
  };
  try {
    return await warehouse.transaction(doWork, { writes, beforeCommit });
  } catch (error) {
    if (!(error instanceof CommitUnknownError) || done === null) throw error;
    if (await hasCommitted(warehouse, run.id)) return (done as { readonly result: T }).result;
    throw new TransientError(`${warehouse.name}: the connection was lost, and nothing was committed.`, {
      cause: error,
    });
  }
}

/** Whether a run's row stands; asked until a server answers, since nothing may be done again before that is known. */
async function hasCommitted(warehouse: Warehouse, runId: string): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await warehouse.reconnect?.();
      const found = await warehouse.rows({
        name: 'commit: whether the run stands',
        sql: 'select 1 as found from ops.runs where run_id = $1',
        parameters: [runId],
      });
      return found.length > 0;
    } catch (error) {
      // Whoever waited for the lease has it now, and may keep it for long.
      const isHeld = error instanceof LeaseError;
      if (!isHeld && !(error instanceof TransientError)) throw error;
      if (isHeld || attempt >= TRIES)
        throw new WarehouseError(
          isHeld ? `The connection was lost while committing. ${error.message}` : error.message,
          {
            cause: error,
            hint: 'It is not known whether the run committed: sparkify status shows it. The next run does nothing twice.',
          },
        );
    }
  }
}
