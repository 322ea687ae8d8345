import { DAY_MS, YEAR_DAYS } from './calendar.ts';
import { dayStartMs, timeOfDayMs } from './hours.ts';
import { personOf } from './person.ts';
import { exp, ln, makeStream, purposes, type Stream, uniformOf } from './random.ts';

/** What the users are like; rates are per year. */
interface Habits {
  /** Users who join in a year, as a share of those at its beginning. */
  readonly growth: number;
  /** Of the users at a year's beginning, the share that is gone at its end. */
  readonly attrition: number;
}

/** Sessions a user and day, on average over all users and weekdays: measured on the real logs. */
const SESSIONS_A_DAY = 0.34;
const PAID_AT_FIRST = 0.25;
/** Days until a free user upgrades, and a paying one downgrades, on average. */
const DAYS_TO_CHANGE = [330, 180] as const;
/** Recruits' ids begin here: the k-th user whom user 42 brings is 10,000,042, 20,000,042, … */
const RECRUIT_IDS = 10_000_000;
/** What a visitor takes to register at least, so that it fits into the first day. */
export const REGISTRATION_MS = 120_000;
/** How far into the first day it may happen, also when daylight saving makes that an hour shorter. */
const LATEST_REGISTRATION_MS = 21 * 3_600_000;
/** The app's age when a data set begins; nobody registered before. */
const APP_AGE_DAYS = 5 * YEAR_DAYS;
const NEVER = 2_000_000_000;

/** All users of a range of numbers, and those whom they bring later, in an order that more days do not change. */
export interface Population {
  readonly count: number;
  readonly ids: Float64Array;
  /** The first day that a user may use the app; registration happens on it, or happened before. */
  readonly joinDay: Int32Array;
  /** Milliseconds since 1970. */
  readonly registeredMs: Float64Array;
  /** The last day, on which full profiles cancel. */
  readonly leaveDay: Int32Array;
  /** Sessions on an average day. */
  readonly sessionsADay: Float64Array;
}

export interface PopulationRequest extends Habits {
  readonly seed: number;
  readonly fromDay: number;
  readonly days: number;
  readonly firstUser: number;
  readonly lastUser: number;
}

/** Makes the users; pure in the seed and each user's number, save that recruits after the last day are left out. */
export function makePopulation(request: PopulationRequest): Population {
  const { seed, fromDay, firstUser, lastUser } = request;
  const users = lastUser - firstUser + 1;
  const recruits: number[] = [];
  const stream = makeStream(seed, purposes.life, 0);
  const counts = new Uint16Array(users);
  for (let user = firstUser; user <= lastUser; user += 1) {
    const days = recruitDays(request, user, stream);
    counts[user - firstUser] = days.length;
    for (const day of days) recruits.push(day);
  }
  const count = users + recruits.length;
  const population = {
    count,
    ids: new Float64Array(count),
    joinDay: new Int32Array(count),
    registeredMs: new Float64Array(count),
    leaveDay: new Int32Array(count),
    sessionsADay: new Float64Array(count),
  };
  let at = 0;
  let recruit = 0;
  for (let user = firstUser; user <= lastUser; user += 1) {
    settle(at, user, null);
    at += 1;
    for (let nth = 1; nth <= (counts[user - firstUser] as number); nth += 1) {
      settle(at, user + nth * RECRUIT_IDS, recruits[recruit] as number);
      at += 1;
      recruit += 1;
    }
  }
  return population;

  function settle(place: number, id: number, joins: number | null): void {
    stream.restart(purposes.life, id, 0);
    const ageDays = Math.min(APP_AGE_DAYS, stream.exponential() * 400);
    const joinDay = joins ?? fromDay - 2 - Math.floor(ageDays);
    population.ids[place] = id;
    population.joinDay[place] = joins === null ? -NEVER : joinDay;
    population.registeredMs[place] = joinDay * DAY_MS + stream.below(DAY_MS);
    const hazard = -ln(1 - request.attrition) / YEAR_DAYS;
    const stays = stream.exponential();
    population.leaveDay[place] =
      hazard === 0 ? NEVER : Math.min(NEVER, Math.max(joinDay, fromDay) + 1 + Math.floor(stays / hazard));
    population.sessionsADay[place] = SESSIONS_A_DAY * exp(stream.normal() - 0.5);
    if (joins === null) return;
    const { place: home, morning } = personOf(stream, id, NEVER, joinDay);
    const hour = uniformOf(seed, purposes.recruits, id, 1);
    const intoDay = Math.min(timeOfDayMs(hour, morning), LATEST_REGISTRATION_MS);
    population.registeredMs[place] = dayStartMs(home, joinDay, morning) + intoDay + REGISTRATION_MS;
  }
}

/**
 * The days on which a user's recruits join. Arrivals are a Poisson process whose rate follows the population, so
 * that after a year N users have become N (1 + growth) (1 - attrition).
 */
function recruitDays(request: PopulationRequest, user: number, stream: Stream): number[] {
  const { fromDay, days, growth, attrition } = request;
  const found: number[] = [];
  if (growth === 0) return found;
  stream.restart(purposes.recruits, user, 0);
  const joining = ln(1 + growth);
  const net = joining + (attrition === 0 ? 0 : ln(1 - attrition));
  let arrived = 0;
  for (;;) {
    arrived += stream.exponential();
    // The expected arrivals until t years: joining (e^(net t) - 1) / net; solved for t.
    const grown = 1 + (net * arrived) / joining;
    if (grown <= 0) return found;
    const years = Math.abs(net) < 1e-9 ? arrived / joining : ln(grown) / net;
    const day = Math.floor(years * YEAR_DAYS);
    if (day >= days) return found;
    found.push(fromDay + day);
  }
}

/** When a user's level changes; advanced day by day, since every day asks. */
export interface Levels {
  readonly isPaid: Uint8Array;
  /** The day of the next change; on it the user has a session that holds the change. */
  readonly changeDay: Int32Array;
  /** Passes a change. */
  advance(user: number): void;
}

/** Every user's level at the beginning of `day`. */
export function makeLevels(population: Population, seed: number, fromDay: number, day: number): Levels {
  const { count, ids, joinDay } = population;
  const isPaid = new Uint8Array(count);
  const changeDay = new Int32Array(count);
  const changes = new Uint16Array(count);

  function daysToNext(user: number): number {
    const change = changes[user] as number;
    const mean = DAYS_TO_CHANGE[isPaid[user] as 0 | 1];
    return 2 + Math.floor(-ln(1 - uniformOf(seed, purposes.levels, ids[user] as number, change + 1)) * mean);
  }

  function advance(user: number): void {
    isPaid[user] = 1 - (isPaid[user] as number);
    changes[user] = (changes[user] as number) + 1;
    changeDay[user] = (changeDay[user] as number) + daysToNext(user);
  }

  for (let user = 0; user < count; user += 1) {
    const isRecruit = (joinDay[user] as number) > -NEVER;
    const draw = uniformOf(seed, purposes.levels, ids[user] as number, 0);
    isPaid[user] = !isRecruit && draw < PAID_AT_FIRST ? 1 : 0;
    changeDay[user] =
      (isRecruit ? (joinDay[user] as number) : fromDay) + daysToNext(user) - 2 + (isRecruit ? 1 : 0);
    while ((changeDay[user] as number) < day) advance(user);
  }
  return { isPaid, changeDay, advance };
}
