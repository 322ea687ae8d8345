// Compiles src/ to dist/ and puts the .sql files beside the modules that read them. One build at a time, and the old dist/
// stays until the new one is whole. --if-stale: only where dist/ is not what the sources make.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isFresh, sourceDigest, stampName } from './source-digest.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = join(root, 'node_modules/typescript/bin/tsc');
const lock = join(root, 'dist.lock');
const made = join(root, `dist.${process.pid}`);

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Waits for another build; one that was killed is waited for no more. */
function takeLock() {
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
    // A lock without a number is just being written.
    if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
}

/** The compiler's exit code. */
function build() {
  const digest = sourceDigest(root);
  const args = [compiler, '-p', join(root, 'tsconfig.json'), '--outDir', made];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) {
    rmSync(join(root, 'dist'), { recursive: true, force: true });
    return status ?? 1;
  }
  cpSync(join(root, 'src'), made, {
    recursive: true,
    filter: (source) => !/\.[a-z]+$/.test(source) || source.endsWith('.sql'),
  });
  chmodSync(join(made, 'cli.js'), 0o755);
  writeFileSync(join(made, stampName), digest);
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  renameSync(made, join(root, 'dist'));
  return 0;
}

if (!existsSync(compiler) || !existsSync(join(root, 'node_modules/@types/node'))) {
  console.error('sparkify: TypeScript is not installed (--omit=dev), so dist/ was not built.');
  process.exit(0);
}
takeLock();
try {
  if (!process.argv.includes('--if-stale') || !isFresh(root)) process.exitCode = build();
} finally {
  rmSync(made, { recursive: true, force: true });
  rmSync(lock, { force: true });
}
