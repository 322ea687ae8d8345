import type { AnswerKey, Fault } from './answer-key.ts';
import {
  expectedDrift,
  expectedRejects,
  expectedRepeats,
  readDrift,
  readRejects,
  readRepeats,
} from './compare-faults.ts';
import { expectedFiles, readFiles } from './compare-files.ts';
import { dayText, expectedTables, readDays, readTables } from './compare-star.ts';
import { add, type Found, type Reader } from './facts.ts';

/** One thing that is not as the answer key says. */
interface Difference {
  /** `file`, `reject`, `repeat`, `drift`, `table` or `day`. */
  readonly kind: string;
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

/** What was compared, and what differs. */
export interface Comparison {
  readonly compared: Readonly<Record<string, number>>;
  readonly differences: readonly Difference[];
}

/** Compares a warehouse with the answer key of the data set that was loaded into it, and with nothing else. */
export async function compareWith(key: AnswerKey, warehouse: Reader): Promise<Comparison> {
  const files = await readFiles(key, warehouse);
  const parts: Record<string, readonly [expected: Found, found: Found]> = {
    file: [expectedFiles(key, files), files.found],
    reject: [expectedRejects(key, files), await readRejects(warehouse, files)],
    repeat: [expectedRepeats(key), await readRepeats(warehouse)],
    drift: [expectedDrift(key, files), await readDrift(warehouse, files)],
    table: [expectedTables(key), await readTables(warehouse)],
    day: [
      new Map(key.days.filter(({ plays }) => plays > 0).map((day) => [day.date, dayText(day)])),
      await readDays(warehouse),
    ],
  };
  const differences = Object.entries(parts).flatMap(([kind, [expected, found]]) =>
    differ(kind, expected, found),
  );
  const compared = Object.fromEntries(
    Object.entries(parts).map(([kind, [expected]]) => [kind, expected.size]),
  );
  return { compared, differences };
}

function differ(kind: string, expected: Found, found: Found): Difference[] {
  const differences: Difference[] = [];
  for (const [where, what] of expected) {
    const is = found.get(where);
    if (is !== what) differences.push({ kind, where, expected: what, found: is ?? 'nothing' });
  }
  for (const [where, what] of found) {
    if (!expected.has(where)) differences.push({ kind, where, expected: 'nothing', found: what });
  }
  return differences;
}

/** How many of each fault an answer key plants. */
export function faultCounts(faults: readonly Fault[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { fault } of faults) add(counts, fault, 1);
  return counts;
}
