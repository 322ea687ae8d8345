import { defineConfig } from 'vitest/config';
import { type Tier, testFiles, tierOf } from './test/tiers.ts';

function filesOf(tier: Tier): string[] {
  return testFiles.filter((file) => tierOf(file) === tier);
}

/** What runs the built command, or a server. */
const withPrograms = { globalSetup: ['test/support/fresh-dist.mjs', 'test/support/shared-postgres.ts'] };

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two, also on two cores: much of the time is spent waiting for programs under test.
    maxWorkers: 2,
    setupFiles: ['test/support/clean-up.ts'],
    projects: [
      { extends: true, test: { name: 'fast', include: filesOf('fast') } },
      { extends: true, test: { name: 'engines', include: filesOf('engines'), ...withPrograms } },
      { extends: true, test: { name: 'faults', include: filesOf('faults'), ...withPrograms } },
    ],
  },
});
