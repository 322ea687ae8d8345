// Runs all tests of the files of which `npm test` runs a sample, and more rounds of those that try at random.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => join('test', name))
  .filter((name) => name.endsWith('.test.ts') && /support\/sample\.ts'/.test(readFileSync(name, 'utf8')));
const env = { SPARKIFY_EVERY_DAMAGE: '1', SPARKIFY_CRASH_RUNS: '4', ...process.env, SPARKIFY_TESTS: 'all' };
const { status } = spawnSync('npx', ['vitest', 'run', ...files], { stdio: 'inherit', env });
process.exit(status ?? 1);
