import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two, also on two cores: much of the time is spent waiting for programs under test.
    maxWorkers: 2,
  },
});
