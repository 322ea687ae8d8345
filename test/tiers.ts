import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A test file's tier, which is the vitest project that runs it. */
export type Tier = 'fast' | 'engines' | 'faults';
export const tiers: readonly Tier[] = ['fast', 'engines', 'faults'];

/** What is killed, full, locked, lost, damaged, unreadable or too large. */
export const faults: readonly string[] = [
  'test/commands/query-ends.test.ts',
  'test/crash-writes.test.ts',
  'test/crash.test.ts',
  'test/exit-codes.test.ts',
  'test/lease.test.ts',
  'test/pipeline/damaged-tables.test.ts',
  'test/pipeline/full-refresh.test.ts',
  'test/pipeline/unreadable.test.ts',
  'test/reading/memory.test.ts',
  'test/warehouses/duckdb-files.test.ts',
  'test/warehouses/postgres-faults.test.ts',
  'test/warehouses/redshift-faults.test.ts',
];

/** They start no program and no server, but take too long for the fast tier. */
export const slow: readonly string[] = ['test/pipeline/any-order.test.ts', 'test/real-data.test.ts'];

/** What a test of the fast tier reaches in no way but through src/. */
const outside = /^(node:)?(child_process|cluster|dgram|http|http2|https|net|tls|worker_threads)$|^pg$/;

/** Every test file by its path from the root of the repository. */
export const testFiles: readonly string[] = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => join('test', name))
  .sort();

/** The first chain of files in test/ by which a file reaches a program or a server; null where there is none. */
export function wayOutside(file: string, seen = new Set<string>()): string | null {
  seen.add(file);
  for (const name of importsOf(file)) {
    if (outside.test(name)) return `${file} -> ${name}`;
    const imported = name.startsWith('.') ? join(dirname(file), name) : '';
    // A test of the house holds imports as text: files that are not there.
    if (!imported.startsWith('test/') || seen.has(imported) || !existsSync(imported)) continue;
    const further = wayOutside(imported, seen);
    if (further !== null) return `${file} -> ${further}`;
  }
  return null;
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(([, name = '']) => name);
}

/** The tier of a test file: a file that starts no program and no server is fast, unless it is slow. */
export function tierOf(file: string): Tier {
  if (faults.includes(file)) return 'faults';
  return slow.includes(file) || wayOutside(file) !== null ? 'engines' : 'fast';
}
