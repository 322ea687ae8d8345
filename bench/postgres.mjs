// What does a cold load into PostgreSQL cost, against a bare COPY of the same staged rows plus the same build SQL by hand?
// And one new day into a year, against that day into an empty warehouse? Prints ratios, taken in turn on one server.
//   node bench/postgres.mjs [events]     SPARKIFY_TEST_POSTGRES=postgres://… takes a server that is there
import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { startPostgres } from '../test/support/postgres-server.mjs';

const { wholeModels } = await import('../dist/pipeline/build/build.js');
const { createTableSql } = await import('../dist/warehouses/sql.js');
const { allTables } = await import('../dist/models/book.js');
const { postgresDialect } = await import('../dist/warehouses/postgres/writer.js');

const events = Number(process.argv[2] ?? 2_000_000);
const turns = 3;
const program = join(import.meta.dirname, '..', 'dist', 'cli.js');
const folder = mkdtempSync(join(tmpdir(), 'sparkify-bench-'));
const at = (name) => join(folder, name);
const given = process.env.SPARKIFY_TEST_POSTGRES;
const server = given === undefined ? await startPostgres() : null;
const base =
  given ??
  `postgres://${server.user}:${encodeURIComponent(server.password)}@127.0.0.1:${server.port}/postgres`;
const address = (database) => Object.assign(new URL(base), { pathname: `/${database}` }).href;

function run(...args) {
  const began = performance.now();
  const done = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', cwd: folder });
  if (done.status !== 0) throw new Error(done.stderr);
  return (performance.now() - began) / 1000;
}

async function withDatabase(database, work) {
  const client = new pg.Client({ connectionString: address(database) });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function fresh(database, template = 'template0') {
  await withDatabase('postgres', async (client) => {
    await client.query(`drop database if exists ${database}`);
    await client.query(`create database ${database} template ${template}`);
  });
}

/** What somebody would write who has the rows as files already, and no doubt about them. */
async function byHand() {
  await fresh('by_hand');
  return withDatabase('by_hand', async (client) => {
    await client.query("set timezone = 'UTC'; set work_mem = '128MB'; set jit = off");
    await client.query('create schema staging; create schema ops');
    for (const table of allTables) await client.query(createTableSql(table, postgresDialect));
    const began = performance.now();
    for (const table of ['staging.events', 'staging.songs', 'ops.song_keys']) {
      const file = createReadStream(at(table), { highWaterMark: 1 << 18 });
      await pipeline(file, client.query(copyFrom(`copy ${table} from stdin`)));
      await client.query(`analyze ${table}`);
    }
    for (const { table, sql } of wholeModels('title, artist, duration', postgresDialect)) {
      const name = table.schema === 'star' ? table.name : `${table.schema}.${table.name}`;
      await client.query(`insert into ${name} (${Object.keys(table.columns).join(', ')}) ${sql}`);
    }
    return (performance.now() - began) / 1000;
  });
}

async function ratio(question, budget, measured, against) {
  const pairs = [];
  for (let turn = 0; turn < turns; turn += 1) pairs.push([await measured(), await against()]);
  const sorted = (values) => values.sort((a, b) => a - b).map((value) => value.toFixed(2));
  const ratios = sorted(pairs.map(([a, b]) => a / b));
  const middle = (side) => sorted(pairs.map((pair) => pair[side]))[turns >> 1];
  console.log(
    `${question}\n  ${ratios[turns >> 1]}x (${ratios[0]} to ${ratios.at(-1)}), ${middle(0)} s against ${middle(1)} s; budget ${budget}`,
  );
}

try {
  console.log(
    `${cpus()[0]?.model}, ${availableParallelism()} threads, Node ${process.versions.node}; ${events} events\n`,
  );
  run('simulate', '-q', '--out', 'month', '--events', `${events}`, '--days', '30', '--songs', '20000');
  const month = ['--log-data', 'month/log_data', '--song-data', 'month/song_data'];
  const coldLoad = async () => {
    await fresh('cold');
    return run('etl', '-q', ...month, '--warehouse', address('cold'));
  };
  await coldLoad();
  await withDatabase('cold', async (client) => {
    for (const table of ['staging.events', 'staging.songs', 'ops.song_keys'])
      await pipeline(client.query(copyTo(`copy ${table} to stdout`)), createWriteStream(at(table)));
  });
  await ratio(
    'A cold load into PostgreSQL, against a bare COPY of its staged rows and its build SQL by hand',
    'at most 2.5x',
    coldLoad,
    byHand,
  );

  run('simulate', '-q', '--out', 'year', '--events', `${events}`, '--days', '366', '--songs', '71');
  const last = readdirSync(at('year/log_data'), { recursive: true })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .at(-1);
  renameSync(at(join('year/log_data', last)), at('last-day.json'));
  await fresh('year');
  run(
    'etl',
    '-q',
    '--log-data',
    'year/log_data',
    '--song-data',
    'month/song_data',
    '--warehouse',
    address('year'),
  );
  await fresh('songs');
  run('etl', '-q', '--song-data', 'month/song_data', '--warehouse', address('songs'));
  const dayInto = (template) => async () => {
    await fresh('day', template);
    return run('etl', '-q', '--log-data', 'last-day.json', '--warehouse', address('day'));
  };
  await ratio(
    'One new day into a year, against that day into a warehouse with the songs alone',
    'at most 1.5x',
    dayInto('year'),
    dayInto('songs'),
  );
} finally {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
}
