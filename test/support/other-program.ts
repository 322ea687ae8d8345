import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Opens a DuckDB file as another program does, until it is told to close; `pid` is its process. */
export async function openElsewhere(
  file: string,
  mode: 'READ_ONLY' | 'READ_WRITE',
  sql = 'select 1',
): Promise<{ pid: number; close: () => Promise<void>; kill: () => Promise<void> }> {
  const script = `
    import { DuckDBInstance } from '@duckdb/node-api';
    const [file, mode, sql] = process.argv.slice(1);
    const instance = await DuckDBInstance.create(file, { access_mode: mode });
    const connection = await instance.connect();
    await connection.run(sql);
    process.stdout.write('open');
    process.stdin.on('end', () => {
      connection.closeSync();
      instance.closeSync();
      process.exit(0);
    }).resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, file, mode, sql], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), ended]);
  return {
    pid: child.pid as number,
    close() {
      child.stdin.end();
      return ended;
    },
    kill() {
      child.kill('SIGKILL');
      return ended;
    },
  };
}
