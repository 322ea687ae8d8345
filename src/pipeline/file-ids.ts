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
