import type { DayKey } from '../answer-key/answer-key.ts';
import { listenerNumber, playNumber, ROW_MODULUS, textNumber, userNumber } from '../answer-key/row-sums.ts';
import { dateOf } from './calendar.ts';
import type { Catalogue } from './catalogue.ts';
import type { Day } from './day.ts';
import { isKnown } from './format-day.ts';
import { stateNumber, states } from './pages.ts';
import { userAgents } from './people.ts';
import { personOf } from './person.ts';
import type { Population } from './population.ts';
import { makeStream, purposes } from './random.ts';

/** What a load can lose of an event that it stages, since its key is in another case: bits of a mask. */
export const lostBits = { firstName: 1, lastName: 2, gender: 4, location: 8, userAgent: 16 } as const;
/** Another bit of such a mask: the user agent stands in quotes. */
export const QUOTED_AGENT = 128;
const NAME_BITS = lostBits.firstName | lostBits.lastName | lostBits.gender;

/** What the star must hold of the events that were counted. */
export interface ExpectedCounts {
  readonly days: DayKey[];
  /** By place in the population: 0 not seen, or the state at the latest event (see `sumUsers`). */
  readonly users: Uint16Array;
  /** By day, the distinct start times, if they are kept. */
  readonly startTimes: number[][];
  /** Begins a UTC day; days come in order, and a day's events in the order of time. */
  beginDay(day: number): void;
  /** Counts an event as it is delivered; `lost` is a mask of `lostBits` and QUOTED_AGENT. */
  count(day: Day, event: number, isPaid: number, lost: number): void;
}

const namesUser = states.map(({ auth }) => isKnown(auth));

/** An empty tally. */
export function makeExpectedCounts(
  catalogue: Catalogue,
  population: Population,
  keepsTimes: boolean,
): ExpectedCounts {
  const tally = {
    days: [] as DayKey[],
    users: new Uint16Array(population.count),
    startTimes: [] as number[][],
  };
  // Numbers of user ids plus one, each computed when its user first plays.
  const userNumbers = new Uint16Array(population.count);
  let key = dayKey(0);
  let lastStartMs = -1;

  function numberOfUser(user: number): number {
    const known = userNumbers[user] as number;
    if (known > 0) return known - 1;
    const number = textNumber(String(population.ids[user]));
    userNumbers[user] = number + 1;
    return number;
  }

  return {
    ...tally,
    beginDay(day) {
      key = dayKey(day);
      lastStartMs = -1;
      tally.days.push(key);
      tally.startTimes.push([]);
    },
    count(day, event, isPaid, lost) {
      const { events, sessions } = day;
      const state = (events.kind[event] as number) >> 1;
      const session = events.session[event] as number;
      const user = sessions.users[session] as number;
      const number = sessions.numbers[session] as number;
      if (namesUser[state] === true) {
        tally.users[user] = 1 + isPaid + 2 * (lost & NAME_BITS) + 16 * dayInSession(number);
      }
      if (state !== stateNumber.nextSong) return;
      const offsetMs = events.offsetMs[event] as number;
      const song = events.song[event] as number;
      key.plays += 1;
      key.paid += isPaid;
      if (song < catalogue.listed) key.matched += 1;
      if (offsetMs !== lastStartMs) {
        key.startTimes += 1;
        if (keepsTimes) tally.startTimes.at(-1)?.push(offsetMs);
      }
      lastStartMs = offsetMs;
      const known = sessions.tails[session] as number;
      const listener =
        (5 * numberOfUser(user) + (lost === 0 ? known : tailOf(day, session, lost))) % ROW_MODULUS;
      key.rows += playNumber(sessions.remainders[session] as number, events.item[event] as number, {
        song: song < catalogue.listed ? (catalogue.songNumbers[song] as number) : 0,
        listener,
        isPaid,
        msOfDay: offsetMs,
      });
    },
  };
}

function tailOf({ sessions }: Day, session: number, lost: number): number {
  const location = (lost & lostBits.location) === 0 ? (sessions.locations[session] as string) : null;
  const device = sessions.devices[session] as number;
  const agent = userAgents[device] as string;
  const said = (lost & QUOTED_AGENT) === 0 ? agent : `"${agent}"`;
  const userAgent = (lost & lostBits.userAgent) === 0 ? said : null;
  return listenerNumber(0, location, userAgent);
}

/** The day in a session's number: days since the first one, plus one. */
function dayInSession(number: number): number {
  return Math.floor((number % 1_000_000) / 100);
}

function dayKey(day: number): DayKey {
  return { date: dateOf(day), plays: 0, paid: 0, matched: 0, startTimes: 0, rows: 0 };
}

/** Lays what a later range of days says of the users over what the earlier ones said. */
export function overlayUsers(earlier: Uint16Array, later: Uint16Array): void {
  later.forEach((state, user) => {
    if (state !== 0) earlier[user] = state;
  });
}

/** The users that were seen, by level, and the sum over their rows. */
export function sumUsers(
  states: Uint16Array,
  population: Population,
  seed: number,
  fromDay: number,
): { free: number; paid: number; rows: number } {
  const sum = { free: 0, paid: 0, rows: 0 };
  const stream = makeStream(seed, purposes.user, 0);
  states.forEach((state, user) => {
    if (state === 0) return;
    const isPaid = (state - 1) & 1;
    const lost = (state - 1) >> 1;
    const id = population.ids[user] as number;
    const day = fromDay - 1 + Math.floor((state - 1) / 16);
    const { firstName, lastName, gender } = personOf(
      stream,
      id,
      population.registeredMs[user] as number,
      day,
    );
    sum[isPaid === 1 ? 'paid' : 'free'] += 1;
    sum.rows += userNumber(textNumber(String(id)), {
      firstName: (lost & lostBits.firstName) === 0 ? firstName : null,
      lastName: (lost & lostBits.lastName) === 0 ? lastName : null,
      gender: (lost & lostBits.gender) === 0 ? gender : null,
      isPaid,
    });
  });
  return sum;
}
