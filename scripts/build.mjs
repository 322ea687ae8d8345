// Compiles src/ to dist/ and puts the .sql files beside the modules that read them.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = `${root}node_modules/typescript/bin/tsc`;

if (!existsSync(compiler) || !existsSync(`${root}node_modules/@types/node`)) {
  console.error('sparkify: TypeScript is not installed (--omit=dev), so dist/ was not built.');
  process.exit(0);
}
rmSync(`${root}dist`, { recursive: true, force: true });
const result = spawnSync(process.execPath, [compiler, '-p', `${root}tsconfig.json`], { stdio: 'inherit' });
if (result.status !== 0) {
  rmSync(`${root}dist`, { recursive: true, force: true });
  process.exit(result.status ?? 1);
}
cpSync(`${root}src`, `${root}dist`, {
  recursive: true,
  filter: (source) => !/\.[a-z]+$/.test(source) || source.endsWith('.sql'),
});
chmodSync(`${root}dist/cli.js`, 0o755);
