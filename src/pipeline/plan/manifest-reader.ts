import type { files as filesTable } from '../../models/ops/files.ts';
import type { Row } from '../../schema/table.ts';
import { literal } from '../../warehouses/sql.ts';
import type { Warehouse } from '../../warehouses/warehouse.ts';
import type { FileKind } from '../file-kinds.ts';

/** What the manifest knows of a name. */
export type KnownFile = Pick<
  Row<typeof filesTable>,
  'path' | 'file_id' | 'sha256' | 'bytes' | 'fingerprint' | 'duplicate'
>;

/** The manifest as a plan reads it: never all of it, since a million names take a gigabyte. */
export interface KnownFiles {
  /** All names, some at a time. */
  pages(): AsyncGenerator<KnownFile[]>;
  /** The names that have one of these contents. */
  withContents(sha256s: readonly string[]): Promise<KnownFile[]>;
  /** The names of which a source says one of these. */
  withFingerprints(fingerprints: readonly string[]): Promise<KnownFile[]>;
  /** The names that have one of these file ids. */
  withIds(fileIds: readonly number[]): Promise<KnownFile[]>;
}

/** Few enough for a page's rows to be gone before the collector takes them for lasting. */
const NAMES_PER_PAGE = 5_000;
const VALUES_PER_QUERY = 1_000;

/** The known files of a kind; none where there is no warehouse yet. */
export function knownFiles(kind: FileKind, warehouse: Pick<Warehouse, 'rows'> | null): KnownFiles {
  const select = 'select path, file_id, sha256, bytes, fingerprint, duplicate from ops.files';

  async function ask(column: string, condition: string): Promise<KnownFile[]> {
    if (warehouse === null) return [];
    const rows = await warehouse.rows({
      name: `plan: known files by ${column}`,
      sql: `${select} where kind = '${kind}' and ${condition} order by path`,
    });
    return rows as unknown as KnownFile[];
  }

  async function among(column: string, values: readonly string[]): Promise<KnownFile[]> {
    const found: KnownFile[] = [];
    for (let at = 0; at < values.length; at += VALUES_PER_QUERY) {
      const some = values.slice(at, at + VALUES_PER_QUERY).join(', ');
      for (const row of await ask(column, `${column} in (${some})`)) found.push(row);
    }
    return found;
  }

  return {
    async *pages() {
      const [held] = (await warehouse?.rows({
        name: 'plan: how many files are known',
        sql: `select count(*) as names, min(file_id) as first, max(file_id) as last from ops.files where kind = '${kind}'`,
      })) ?? [{ names: 0 }];
      const [names, first, last] = [Number(held?.names), Number(held?.first), Number(held?.last)];
      if (names === 0) return;
      const step = Math.ceil((last - first + 1) / Math.ceil(names / NAMES_PER_PAGE));
      for (let id = first; id <= last; id += step) {
        yield await ask('page', `file_id >= ${id} and file_id < ${id + step}`);
      }
    },
    withContents: (sha256s) => among('sha256', [...new Set(sha256s)].map(literal)),
    withFingerprints: (fingerprints) => among('fingerprint', [...new Set(fingerprints)].map(literal)),
    withIds: (fileIds) => among('file_id', [...new Set(fileIds)].map(String)),
  };
}
