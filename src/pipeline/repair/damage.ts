import { LoadError } from '../../errors.ts';
import { drift as driftTable } from '../../models/ops/drift.ts';
import { rejects as rejectsTable } from '../../models/ops/rejects.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import type { Observer } from '../../telemetry/observer.ts';
import { equalOn } from '../../warehouses/sql.ts';
import type { Statement } from '../../warehouses/statement.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { manifestLost } from '../build/repeats.ts';
import { contentChecks } from '../check/check.ts';
import { type FileKind, targets } from '../file-kinds.ts';
import type { Damage } from '../plan/damage.ts';
import type { FilePlan } from '../plan/file-plan.ts';
import { lastDrift } from '../record/totals.ts';
import { countDrift, type KeptDrift } from '../stage/drift.ts';
import { unfinishedTables } from '../stage/staged-rows.ts';
import { misplacedContents } from './misplaced-keys.ts';

/**
 * Counts the rows of every content, as `sparkify check` does, and looks for keys that were changed; what it finds, a full
 * refresh reads again. `lost` are tables that are empty since they were missing.
 */
export async function findDamage(
  warehouse: Pick<Warehouse, 'rows' | 'dialect'>,
  lost: readonly Table[],
): Promise<Damage> {
  const fileIds = new Set<number>();
  for (const { name, sql } of contentChecks())
    for (const row of await warehouse.rows({
      name: `repair: contents that fail ${name}`,
      sql: `select distinct file_id from (${sql}) as failing`,
    }))
      fileIds.add(Number(row.file_id));
  for (const statement of doubled())
    for (const row of await warehouse.rows(statement)) fileIds.add(Number(row.file_id));
  for (const id of await misplacedContents(warehouse)) fileIds.add(id);
  const kept = await lastDrift(warehouse);
  const found = kept === null ? null : await countDrift(warehouse);
  const differs = kept !== null && (found?.keys !== kept.keys || found.records !== kept.records);
  return { fileIds, hasDriftLost: differs || lost.includes(driftTable) };
}

/** The contents of names that are twice in the manifest, and of keys that are twice in staging. */
function doubled(): Statement[] {
  const tables = [
    { name: 'ops.files', key: ['kind', 'path'] },
    ...Object.values(targets).map(({ staging, key }) => ({ name: qualifiedName(staging), key })),
  ];
  return tables.map(({ name, key }) => ({
    name: `repair: keys that stand twice in ${name}`,
    sql: `select distinct ${name}.file_id from ${name}
       join (select ${key.join(', ')} from ${name} group by ${key.join(', ')} having count(*) > 1) as doubled
         on ${equalOn(key, 'doubled', name)}`,
  }));
}

/** Takes out rows of contents that the manifest does not know; those from `firstNewId` on are being loaded now. */
export async function removeStrays(
  warehouse: Pick<Warehouse, 'rows' | 'run'>,
  firstNewId: number | null,
  observer: Observer,
): Promise<void> {
  const tables = [...Object.values(targets).flatMap(({ staging, repeated }) => [staging, repeated])];
  let removed = 0;
  for (const table of [...tables, rejectsTable, driftTable]) {
    const name = qualifiedName(table);
    const isBefore =
      firstNewId !== null && unfinishedTables.includes(table) ? `file_id < ${firstNewId}` : '1 = 1';
    removed += await warehouse.run({
      name: `repair: remove rows of unknown contents from ${name}`,
      sql: `delete from ${name} where file_id is null
       or (${isBefore} and not exists (select 1 from ops.files where ops.files.file_id = ${name}.file_id))`,
    });
  }
  if (removed > 0)
    observer.emit({
      type: 'note',
      message: `Removed ${removed} rows of contents that the manifest (ops.files) does not know.`,
    });
}

/** Staging that was emptied by hand would take the star with it; a manifest that was emptied would load all files twice. */
export async function assertStagingKept(
  cold: Readonly<Record<FileKind, boolean>>,
  warehouse: Pick<Warehouse, 'rows' | 'name'>,
): Promise<void> {
  for (const kind of ['log', 'song'] as const) {
    const { staging } = targets[kind];
    const [known] = await warehouse.rows({
      name: 'load: whether a file was loaded before',
      sql: `select path from ops.files where kind = '${kind}'${cold[kind] ? ' and staged > 0' : ''} limit 1`,
    });
    if (cold[kind] === (known === undefined)) continue;
    if (known === undefined) throw manifestLost(qualifiedName(staging), warehouse);
    throw new LoadError(
      `${qualifiedName(staging)} of ${warehouse.name} is empty, though ${known.path} was loaded into it.`,
      {
        hint: 'Nothing was committed. sparkify etl --full-refresh reads the files again; or restore it from a backup.',
      },
    );
  }
}

/** Says what of the drift that was lost could not be read again. */
export function tellOfDrift(
  plans: readonly FilePlan[],
  written: KeptDrift | undefined,
  { keys, records }: KeptDrift,
  observer: Observer,
): void {
  const vanished = plans.reduce((sum, plan) => sum + plan.vanished.length, 0);
  if (vanished === 0 || (written?.keys === keys && written.records === records)) return;
  observer.emit({
    type: 'note',
    message: `Rows of ops.drift were lost; those of ${vanished} files that are gone cannot be read again.`,
  });
}
