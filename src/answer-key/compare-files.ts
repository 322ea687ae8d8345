import type { SqlRow } from '../warehouses/statement.ts';
import type { AnswerKey, FileKey } from './answer-key.ts';
import type { Found, Reader } from './facts.ts';

/**
 * Where an engine read the files by itself, only batches of them are known: their sums and rules, not their lines. Such a
 * batch is compared as one thing, under a name of its own.
 */
export interface Files {
  readonly found: Found;
  /** What a content or its batch is called: of a file and its copies, by the one that is not a copy. */
  readonly nameOf: (fileId: number) => string;
  /** The name under which a path's faults are known. */
  readonly originalOf: (path: string) => string;
  readonly isBatch: (name: string) => boolean;
}

/** The manifest's files under the names that the answer key has for them, wherever the data set lies. */
export async function readFiles(key: AnswerKey, warehouse: Reader): Promise<Files> {
  const rows = await warehouse.rows({
    name: 'answer key: files',
    sql: 'select kind, path, file_id, sha256, lines, staged, rejected from ops.files order by path',
  });
  const byEnding = new Map<string, FileKey>();
  for (const file of key.files) byEnding.set(`${file.kind} ${withoutFolder(file.path)}`, file);
  const copies = new Map(
    key.files.flatMap(({ path, copyOf }) => (copyOf === undefined ? [] : [[path, copyOf]])),
  );
  const found = new Map<string, string>();
  const names = new Map<number, string>();
  const batchOf = new Map<string, string>();
  for (const row of rows) {
    const name = keyNameOf(row, byEnding) ?? String(row.path);
    const fileId = Number(row.file_id);
    const file = row as unknown as FileKey;
    if (file.sha256.startsWith('etag:')) {
      const batch = `batch ${fileId}`;
      names.set(fileId, batch);
      batchOf.set(name, batch);
      found.set(batch, sumsText(file));
    } else {
      found.set(name, fileText(file));
      names.set(fileId, copies.get(name) ?? name);
    }
  }
  const originalOf = (path: string): string => {
    const name = copies.get(path) ?? path;
    return batchOf.get(name) ?? name;
  };
  return {
    found,
    nameOf: (fileId) => names.get(fileId) ?? `file_id ${fileId}`,
    originalOf,
    isBatch: (name) => [...batchOf.values()].includes(name),
  };
}

/** The longest end of a path that the answer key knows below log_data or song_data. */
function keyNameOf({ kind, path }: SqlRow, byEnding: ReadonlyMap<string, FileKey>): string | null {
  const parts = String(path).split(/[/\\]/);
  for (let at = 0; at < parts.length; at += 1) {
    const file = byEnding.get(`${kind} ${parts.slice(at).join('/')}`);
    if (file !== undefined) return file.path;
  }
  return null;
}

function withoutFolder(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}

/** The files and batches that the answer key names. */
export function expectedFiles(key: AnswerKey, files: Files): Found {
  const expected = new Map<string, string>();
  const batches = new Map<string, FileKey[]>();
  for (const file of key.files) {
    const name = files.originalOf(file.path);
    if (!files.isBatch(name)) expected.set(file.path, fileText(file));
    else if (file.copyOf === undefined) batches.set(name, [...(batches.get(name) ?? []), file]);
  }
  for (const [name, members] of batches) {
    const sum = (of: 'lines' | 'staged' | 'rejected'): number =>
      members.reduce((total, file) => total + file[of], 0);
    expected.set(name, sumsText({ lines: sum('lines'), staged: sum('staged'), rejected: sum('rejected') }));
  }
  return expected;
}

function sumsText({ lines, staged, rejected }: Pick<FileKey, 'lines' | 'staged' | 'rejected'>): string {
  return `${lines} lines, ${staged} staged, ${rejected} rejected`;
}

function fileText(file: Pick<FileKey, 'sha256' | 'lines' | 'staged' | 'rejected'>): string {
  return `${sumsText(file)}, sha256 ${String(file.sha256).slice(0, 12)}…`;
}
