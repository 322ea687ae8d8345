import { availableParallelism } from 'node:os';
import type { FaultName } from '../answer-key/answer-key.ts';
import { UsageError } from '../errors.ts';
import { dateOf, dayOf } from '../simulator/calendar.ts';
import { defaultRates, eventFaults, type FaultRates, fileFaults } from '../simulator/faults.ts';
import type { Pace } from '../simulator/live.ts';
import { profiles } from '../simulator/pages.ts';
import type { Part } from '../simulator/part.ts';
import { solve } from '../simulator/prediction.ts';
import { recordForms } from '../simulator/record-form.ts';
import { assertSettings, defaultSettings, type Settings } from '../simulator/settings.ts';
import type { Flags } from './shared/command.ts';

const MOST_THREADS = 8;
/** Catalogues up to this size lie one song a file, as the real one does. */
export const MOST_SINGLE_SONGS = 20_000;
export const faults: readonly FaultName[] = [...eventFaults, ...fileFaults];
const usual = defaultSettings;

/** UsageError for the first of these flags that was given. */
export function refuse(flags: Flags, names: readonly string[], why: string): void {
  const unfit = names.find((name) => flags[name] !== undefined && flags[name] !== false);
  if (unfit === undefined) return;
  const flag = unfit.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(`--${flag} ${why}.`);
}

/** The settings that flags give; UsageError for what no data set can have. */
export function settingsOf(flags: Flags): Settings {
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
    format: oneOf('--format', flags.format, Object.keys(recordForms) as Settings['format'][]),
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

/** A day of the data set, in days since 1970. */
export function dayIn({ from, days }: Settings, date: string): number {
  const [day, first] = [dayOf(date), dayOf(from) as number];
  if (day !== null && day >= first && day < first + days) return day;
  throw new UsageError(`--day is "${date}", not a day from ${from} to ${dateOf(first + days - 1)}.`);
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
export function numberOf(flag: string, value: string | boolean | undefined): number {
  const text = String(value).replaceAll(/[,_](?=\d{3})/g, '');
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(number)) return number;
  throw new UsageError(`${flag} is "${value}", not a number.`);
}

export function positive(flag: string, value: number): number {
  if (value >= 1) return value;
  throw new UsageError(`${flag} is ${value}; at least 1 is needed.`);
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  PB: 1e15,
};

function bytesOf(value: string | boolean | undefined): number {
  const [, digits, unit] = /^([\d.]+) ?([kmgtp]?b?)$/i.exec(String(value).trim()) ?? [];
  const factor = units[(unit ?? '').toUpperCase().replace(/^([KMGTP])$/, '$1B')];
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
  if (value === true) return defaultRates;
  const given: Partial<Record<FaultName, number>> = {};
  for (const pair of String(value).split(',')) {
    const [name = '', rate = ''] = pair.split('=').map((part) => part.trim());
    const fault = faults.find((known) => known === name);
    if (fault === undefined) {
      throw new UsageError(`--dirty does not know the fault "${name}".`, {
        hint: `One of ${faults.join(', ')}.`,
      });
    }
    const share = rate === '' ? Number.NaN : Number(rate);
    if (!(share >= 0 && share <= 1)) {
      throw new UsageError(`--dirty ${name} is "${rate}", not a rate from 0 to 1.`, { hint: `${name}=0.01` });
    }
    given[fault] = share;
  }
  // In one order, so that the same rates are the same settings.
  return Object.fromEntries(
    faults.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])),
  );
}

export function partOf(value: string | boolean | undefined): Part | null {
  if (value === undefined) return null;
  const [, part, of] = /^(\d+)\/(\d+)$/.exec(String(value)) ?? [];
  const [k, n] = [Number(part), Number(of)];
  if (k >= 1 && k <= n && n <= 10_000) return { part: k, of: n };
  throw new UsageError(`--part is "${value}", not k/N with k from 1 to N.`, {
    hint: 'For example --part 2/4.',
  });
}

export function threadsOf(value: string | boolean | undefined): number {
  if (value === undefined) return Math.min(MOST_THREADS, availableParallelism());
  const threads = numberOf('--workers', value);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 256) return threads;
  throw new UsageError(`--workers is ${value}, not a whole number from 1 to 256.`);
}

/** The pace of a stream. */
export function paceOf({ speed, rate }: Flags): Pace {
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
