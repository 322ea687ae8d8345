import type { DayKey, Fault, FaultName, FileKey } from '../answer-key/answer-key.ts';
import { dateOf } from './calendar.ts';
import { clearDay, type Day, type Model, makeDay, simulateDay } from './day.ts';
import { inOrderOfTime } from './events.ts';
import { type ExpectedCounts, makeExpectedCounts } from './expected-counts.ts';
import { type FaultRates, fileFaultsOf, firstDeliveryOf, variantOf } from './faults.ts';
import type { OpenWriter, Writer, Written } from './file-writer.ts';
import { type Formatter, isKnown, makeFormatter } from './format-day.ts';
import {
  fates,
  LATEST_DAYS,
  type LateLine,
  orderLines,
  type Planted,
  plant,
  type Special,
} from './inject-faults.ts';
import { states } from './pages.ts';
import { makeLevels } from './population.ts';

const BLOCK_BYTES = 262_144;
const EVENTS_A_TURN = 512;
const EVENTS_A_REPORT = 16_384;
/** Folder, below the data set's, of files that are delivered a second time. */
export const REDELIVERY = 'redelivery';

/** Log files to be made: a range of days of a range of users. */
export interface DaysRequest {
  readonly model: Omit<Model, 'levels'>;
  readonly firstUser: number;
  readonly lastUser: number;
  readonly firstDay: number;
  readonly days: number;
  /** The data set's last day. */
  readonly lastDay: number;
  readonly rates: FaultRates | null;
  readonly isPacked: boolean;
  /** Keeps every start time, so that those of several ranges of users can be united. */
  readonly keepsTimes: boolean;
  readonly open: OpenWriter;
}

/** One state of the data set: as it is first delivered, or after some files came again. */
export interface Delivery {
  readonly files: FileKey[];
  readonly faults: Fault[];
  readonly days: readonly DayKey[];
  /** By place in the range's population, as the tally has it. */
  readonly users: Uint16Array;
  /** By day, if kept: the distinct start times as milliseconds after midnight. */
  readonly startTimes: readonly (readonly number[])[];
}

/** What a range of days came to; `final` is `first` itself where no file can come again. */
export interface MadeDays {
  readonly first: Delivery;
  readonly final: Delivery;
}

/** Makes the log files of a range of days; `onEvents` hears of progress and may throw to stop. */
export async function makeDays(request: DaysRequest, onEvents: (events: number) => void): Promise<MadeDays> {
  const { firstDay, days, rates } = request;
  const { population, seed, fromDay } = request.model;
  // Late events of the days before come in this range's first files.
  const earliest = rates === null ? firstDay : Math.max(fromDay, firstDay - LATEST_DAYS);
  const levels = makeLevels(population, seed, fromDay, earliest - 1);
  const model: Model = { ...request.model, levels };
  const writer = dayWriter(request, onEvents);
  let today = makeDay();
  let tomorrow = makeDay();
  const before = makeDay();
  simulateDay(model, earliest - 1, before, today);
  for (let day = earliest; day < firstDay + days; day += 1) {
    simulateDay(model, day, today, tomorrow);
    await writer.write(today, day);
    clearDay(today);
    [today, tomorrow] = [tomorrow, today];
  }
  return writer.made();
}

/** A delivery while it is made. */
interface Counted {
  readonly files: FileKey[];
  readonly faults: Fault[];
  readonly tally: ExpectedCounts;
}

/** What the first delivery makes of a line. */
type Change = 'missing' | 'other level';

/** How one version of a file is written: which lines it lacks or changes, by place, and where it is cut off. */
interface Version {
  readonly path: string;
  readonly changes: ReadonlyMap<number, Change>;
  /** The place of the line that is cut off, or -1. */
  readonly cut: number;
}

interface MadeVersion {
  readonly file: FileKey;
  readonly faults: readonly Fault[];
  readonly fates: Uint8Array;
}

interface DayWriter {
  write(day: Day, dayNumber: number): Promise<void>;
  made(): MadeDays;
}

function dayWriter(request: DaysRequest, onEvents: (events: number) => void): DayWriter {
  const { rates, firstDay, model, keepsTimes } = request;
  const { form, seed, catalogue, population } = model;
  const files = fileMaker(request, onEvents);
  const { formatter } = files;
  const counted = (): Counted => {
    return { files: [], faults: [], tally: makeExpectedCounts(catalogue, population, keepsTimes) };
  };
  const first = counted();
  const final = (rates?.['redelivered-file'] ?? 0) > 0 ? counted() : first;
  const both = new Set([first, final]);
  let late: LateLine[] = [];

  async function writeClean(day: Day, dayNumber: number): Promise<void> {
    const order = inOrderOfTime(day.events);
    const { tally } = first;
    tally.beginDay(dayNumber);
    if (order.length === 0) return;
    formatter.begin(day, dayNumber);
    const path = logPath(request, dayNumber, '');
    const made = await files.write(path, function* (): Generator<number> {
      for (let nth = 0; nth < order.length; nth += 1) {
        const event = order[nth] as number;
        tally.count(day, event, (day.events.kind[event] as number) & 1, 0);
        formatter.add(event);
        if (nth % EVENTS_A_TURN === 0) yield nth;
      }
      yield order.length;
    });
    const file = fileKey(path, made, order.length, 0);
    first.files.push(form.name === 'eventsim' ? { ...file, missing: missingKeys(day) } : file);
  }

  /** A day whose events or files may be made wrong. */
  async function writeDirty(day: Day, dayNumber: number, planting: FaultRates): Promise<void> {
    formatter.begin(day, dayNumber);
    const { lastDay } = request;
    const planted = plant(day, {
      seed,
      rates: planting,
      dayNumber,
      lastDay,
      textOf: formatter.textOf,
      json: form.text,
    });
    const arriving = late.filter((event) => event.day === dayNumber);
    late = [...late.filter((event) => event.day > dayNumber), ...planted.late];
    if (dayNumber < firstDay) return;
    for (const { line } of arriving) {
      planted.specials.push({ event: -1, sortMs: -1, make: null, planted: { fault: 'late' }, line });
    }
    const order = orderLines(day, planted);
    if (order.length === 0) {
      for (const delivery of both) countDelivered(day, dayNumber, delivery, planted.fates);
      return;
    }
    const befalls = fileFaultsOf(seed, planting, dayNumber, request.firstUser);
    await writeFiles(day, dayNumber, planted, order, befalls);
  }

  async function writeFiles(
    day: Day,
    dayNumber: number,
    planted: Planted,
    order: Int32Array,
    befalls: ReadonlySet<FaultName>,
  ): Promise<void> {
    const path = logPath(request, dayNumber, '');
    const none: Version['changes'] = new Map();
    if (befalls.has('redelivered-file')) {
      const changes = firstChanges(day, order);
      keep(first, day, dayNumber, await writeVersion(day, planted, order, { path, changes, cut: -1 }, ''));
      const right: Version = { path, changes: none, cut: -1 };
      keep(final, day, dayNumber, await writeVersion(day, planted, order, right, `${REDELIVERY}/`));
      final.faults.push({ fault: 'redelivered-file', path, line: null });
      return;
    }
    const last = order.at(-1) as number;
    const cut = befalls.has('truncated') && last >= 0 ? order.length - 1 : -1;
    const version = await writeVersion(day, planted, order, { path, changes: none, cut }, '');
    for (const delivery of both) keep(delivery, day, dayNumber, version);
    if (!befalls.has('duplicate-file')) return;
    const copy = logPath(request, dayNumber, '-copy');
    const { file } = await writeVersion(day, planted, order, { path: copy, changes: none, cut }, '');
    for (const delivery of both) {
      delivery.files.push({ ...file, copyOf: path });
      delivery.faults.push({ fault: 'duplicate-file', path: copy, line: null, detail: `of ${path}` });
    }
  }

  /** What the first delivery lacks or says wrong: one line at least, and never all of them. */
  function firstChanges({ events, sessions }: Day, order: Int32Array): ReadonlyMap<number, Change> {
    const changes = new Map<number, Change>();
    order.forEach((event, place) => {
      if (event < 0) return;
      const number = sessions.numbers[events.session[event] as number] as number;
      const change = firstDeliveryOf(seed, number, events.item[event] as number);
      if (change !== null) changes.set(place, change);
    });
    const last = order.findLastIndex((event) => event >= 0);
    if (last >= 0 && (changes.size === 0 || changes.size === order.length)) changes.set(last, 'other level');
    return changes;
  }

  async function writeVersion(
    day: Day,
    planted: Planted,
    order: Int32Array,
    version: Version,
    folder: string,
  ): Promise<MadeVersion> {
    const { path, changes } = version;
    const faults: Fault[] = [];
    const fate = planted.fates.slice();
    for (const [place, change] of changes) {
      fate[order[place] as number] = change === 'missing' ? fates.lost : fates.otherLevel;
    }
    if (version.cut >= 0) fate[order[version.cut] as number] = fates.lost;
    const made = await files.write(`${folder}${path}`, () =>
      versionLines(day, planted, order, version, faults),
    );
    const rejected = faults.filter(({ reject }) => reject !== undefined).length;
    const missing = [...changes.values()].filter((change) => change === 'missing').length;
    return { file: fileKey(path, made, order.length - missing, rejected), faults, fates: fate };
  }

  /** Formats a version line by line; returns how many, and adds what it plants to `faults`. */
  function* versionLines(
    day: Day,
    { specials }: Planted,
    order: Int32Array,
    { path, changes, cut }: Version,
    faults: Fault[],
  ): Generator<number> {
    let line = 0;
    for (let place = 0; place < order.length; place += 1) {
      const event = order[place] as number;
      const change = changes.get(place);
      if (change === 'missing') continue;
      line += 1;
      if (event < 0) writeSpecial(specials[-1 - event] as Special, path, line, faults);
      else if (change === 'other level') formatter.addText(otherLevel(formatter.textOf(event)));
      else if (place === cut) {
        const text = formatter.textOf(event);
        formatter.addText(text.slice(0, 12 + (variantAt(day, event) % (text.length - 20))));
        const reject = { rule: 'malformed_json', field: null } as const;
        faults.push({ fault: 'truncated', path, line, reject });
      } else formatter.add(event);
      if (line % EVENTS_A_TURN === 0) yield line;
    }
    yield line;
  }

  function writeSpecial(
    { event, make, planted, line: late }: Special,
    path: string,
    line: number,
    faults: Fault[],
  ): void {
    const wrong = make === null ? null : make(formatter.textOf(event));
    if (late !== undefined) formatter.addText(late);
    else if (wrong === null) formatter.add(event);
    else formatter.addText(wrong.line);
    // A fault that needs a text of its own may find none.
    if (planted !== null && (make === null || wrong !== null)) {
      faults.push({ ...planted, ...wrong?.finds, path, line });
    }
  }

  function variantAt({ events, sessions }: Day, event: number): number {
    const number = sessions.numbers[events.session[event] as number] as number;
    return variantOf(seed, number, events.item[event] as number);
  }

  function keep(delivery: Counted, day: Day, dayNumber: number, made: MadeVersion): void {
    delivery.files.push(made.file);
    for (const fault of made.faults) delivery.faults.push(fault);
    countDelivered(day, dayNumber, delivery, made.fates);
  }

  return {
    write: (day, dayNumber) =>
      rates === null ? writeClean(day, dayNumber) : writeDirty(day, dayNumber, rates),
    made() {
      const one = deliveryOf(first);
      return { first: one, final: final === first ? one : deliveryOf(final) };
    },
  };
}

/** Counts the day's own events, in whichever file they come, in the order of time. */
function countDelivered(day: Day, dayNumber: number, { tally }: Counted, fate: Uint8Array): void {
  tally.beginDay(dayNumber);
  for (const event of inOrderOfTime(day.events)) {
    const becomes = fate[event] as number;
    if ((becomes & fates.lost) !== 0) continue;
    const paid = (day.events.kind[event] as number) & 1;
    tally.count(
      day,
      event,
      (becomes & fates.otherLevel) === 0 ? paid : 1 - paid,
      becomes & ~(fates.lost | fates.otherLevel),
    );
  }
}

/** Writes files from lines that a generator formats; it says how many it has made at each turn. */
function fileMaker({ model, open }: DaysRequest, onEvents: (events: number) => void) {
  let writer: Writer | null = null;
  const formatter: Formatter = makeFormatter(
    model.catalogue,
    model.people,
    model.form,
    BLOCK_BYTES,
    (block) => writer?.write(block),
  );
  return {
    formatter,
    async write(path: string, lines: () => Generator<number>): Promise<Written> {
      writer = await open(path);
      try {
        let said = 0;
        let made = 0;
        for (made of lines()) {
          if (made - said >= EVENTS_A_REPORT) {
            onEvents(made - said);
            said = made;
          }
          await writer.ready();
        }
        onEvents(made - said);
        formatter.end(model.form.endsLastLine);
        return await writer.end();
      } catch (error) {
        formatter.end(false);
        await writer.abandon();
        throw error;
      }
    },
  };
}

/** How many of a day's records lack each key in eventsim's form. */
function missingKeys({ events }: Day): Record<string, number> {
  const kinds = events.kind.subarray(0, events.count);
  const unnamed = kinds.reduce((sum, kind) => sum + (isKnown(states[kind >> 1]?.auth ?? 'Guest') ? 0 : 1), 0);
  const silent = events.song.subarray(0, events.count).reduce((sum, song) => sum + (song < 0 ? 1 : 0), 0);
  const of = (keys: readonly string[], records: number): [string, number][] =>
    records === 0 ? [] : keys.map((key) => [key, records]);
  return Object.fromEntries([
    ...of(['firstName', 'gender', 'lastName', 'location', 'registration', 'userAgent'], unnamed),
    ...of(['artist', 'length', 'song'], silent),
  ]);
}

function deliveryOf({ files, faults, tally }: Counted): Delivery {
  return { files, faults, days: tally.days, users: tally.users, startTimes: tally.startTimes };
}

function otherLevel(line: string): string {
  return line.includes('"level":"paid"')
    ? line.replace('"level":"paid"', '"level":"free"')
    : line.replace('"level":"free"', '"level":"paid"');
}

/** `log_data/2018/11/2018-11-12-events.json`; users who were added later have files of their own. */
function logPath({ firstUser, lastUser, isPacked }: DaysRequest, day: number, mark: string): string {
  const date = dateOf(day);
  const users = firstUser === 1 ? '' : `-users-${firstUser}-${lastUser}`;
  const ending = isPacked ? '.json.gz' : '.json';
  return `log_data/${date.slice(0, 4)}/${date.slice(5, 7)}/${date}-events${users}${mark}${ending}`;
}

function fileKey(path: string, { bytes, sha256 }: Written, lines: number, rejected: number): FileKey {
  return { path, kind: 'log', bytes, sha256, lines, staged: lines - rejected, rejected };
}
