import { listAll } from '../../sources/several.ts';
import type { Listing, Source } from '../../sources/source.ts';
import type { Observer } from '../../telemetry/observer.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { type FileIds, fileIdsFrom } from '../file-ids.ts';
import { type FileKind, targets } from '../file-kinds.ts';
import type { LoadOptions } from '../load-options.ts';
import type { MatchOn } from '../match-on.ts';
import { assertSourceGiven, type Damage } from './damage.ts';
import type { FilePlan } from './file-plan.ts';
import { knownFiles } from './manifest-reader.ts';
import type { PassedOver } from './passed-over.ts';
import { planFiles } from './plan.ts';

/** What stood in the warehouse before, and what the sources ask for now. */
export interface LoadPlans {
  readonly plans: readonly FilePlan[];
  /** Looked for in a full refresh alone. */
  readonly damage: Damage;
  /** The first id that no content had before. */
  readonly firstFileId: number;
  readonly fileIds: FileIds;
  readonly sources: Readonly<Record<FileKind, Source | null>>;
  readonly matchOn: MatchOn;
  /** The plays in the star were matched on something else. */
  readonly rematch: boolean;
}

/** What is known before the sources are listed. */
interface Known {
  readonly passedOver: PassedOver;
  readonly damage: Damage;
}

/** Lists the sources and compares them with the manifest; null where there is no warehouse yet. */
export async function planLoad(
  warehouse: Pick<Warehouse, 'rows' | 'dialect' | 'engineReads'> | null,
  options: LoadOptions,
  observer: Observer,
  { passedOver, damage }: Known,
): Promise<LoadPlans> {
  const { fullRefresh } = options;
  const { firstFileId, matchedOn } = await readState(warehouse);
  const fileIds = fileIdsFrom(firstFileId);
  const plans: FilePlan[] = [];
  for (const { kind, source, listing } of await listSources(options, damage, warehouse, observer)) {
    const objectsPerUnit = source.isLocal
      ? null
      : (warehouse?.engineReads?.objectsPerUnit?.(listing.files.length, bytesOf(listing)) ?? null);
    const known = knownFiles(kind, warehouse);
    const table = targets[kind].staging;
    const what = { kind, table, source, listing, known, fileIds, objectsPerUnit };
    plans.push(await planFiles({ ...what, ignoreFingerprints: fullRefresh, damage, passedOver }, observer));
  }
  return {
    plans,
    damage,
    firstFileId,
    fileIds,
    sources: { log: options.logs, song: options.songs },
    matchOn: options.matchOn ?? matchedOn,
    rematch: options.matchOn !== null && options.matchOn !== matchedOn,
  };
}

async function readState(
  warehouse: Pick<Warehouse, 'rows'> | null,
): Promise<{ firstFileId: number; matchedOn: MatchOn }> {
  const [state] =
    warehouse === null
      ? []
      : await warehouse.rows({
          name: 'plan: next file id, and what plays are matched on',
          sql: 'select match_on, next_file_id, (select coalesce(max(file_id), 0) from ops.files) as last_file_id from ops.warehouse',
        });
  return {
    // The manifest has the last word: a number that was restored by hand must not be given twice.
    firstFileId: Math.max(Number(state?.next_file_id ?? 1), Number(state?.last_file_id ?? 0) + 1),
    matchedOn: (state?.match_on ?? 'title, artist, duration') as MatchOn,
  };
}

/** Songs first, so that plays find them. SourceError where a source is missing whose contents are damaged. */
async function listSources(
  options: LoadOptions,
  damage: Damage,
  warehouse: Pick<Warehouse, 'rows'> | null,
  observer: Observer,
): Promise<{ kind: FileKind; source: Source; listing: Listing }[]> {
  const sources: { kind: FileKind; source: Source }[] = [];
  for (const [kind, source] of [
    ['song', options.songs],
    ['log', options.logs],
  ] as const) {
    if (source === null) await assertSourceGiven(kind, damage, warehouse);
    else sources.push({ kind, source });
  }
  const listings = await listAll(
    sources.map(({ kind, source }) => async () => {
      observer.signal.throwIfAborted();
      observer.emit({ type: 'stepStarted', step: `${kind}s`, total: null, unit: 'files' });
      return source.list((amount) => observer.emit({ type: 'progressed', amount }));
    }),
  );
  return sources.map((one, at) => ({ ...one, listing: listings[at] as Listing }));
}

function bytesOf({ files }: Listing): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
