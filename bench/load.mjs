// What does a load cost, measured against the least that it could? Prints ratios of whole processes, taken in turn.
//   npm run bench                  2,000,000 events, 20,000 songs (about 6 minutes)
//   npm run bench -- 200000        a smaller try
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const events = Number(process.argv[2] ?? 2_000_000);
const turns = 3;
const program = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const modules = new URL('../node_modules/@duckdb/node-api/lib/index.js', import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), 'sparkify-bench-'));
const at = (name) => join(folder, name);

function run(args) {
  const began = performance.now();
  const done = spawnSync('/usr/bin/env', ['node', ...args], { encoding: 'utf8', cwd: folder });
  if (done.status !== 0) throw new Error(done.stderr);
  return (performance.now() - began) / 1000;
}
const etl = (...args) => run([program, 'etl', '--quiet', ...args]);
const forget = (name) => {
  for (const file of readdirSync(folder)) if (file.startsWith(name)) rmSync(at(file));
};

/** Makes a data set of about `events` events; returns its folders. */
function simulate(name, ...flags) {
  run([program, 'simulate', '--quiet', '--out', name, '--events', String(events), ...flags]);
  return { logs: at(join(name, 'log_data')), songs: at(join(name, 'song_data')) };
}

/** Runs both in turn and prints how many times the second one's time the first one takes. */
function ratio(question, budget, measured, against) {
  const pairs = Array.from({ length: turns }, () => [measured(), against()]);
  const ratios = pairs.map(([a, b]) => a / b).sort((a, b) => a - b);
  const median = (side) =>
    pairs
      .map((pair) => pair[side])
      .sort((a, b) => a - b)
      [Math.floor(turns / 2)].toFixed(2);
  const [low, middle, high] = [ratios[0], ratios[Math.floor(turns / 2)], ratios.at(-1)].map((value) =>
    value.toFixed(2),
  );
  console.log(
    `${question}\n  ${middle}x (${low} to ${high}), ${median(0)} s against ${median(1)} s; budget ${budget}`,
  );
}

const columns = `{artist: 'varchar', auth: 'varchar', firstName: 'varchar', gender: 'varchar', itemInSession: 'bigint', lastName: 'varchar', length: 'double', level: 'varchar', location: 'varchar', method: 'varchar', page: 'varchar', registration: 'double', sessionId: 'bigint', song: 'varchar', status: 'bigint', ts: 'bigint', userAgent: 'varchar', userId: 'varchar'}`;

/** Seconds in which DuckDB merely parses the logs with all columns typed, warm. */
function parseSeconds(logs) {
  writeFileSync(
    at('parse.mjs'),
    `import { DuckDBInstance } from '${modules}';
     const connection = await (await DuckDBInstance.create(':memory:')).connect();
     const sql = "select max(columns(*)) from read_json('${logs}/**/*.json', format = 'newline_delimited', columns = ${columns.replaceAll('\n', ' ')})";
     await connection.run(sql);
     const began = performance.now();
     await connection.run(sql);
     console.log((performance.now() - began) / 1000);`,
  );
  return Number(spawnSync('node', [at('parse.mjs')], { encoding: 'utf8' }).stdout);
}

try {
  console.log(
    `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} threads, Node ${process.versions.node}; ${events} events\n`,
  );
  const month = simulate('month', '--days', '30', '--songs', '20000');
  const coldLoad = () => {
    forget('cold');
    return etl('--log-data', month.logs, '--song-data', month.songs, '--warehouse', 'cold.duckdb');
  };
  ratio('A cold load of all of it, against parsing the same logs', 'at most 5x', coldLoad, () =>
    parseSeconds(month.logs),
  );

  const songsOnly = () => {
    forget('songs');
    return etl('--song-data', month.songs, '--warehouse', 'songs.duckdb');
  };
  writeFileSync(
    at('read.mjs'),
    `import { readdirSync, readFileSync, statSync } from 'node:fs';
    for (const name of readdirSync('${month.songs}', { recursive: true })) if (name.endsWith('.json')) readFileSync('${month.songs}/' + name);`,
  );
  ratio('A load of the 20,000 song files, against reading them', 'at most 3x', songsOnly, () =>
    run([at('read.mjs')]),
  );

  const year = simulate('year', '--days', '366', '--songs', '71');
  const last = readdirSync(year.logs, { recursive: true })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .at(-1);
  renameSync(join(year.logs, last), at('last-day.json'));
  etl('--log-data', year.logs, '--song-data', month.songs, '--warehouse', 'year.duckdb');
  songsOnly();
  const dayInto = (name) => () => {
    forget('day');
    cpSync(at(`${name}.duckdb`), at('day.duckdb'));
    return etl('--log-data', 'last-day.json', '--warehouse', 'day.duckdb');
  };
  ratio(
    'One new day into a year, against that day into an empty warehouse',
    'at most 1.5x',
    dayInto('year'),
    dayInto('songs'),
  );

  const seconds = (question, budget, measured) => {
    const times = Array.from({ length: turns }, measured).sort((a, b) => a - b);
    console.log(
      `${question}\n  ${times[Math.floor(turns / 2)].toFixed(2)} s (${times[0].toFixed(2)} to ${times.at(-1).toFixed(2)}); budget ${budget}`,
    );
  };
  seconds('A run over 20,000 known files', 'under 1 s for 10,000', () =>
    etl('--song-data', month.songs, '--warehouse', 'songs.duckdb'),
  );
  seconds('sparkify --help', 'under 0.15 s', () => run([program, '--help']));
  if (existsSync('/usr/bin/time')) {
    forget('cold');
    const args = [
      '-f',
      '%M',
      'node',
      program,
      'etl',
      '--quiet',
      '--log-data',
      month.logs,
      '--song-data',
      month.songs,
      '--warehouse',
      'cold.duckdb',
    ];
    const { stderr } = spawnSync('/usr/bin/time', args, { encoding: 'utf8', cwd: folder });
    console.log(
      `Peak memory of the cold load\n  ${Math.round(Number(stderr.trim().split('\n').at(-1)) / 1000)} MB; budget under 1,500 MB`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
