import { DAY_MS, isHoliday, offsetMs, weekdayOf } from './calendar.ts';
import type { OutputLocation } from './towns.ts';
import { cumulativeWeights, pick } from './weights.ts';

/** By weekday from Monday, mean 1: weekends are half as busy. */
const weekdayFactors = [1.18, 1.18, 1.22, 1.2, 1.22, 0.5, 0.5] as const;
const HOLIDAY_FACTOR = 0.6;

/** How busy a day is, 1 on average over a week. */
export function busyness(day: number): number {
  return (weekdayFactors[weekdayOf(day) - 1] as number) * (isHoliday(day) ? HOLIDAY_FACTOR : 1);
}

/** Milliseconds since 1970 at which a user's day begins: between four and six in the morning where the user lives. */
export function dayStartMs(place: OutputLocation, day: number, morning: number): number {
  return day * DAY_MS + MORNING_MS + Math.floor(morning * 7_200_000) - offsetMs(place.zone, day);
}

/** The earliest that a user's day begins on the user's clock. */
const MORNING_MS = 4 * 3_600_000;

/** Shares of session starts by hour of the user's clock: measured on the real logs, smoothed. */
const hourShares = [
  2.4, 2.4, 2.3, 2.4, 2.7, 3.1, 3.2, 3.1, 3.3, 3.7, 4.1, 4.4, 5.2, 6.5, 7.4, 7.9, 7.2, 5.8, 4.9, 4.2, 3.6,
  3.1, 2.8, 2.5,
] as const;
const hourEnds = cumulativeWeights(hourShares);

/** A time of day on the user's clock, in milliseconds after the user's day began (4:00 plus `morning` times two hours). */
export function timeOfDayMs(draw: number, morning: number): number {
  const hour = pick(hourEnds, draw);
  const from = hour === 0 ? 0 : (hourEnds[hour - 1] as number);
  const within = (draw - from) / ((hourEnds[hour] as number) - from);
  const clockMs = Math.floor((hour + within) * 3_600_000);
  const begins = MORNING_MS + Math.floor(morning * 7_200_000);
  return (clockMs - begins + DAY_MS) % DAY_MS;
}
