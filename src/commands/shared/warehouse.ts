import type { Config } from '../../config/config.ts';
import type { WarehouseAddress } from '../../warehouses/open.ts';
import type { ReadOnlyWarehouse, Warehouse } from '../../warehouses/warehouse.ts';
import type { Context, Flags } from './command.ts';
import { s3OptionsOf } from './sources.ts';

/** Where the warehouse is that the configuration chooses. */
export function warehouseAddress(config: Config): WarehouseAddress {
  const choice = config.warehouseChoice;
  return choice.engine === 'redshift' ? { ...choice, s3: s3OptionsOf(config) } : choice;
}

interface ReadOptions {
  /** The warehouse may hold no table yet. */
  readonly mayBeEmpty?: boolean;
  /** Every table must be there. */
  readonly asksWhole?: boolean;
  /** Files that the reader may write. */
  readonly writes?: readonly string[];
}

/** Reads the warehouse that the flags choose, as it was last published; closes it. A signal ends its statement. */
export async function withPublished<T>(
  context: Context,
  flags: Flags,
  work: (warehouse: ReadOnlyWarehouse, config: Config) => Promise<T>,
  { mayBeEmpty = false, asksWhole = false, writes = [] }: ReadOptions = {},
): Promise<T> {
  const config = await context.config(flags);
  const { openPublished } = await import('../../warehouses/open.ts');
  const { checkLayout, hasTables, recover } = await import('../../pipeline/setup/setup.ts');
  const { assertWhole } = await import('../../pipeline/setup/warehouse-state.ts');
  const { nowMs, signal, console } = context;
  const warehouse = await openPublished(warehouseAddress(config), {
    nowMs,
    recover,
    note: console.note,
    writes,
    signal,
  });
  try {
    const isEmpty = mayBeEmpty && !(await hasTables(warehouse));
    const missing = isEmpty ? null : await checkLayout(warehouse);
    if (asksWhole) await assertWhole(warehouse);
    signal.throwIfAborted();
    const result = await work(warehouse, config).catch((error) => {
      if (missing !== null && !signal.aborted) console.warn(missing);
      throw error;
    });
    signal.throwIfAborted();
    return result;
  } catch (cause) {
    // What an engine says of a statement that was ended.
    signal.throwIfAborted();
    throw cause;
  } finally {
    await warehouse.close();
  }
}

/**
 * Opens the warehouse that the configuration chooses as its only writer, repairs what a killed load left, and closes it
 * at the end.
 */
export function withWriter<T>(
  context: Context,
  config: Config,
  { command, defaultWaitSeconds }: { command: string; defaultWaitSeconds: number },
  work: (warehouse: Warehouse) => Promise<T>,
): Promise<T> {
  const waitSeconds = config.waitSeconds ?? defaultWaitSeconds;
  return withWriterAt(context, warehouseAddress(config), { command, waitSeconds }, work);
}

/** Opens the warehouse at a place as its only writer, repairs what a killed load left, and closes it at the end. */
export async function withWriterAt<T>(
  context: Context,
  place: WarehouseAddress,
  { command, waitSeconds }: { command: string; waitSeconds: number },
  work: (warehouse: Warehouse) => Promise<T>,
): Promise<T> {
  const { openWarehouse } = await import('../../warehouses/open.ts');
  const { recover } = await import('../../pipeline/setup/setup.ts');
  const warehouse = await openWarehouse(place, {
    command,
    waitMs: waitSeconds * 1000,
    onWait: context.console.note,
    nowMs: context.nowMs,
    signal: context.signal,
  });
  try {
    await recover(warehouse);
    return await work(warehouse);
  } finally {
    // What the work has committed stays so, whatever becomes of the connection.
    await warehouse.close().catch((cause) => {
      context.console.warn(`${warehouse.name} could not be closed: ${cause.message}`);
    });
  }
}
