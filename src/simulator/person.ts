import { DAY_MS, YEAR_DAYS } from './calendar.ts';
import { firstNames, lastNames, userAgents } from './people.ts';
import { purposes, type Stream } from './random.ts';
import { GENRES } from './song.ts';
import { type OutputLocation, places } from './towns.ts';
import { cumulativeWeights, pick } from './weights.ts';

const MOVES_A_YEAR = 0.05;
const NEW_NAMES_A_YEAR = 0.01;

/** What a user is on one day: fixed but for a move or a new name. */
export interface Person {
  readonly firstName: string;
  readonly lastName: string;
  readonly gender: 'F' | 'M';
  readonly place: OutputLocation;
  /** Numbers in `userAgents`, the one used most first. */
  readonly devices: readonly number[];
  /** Three favourite genres may repeat: each draws a third of the user's taste. */
  readonly genres: readonly number[];
  /** Think time between pages, relative to the average. */
  readonly pace: number;
  /** When the user's day begins: 0 is four o'clock, 1 six o'clock where the user lives. */
  readonly morning: number;
}

const placeShares = cumulativeWeights(places.map((place) => place.weight));

/** The person with this id, as of a day. */
export function personOf(stream: Stream, id: number, registeredMs: number, day: number): Person {
  stream.restart(purposes.user, id, 0);
  const gender = stream.next() < 0.55 ? 'F' : 'M';
  const namesOf = firstNames[gender];
  const firstName = namesOf[stream.below(namesOf.length)] as string;
  let lastName = lastNames[stream.below(lastNames.length)] as string;
  let place = pick(placeShares, stream.next());
  const genres = [stream.below(GENRES), stream.below(GENRES), stream.below(GENRES)];
  const pace = 0.5 + stream.exponential() * 0.5;
  const morning = stream.next();
  const devices = [skewed(stream)];
  while (devices.length < 3 && stream.next() < 0.3) devices.push(skewed(stream));
  const ageYears = (day - registeredMs / DAY_MS) / YEAR_DAYS;
  if (stream.exponential() / NEW_NAMES_A_YEAR < ageYears) {
    lastName = lastNames[stream.below(lastNames.length)] as string;
  }
  stream.restart(purposes.user, id, 1);
  for (let moved = stream.exponential(); moved < ageYears * MOVES_A_YEAR; moved += stream.exponential()) {
    place = pick(placeShares, stream.next());
  }
  return {
    firstName,
    lastName,
    gender,
    place: places[place] as OutputLocation,
    devices,
    genres,
    pace,
    morning,
  };
}

function skewed(stream: Stream): number {
  const draw = stream.next();
  return Math.floor(draw * draw * userAgents.length);
}
