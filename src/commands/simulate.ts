import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { FaultName } from '../answer-key/answer-key.ts';
import { InterruptedError, UsageError } from '../errors.ts';
import type { MadeDataSet, Part } from '../simulator/data-set.ts';
import { eventFaults, type FaultRates, fileFaults, usualRates } from '../simulator/faults.ts';
import type { LiveSink, Pace } from '../simulator/live.ts';
import { profiles } from '../simulator/pages.ts';
import { predict, solve } from '../simulator/prediction.ts';
import { assertSettings, type Settings, usualSettings } from '../simulator/settings.ts';
import { drawDataSet } from '../terminal/data-set.ts';
import { formatBytes, plural } from '../terminal/format.ts';
import type { Command, Context, Flags, Result } from './command.ts';

const MOST_THREADS = 8;
/** Catalogues up to this size lie one song a file, as the real one does. */
const MOST_SINGLE_SONGS = 20_000;
const faults: readonly FaultName[] = [...eventFaults, ...fileFaults];
const usual = usualSettings;

export const command: Command = {
  define(simulate) {
    simulate
      .option('--out <folder>', 'an empty or a new folder; - writes the events to stdout', 'simulated')
      .option('--users <number>', `users at the beginning (default: ${usual.users})`)
      .option('--days <number>', `days of logs (default: ${usual.days})`)
      .option('--from <date>', `the first day, in UTC (default: ${usual.from}; with --live today)`)
      .option('--events <number>', 'about so many events: finds the users, or with --users the days')
      .option('--size <bytes>', 'about so much log data: 500MB, 1GB')
      .option('--songs <number>', 'songs in the catalogue, 71 to 1,000,000', String(usual.songs))
      .option('--match-share <share>', 'plays whose song the catalogue knows', String(usual.matchShare))
      .option('--seed <number>', 'the same seed makes the same bytes', String(usual.seed))
      .option(
        '--profile <name>',
        'classic: the 13 pages of the real logs; full: adverts, thumbs, friends, playlists, cancellation',
        usual.profile,
      )
      .option('--growth <share>', 'users who join in a year, as a share', String(usual.growth))
      .option('--attrition <share>', 'users who leave in a year, as a share', String(usual.attrition))
      .option(
        '--format <name>',
        'app: byte for byte as the real files are written; ndjson: plain UTF-8',
        usual.format,
      )
      .option(
        '--song-files <layout>',
        `single: one song a file; packed (default: single up to ${MOST_SINGLE_SONGS.toLocaleString('en-US')} songs)`,
      )
      .option('--gzip', 'pack every file')
      .option('--dirty [rates]', 'plant faults, at the usual rates or at late=0.01,truncated=0.2,…')
      .option('--part <k/N>', 'make the k-th of N parts; all parts together are the whole, byte for byte')
      .option('--workers <number>', 'threads; the bytes are the same for any number')
      .option('--dry-run', 'say what would be made, write nothing')
      .option('--live', 'write events as they happen, until Ctrl-C; the same command goes on later')
      .option('--speed <factor>', 'with --live: so many times as fast, 60x')
      .option('--rate <events>', 'with --live: so many events a second, 500/s, whatever their times')
      .option('--roll <seconds>', 'with --live: close a file after so long (default: 60)')
      .option('--limit <events>', 'with --live: stop after so many events');
    simulate.addHelpText(
      'after',
      `
Faults for --dirty, with their usual rates (of events, or of files):
${faults.map((name) => `  ${name.padEnd(18)}${usualRates[name]}`).join('\n')}

Examples:
  sparkify simulate --out simulated
  sparkify simulate --out big --size 1GB --songs 20000
  sparkify simulate --out dirty --users 1000 --dirty
  sparkify etl --log-data dirty/log_data --song-data dirty/song_data
  sparkify check --against dirty/manifest.json`,
    );
  },
  async run(context, flags) {
    if (flags.live === true) return live(context, flags);
    const stray = ['speed', 'rate', 'roll', 'limit'].find((name) => flags[name] !== undefined);
    if (stray !== undefined) throw new UsageError(`--${stray} belongs to --live.`);
    const settings = settingsOf(flags);
    const part = partOf(flags.part);
    const threads = threadsOf(flags.workers);
    if (flags.out === '-') return toStdout(context, settings);
    const folder = String(flags.out);
    const prediction = predict(settings);
    const about = `About ${plural(prediction.events, 'event')} of ${plural(prediction.users, 'user')} on ${plural(settings.days, 'day')} (${formatBytes(prediction.logBytes)}) and ${plural(settings.songs, 'song')} (${formatBytes(prediction.songBytes)})`;
    if (flags.dryRun === true) {
      const { inspectFolder } = await import('../simulator/folder.ts');
      const { state } = inspectFolder(folder, settings);
      const json = { status: 'planned', folder, state, settings, prediction };
      const { sessions, events } = prediction;
      const walk = `${plural(sessions, 'session')} of ${(events / sessions).toFixed(1)} events each`;
      return { json, text: `${about} would be made in ${folder}: ${walk}. Nothing was written.` };
    }
    context.voice.note(
      `${about}${part === null ? '' : `, part ${part.part} of ${part.of} of it`} into ${folder}.`,
    );
    const began = context.nowMs();
    const made = await make(context, settings, { folder, threads, part });
    const seconds = (context.nowMs() - began) / 1000;
    return { json: { ...summary(made, folder), seconds }, text: drawDataSet(made, folder, seconds) };
  },
};

/** Makes a data set with progress on the terminal; a signal ends it. */
async function make(
  context: Context,
  settings: Settings,
  options: { folder: string; threads: number; part: Part | null },
): Promise<MadeDataSet> {
  const { makeDataSet } = await import('../simulator/data-set.ts');
  const { events } = predict(settings);
  const share = 1 / (options.part?.of ?? 1);
  context.voice.step('simulate', Math.round(events * share), 'events');
  return makeDataSet(settings, {
    ...options,
    onTask: (kind, amount) => {
      if (kind === 'days') context.voice.advance(amount);
    },
    onStart: (stop) => context.onInterrupt(({ signal }) => stop(new InterruptedError(signal, GOES_ON))),
  }).catch((error) => {
    throw error instanceof InterruptedError ? new InterruptedError(error.signal, GOES_ON) : error;
  });
}

const GOES_ON = 'the same command begins anew where files are missing.';

/** Writes events when they are due, into closed files of a folder or to stdout. */
async function live(context: Context, flags: Flags): Promise<Result> {
  const unfit = ['dirty', 'part', 'days', 'events', 'size', 'dryRun', 'workers'].find(
    (name) => flags[name] !== undefined,
  );
  if (unfit !== undefined) {
    throw new UsageError(`--${unfit.replace('dryRun', 'dry-run')} does not go with --live.`);
  }
  const { openLiveFolder, firstDayOf } = await import('../simulator/live-folder.ts');
  const { streamLive } = await import('../simulator/live.ts');
  const folder = flags.out === '-' ? null : String(flags.out);
  const pace = paceOf(flags);
  const nowMs = context.nowMs();
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const usualFrom = pace.kind === 'real time' ? today : usual.from;
  const from = flags.from === undefined ? ((folder && firstDayOf(folder)) ?? usualFrom) : String(flags.from);
  const settings = settingsOf({ ...flags, from, days: String(LIVE_DAYS) });
  const rollMs = 1000 * (flags.roll === undefined ? 60 : positive('--roll', numberOf('--roll', flags.roll)));
  const limit =
    flags.limit === undefined
      ? Number.POSITIVE_INFINITY
      : positive('--limit', numberOf('--limit', flags.limit));
  const target =
    folder === null ? null : await openLiveFolder(folder, settings, { rollMs, nowMs: context.nowMs });
  let stopped: InterruptedError | null = null;
  context.voice.note(
    `${target?.from ? 'Going on' : 'Streaming'} ${folder === null ? 'to stdout' : `into ${folder}`}; Ctrl-C ends it cleanly.`,
  );
  context.onInterrupt((why) => {
    stopped = why;
  });
  const { events, next } = await streamLive(settings, target ?? stdoutSink(context), {
    pace,
    from: target?.from ?? null,
    beginMs: pace.kind === 'real time' ? nowMs : Date.parse(`${from}T00:00:00Z`),
    clock: { nowMs: context.nowMs, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
    isStopped: () => stopped !== null,
    limit,
  });
  const files = await target?.close();
  const exitCode = (stopped as InterruptedError | null)?.exitCode ?? 0;
  if (folder === null) return { json: undefined, text: '', exitCode };
  return {
    json: { status: exitCode === 0 ? 'done' : 'stopped', folder, events, files, next },
    text: `Wrote ${plural(events, 'event')}; ${folder} holds ${plural(files ?? 0, 'file')} of events. The same command goes on from here.`,
    exitCode,
  };
}

/** A stream has no last day; its users are made for so long. */
const LIVE_DAYS = 3_650;

function stdoutSink(context: Context): LiveSink {
  return {
    write: (lines) => context.write(lines.toString('utf8')),
    rest: async () => {},
  };
}

function paceOf({ speed, rate }: Flags): Pace {
  if (speed !== undefined && rate !== undefined) throw new UsageError('Give --speed or --rate, not both.');
  if (speed !== undefined) {
    const factor = Number(/^([\d.]+)x?$/i.exec(String(speed))?.[1]);
    if (factor > 0) return { kind: 'speed', factor };
    throw new UsageError(`--speed is "${speed}", not a factor.`, {
      hint: 'For example 60x: an hour passes in a minute.',
    });
  }
  if (rate === undefined) return { kind: 'real time' };
  const perSecond = Number(/^([\d.]+)(\/s)?$/i.exec(String(rate))?.[1]);
  if (perSecond > 0) return { kind: 'rate', perSecond };
  throw new UsageError(`--rate is "${rate}", not events a second.`, { hint: 'For example 500/s.' });
}

/** All events, day by day, to a pipe. */
async function toStdout(context: Context, settings: Settings): Promise<Result> {
  const { streamEvents } = await import('../simulator/stream.ts');
  await streamEvents(settings, (text) => context.write(text));
  return { json: undefined, text: '' };
}

function summary(made: MadeDataSet, folder: string) {
  const { key } = made;
  return {
    status: made.status,
    folder,
    settings: made.settings,
    answerKey: key === null ? null : join(folder, 'manifest.json'),
    files: key?.files.length ?? null,
    events: key?.events ?? null,
    songs: key?.songs ?? null,
    tables: key?.tables ?? null,
    faults: key?.faults.length ?? null,
    redeliveredFiles: made.redelivered,
  };
}

function settingsOf(flags: Flags): Settings {
  const songs = numberOf('--songs', flags.songs);
  const settings: Settings = {
    version: 1,
    seed: numberOf('--seed', flags.seed),
    profile: oneOf('--profile', flags.profile, Object.keys(profiles) as Settings['profile'][]),
    from: flags.from === undefined ? usual.from : String(flags.from),
    days: flags.days === undefined ? usual.days : numberOf('--days', flags.days),
    users: [flags.users === undefined ? usual.users : numberOf('--users', flags.users)],
    songs,
    matchShare: numberOf('--match-share', flags.matchShare),
    growth: numberOf('--growth', flags.growth),
    attrition: numberOf('--attrition', flags.attrition),
    format: oneOf('--format', flags.format, ['app', 'ndjson']),
    songFiles:
      flags.songFiles === undefined
        ? songs > MOST_SINGLE_SONGS
          ? 'packed'
          : 'single'
        : oneOf('--song-files', flags.songFiles, ['single', 'packed']),
    gzip: flags.gzip === true,
    rates: ratesOf(flags.dirty),
  };
  assertSettings(settings);
  return sized(settings, flags);
}

/** Finds the users or the days that give the events or bytes asked for. */
function sized(settings: Settings, flags: Flags): Settings {
  if (flags.events === undefined && flags.size === undefined) return settings;
  if (flags.events !== undefined && flags.size !== undefined) {
    throw new UsageError('--events and --size say the same thing twice; give one of them.');
  }
  if (flags.users !== undefined && flags.days !== undefined) {
    const flag = flags.events === undefined ? '--size' : '--events';
    throw new UsageError(`${flag} cannot be met with both --users and --days given; leave one of them out.`);
  }
  const wanted =
    flags.events === undefined
      ? { bytes: bytesOf(flags.size) }
      : { events: positive('--events', numberOf('--events', flags.events)) };
  const found = solve(settings, wanted, flags.users === undefined ? 'users' : 'days');
  assertSettings(found);
  return found;
}

/** `1000000`, `1e6` or `1,000,000`. */
function numberOf(flag: string, value: string | boolean | undefined): number {
  const text = String(value).replaceAll(/[,_](?=\d{3})/g, '');
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(number)) return number;
  throw new UsageError(`${flag} is "${value}", not a number.`);
}

function positive(flag: string, value: number): number {
  if (value >= 1) return value;
  throw new UsageError(`${flag} is ${value}; at least 1 is needed.`);
}

const units: Readonly<Record<string, number>> = { '': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

function bytesOf(value: string | boolean | undefined): number {
  const [, digits, unit] = /^([\d.]+) ?([kmgt]?b?)$/i.exec(String(value).trim()) ?? [];
  const factor = units[(unit ?? '').toUpperCase().replace(/^([KMGT])$/, '$1B')];
  const bytes = Number(digits) * (factor ?? Number.NaN);
  if (bytes >= 1) return bytes;
  throw new UsageError(`--size is "${value}", not a size.`, { hint: 'For example 500MB or 1GB.' });
}

function oneOf<T extends string>(flag: string, value: string | boolean | undefined, known: readonly T[]): T {
  const found = known.find((name) => name === value);
  if (found !== undefined) return found;
  throw new UsageError(`${flag} is "${value}", not ${known.join(' or ')}.`);
}

function ratesOf(value: string | boolean | undefined): FaultRates | null {
  if (value === undefined || value === false) return null;
  if (value === true) return usualRates;
  const rates: Partial<Record<FaultName, number>> = {};
  for (const pair of String(value).split(',')) {
    const [name = '', rate = ''] = pair.split('=').map((part) => part.trim());
    const fault = faults.find((known) => known === name);
    if (fault === undefined) {
      throw new UsageError(`--dirty knows no fault "${name}".`, { hint: `One of ${faults.join(', ')}.` });
    }
    const share = rate === '' ? Number.NaN : Number(rate);
    if (!(share >= 0 && share <= 1)) {
      throw new UsageError(`--dirty ${name} is "${rate}", not a rate from 0 to 1.`, { hint: `${name}=0.01` });
    }
    rates[fault] = share;
  }
  return rates;
}

function partOf(value: string | boolean | undefined): Part | null {
  if (value === undefined) return null;
  const [, part, of] = /^(\d+)\/(\d+)$/.exec(String(value)) ?? [];
  const [k, n] = [Number(part), Number(of)];
  if (k >= 1 && k <= n && n <= 10_000) return { part: k, of: n };
  throw new UsageError(`--part is "${value}", not k/N with k from 1 to N.`, {
    hint: 'For example --part 2/4.',
  });
}

function threadsOf(value: string | boolean | undefined): number {
  if (value === undefined) return Math.min(MOST_THREADS, availableParallelism());
  const threads = numberOf('--workers', value);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 256) return threads;
  throw new UsageError(`--workers is ${value}, not a whole number from 1 to 256.`);
}
