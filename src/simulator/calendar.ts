/** Days and time zones in whole numbers: days since 1970-01-01, milliseconds since then in UTC. */
export const DAY_MS = 86_400_000;
export const YEAR_DAYS = 365;
const HOUR_MS = 3_600_000;

/** A zone without daylight saving time has `saves` false; with it, the rule is that of the United States since 2007. */
export interface Zone {
  readonly standardHours: number;
  readonly saves: boolean;
}

/** `2018-11-01` as days since 1970; null if there is no such day. */
export function dayOf(date: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return null;
  const ms = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(ms) || dateOf(ms / DAY_MS) !== date ? null : ms / DAY_MS;
}

/** Days since 1970 as `2018-11-01`. */
export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** 1 = Monday .. 7 = Sunday. */
export function weekdayOf(day: number): number {
  return ((((day + 3) % 7) + 7) % 7) + 1;
}

function yearOf(day: number): number {
  return new Date(day * DAY_MS).getUTCFullYear();
}

/** The day of a month's n-th weekday: `nthWeekday(2018, 11, 4, 4)` is Thanksgiving. */
function nthWeekday(year: number, month: number, weekday: number, nth: number): number {
  const first = Date.UTC(year, month - 1, 1) / DAY_MS;
  return first + ((weekday - weekdayOf(first) + 7) % 7) + 7 * (nth - 1);
}

/** Milliseconds that a zone's clock is ahead of UTC at noon of a day. */
export function offsetMs(zone: Zone, day: number): number {
  if (!zone.saves) return zone.standardHours * HOUR_MS;
  const year = yearOf(day);
  const isSummer = day >= nthWeekday(year, 3, 7, 2) && day < nthWeekday(year, 11, 7, 1);
  return (zone.standardHours + (isSummer ? 1 : 0)) * HOUR_MS;
}

/** Public holidays that are the same in every zone: New Year, Independence Day, Thanksgiving, Christmas. */
export function isHoliday(day: number): boolean {
  const monthAndDay = dateOf(day).slice(5);
  if (['01-01', '07-04', '12-25'].includes(monthAndDay)) return true;
  return monthAndDay.startsWith('11') && day === nthWeekday(yearOf(day), 11, 4, 4);
}
