import { ROW_MODULUS } from '../answer-key/row-sums.ts';
import { DAY_MS } from './calendar.ts';
import type { Catalogue } from './catalogue.ts';
import { type Events, makeEvents, reserve } from './events.ts';
import { type FragmentStore, fragmentStore } from './fragments.ts';
import { busyness, dayStartMs, timeOfDayMs } from './hours.ts';
import { type Chain, chainOf, END, follow, type ProfileName, stateNumber, states } from './pages.ts';
import { type Person, personOf } from './person.ts';
import type { PersonFragments } from './person-fragments.ts';
import { type Levels, type Population, REGISTRATION_MS } from './population.ts';
import type { Preferences } from './preferences.ts';
import { exp, makeStream, purposes, uniformOf } from './random.ts';
import type { RecordForm } from './record-form.ts';

/** Fragments that each session has to itself: registration, number, user. */
export const SESSION_FRAGMENTS = 3;

/** What happened in one UTC day. */
export interface Day {
  readonly events: Events;
  /** SESSION_FRAGMENTS a session, in the order of their numbers in `events.session`. */
  readonly fragments: FragmentStore;
  readonly sessions: Sessions;
}

/** What is known of each session, by its number in `events.session`. */
interface Sessions {
  readonly numbers: number[];
  /** Places in the population. */
  readonly users: number[];
  readonly locations: string[];
  /** Numbers in `userAgents`. */
  readonly devices: number[];
  /** Fragments that people share: first name, last name, place, agent. */
  readonly firsts: number[];
  readonly lasts: number[];
  readonly places: number[];
  readonly agents: number[];
  /** The session's number, and its location and agent, as the answer key sums them (see row-sums.ts). */
  readonly remainders: number[];
  readonly tails: number[];
}

export function makeDay(): Day {
  return {
    events: makeEvents(),
    fragments: fragmentStore(1_024, 65_536),
    sessions: {
      numbers: [],
      users: [],
      locations: [],
      devices: [],
      firsts: [],
      lasts: [],
      places: [],
      agents: [],
      remainders: [],
      tails: [],
    },
  };
}

/** Forgets what happened, keeps the memory. */
export function clearDay(day: Day): void {
  day.events.count = 0;
  day.fragments.clear();
  for (const list of Object.values(day.sessions)) list.length = 0;
}

export interface Model {
  readonly seed: number;
  readonly profile: ProfileName;
  readonly fromDay: number;
  readonly population: Population;
  readonly levels: Levels;
  readonly catalogue: Catalogue;
  readonly taste: Preferences;
  readonly form: RecordForm;
  readonly people: PersonFragments;
}

/** Sessions are this far apart at least. */
const SESSION_GAP_MS = 1_800_000;
/** The last session begins so long before the user's day ends, also on the day that daylight saving shortens. */
const LATEST_START_MS = 3_600_000;
const MOST_SESSIONS_A_DAY = 99;
const SKIPPED = 0.1;
/** Mean milliseconds on a page that plays nothing. */
const THINK_MS = 110_000;
const MOST_THINK_MS = 1_500_000;
/** Mean milliseconds into a song at which another page is opened. */
const INTO_SONG_MS = 90_000;

/** What a session must hold besides what chance brings. */
type Duty = 'none' | 'change level' | 'register' | 'cancel';

/**
 * Simulates every user's day, from early morning to early morning where the user lives, which falls into two UTC
 * days. What a user does on a day depends on nothing but the seed, the user and the day: no queue, no state carried
 * over, so that any range of days can be made alone.
 */
export function simulateDay(model: Model, day: number, today: Day, tomorrow: Day): void {
  const { seed, profile, population, levels, catalogue, taste, form, people } = model;
  const chain: Chain = chainOf(profile);
  const isFull = profile === 'full';
  const stream = makeStream(seed, purposes.sessions, 0);
  const who = makeStream(seed, purposes.user, 0);
  const busy = busyness(day);
  const midnightMs = (day + 1) * DAY_MS;
  const starts: number[] = [];

  for (let user = 0; user < population.count; user += 1) {
    if (day < (population.joinDay[user] as number) || day > (population.leaveDay[user] as number)) continue;
    simulateUser(user);
  }

  function simulateUser(user: number): void {
    const id = population.ids[user] as number;
    const isFirst = day === population.joinDay[user];
    const isLast = day === population.leaveDay[user];
    const changes = day === levels.changeDay[user];
    let sessions = poisson(
      uniformOf(seed, purposes.day, id, day),
      (population.sessionsADay[user] as number) * busy,
    );
    if (isLast && !isFull) sessions = 0;
    else if (isFirst || isLast || changes) sessions = Math.max(1, sessions);
    if (sessions > 0) {
      const person = personOf(who, id, population.registeredMs[user] as number, day);
      stream.restart(purposes.sessions, id, day);
      const duty = isFirst ? 'register' : isLast ? 'cancel' : changes ? 'change level' : 'none';
      simulateSessions(user, person, sessions, duty);
    }
    if (changes) levels.advance(user);
  }

  function simulateSessions(user: number, person: Person, sessions: number, firstDuty: Duty): void {
    const startMs = dayStartMs(person.place, day, person.morning);
    const endMs = dayStartMs(person.place, day + 1, person.morning);
    const registeredMs = population.registeredMs[user] as number;
    starts.length = 0;
    for (let nth = 0; nth < sessions; nth += 1) {
      starts.push(startMs + timeOfDayMs(stream.next(), person.morning));
    }
    starts.sort((a, b) => a - b);
    if (firstDuty === 'register') starts[0] = registeredMs - REGISTRATION_MS + 5_000;
    let freeFromMs = firstDuty === 'register' ? (starts[0] as number) : startMs;
    let duty = firstDuty;
    let isPaid = levels.isPaid[user] as number;
    for (const [nth, start] of starts.entries()) {
      const beginsMs = Math.max(Math.min(start, endMs - LATEST_START_MS), freeFromMs);
      if (beginsMs >= endMs) break;
      freeFromMs = simulateSession(user, person, nth, beginsMs, endMs, isPaid, duty) + SESSION_GAP_MS;
      if (duty === 'cancel') return;
      if (duty === 'change level') isPaid = 1 - isPaid;
      duty = 'none';
    }
  }

  /** Returns when its last event happened. */
  function simulateSession(
    user: number,
    person: Person,
    nth: number,
    beginsMs: number,
    endMs: number,
    isPaid: number,
    duty: Duty,
  ): number {
    const id = population.ids[user] as number;
    const number = id * 1_000_000 + (day - model.fromDay + 1) * 100 + nth;
    let paid = isPaid;
    let script: readonly number[] = [];
    let scripted = 0;
    // The walk that comes before what the day asks for.
    let walk = duty === 'none' || duty === 'register' ? Number.POSITIVE_INFINITY : 1 + stream.below(5);
    let state: number;
    if (duty === 'none') {
      const begins = follow(chain.begin[paid] as Chain['begin'][number], stream.next());
      state = begins === END ? stateNumber.home : begins;
    } else if (duty === 'register' && isFull) {
      script = [stateNumber.register, stateNumber.submitRegistration, stateNumber.home];
      state = stateNumber.homeGuest;
    } else state = stateNumber.home;
    const usual = person.devices.length === 1 || stream.next() < 0.7;
    const device = person.devices[usual ? 0 : stream.below(person.devices.length)] as number;
    const sessions: [today: number, tomorrow: number] = [-1, -1];
    let ts = duty === 'register' && !isFull ? (population.registeredMs[user] as number) + 1_000 : beginsMs;
    let lastTs = ts;
    let previous = -1;
    for (let item = 0; ts < endMs || walk < Number.POSITIVE_INFINITY || scripted < script.length; item += 1) {
      let song = -1;
      if (state === stateNumber.nextSong) {
        song = taste.next(stream, person, id, day, previous);
        previous = song;
      }
      emit(ts, item, state, paid, song);
      lastTs = ts;
      if (state === stateNumber.submitUpgrade || state === stateNumber.submitDowngrade) paid = 1 - paid;
      const from = state;
      if (scripted < script.length) {
        state = script[scripted] as number;
        scripted += 1;
      } else {
        state = follow(chain.next[paid]?.[state] as Chain['begin'][number], stream.next());
        walk -= 1;
        if (walk <= 0 || (state === END && walk < Number.POSITIVE_INFINITY)) {
          script = scriptOf(duty, paid, from);
          state = script[0] as number;
          scripted = 1;
          walk = Number.POSITIVE_INFINITY;
        }
      }
      if (state === END || from === stateNumber.cancellation) break;
      if (state === stateNumber.register) ts += 30_000 + stream.below(60_000);
      else if (state === stateNumber.submitRegistration) ts = population.registeredMs[user] as number;
      else ts += gapMs(from, state, song, person.pace);
    }
    return lastTs;

    function emit(atMs: number, item: number, at: number, isPaid: number, song: number): void {
      const isTomorrow = atMs >= midnightMs;
      const target = isTomorrow ? tomorrow : today;
      const side = isTomorrow ? 1 : 0;
      if (sessions[side] < 0) sessions[side] = openSession(target, user, person, number, device);
      const { events } = target;
      reserve(events);
      const place = events.count;
      events.count = place + 1;
      events.offsetMs[place] = atMs - (isTomorrow ? midnightMs : midnightMs - DAY_MS);
      events.session[place] = sessions[side];
      events.item[place] = item;
      events.kind[place] = at * 2 + isPaid;
      events.song[place] = song;
    }
  }

  function gapMs(from: number, to: number, song: number, pace: number): number {
    if (states[to]?.status === 307) return 600 + stream.below(900);
    if (from === stateNumber.nextSong) {
      const length = catalogue.lengthMs[song] as number;
      if (to !== stateNumber.nextSong)
        return 1_000 + Math.floor(Math.min(length, stream.exponential() * INTO_SONG_MS));
      if (stream.next() < SKIPPED) return 2_000 + Math.floor(stream.next() * length * 0.6);
      return length;
    }
    return 1_000 + Math.floor(Math.min(MOST_THINK_MS, stream.exponential() * THINK_MS * pace));
  }

  /** Adds a session to a UTC day and writes the parts of its records that stay the same. */
  function openSession(target: Day, user: number, person: Person, number: number, device: number): number {
    const { fragments } = target;
    const registration = form.double(population.registeredMs[user] as number);
    const id = String(population.ids[user]);
    if (form.name === 'eventsim') {
      fragments.add(`,"registration":${registration},"gender":"${person.gender}"`);
      fragments.add(String(number));
      fragments.add(id);
    } else {
      fragments.add(`${registration},"sessionId":`);
      fragments.add(String(number));
      fragments.add(`${id}"}\n`);
    }
    const { sessions } = target;
    sessions.users.push(user);
    const { location } = person.place;
    sessions.locations.push(location);
    sessions.devices.push(device);
    sessions.firsts.push(people.first(person.gender, person.firstName));
    sessions.lasts.push(people.last(person.lastName));
    sessions.places.push(people.place(location));
    sessions.agents.push(people.agent(device));
    sessions.remainders.push(number % ROW_MODULUS);
    sessions.tails.push(people.listener(location, device));
    return sessions.numbers.push(number) - 1;
  }
}

/** The pages on which a level changes or a subscription ends, from where the user stands. */
function scriptOf(duty: Duty, paid: number, from: number): readonly number[] {
  const isOut = states[from]?.auth === 'Logged Out';
  const isLeaving = from === stateNumber.logout;
  const entry = isLeaving
    ? [stateNumber.homeOut, stateNumber.login, stateNumber.home]
    : isOut
      ? [stateNumber.login, stateNumber.home]
      : [];
  if (duty === 'cancel')
    return [...entry, stateNumber.settings, stateNumber.cancel, stateNumber.cancellation];
  const change =
    paid === 1
      ? [stateNumber.downgrade, stateNumber.submitDowngrade]
      : [stateNumber.upgrade, stateNumber.submitUpgrade];
  return [...entry, ...change, stateNumber.home];
}

/** How many sessions a draw in [0, 1) means at this rate. */
function poisson(draw: number, rate: number): number {
  let term = exp(-rate);
  let sum = term;
  let count = 0;
  while (draw >= sum && count < MOST_SESSIONS_A_DAY) {
    count += 1;
    term = (term * rate) / count;
    sum += term;
  }
  return count;
}
