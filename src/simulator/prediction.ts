import type { FaultName } from '../answer-key/answer-key.ts';
import { UsageError } from '../errors.ts';
import { dayOf } from './calendar.ts';
import { busyness } from './hours.ts';
import { expectedEvents, type ProfileName } from './pages.ts';
import { makeLevels } from './population.ts';
import { MOST_DAYS, MOST_USERS, type Settings } from './settings.ts';
import { populationOf } from './world.ts';

/** What a data set will come to, before it is made. */
export interface Prediction {
  readonly users: number;
  readonly sessions: number;
  readonly events: number;
  readonly logBytes: number;
  readonly songBytes: number;
}

/** Bytes of an event and of a song, as measured; gzip takes them to a share. */
const EVENT_BYTES = 478;
const SONG_BYTES = 275;
const GZIP_SHARE = 0.075;
/** Of the events that the chain expects, those that mornings do not cut off; measured. */
const UNCUT = 0.972;
/** A sample of the users stands for all of them. */
const MOST_ASKED = 100_000;

/** Faults add lines and copies of files. */
function dirtyFactor({ rates }: Settings): number {
  const of = (name: FaultName): number => rates?.[name] ?? 0;
  return (
    (1 + of('duplicate-event') + of('key-conflict')) * (1 + of('duplicate-file') + of('redelivered-file'))
  );
}

/** Predicts from the users' own rates; a few per cent off for thousands of users, more for a handful. */
export function predict(settings: Settings): Prediction {
  const name = JSON.stringify(settings);
  if (last?.name !== name) last = { name, prediction: makePrediction(settings) };
  return last.prediction;
}

/** Asked several times about the same. */
let last: { name: string; prediction: Prediction } | null = null;

function makePrediction(settings: Settings): Prediction {
  const lastUser = settings.users.at(-1) as number;
  const sums = expectedSums(settings, Math.min(lastUser, MOST_ASKED));
  const scale = lastUser / Math.min(lastUser, MOST_ASKED);
  const events = sums.events * scale;
  const lines = events * dirtyFactor(settings);
  const packed = settings.gzip ? GZIP_SHARE : 1;
  return {
    users: Math.round(sums.users * scale),
    sessions: Math.round(sums.sessions * scale),
    events: Math.round(events),
    logBytes: Math.round(lines * EVENT_BYTES * packed),
    songBytes: Math.round(
      settings.songs * SONG_BYTES * (settings.gzip && settings.songFiles === 'packed' ? 0.35 : 1),
    ),
  };
}

/** The users, or with `users` given the days, that make about so many events. */
export function solve(
  settings: Settings,
  wanted: { events: number } | { bytes: number },
  by: 'users' | 'days',
): Settings {
  const packed = settings.gzip ? GZIP_SHARE : 1;
  const events =
    'events' in wanted ? wanted.events : wanted.bytes / (EVENT_BYTES * packed * dirtyFactor(settings));
  const at = (value: number): Settings =>
    by === 'users' ? { ...settings, users: [value] } : { ...settings, days: value };
  const most = by === 'users' ? MOST_USERS : MOST_DAYS;
  const tooMuch = (): UsageError =>
    new UsageError(
      `So much is not possible: ${most.toLocaleString('en-US')} ${by} make about ${predict(at(most)).events.toLocaleString('en-US')} events.`,
      { hint: by === 'users' ? 'Give more --days.' : 'Give more --users, or none.' },
    );
  // Events grow nearly in proportion, so that a few corrections come near; the nearest that was met is taken.
  let value = by === 'users' ? 2_000 : 30;
  let best = { value, off: Number.POSITIVE_INFINITY };
  for (let step = 0; step < MOST_CORRECTIONS; step += 1) {
    const found = predict(at(value)).events;
    const off = Math.abs(found - events);
    if (off < best.off) best = { value, off };
    const next = Math.max(1, Math.round((value * events) / Math.max(1, found)));
    if (next > most && value >= most) throw tooMuch();
    if (next === value || off < events * CLOSE_ENOUGH) break;
    value = Math.min(most, next);
  }
  return at(best.value);
}

const MOST_CORRECTIONS = 12;
const CLOSE_ENOUGH = 0.0005;

/** Expected sums over the first users, day by day. */
function expectedSums(
  settings: Settings,
  lastUser: number,
): { users: number; sessions: number; events: number } {
  const { seed, days, profile } = settings;
  const fromDay = dayOf(settings.from) as number;
  const population = populationOf(settings, 1, lastUser);
  const busy = new Float64Array(days + 1);
  for (let day = 0; day < days; day += 1) busy[day + 1] = (busy[day] as number) + busyness(fromDay + day);
  const [free, paid] = eventsASession(profile);
  const middle = makeLevels(population, seed, fromDay, fromDay + Math.floor(days / 2));
  let sessions = 0;
  let events = 0;
  for (let user = 0; user < population.count; user += 1) {
    const from = Math.max(0, (population.joinDay[user] as number) - fromDay);
    const to = Math.min(days, (population.leaveDay[user] as number) - fromDay);
    if (to <= from) continue;
    const own = (population.sessionsADay[user] as number) * ((busy[to] as number) - (busy[from] as number));
    sessions += own;
    events += own * (middle.isPaid[user] === 1 ? paid : free);
  }
  return { users: population.count, sessions, events: events * UNCUT };
}

const known = new Map<ProfileName, readonly [number, number]>();

function eventsASession(profile: ProfileName): readonly [number, number] {
  const before = known.get(profile);
  if (before !== undefined) return before;
  const made = expectedEvents(profile);
  known.set(profile, made);
  return made;
}
