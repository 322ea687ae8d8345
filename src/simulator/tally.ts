import { type DayKey, SESSION_MODULUS } from '../answer-key/answer-key.ts';
import { dateOf } from './calendar.ts';
import type { Catalogue } from './catalogue.ts';
import type { Day } from './day.ts';
import { isKnown } from './format-day.ts';
import { stateNumber, states } from './pages.ts';

/** What the star must hold of the events that were counted. */
export interface Tally {
  readonly days: DayKey[];
  /** By place in the population: 0 not seen, 1 free, 2 paid at the latest event. */
  readonly users: Uint8Array;
  /** By day, the distinct start times, if they are kept. */
  readonly startTimes: number[][];
  /** Begins a UTC day; days come in order, and a day's events in the order of time. */
  beginDay(day: number): void;
  count(day: Day, event: number, isPaid: number): void;
}

const namesUser = states.map(({ auth }) => isKnown(auth));

/** An empty tally of so many users. */
export function makeTally(catalogue: Catalogue, users: number, keepsTimes: boolean): Tally {
  const tally = { days: [] as DayKey[], users: new Uint8Array(users), startTimes: [] as number[][] };
  let key = dayKey(0);
  let lastStartMs = -1;
  return {
    ...tally,
    beginDay(day) {
      key = dayKey(day);
      lastStartMs = -1;
      tally.days.push(key);
      tally.startTimes.push([]);
    },
    count({ events, sessionUsers, sessionNumbers }, event, isPaid) {
      const state = (events.kind[event] as number) >> 1;
      const session = events.session[event] as number;
      if (namesUser[state] === true) tally.users[sessionUsers[session] as number] = 1 + isPaid;
      if (state !== stateNumber.nextSong) return;
      const offsetMs = events.offsetMs[event] as number;
      key.plays += 1;
      key.paid += isPaid;
      if ((events.song[event] as number) < catalogue.listed) key.matched += 1;
      if (offsetMs !== lastStartMs) {
        key.startTimes += 1;
        if (keepsTimes) tally.startTimes.at(-1)?.push(offsetMs);
      }
      lastStartMs = offsetMs;
      key.seconds += Math.floor(offsetMs / 1_000);
      key.sessions += (sessionNumbers[session] as number) % SESSION_MODULUS;
    },
  };
}

function dayKey(day: number): DayKey {
  return { date: dateOf(day), plays: 0, paid: 0, matched: 0, startTimes: 0, seconds: 0, sessions: 0 };
}

/** Lays what a later range of days says of the users over what the earlier ones said. */
export function overlayUsers(earlier: Uint8Array, later: Uint8Array): void {
  later.forEach((level, user) => {
    if (level !== 0) earlier[user] = level;
  });
}
