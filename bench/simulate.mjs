// How fast is the simulator on one thread, writing files, and what memory does it take? Whole processes, start-up,
// catalogue, answer key and hashes included; the numbers of workers are taken in turn.
//   npm run bench:simulate                 5,000,000 events (about 2 minutes, 2.4 GB of disk)
//   npm run bench:simulate -- 500000       a smaller try
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const events = Number(process.argv[2] ?? 5_000_000);
const turns = 3;
const program = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sparkify-bench-'));
const canWeigh = existsSync('/usr/bin/time');

/** Makes a data set; its events, seconds of the whole process, and peak memory in MB. */
function simulate(...flags) {
  rmSync(join(folder, 'made'), { recursive: true, force: true });
  const args = [process.execPath, program, 'simulate', '--out', 'made', '--quiet', '--json', ...flags];
  const [command, ...rest] = canWeigh ? ['/usr/bin/time', '-f', '%M', ...args] : args;
  const began = performance.now();
  const done = spawnSync(command, rest, { encoding: 'utf8', cwd: folder, maxBuffer: 1e9 });
  const seconds = (performance.now() - began) / 1000;
  if (done.status !== 0) throw new Error(done.stderr);
  const made = JSON.parse(done.stdout).events.lines;
  return {
    events: made,
    seconds,
    megabytes: canWeigh ? Number(done.stderr.trim().split('\n').at(-1)) / 1000 : null,
  };
}

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const round = (value) => Math.round(value).toLocaleString('en-US');
  return `${round(sorted[Math.floor(sorted.length / 2)])} (${round(sorted[0])} to ${round(sorted.at(-1))})`;
}

try {
  console.log(
    `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} threads, Node ${process.versions.node}\n`,
  );
  const size = ['--events', String(events), '--songs', '20000', '--song-files', 'packed'];
  const runs = Array.from({ length: turns }, () =>
    [1, 2].map((workers) => simulate(...size, '--workers', String(workers))),
  );
  for (const [at, workers] of [1, 2].entries()) {
    console.log(
      `${workers} worker${workers === 1 ? '' : 's'}, files of ${events.toLocaleString('en-US')} events: ${spread(runs.map((run) => run[at].events / run[at].seconds))} events a second${workers === 1 ? '; budget at least 450,000' : ''}`,
    );
  }
  console.log(
    `2 workers against 1: ${runs.map(([one, two]) => (one.seconds / two.seconds).toFixed(2)).join(', ')} times as fast\n`,
  );
  for (const [users, days] of [
    [10_000, 7],
    [10_000, 70],
    [100_000, 1],
    [1_000_000, 1],
  ]) {
    const {
      events: made,
      seconds,
      megabytes,
    } = simulate('--users', String(users), '--days', String(days), '--workers', '1');
    console.log(
      `${users.toLocaleString('en-US')} users, ${days} day${days === 1 ? '' : 's'}: ${made.toLocaleString('en-US')} events in ${seconds.toFixed(1)} s, peak ${megabytes === null ? 'unknown' : `${Math.round(megabytes)} MB`}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
