import { createHash } from 'node:crypto';
import { beforeEach } from 'vitest';

/** Whether all tests are run, and those that try at random try as often as they are meant to. */
export const runsAll = process.env.SPARKIFY_TESTS === 'all';

/** Of a file whose tests take long, runs one test in so many, chosen by a seed; all of them with SPARKIFY_TESTS=all, as CI does. */
export function sampleOneIn(many: number): void {
  if (runsAll) return;
  const seed = process.env.SPARKIFY_SAMPLE_SEED ?? '1';
  beforeEach(({ task, skip }) => {
    const number = createHash('sha256').update(`${seed} ${task.name}`).digest().readUInt32BE(0);
    if (number % many !== 0) skip(`a sample of one in ${many}; SPARKIFY_TESTS=all runs it`);
  });
}
