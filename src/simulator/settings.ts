import { UsageError } from '../errors.ts';
import { dateOf, dayOf } from './calendar.ts';
import { FEWEST_SONGS, MOST_SONGS } from './catalogue.ts';
import { eventFaults, type FaultRates } from './faults.ts';
import type { ProfileName } from './pages.ts';
import { exp, ln } from './random.ts';
import type { RecordForm } from './record-form.ts';

/** Everything that a data set's content depends on; kept in its answer key. */
export interface Settings {
  readonly version: 1;
  readonly seed: number;
  readonly profile: ProfileName;
  /** `2018-11-01`. */
  readonly from: string;
  readonly days: number;
  /** The last number of each range of users: `[100]`, or `[100, 250]` after 150 were added. */
  readonly users: readonly number[];
  readonly songs: number;
  readonly matchShare: number;
  readonly growth: number;
  readonly attrition: number;
  readonly format: RecordForm['name'];
  readonly songFiles: 'single' | 'packed';
  readonly gzip: boolean;
  readonly rates: FaultRates | null;
}

export const defaultSettings = {
  seed: 1,
  profile: 'classic',
  from: '2018-11-01',
  days: 30,
  users: 100,
  songs: 1_000,
  matchShare: 0.9,
  growth: 0.25,
  attrition: 0.15,
  format: 'app',
} as const;

export const MOST_USERS = 9_999_999;
export const MOST_DAYS = 3_660;
/** Of all users, those who join later included; and recruits of one user, whose ids stay exact in session numbers. */
const MOST_PEOPLE = 20_000_000;
const MOST_RECRUITS = 300;
/** Times have thirteen digits from here on. */
const FIRST_DATE = '2001-09-10';
const LAST_DATE = '2099-12-31';

/** UsageError for settings that no data set can have. */
export function assertSettings(settings: Settings): void {
  const { seed, from, days, users, songs, matchShare, growth, attrition, rates } = settings;
  assertWhole('--seed', seed, 0, Number.MAX_SAFE_INTEGER);
  assertWhole('--days', days, 1, MOST_DAYS);
  for (const last of users) assertWhole('--users', last, 1, MOST_USERS);
  assertWhole('--songs', songs, FEWEST_SONGS, MOST_SONGS);
  const day = dayOf(from);
  if (day === null) {
    throw new UsageError(`--from is "${from}", and there is no such day.`, {
      hint: 'A date such as 2018-11-01.',
    });
  }
  if (from < FIRST_DATE || dateOf(day + days - 1) > LAST_DATE) {
    throw new UsageError(
      `The days from ${from} to ${dateOf(day + days - 1)} are not between ${FIRST_DATE} and ${LAST_DATE}.`,
    );
  }
  assertShare('--match-share', matchShare, 1);
  assertShare('--growth', growth, 10);
  if (attrition < 0 || attrition >= 1 || Number.isNaN(attrition)) {
    throw new UsageError(`--attrition is ${attrition}, not a share from 0 to below 1.`, {
      hint: '0.15 means that 15 of 100 users leave within a year.',
    });
  }
  assertGrowth(settings);
  if (rates !== null && settings.format === 'eventsim') {
    throw new UsageError('--dirty cannot be used with --format eventsim: its records lack keys already.');
  }
  const sum = eventFaults.reduce((total, name) => total + (rates?.[name] ?? 0), 0);
  if (sum > 1) {
    throw new UsageError(`The --dirty rates of events come to ${sum}; they cannot be more than 1 together.`);
  }
}

function assertGrowth(settings: Settings): void {
  const recruits = expectedRecruits(settings);
  const people = (1 + recruits) * (settings.users.at(-1) as number);
  if (recruits <= MOST_RECRUITS && people <= MOST_PEOPLE) return;
  throw new UsageError(
    `--growth ${settings.growth} makes about ${Math.round(people).toLocaleString('en-US')} users of ${settings.users.at(-1)?.toLocaleString('en-US')} in ${settings.days} days, which is too many.`,
    { hint: 'Give a smaller --growth, fewer --days or fewer --users.' },
  );
}

/** Users whom each user of the beginning brings, on average, until the last day. */
function expectedRecruits({ growth, attrition, days }: Settings): number {
  const joining = ln(1 + growth);
  const net = joining + ln(1 - attrition);
  const years = days / 365;
  return Math.abs(net) < 1e-9 ? joining * years : (joining * (exp(net * years) - 1)) / net;
}

function assertWhole(flag: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const limits = `${least.toLocaleString('en-US')} to ${most.toLocaleString('en-US')}`;
  throw new UsageError(`${flag} is ${value}, not a whole number from ${limits}.`);
}

function assertShare(flag: string, value: number, most: number): void {
  if (value >= 0 && value <= most) return;
  throw new UsageError(`${flag} is ${value}, not a share from 0 to ${most}.`);
}
