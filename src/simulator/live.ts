import { DAY_MS, dayOf } from './calendar.ts';
import { clearDay, type Day, type Model, makeDay, simulateDay } from './day.ts';
import { inOrderOfTime } from './events.ts';
import { type Formatter, makeFormatter } from './format-day.ts';
import { makeLevels } from './population.ts';
import type { Settings } from './settings.ts';
import { catalogueOf, populationOf, worldOf } from './world.ts';

/** Where a stream is: the next event is number `index` of the UTC day, in the order of time. */
export interface Position {
  readonly day: number;
  readonly index: number;
}

/** How fast events come: at their own times, at a multiple of that speed, or so many a second. */
export type Pace =
  | { readonly kind: 'real time' }
  | { readonly kind: 'speed'; readonly factor: number }
  | { readonly kind: 'rate'; readonly perSecond: number };

/** The clock by which a stream runs. */
interface Clock {
  readonly nowMs: () => number;
  sleep(ms: number): Promise<void>;
}

export interface LiveOptions {
  readonly pace: Pace;
  /** Where to go on; null begins at `beginMs`, milliseconds since 1970. */
  readonly from: Position | null;
  readonly beginMs: number;
  readonly clock: Clock;
  readonly isStopped: () => boolean;
  /** Ends after so many events. */
  readonly limit: number;
}

/** Where a stream's events go; both calls may take their time. */
export interface LiveSink {
  /** Lines of one UTC day, each with its newline; `next` is where the stream stands after them. */
  write(lines: Buffer, next: Position): Promise<void>;
  /** Nothing is due: a moment to close files. */
  rest(): Promise<void>;
}

const TICK_MS = 100;
const MOST_EVENTS_A_WRITE = 8_192;

/** Writes events when they are due, until it is stopped; returns how many, and where it stands. */
export async function streamLive(
  settings: Settings,
  sink: LiveSink,
  options: LiveOptions,
): Promise<{ events: number; next: Position }> {
  const { pace, from, beginMs, clock, isStopped, limit } = options;
  const fromDay = dayOf(settings.from) as number;
  const days = dayMaker(settings, from?.day ?? Math.max(fromDay, Math.floor(beginMs / DAY_MS)));
  const startedMs = clock.nowMs();
  let events = 0;
  let simulatedMs: number | null = from === null ? beginMs : null;
  for (let today = days.next(); ; today = days.next()) {
    let index = 0;
    if (from?.day === today.day) index = from.index;
    else if (from === null) while (index < today.count && today.timeMs(index) < beginMs) index += 1;
    while (index < today.count) {
      simulatedMs ??= today.timeMs(index);
      const nowMs = clock.nowMs();
      const end = Math.min(today.count, index + MOST_EVENTS_A_WRITE, index + limit - events);
      let due = index;
      while (due < end && dueMs(today.timeMs(due), events + due - index, simulatedMs) <= nowMs) due += 1;
      if (due > index) {
        events += due - index;
        const lines = today.lines(index, due);
        index = due;
        await sink.write(lines, { day: today.day, index });
      }
      if (isStopped() || events >= limit) return { events, next: { day: today.day, index } };
      if (due === end) continue;
      await sink.rest();
      await clock.sleep(Math.min(TICK_MS, dueMs(today.timeMs(index), events, simulatedMs) - nowMs));
    }
  }

  function dueMs(eventMs: number, nth: number, firstMs: number): number {
    if (pace.kind === 'real time') return eventMs;
    if (pace.kind === 'rate') return startedMs + (nth * 1000) / pace.perSecond;
    return startedMs + (eventMs - firstMs) / pace.factor;
  }
}

interface OneDay {
  readonly day: number;
  readonly count: number;
  timeMs(index: number): number;
  lines(from: number, to: number): Buffer;
}

/** Makes one day after the other, each when it is asked for. */
function dayMaker(settings: Settings, firstDay: number): { next(): OneDay } {
  const { seed } = settings;
  const fromDay = dayOf(settings.from) as number;
  const population = populationOf(settings, 1, settings.users.at(-1) as number);
  const catalogue = catalogueOf(settings);
  const levels = makeLevels(population, seed, fromDay, firstDay - 1);
  const model: Model = { ...worldOf(settings, catalogue, population), levels };
  let blocks: Buffer[] = [];
  const formatter: Formatter = makeFormatter(
    catalogue,
    model.people,
    model.form,
    65_536,
    (block) => void blocks.push(Buffer.from(block)),
  );
  let today = makeDay();
  let tomorrow = makeDay();
  const before = makeDay();
  simulateDay(model, firstDay - 1, before, today);
  let day = firstDay - 1;
  return {
    next() {
      day += 1;
      if (day > firstDay) {
        clearDay(today);
        [today, tomorrow] = [tomorrow, today];
      }
      simulateDay(model, day, today, tomorrow);
      return oneDay(today, day);
    },
  };

  function oneDay(made: Day, number: number): OneDay {
    const order = inOrderOfTime(made.events);
    return {
      day: number,
      count: order.length,
      timeMs: (index) => number * DAY_MS + (made.events.offsetMs[order[index] as number] as number),
      lines(from, to) {
        blocks = [];
        formatter.begin(made, number);
        for (let at = from; at < to; at += 1) formatter.add(order[at] as number);
        formatter.end(true);
        return Buffer.concat(blocks);
      },
    };
  }
}
