import type { DayKey, Fault, FileKey } from '../answer-key/answer-key.ts';
import { DAY_MS, dateOf } from './calendar.ts';
import type { Catalogue } from './catalogue.ts';
import { clearDay, type Day, type Model, makeDay, simulateDay } from './day.ts';
import { inOrderOfTime } from './events.ts';
import {
  brokenJson,
  conflicting,
  doubleEncoded,
  type FaultRates,
  faultOf,
  fileFaultsOf,
  firstDeliveryOf,
  newKey,
  otherCase,
  variantOf,
  type WrongLine,
  wrongType,
} from './faults.ts';
import type { OpenWriter, Writer, Written } from './file-writer.ts';
import { type Formatter, makeFormatter } from './format-day.ts';
import { stateNumber } from './pages.ts';
import { makeLevels, type Population } from './population.ts';
import { makeTally, type Tally } from './tally.ts';

/** A late event comes in the file of one of so many days after its own. */
const LATEST_DAYS = 2;
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
  /** The data set's last day; events that come later still are never delivered. */
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
  /** By place in the range's population: 0 not seen, 1 free, 2 paid at the latest event. */
  readonly users: Uint8Array;
  /** By day, if kept: the distinct start times as milliseconds after midnight. */
  readonly startTimes: readonly (readonly number[])[];
}

/** What a range of days came to; `final` is `first` itself where no file comes again. */
export interface MadeDays {
  readonly first: Delivery;
  readonly final: Delivery;
}

/** An event's line in a file, where it stands, and what is planted in it. */
interface Entry {
  /** Position in the day's events, or -1 for a line of an earlier day. */
  readonly event: number;
  readonly sortMs: number;
  readonly make: ((line: string) => WrongLine | null) | null;
  readonly planted: Omit<Fault, 'path' | 'line'> | null;
  /** A second line refers to this one, so nothing else befalls it. */
  readonly isKept?: boolean;
  readonly line?: string;
}

interface Late {
  readonly day: number;
  readonly line: string;
}

/** Makes the log files of a range of days; `onEvents` hears of progress and may throw to stop. */
export async function makeDays(request: DaysRequest, onEvents: (events: number) => void): Promise<MadeDays> {
  const { firstDay, days, rates } = request;
  const { population, seed, fromDay, catalogue } = request.model;
  // Late events of the days before come in this range's first files.
  const earliest = rates === null ? firstDay : Math.max(fromDay, firstDay - LATEST_DAYS);
  const levels = makeLevels(population, seed, fromDay, earliest - 1);
  const model: Model = { ...request.model, levels };
  const writeDay = dayWriter(request, catalogue, population, onEvents);
  let today = makeDay();
  let tomorrow = makeDay();
  const before = makeDay();
  simulateDay(model, earliest - 1, before, today);
  for (let day = earliest; day < firstDay + days; day += 1) {
    simulateDay(model, day, today, tomorrow);
    await writeDay(today, day);
    clearDay(today);
    [today, tomorrow] = [tomorrow, today];
  }
  return writeDay.made();
}

interface DayWriter {
  (day: Day, dayNumber: number): Promise<void>;
  made(): MadeDays;
}

function dayWriter(
  request: DaysRequest,
  catalogue: Catalogue,
  population: Population,
  onEvents: (events: number) => void,
): DayWriter {
  const { rates, firstDay, open } = request;
  const { form, seed } = request.model;
  let writer: Writer | null = null;
  const formatter = makeFormatter(catalogue, BLOCK_BYTES, (block) => writer?.write(block));
  const comesAgain = (rates?.['redelivered-file'] ?? 0) > 0;
  const empty = (): RichDelivery => {
    return { files: [], faults: [], tally: makeTally(catalogue, population.count, request.keepsTimes) };
  };
  const first = empty();
  const final = comesAgain ? empty() : first;
  let late: Late[] = [];

  async function written(path: string, lines: (formatter: Formatter) => Generator<number>): Promise<Written> {
    writer = await open(path);
    try {
      let said = 0;
      let made = 0;
      for (made of lines(formatter)) {
        if (made - said >= EVENTS_A_REPORT) {
          onEvents(made - said);
          said = made;
        }
        await writer.ready();
      }
      onEvents(made - said);
      formatter.end(form.endsLastLine);
      return await writer.end();
    } catch (error) {
      formatter.end(false);
      await writer.abandon();
      throw error;
    }
  }

  async function writeClean(day: Day, dayNumber: number): Promise<void> {
    const path = logPath(request, dayNumber, '');
    const order = inOrderOfTime(day.events);
    const { tally } = first;
    tally.beginDay(dayNumber);
    if (order.length === 0) return;
    formatter.begin(day, dayNumber);
    const { bytes, sha256 } = await written(path, function* (): Generator<number> {
      for (let nth = 0; nth < order.length; nth += 1) {
        const event = order[nth] as number;
        tally.count(day, event, (day.events.kind[event] as number) & 1);
        formatter.add(event);
        if (nth % EVENTS_A_TURN === 0) yield nth;
      }
      yield order.length;
    });
    first.files.push(fileKey(path, { bytes, sha256 }, order.length, 0));
  }

  /** A day whose events or files may be made wrong. */
  async function writeDirty(day: Day, dayNumber: number, planted: FaultRates): Promise<void> {
    formatter.begin(day, dayNumber);
    const arriving = late.filter((event) => event.day === dayNumber);
    late = late.filter((event) => event.day > dayNumber);
    const entries = plant(day, dayNumber, planted);
    if (dayNumber < firstDay) return;
    for (const { line } of arriving) {
      entries.push({ event: -1, sortMs: -1, make: null, planted: { fault: 'late' }, line });
    }
    if (entries.length === 0) {
      for (const { tally } of new Set([first, final])) tally.beginDay(dayNumber);
      return;
    }
    entries.sort((a, b) => a.sortMs - b.sortMs);
    const befalls = fileFaultsOf(seed, planted, dayNumber, request.firstUser);
    const path = logPath(request, dayNumber, '');
    if (befalls.has('redelivered-file')) {
      await writeVersion(day, dayNumber, entries, { delivery: first, path, folder: '', isFirst: true });
      await writeVersion(day, dayNumber, entries, {
        delivery: final,
        path,
        folder: `${REDELIVERY}/`,
        isFirst: false,
      });
      final.faults.push({ fault: 'redelivered-file', path, line: null });
      return;
    }
    const both = { path, folder: '', isFirst: false };
    const truncates = befalls.has('truncated');
    const file = await writeVersion(day, dayNumber, entries, { ...both, delivery: first, truncates });
    if (final !== first) shareVersion(day, dayNumber, file);
    if (befalls.has('duplicate-file')) await writeCopy(day, dayNumber, entries, truncates, file);
  }

  async function writeCopy(
    day: Day,
    dayNumber: number,
    entries: readonly Entry[],
    truncates: boolean,
    original: Version,
  ): Promise<void> {
    const path = logPath(request, dayNumber, '-copy');
    const { lines } = versionLines(day, dayNumber, entries, truncates, asItIs);
    const same = await written(path, lines);
    const { file } = original;
    for (const delivery of new Set([first, final])) {
      delivery.files.push({ ...file, path, bytes: same.bytes, sha256: same.sha256, copyOf: file.path });
      delivery.faults.push({ fault: 'duplicate-file', path, line: null, detail: `of ${file.path}` });
    }
  }

  interface Version {
    readonly file: FileKey;
    readonly faults: readonly Fault[];
    readonly lost: ReadonlySet<number>;
  }

  /** The same file stands in both deliveries. */
  function shareVersion(day: Day, dayNumber: number, { file, faults, lost }: Version): void {
    final.files.push(file);
    for (const fault of faults) final.faults.push(fault);
    countDelivered(day, dayNumber, final, lost, asItIs);
  }

  async function writeVersion(
    day: Day,
    dayNumber: number,
    entries: readonly Entry[],
    how: { delivery: RichDelivery; path: string; folder: string; isFirst: boolean; truncates?: boolean },
  ): Promise<Version> {
    const { delivery, path, folder, isFirst, truncates = false } = how;
    const change = isFirst ? firstDelivery(day, entries) : asItIs;
    const { lines, found, lost } = versionLines(day, dayNumber, entries, truncates, change);
    const made = await written(`${folder}${path}`, lines);
    const rejected = found.faults.filter(({ reject }) => reject !== undefined).length;
    const file = fileKey(path, made, found.lines, rejected);
    const faults = found.faults.map((fault) => ({ ...fault, path }));
    delivery.files.push(file);
    for (const fault of faults) delivery.faults.push(fault);
    const changes = new Map(entries.filter(isPlain).map((entry) => [entry.event, change(entry)]));
    countDelivered(day, dayNumber, delivery, lost, (event) => changes.get(event) ?? 'as it is');
    return { file, faults, lost };
  }

  /** What the first delivery makes of each line; one line at least is not what comes the second time. */
  function firstDelivery(
    day: Day,
    entries: readonly Entry[],
  ): (entry: Entry) => ReturnType<typeof firstDeliveryOf> {
    const changes = new Map<Entry, ReturnType<typeof firstDeliveryOf>>();
    for (const entry of entries.filter(isPlain)) {
      const how = firstDeliveryOf(seed, numberOf(day, entry.event), day.events.item[entry.event] as number);
      if (how !== 'as it is') changes.set(entry, how);
    }
    const last = entries.findLast(isPlain);
    if (changes.size === 0 && last !== undefined) changes.set(last, 'missing');
    return (entry) => changes.get(entry) ?? 'as it is';
  }

  /** The lines of one version of a file, and what is found wrong in them once they are all made. */
  function versionLines(
    day: Day,
    dayNumber: number,
    entries: readonly Entry[],
    truncates: boolean,
    change: (entry: Entry) => ReturnType<typeof firstDeliveryOf>,
  ) {
    const found = { lines: 0, faults: [] as Omit<Fault, 'path'>[] };
    const lost = new Set(undelivered(day, dayNumber));
    const standing = entries.filter((entry) => change(entry) !== 'missing');
    const last = standing.at(-1);
    const cut = truncates && last !== undefined && isPlain(last) ? last : null;
    function* lines(): Generator<number> {
      for (const entry of standing) {
        found.lines += 1;
        const line = found.lines;
        if (entry === cut) {
          const text = formatter.textOf(entry.event);
          formatter.addText(text.slice(0, 12 + (variant(day, entry.event) % (text.length - 20))));
          found.faults.push({ fault: 'truncated', line, reject: { rule: 'malformed_json', field: null } });
          lost.add(entry.event);
        } else if (entry.line !== undefined) formatter.addText(entry.line);
        else if (change(entry) === 'other level')
          formatter.addText(otherLevel(formatter.textOf(entry.event)));
        else if (entry.make === null) formatter.add(entry.event);
        else {
          const wrong = entry.make(formatter.textOf(entry.event));
          if (wrong === null) {
            formatter.add(entry.event);
            continue;
          }
          formatter.addText(wrong.line);
          if (entry.planted !== null) found.faults.push({ ...entry.planted, ...wrong.finds, line });
          if (wrong.finds.reject !== undefined) lost.add(entry.event);
          continue;
        }
        if (entry.planted !== null) found.faults.push({ ...entry.planted, line });
        if (line % EVENTS_A_TURN === 0) yield line;
      }
      yield found.lines;
    }
    return { lines, found, lost };
  }

  /** Counts the day's own events, wherever they are delivered, in the order of time. */
  function countDelivered(
    day: Day,
    dayNumber: number,
    { tally }: RichDelivery,
    lost: ReadonlySet<number>,
    change: (event: number) => ReturnType<typeof firstDeliveryOf>,
  ): void {
    tally.beginDay(dayNumber);
    for (const event of inOrderOfTime(day.events)) {
      const how = change(event);
      if (lost.has(event) || how === 'missing') continue;
      const paid = (day.events.kind[event] as number) & 1;
      tally.count(day, event, how === 'other level' ? 1 - paid : paid);
    }
  }

  /** Events that are late and whose file is not part of the data set any more. */
  function* undelivered(day: Day, dayNumber: number): Generator<number> {
    for (let event = 0; event < day.events.count; event += 1) {
      if (faultAt(day, event) === 'late' && lateDay(day, event, dayNumber) > request.lastDay) yield event;
    }
  }

  function faultAt(day: Day, event: number): ReturnType<typeof faultOf> {
    return faultOf(seed, rates ?? {}, numberOf(day, event), day.events.item[event] as number);
  }

  function variant(day: Day, event: number): number {
    return variantOf(seed, numberOf(day, event), day.events.item[event] as number);
  }

  function lateDay(day: Day, event: number, dayNumber: number): number {
    return dayNumber + 1 + (variant(day, event) % LATEST_DAYS);
  }

  /** The day's entries with what is planted in them; late events leave for later days. */
  function plant(day: Day, dayNumber: number, planted: FaultRates): Entry[] {
    const { events } = day;
    const entries: Entry[] = [];
    for (let event = 0; event < events.count; event += 1) {
      const offsetMs = events.offsetMs[event] as number;
      const sessionId = numberOf(day, event);
      const item = events.item[event] as number;
      const fault = faultOf(seed, planted, sessionId, item);
      const chance = variantOf(seed, sessionId, item);
      const isPlay = (events.kind[event] as number) >> 1 === stateNumber.nextSong;
      const wrong = (make: NonNullable<Entry['make']>): Entry => {
        return { event, sortMs: offsetMs, make, planted: { fault: fault as Fault['fault'] } };
      };
      const right: Entry = { event, sortMs: offsetMs, make: null, planted: null };
      if (fault === null) entries.push(right);
      else if (fault === 'late') {
        late.push({ day: lateDay(day, event, dayNumber), line: formatter.textOf(event) });
      } else if (fault === 'out-of-order') {
        entries.push({
          ...right,
          sortMs: delayed(offsetMs, 60_000 + (chance % 1_800_000)),
          planted: { fault },
        });
      } else if (fault === 'duplicate-event') {
        const repeat = { as: 'duplicate', sessionId, item } as const;
        entries.push({ ...right, isKept: true });
        entries.push({ ...right, sortMs: delayed(offsetMs, chance % 3_600_000), planted: { fault, repeat } });
      } else if (fault === 'key-conflict') {
        const repeat = { as: 'conflict', sessionId, item } as const;
        const ts = dayNumber * DAY_MS + offsetMs + 1 + (chance % 5_000);
        const make = (line: string): WrongLine => ({ line: conflicting(line, ts), finds: {} });
        entries.push({ ...right, isKept: true });
        entries.push({ event, sortMs: delayed(offsetMs, chance % 60_000), make, planted: { fault, repeat } });
      } else if (fault === 'broken-json') entries.push(wrong((line) => brokenJson(line, chance)));
      else if (fault === 'wrong-type') entries.push(wrong((line) => wrongType(line, chance, isPlay)));
      else if (fault === 'other-case') entries.push(wrong((line) => otherCase(line, chance)));
      else if (fault === 'new-key') entries.push(wrong((line) => newKey(line, chance)));
      else if (isPlay) entries.push(wrong((line) => doubleEncoded(line, chance, form.text)));
      else entries.push(right);
    }
    return entries;
  }

  const write = (day: Day, dayNumber: number): Promise<void> =>
    rates === null ? writeClean(day, dayNumber) : writeDirty(day, dayNumber, rates);
  return Object.assign(write, {
    made: (): MadeDays => {
      const [one, two] = [delivery(first), delivery(final)];
      return { first: one, final: final === first ? one : two };
    },
  });
}

interface RichDelivery {
  readonly files: FileKey[];
  readonly faults: Fault[];
  readonly tally: Tally;
}

function delivery({ files, faults, tally }: RichDelivery): Delivery {
  return { files, faults, days: tally.days, users: tally.users, startTimes: tally.startTimes };
}

function numberOf(day: Day, event: number): number {
  return day.sessionNumbers[day.events.session[event] as number] as number;
}

function delayed(offsetMs: number, byMs: number): number {
  return Math.min(DAY_MS - 1, offsetMs + byMs);
}

function asItIs(): 'as it is' {
  return 'as it is';
}

function isPlain({ planted, isKept }: Entry): boolean {
  return planted === null && isKept !== true;
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
