// Question: what do a million known objects cost a load that has nothing to do: seconds, and memory at its peak?
// Data: a server of this process that lists keys page by page and holds no object; a warehouse whose manifest knows them
// all. Method: the built command as a process; its peak is what the kernel counted (VmHWM). Linux only.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const keys = Number(process.argv[2] ?? 1_000_000);
const program = join(import.meta.dirname, '..', 'dist', 'cli.js');
const folder = mkdtempSync(join(tmpdir(), 'sparkify-listing-'));
const keyOf = (at) => `log_data/2018/11/${String(at).padStart(9, '0')}-events.json`;
const etagOf = (at) => `"${String(at).padStart(32, '0')}"`;

const server = createServer((request, response) => {
  const query = new URL(request.url, 'http://localhost').searchParams;
  if (query.get('list-type') !== '2') return response.writeHead(403).end();
  const from = Number(query.get('continuation-token') ?? 0);
  const to = Math.min(keys, from + 1000);
  let contents = '';
  for (let at = from; at < to; at += 1)
    contents += `<Contents><Key>${keyOf(at)}</Key><Size>500</Size><ETag>${etagOf(at)}</ETag></Contents>`;
  const next = to < keys ? `<NextContinuationToken>${to}</NextContinuationToken>` : '';
  response.writeHead(200, { 'content-type': 'application/xml' });
  response.end(
    `<ListBucketResult><IsTruncated>${to < keys}</IsTruncated>${next}${contents}</ListBucketResult>`,
  );
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const env = {
  ...process.env,
  SPARKIFY_S3_ENDPOINT: `http://127.0.0.1:${server.address().port}`,
  SPARKIFY_S3_ANONYMOUS: 'yes',
};

function run(...args) {
  return new Promise((resolve) => {
    const began = performance.now();
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    let peak = 0;
    const watch = setInterval(() => {
      try {
        peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? peak);
      } catch {}
    }, 20);
    child.stdout.on('data', (piece) => {
      text += piece;
    });
    child.on('close', (code) => {
      clearInterval(watch);
      resolve({ code, text, seconds: (performance.now() - began) / 1000, peakMb: peak / 1024 });
    });
  });
}

try {
  await run('create-tables');
  const instance = await DuckDBInstance.create(join(folder, 'sparkify.duckdb'));
  const connection = await instance.connect();
  await connection.run(`
    insert into ops.files (kind, path, file_id, sha256, bytes, fingerprint, lines, staged, rejected, blank, duplicate, run_id, loaded_at)
    select 'log', 's3://listing/log_data/2018/11/' || lpad(n::varchar, 9, '0') || '-events.json', n + 1,
      sha256(n::varchar), 500, '500:"' || lpad(n::varchar, 32, '0') || '"', 1, 0, 1, 0, false, 'bench', now()::timestamp
    from range(${keys}) as numbers (n)`);
  await connection.run(`update ops.warehouse set next_file_id = ${keys + 1}`);
  connection.closeSync();
  instance.closeSync();
  const { code, text, seconds, peakMb } = await run('etl', '--log-data', 's3://listing/log_data', '--json');
  const report = JSON.parse(text || '{}');
  console.log(`machine   ${cpus().length} x ${cpus()[0].model}, Node ${process.versions.node}`);
  console.log(`result    ${code} ${report.status}, ${report.files?.unchanged} unchanged of ${keys}`);
  console.log(`seconds   ${seconds.toFixed(1)}`);
  console.log(`peak      ${peakMb.toFixed(0)} MB`);
} finally {
  server.close();
  rmSync(folder, { recursive: true, force: true });
}
