import { describe, expect, test } from 'vitest';
import { repeatCommand } from './support/random.ts';
import { faults, slow, testFiles, tierOf, tiers, wayOutside } from './tiers.ts';

describe('the tiers of tests', () => {
  test('hold every test file once, and name no file that is gone', () => {
    expect(testFiles.length).toBeGreaterThan(50);
    for (const file of testFiles) expect(tiers).toContain(tierOf(file));
    for (const file of [...faults, ...slow]) expect(testFiles).toContain(file);
  });

  test('keep programs and servers out of the fast one', () => {
    for (const file of testFiles.filter((one) => tierOf(one) === 'fast')) expect(wayOutside(file)).toBeNull();
    expect(wayOutside('test/demo.test.ts')).toBe(
      'test/demo.test.ts -> test/support/command.ts -> node:child_process',
    );
  });
});

test('a random test that fails says how to repeat it, in words that a shell takes', () => {
  const task = { name: "any (of) it's", file: { name: 'test/a.test.ts' } };
  expect(repeatCommand(7, task)).toBe(
    String.raw`To repeat it: SPARKIFY_TESTS=all SPARKIFY_SEED=7 npx vitest run test/a.test.ts -t 'any \(of\) it'\''s'`,
  );
});
