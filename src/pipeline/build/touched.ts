import { qualifiedName } from '../../schema/table.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import { idsIn } from '../file-ids.ts';
import { type FileKind, targets } from '../file-kinds.ts';
import { makeTemporary } from './temporary.ts';

/**
 * What a load touches, in temporary tables: the cost of the build follows them, not the warehouse.
 * touched_events and touched_songs hold the records of every content that came, went or was contested.
 */
export const columnsOf: Readonly<Record<FileKind, readonly string[]>> = {
  log: ['session_id', 'item_in_session', 'user_id', 'ts'],
  song: ['song_id', 'artist_id'],
};

export const nameOf = (kind: FileKind): string => (kind === 'log' ? 'touched_events' : 'touched_songs');

/** Makes the empty temporary tables, in place of any that an earlier attempt left. */
export async function startTouched(warehouse: Warehouse): Promise<void> {
  for (const kind of ['log', 'song'] as const) {
    const { staging } = targets[kind];
    await makeTemporary(warehouse, nameOf(kind), {
      name: `affected: no ${nameOf(kind)} yet`,
      sql: `select ${columnsOf[kind].join(', ')} from ${qualifiedName(staging)} where 1 = 0`,
    });
  }
}

/** Adds the records of some contents, repeats included. */
export async function touchContents(
  kind: FileKind,
  fileIds: readonly number[],
  warehouse: Warehouse,
): Promise<void> {
  if (fileIds.length === 0) return;
  const { staging, repeated } = targets[kind];
  let rows = 0;
  for (const table of [staging, repeated]) {
    rows += await warehouse.run({
      name: `affected: ${nameOf(kind)} of ${qualifiedName(table)}`,
      sql: `insert into ${nameOf(kind)} select ${columnsOf[kind].join(', ')} from ${qualifiedName(table)}
       where ${idsIn(fileIds)}`,
    });
  }
  await warehouse.afterWrite?.(warehouse.dialect.temporary(nameOf(kind)), rows);
}
