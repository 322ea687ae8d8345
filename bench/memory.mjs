// Question: how much memory does a load take at its peak, whatever is in its files? Every input is made to hurt: one long
// line, deep nesting, very many rejects, very long records, archives that unpack to very much.
//   npm run bench:memory                   every input, as large as its size below (about 15 minutes)
//   npm run bench:memory -- 0.1 lines      a tenth of it, and only the inputs with this in their names
// Method: the built command as a process, into a new DuckDB file; its peak is what the kernel counted (VmHWM). Linux only.
import { spawn } from 'node:child_process';
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';

const share = Number(process.argv[2] ?? 1);
const only = process.argv[3] ?? '';
const program = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const MB = 1_000_000;
const KIB = 1024;
const folder = mkdtempSync(join(tmpdir(), 'sparkify-memory-'));

const event = (nth, more = '') =>
  `{"artist":null,"auth":"Logged In","firstName":"Ada","gender":"F","itemInSession":${nth % 1000},"lastName":"B","length":null,"level":"free","location":"x","method":"GET","page":"Home","registration":1540919166796,"sessionId":${Math.floor(nth / 1000)},"song":null,"status":200,"ts":${1541106106796 + nth},"userAgent":"m","userId":"7"${more}}`;

/** So many times a text, in blocks of about a megabyte. */
function* repeated(text, times) {
  const most = Math.max(1, Math.floor(MB / text.length));
  const block = text.repeat(most);
  let left = times;
  for (; left >= most; left -= most) yield block;
  yield text.repeat(left);
}

function* counted(times, make) {
  let block = [];
  for (let nth = 0; nth < times; nth += 1) {
    block.push(make(nth));
    if (block.length < 500) continue;
    yield block.join('');
    block = [];
  }
  yield block.join('');
}

const n = (times) => Math.max(1, Math.round(times * share));
const LONG = 16 * KIB * KIB - 1_000;
const long = (from, to = LONG) => 'x'.repeat(to - from);

/** Each input: its files by name, each with its pieces of text; those that end in .gz or .zst are packed. */
const inputs = {
  'clean events, 2,000,000': { 'a.json': () => counted(n(2_000_000), (nth) => `${event(nth)}\n`) },
  'events with a new key, 1,000,000': {
    'a.json': () => counted(n(1_000_000), (nth) => `${event(nth, ',"k":1')}\n`),
  },
  '3 MB of {} on one line': { 'a.json': () => repeated('{}', 1_500_000) },
  '3 MB of {} on one line, gzip': { 'a.json.gz': () => repeated('{}', 1_500_000) },
  '100 MB of {} on one line': { 'a.json': () => repeated('{}', n(50 * MB)) },
  '100 MB of {} in lines of 16 MB': { 'a.json': () => counted(n(6), () => `${'{}'.repeat(8_000_000)}\n`) },
  '100 MB of {} in short lines of 3': { 'a.json': () => repeated('{}{}{}\n', n(14 * MB)) },
  '100 MB of [ on one line': { 'a.json': () => repeated('[', n(100 * MB)) },
  '100 MB of [ in lines of 16 MB': { 'a.json': () => counted(n(6), () => `${'['.repeat(16_000_000)}\n`) },
  '100 MB of {"a": in lines of 16 MB': {
    'a.json': () => counted(n(6), () => `${'{"a":'.repeat(3_200_000)}\n`),
  },
  '100 MB of {"a": on one line': { 'a.json': () => repeated('{"a":', n(20 * MB)) },
  'one line of 2 GB, gzip': { 'a.json.gz': () => repeated('x', n(2_000 * MB)) },
  '5,000,000 broken short lines': { 'a.json': () => repeated('x\n', n(5 * MB)) },
  '200,000 rejects of 10 kB': {
    'a.json': () => counted(n(200_000), (nth) => `{"nth":${nth},"x":"${long(0, 10_000)}"\n`),
  },
  '50 rejects of 16 MB': { 'a.json': () => counted(n(50), () => `{"x":"${long(20)}"\n`) },
  '50 lines of 20 MB': { 'a.json': () => counted(n(50), () => `${'x'.repeat(20 * MB)}\n`) },
  'a record of 16 MB': { 'a.json': () => [`${event(1, `,"x":"${long(400)}"`)}\n`] },
  '100 records of 16 MB': {
    'a.json': () => counted(n(100), (nth) => `${event(nth, `,"x":"${long(400)}"`)}\n`),
  },
  '100 records of 4 MB': {
    'a.json': () => counted(n(100), (nth) => `${event(nth, `,"x":"${long(400, 4_190_000)}"`)}\n`),
  },
  'records of 4 MB of numbers': {
    'a.json': () => counted(n(10), (nth) => `${event(nth, `,"x":[${'0,'.repeat(2_090_000)}0]`)}\n`),
  },
  'records of 4 MB of fractions': {
    'a.json': () => counted(n(10), (nth) => `${event(nth, `,"x":[${'1.5,'.repeat(1_045_000)}0]`)}\n`),
  },
  'records of 4 MB of objects': {
    'a.json': () => counted(n(10), (nth) => `${event(nth, `,"x":[${'{},'.repeat(1_395_000)}0]`)}\n`),
  },
  'records of 4 MB of keys': {
    'a.json': () =>
      counted(
        n(10),
        (nth) => `${event(nth, Array.from({ length: 340_000 }, (_, k) => `,"${k}":1`).join(''))}\n`,
      ),
  },
  'a new key in each of 2,000,000 events': {
    'a.json': () => counted(n(2_000_000), (nth) => `${event(nth, `,"key ${nth}":1`)}\n`),
  },
  'a new key in each event of 200 files': Object.fromEntries(
    Array.from({ length: 200 }, (_, file) => [
      `${file}.json`,
      () =>
        counted(
          n(10_000),
          (nth) => `${event(nth + file * 10_000, `,"${'k'.repeat(250)}${nth + file * 10_000}":1`)}\n`,
        ),
    ]),
  ),
  'a pretty record without end, 100 MB': { 'a.json': () => repeated('{"a":[\n', n(14 * MB)) },
  'pretty records of 100,000 lines': {
    'a.json': () => counted(n(10), () => `{"a":[\n${'{"k":1},\n'.repeat(90_000)}`),
  },
  '200 files at once': Object.fromEntries(
    Array.from({ length: 200 }, (_, file) => [
      `${file}.json`,
      () => counted(n(10_000), (nth) => `${event(nth + file * 10_000, ',"k":1')}\n`),
    ]),
  ),
  '50,000 small files': Object.fromEntries(
    Array.from({ length: n(50_000) }, (_, file) => [
      `${file}.json`,
      () => [`${event(file, `,"x":"${long(0, 8_000)}"`)}\n`],
    ]),
  ),
  'gzip of 10 GB': { 'a.json.gz': () => repeated('{}\n', n(3_333 * MB)) },
  'zstd of 10 GB': { 'a.json.zst': 'zstd' },
  'zstd with a window of 2 GB': { 'a.json.zst': 'window' },
};

/** Zstandard of one byte, repeated: RLE blocks of 128 KiB, four bytes each. */
function bombOf(kind) {
  const single = kind === 'window';
  const blocks = single ? 1 : n(80_000);
  // Magic, then a window of 2 GB or 8 MB, and no size.
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, single ? 0xa8 : 0x68]);
  const block = (isLast) => {
    const word = (isLast ? 1 : 0) | (1 << 1) | (131_072 << 3);
    return Buffer.from([word & 255, (word >> 8) & 255, (word >> 16) & 255, 0x78]);
  };
  return Buffer.concat([header, ...Array.from({ length: blocks }, (_, nth) => block(nth === blocks - 1))]);
}

async function write(path, pieces) {
  const file = createWriteStream(path);
  const target = path.endsWith('.gz') ? createGzip({ level: 9 }) : file;
  if (target !== file) target.pipe(file);
  if (typeof pieces === 'string') target.write(bombOf(pieces));
  else
    for (const piece of pieces())
      if (piece !== '' && !target.write(piece)) await new Promise((go) => target.once('drain', go));
  target.end();
  await finished(file);
}

/** Loads a folder; the exit code, seconds, and the peak in MB. */
function load(logs, file) {
  return new Promise((resolve) => {
    const began = performance.now();
    const child = spawn(process.execPath, [
      program,
      'etl',
      '--log-data',
      logs,
      '--warehouse',
      `duckdb:${file}`,
      '--max-rejects',
      '100%',
      '--json',
      '--quiet',
    ]);
    let [peak, said, err] = [0, '', ''];
    child.stdout.on('data', (text) => {
      said += text;
    });
    child.stderr.on('data', (text) => {
      err += text;
    });
    const timer = setInterval(() => {
      try {
        peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? peak);
      } catch {}
    }, 20);
    child.on('close', (code, signal) => {
      clearInterval(timer);
      let came = err.trim().slice(0, 300);
      try {
        const { events: e, rejects: r, error } = JSON.parse(said);
        came = error
          ? `${error.message} ${error.hint ?? ''}`.slice(0, 300)
          : `${e.staged} staged, ${e.rejected} rejected${r[0] ? ` (${r[0].rule})` : ''}`;
      } catch {}
      resolve({
        code: code ?? signal,
        seconds: (performance.now() - began) / 1000,
        peak: (peak * KIB) / MB,
        came,
      });
    });
  });
}

for (const [name, files] of Object.entries(inputs)) {
  if (!name.includes(only)) continue;
  const logs = join(folder, 'logs');
  mkdirSync(logs, { recursive: true });
  for (const [file, pieces] of Object.entries(files)) await write(join(logs, file), pieces);
  const bytes = readdirSync(logs).reduce((sum, file) => sum + statSync(join(logs, file)).size, 0);
  const { code, seconds, peak, came } = await load(logs, join(folder, 'w.duckdb'));
  console.log(
    `${name.padEnd(40)} ${(bytes / MB).toFixed(1).padStart(7)} MB  peak ${peak.toFixed(0).padStart(5)} MB  ${seconds.toFixed(1).padStart(6)} s  exit ${code}  ${came}`,
  );
  rmSync(folder, { recursive: true, force: true });
}
