import type { Fault } from '../answer-key/answer-key.ts';
import { DAY_MS } from './calendar.ts';
import type { Day } from './day.ts';
import { MOST_LINES } from './events.ts';
import { lostBits, QUOTED_AGENT } from './expected-counts.ts';
import {
  brokenJson,
  conflicting,
  doubleEncoded,
  type EventFault,
  type FaultRates,
  faultOf,
  newKey,
  otherCase,
  otherCaseKey,
  quotedAgent,
  variantOf,
  type WrongLine,
  wrongType,
} from './faults.ts';
import { stateNumber } from './pages.ts';

/** A late event comes in the file of one of so many days after its own. */
export const LATEST_DAYS = 2;

/** A line that is not simply the record of one of the day's events. */
export interface Special {
  /** Position in the day's events, or -1 for a line of an earlier day. */
  readonly event: number;
  readonly sortMs: number;
  /** Makes the line from the event's record; null leaves it as it is. */
  readonly make: ((line: string) => WrongLine | null) | null;
  readonly planted: Omit<Fault, 'path' | 'line'> | null;
  /** The line of an event of an earlier day. */
  readonly line?: string;
}

/** What becomes of each of a day's events in the star: bits, 0 for nothing. */
export const fates = { lost: 32, otherLevel: 64, quotedAgent: QUOTED_AGENT } as const;

/** A day's lines, and what is planted in them. */
export interface Planted {
  readonly specials: Special[];
  /** 1 for events that have no plain line. */
  readonly isSpecial: Uint8Array;
  /** `fates`, and `lostBits` of what is lost of an event. */
  readonly fates: Uint8Array;
  /** Lines for later days. */
  readonly late: readonly LateLine[];
}

export interface LateLine {
  readonly day: number;
  readonly line: string;
}

export interface PlantRequest {
  readonly seed: number;
  readonly rates: FaultRates;
  readonly dayNumber: number;
  /** Events that would come later still are never delivered. */
  readonly lastDay: number;
  /** The record of an event, as text. */
  readonly textOf: (event: number) => string;
  /** A text as JSON. */
  readonly json: (text: string) => string;
}

/** Plants each event's fault, if it has one. */
export function plant(day: Day, request: PlantRequest): Planted {
  const { seed, rates, dayNumber, lastDay, textOf } = request;
  const { events, sessions } = day;
  const specials: Special[] = [];
  const late: LateLine[] = [];
  const isSpecial = new Uint8Array(events.count);
  const fate = new Uint8Array(events.count);
  for (let event = 0; event < events.count; event += 1) {
    const sessionId = sessions.numbers[events.session[event] as number] as number;
    const item = events.item[event] as number;
    const fault = faultOf(seed, rates, sessionId, item);
    if (fault === null) continue;
    const chance = variantOf(seed, sessionId, item);
    isSpecial[event] = 1;
    fate[event] = fateOf(fault, chance);
    if (fault !== 'late') {
      specials.push(...specialsOf(day, event, { fault, chance }, request));
      continue;
    }
    const comes = dayNumber + 1 + (chance % LATEST_DAYS);
    if (comes > lastDay) fate[event] = fates.lost;
    else late.push({ day: comes, line: textOf(event) });
  }
  return { specials, isSpecial, fates: fate, late };
}

function fateOf(fault: EventFault, chance: number): number {
  if (fault === 'broken-json' || fault === 'wrong-type') return fates.lost;
  if (fault === 'quoted-agent') return fates.quotedAgent;
  if (fault !== 'other-case') return 0;
  const { key, isRequired } = otherCaseKey(chance);
  return isRequired ? fates.lost : (lostBits[key as keyof typeof lostBits] ?? 0);
}

function specialsOf(
  { events, sessions }: Day,
  event: number,
  { fault, chance }: { readonly fault: Exclude<EventFault, 'late'>; readonly chance: number },
  { dayNumber, json }: PlantRequest,
): Special[] {
  const sortMs = events.offsetMs[event] as number;
  const isPlay = (events.kind[event] as number) >> 1 === stateNumber.nextSong;
  const sessionId = sessions.numbers[events.session[event] as number] as number;
  const item = events.item[event] as number;
  const plain: Special = { event, sortMs, make: null, planted: null };
  const wrong = (make: NonNullable<Special['make']>): Special[] => [
    { event, sortMs, make, planted: { fault } },
  ];
  switch (fault) {
    case 'out-of-order':
      return [{ ...plain, sortMs: delayed(sortMs, 60_000 + (chance % 1_800_000)), planted: { fault } }];
    case 'duplicate-event': {
      const repeat = { as: 'duplicate', sessionId, item } as const;
      return [plain, { ...plain, sortMs: delayed(sortMs, chance % 3_600_000), planted: { fault, repeat } }];
    }
    case 'key-conflict': {
      const repeat = { as: 'conflict', sessionId, item } as const;
      const ts = dayNumber * DAY_MS + sortMs + 1 + (chance % 5_000);
      const make = (line: string): WrongLine => ({ line: conflicting(line, ts), finds: {} });
      return [plain, { event, sortMs: delayed(sortMs, chance % 60_000), make, planted: { fault, repeat } }];
    }
    case 'broken-json':
      return wrong((line) => brokenJson(line, chance));
    case 'wrong-type':
      return wrong((line) => wrongType(line, chance, isPlay));
    case 'other-case':
      return wrong((line) => otherCase(line, chance));
    case 'new-key':
      return wrong((line) => newKey(line, chance));
    case 'quoted-agent':
      return wrong(quotedAgent);
    case 'double-encoded':
      return isPlay ? wrong((line) => doubleEncoded(line, chance, json)) : [plain];
  }
}

function delayed(offsetMs: number, byMs: number): number {
  return Math.min(DAY_MS - 1, offsetMs + byMs);
}

/** The day's lines in the order of the file: an event's position, or -1 minus a special's. */
export function orderLines({ events }: Day, { specials, isSpecial }: Planted): Int32Array {
  const keys = new Float64Array(events.count + specials.length);
  let lines = 0;
  for (let event = 0; event < events.count; event += 1) {
    if (isSpecial[event] === 1) continue;
    keys[lines] = ((events.offsetMs[event] as number) + 1) * MOST_LINES + event;
    lines += 1;
  }
  specials.forEach(({ sortMs }, at) => {
    keys[lines] = (sortMs + 1) * MOST_LINES + events.count + at;
    lines += 1;
  });
  const sorted = keys.subarray(0, lines).sort();
  return Int32Array.from(sorted, (key) => {
    const line = key % MOST_LINES;
    return line < events.count ? line : events.count - 1 - line;
  });
}
