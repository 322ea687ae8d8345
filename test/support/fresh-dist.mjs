import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { isFresh } from '../../scripts/source-digest.mjs';

const root = resolve(import.meta.dirname, '../..');

/** Builds dist/ where it is not what the sources make, so that no test runs an older one. */
function refresh() {
  if (isFresh(root)) return;
  console.log('dist/ is not what src/ makes: building it.');
  const build = [resolve(root, 'scripts/build.mjs'), '--if-stale'];
  const { status } = spawnSync(process.execPath, build, { stdio: 'inherit' });
  if (status !== 0) throw new Error('dist/ could not be built from src/, so no test that runs it can run.');
}

/** Before the tests, and before each of their repetitions where vitest watches. */
export default function setup(project) {
  refresh();
  project.onTestsRerun(refresh);
}
