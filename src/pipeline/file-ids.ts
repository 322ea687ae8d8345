/** Ids as a condition: contents that came together have consecutive ids. */
export function idsIn(fileIds: readonly number[], column = 'file_id'): string {
  const sorted = [...new Set(fileIds)].sort((a, b) => a - b);
  const spans: string[] = [];
  let first = sorted[0] ?? 0;
  for (const [at, id] of sorted.entries()) {
    if (sorted[at + 1] === id + 1) continue;
    spans.push(first === id ? `${column} = ${id}` : `${column} between ${first} and ${id}`);
    first = sorted[at + 1] ?? 0;
  }
  return `(${spans.join(' or ')})`;
}

/** Gives the ids of read units, one after the other. */
export interface FileIds {
  /** The first id that was not given. */
  readonly free: number;
  take(): number;
}

/** The ids from the first on that no content has yet. */
export function fileIdsFrom(first: number): FileIds {
  let free = first;
  return {
    get free() {
      return free;
    },
    take() {
      free += 1;
      return free - 1;
    },
  };
}
