import { ServerError } from './copy-session.ts';
import { codes, LoadError } from './load-error.ts';

const DEFAULT_DATE = 'YYYY-MM-DD';
const DEFAULT_TIME = 'YYYY-MM-DD HH:MI:SS';
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const monthName =
  'jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?';
/** By r_DATEFORMAT_and_TIMEFORMAT_strings; HH is HH24 here, unlike in the functions of SQL. */
const parts: readonly (readonly [name: string, pattern: string])[] = [
  ['YYYY', '(?<year>\\d{4})'],
  ['YY', '(?<shortYear>\\d{2})'],
  ['MON', `(?<monthName>${monthName})`],
  ['MM', '(?<month>\\d{1,2})'],
  ['DD', '(?<day>\\d{1,2})'],
  ['HH24', '(?<hour>\\d{1,2})'],
  ['HH12', '(?<hour>\\d{1,2})'],
  ['HH', '(?<hour>\\d{1,2})'],
  ['MI', '(?<minute>\\d{1,2})'],
  ['SS', '(?<second>\\d{1,2})(?:\\.(?<fraction>\\d+))?'],
  ['AM', '(?<half>am|pm)'],
  ['PM', '(?<half>am|pm)'],
];
const clock = '(?<hour>\\d{1,2}):(?<minute>\\d{2})(?::(?<second>\\d{2})(?:\\.(?<fraction>\\d+))?)?';
const zone = '(?: ?(?<zone>Z|[+-]\\d{1,2}(?::?\\d{2})?))?';
/** Those of the forms of automatic-recognition that the double knows. */
const recognised = [
  new RegExp(`^(?<year>\\d{4})-(?<month>\\d{1,2})-(?<day>\\d{1,2})(?:[ T]${clock}${zone})?$`, 'i'),
  /^(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})(?:[ T](?<hour>\d{2})(?<minute>\d{2})(?<second>\d{2}))?$/,
  new RegExp(`^(?<month>\\d{1,2})/(?<day>\\d{1,2})/(?<year>\\d{4})(?: ${clock}${zone})?$`),
];
const plainTime = (offset: string): RegExp =>
  new RegExp(
    `^(?<year>\\d{4})-(?<month>\\d{1,2})-(?<day>\\d{1,2})(?: (?<hour>\\d{1,2}):(?<minute>\\d{2}):(?<second>\\d{2})(?:\\.(?<fraction>\\d+))?${offset})?$`,
  );

/** Reads the values of a TIMESTAMP or TIMESTAMPTZ column into PostgreSQL's form. */
export function timestampReader(format: string | null, withZone: boolean): (text: string) => string {
  if (format === 'epochsecs') return (text) => epoch(text, 1_000, 'EPOCHSECS');
  if (format === 'epochmillisecs') return (text) => epoch(text, 1, 'EPOCHMILLISECS');
  const wrong = (): never => {
    const shown =
      (format === null || format === 'auto' ? DEFAULT_TIME : format).replace(/HH(?!\d)/, 'HH24') +
      (withZone && format === null ? 'OF' : '');
    throw new LoadError(codes.timestamp, `Invalid timestamp format or value [${shown}]`);
  };
  if (format === 'auto') return (text) => written(recognise(text), withZone) ?? wrong();
  const pattern =
    format === null
      ? plainTime(withZone ? '(?<zone>[+-]\\d{1,2}(?::?\\d{2})?)?' : '')
      : compiled('TIMEFORMAT', format);
  return (text) => written(pattern.exec(text)?.groups, withZone) ?? wrong();
}

/** Reads the values of a DATE column; a time in them is dropped. */
export function dateReader(format: string | null): (text: string) => string {
  const wrong = (text: string): never => {
    const isShort = text.length < 10 && (format ?? DEFAULT_DATE).length >= 10;
    throw new LoadError(
      codes.date,
      isShort ? 'Invalid Date Format - length must be 10 or more' : 'Invalid date format or value',
    );
  };
  const pattern = format === null || format === 'auto' ? null : compiled('DATEFORMAT', format);
  return (text) => {
    if (format === 'auto') return written(recognise(text), false)?.slice(0, 10) ?? wrong(text);
    const groups =
      pattern === null
        ? /^(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})(?:[ T].*)?$/.exec(text)?.groups
        : pattern.exec(text)?.groups;
    return written(groups, false)?.slice(0, 10) ?? wrong(text);
  };
}

function recognise(text: string): Record<string, string> | undefined {
  for (const pattern of recognised) {
    const groups = pattern.exec(text)?.groups;
    if (groups !== undefined) return groups;
  }
  // The guide lists names of months and zones, Julian days, BC and short years too: what it says of them is not known well enough.
  if (/[a-z]/i.test(text) || /^\d{6} \d{6}$|^\d{4}\.\d{3}$|^\d+\.\d+\.\d+ /.test(text))
    throw new ServerError('0A000', `not emulated: automatic recognition of the time '${text}'`);
  return undefined;
}

function compiled(option: string, format: string): RegExp {
  let source = '';
  for (let at = 0; at < format.length; ) {
    const part = parts.find(([name]) => format.startsWith(name, at));
    const char = format[at] as string;
    if (part !== undefined) source += part[1];
    else if (/[A-SU-Za-z]/.test(char) || /^T[A-Z]/.test(format.slice(at)))
      throw new ServerError('0A000', `not emulated: ${option} '${format}'`);
    else source += char.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
    at += part?.[0].length ?? 1;
  }
  return new RegExp(`^${source}$`, 'i');
}

/** A time in PostgreSQL's form; null, if there is no such time. */
function written(groups: Record<string, string> | undefined, withZone: boolean): string | null {
  if (groups === undefined) return null;
  const short = Number(groups.shortYear ?? 0);
  const year = groups.year === undefined ? (short < 70 ? 2000 : 1900) + short : Number(groups.year);
  const name = groups.monthName?.slice(0, 3).toLowerCase();
  const month = name === undefined ? Number(groups.month ?? 1) : months.indexOf(name) + 1;
  const day = Number(groups.day ?? 1);
  let hour = Number(groups.hour ?? 0);
  if (groups.half !== undefined) {
    if (hour < 1 || hour > 12) return null;
    hour = (hour % 12) + (groups.half.toLowerCase() === 'pm' ? 12 : 0);
  }
  const minute = Number(groups.minute ?? 0);
  const second = Number(groups.second ?? 0);
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > lastDay) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
  const fraction = (groups.fraction ?? '').slice(0, 6).padEnd(6, '0');
  const zoneText = groups.zone === undefined || /^z$/i.test(groups.zone) ? '+00' : groups.zone;
  return `${date} ${two(hour)}:${two(minute)}:${two(second)}.${fraction}${withZone ? zoneText : ''}`;
}

function epoch(text: string, unitMs: number, shown: string): string {
  const date = /^-?\d{1,17}$/.test(text) ? new Date(Number(text) * unitMs) : new Date(Number.NaN);
  const year = date.getUTCFullYear();
  if (!(year >= 1 && year <= 9999))
    throw new LoadError(codes.timestamp, `Invalid timestamp format or value [${shown}]`);
  return date.toISOString().replace('Z', '+00');
}
