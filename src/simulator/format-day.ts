import { DAY_MS } from './calendar.ts';
import type { Catalogue } from './catalogue.ts';
import { type Day, SESSION_FRAGMENTS } from './day.ts';
import { type FragmentStore, fragmentStore } from './fragments.ts';
import { type Auth, states } from './pages.ts';
import type { PersonFragments } from './person-fragments.ts';
import type { RecordForm } from './record-form.ts';

/** Longer than any record of ours. */
const LONGEST_RECORD = 16_384;
const NEWLINE = 0x0a;

/** Writes a day's events as lines into blocks. */
export interface Formatter {
  /** Sets the day whose events are written from now on. */
  begin(day: Day, dayNumber: number): void;
  /** Appends an event's record and its newline; `at` is its position in the day's events. */
  add(at: number): void;
  /** Appends a line of text as it is, and a newline. */
  addText(line: string): void;
  /** The record of an event as text, without its newline. */
  textOf(at: number): string;
  /** Hands the block's rest to the sink; without the last newline if the file's form has none. */
  end(withNewline: boolean): void;
}

/** Formats by copying fragments; `sink` gets blocks of some `blockBytes`, valid until it returns. */
export function makeFormatter(
  catalogue: Catalogue,
  people: PersonFragments,
  form: RecordForm,
  blockBytes: number,
  sink: (block: Uint8Array) => void,
): Formatter {
  const block = new Uint8Array(blockBytes + LONGEST_RECORD);
  const out = new DataView(block.buffer);
  const constants = fragmentStore(256, 16_384);
  const songs = catalogue.fragments;
  const persons = people.store;
  const digits = threeDigits();
  const noArtist = constants.add('{"artist":null');
  const noSong = constants.add(',"song":null');
  const noLength = constants.add('null');
  const levels = [',"level":"free",', ',"level":"paid",'].map((text) => constants.add(text));
  const auths = states.map(({ auth }) => constants.add(`,"auth":"${auth}"`));
  const pages = states.map(({ method, page }) =>
    constants.add(`"${method}","page":"${page}","registration":`),
  );
  const statuses = states.map(({ status }) => constants.add(`,"status":${status},"ts":`));
  const isNameless = states.map(({ auth }) => !isKnown(auth));
  const nobody = [
    ',"firstName":null,"gender":null,"itemInSession":',
    ',"lastName":null,"length":',
    '"location":null,"method":',
    'null,"sessionId":',
    ',"userAgent":null,"userId":""}\n',
  ].map((text) => constants.add(text));
  const native = {
    time: constants.add('{"ts":'),
    user: constants.add(',"userId":"'),
    session: constants.add('","sessionId":'),
    states: states.map(({ page, auth, method, status }) =>
      constants.add(`,"page":"${page}","auth":"${auth}","method":"${method}","status":${status}`),
    ),
    levels: ['free', 'paid'].map((level) => constants.add(`,"level":"${level}","itemInSession":`)),
    length: constants.add(',"length":'),
    end: constants.add('}\n'),
  };
  let at = 0;
  let day: Day | null = null;
  let dayMs = 0;
  /** The first seven digits of a time stand still for a thousand seconds. */
  let thousandSeconds = -1;
  const head = new Uint8Array(7);

  function copy(store: FragmentStore, fragment: number): void {
    const { view, ends } = store;
    const end = ends[fragment] as number;
    const from = fragment === 0 ? 0 : (ends[fragment - 1] as number);
    for (let source = from, target = at; source < end; source += 8, target += 8) {
      out.setFloat64(target, view.getFloat64(source, true), true);
    }
    at += end - from;
  }

  function writeDigits(value: number): void {
    if (value >= 1_000) {
      writeText(String(value));
      return;
    }
    const length = value < 10 ? 1 : value < 100 ? 2 : 3;
    for (let digit = 3 - length; digit < 3; digit += 1) {
      block[at] = digits[value * 3 + digit] as number;
      at += 1;
    }
  }

  function writeThree(value: number): void {
    block[at] = digits[value * 3] as number;
    block[at + 1] = digits[value * 3 + 1] as number;
    block[at + 2] = digits[value * 3 + 2] as number;
    at += 3;
  }

  function writeText(text: string): void {
    for (let unit = 0; unit < text.length; unit += 1) block[at + unit] = text.charCodeAt(unit);
    at += text.length;
  }

  /** Milliseconds since 1970, thirteen digits from 2001 to 2286. */
  function writeTime(ms: number): void {
    const leading = Math.floor(ms / 1_000_000);
    if (leading !== thousandSeconds) {
      thousandSeconds = leading;
      const text = String(leading);
      for (let digit = 0; digit < 7; digit += 1) head[digit] = text.charCodeAt(digit);
    }
    for (let digit = 0; digit < 7; digit += 1) block[at + digit] = head[digit] as number;
    at += 7;
    const rest = ms - leading * 1_000_000;
    const thousands = Math.floor(rest / 1_000);
    writeThree(thousands);
    writeThree(rest - thousands * 1_000);
  }

  function writeRecord({ events, fragments, sessions }: Day, event: number): void {
    const kind = events.kind[event] as number;
    const state = kind >> 1;
    const song = events.song[event] as number;
    const nameless = isNameless[state] as boolean;
    const session = events.session[event] as number;
    const own = session * SESSION_FRAGMENTS;
    if (song < 0) copy(constants, noArtist);
    else copy(songs, song * 3);
    copy(constants, auths[state] as number);
    if (nameless) copy(constants, nobody[0] as number);
    else copy(persons, sessions.firsts[session] as number);
    writeDigits(events.item[event] as number);
    if (nameless) copy(constants, nobody[1] as number);
    else copy(persons, sessions.lasts[session] as number);
    if (song < 0) copy(constants, noLength);
    else copy(songs, song * 3 + 1);
    copy(constants, levels[kind & 1] as number);
    if (nameless) copy(constants, nobody[2] as number);
    else copy(persons, sessions.places[session] as number);
    copy(constants, pages[state] as number);
    if (nameless) copy(constants, nobody[3] as number);
    else copy(fragments, own);
    copy(fragments, own + 1);
    if (song < 0) copy(constants, noSong);
    else copy(songs, song * 3 + 2);
    copy(constants, statuses[state] as number);
    writeTime(dayMs + (events.offsetMs[event] as number));
    if (nameless) copy(constants, nobody[4] as number);
    else {
      copy(persons, sessions.agents[session] as number);
      copy(fragments, own + 2);
    }
  }

  /** The same in eventsim's order, which leaves out what is not known. */
  function writeNativeRecord({ events, fragments, sessions }: Day, event: number): void {
    const kind = events.kind[event] as number;
    const state = kind >> 1;
    const song = events.song[event] as number;
    const session = events.session[event] as number;
    const own = session * SESSION_FRAGMENTS;
    const isNamed = isNameless[state] === false;
    copy(constants, native.time);
    writeTime(dayMs + (events.offsetMs[event] as number));
    copy(constants, native.user);
    if (isNamed) copy(fragments, own + 2);
    copy(constants, native.session);
    copy(fragments, own + 1);
    copy(constants, native.states[state] as number);
    copy(constants, native.levels[kind & 1] as number);
    writeDigits(events.item[event] as number);
    if (isNamed) {
      copy(persons, sessions.places[session] as number);
      copy(persons, sessions.agents[session] as number);
      copy(persons, sessions.lasts[session] as number);
      copy(persons, sessions.firsts[session] as number);
      copy(fragments, own);
    }
    if (song >= 0) {
      copy(songs, song * 3);
      copy(songs, song * 3 + 2);
      copy(constants, native.length);
      copy(songs, song * 3 + 1);
    }
    copy(constants, native.end);
  }

  function flushIfFull(): void {
    if (at < blockBytes) return;
    // The last newline is kept back, since the file may end here and have none.
    sink(block.subarray(0, at - 1));
    block[0] = NEWLINE;
    at = 1;
  }

  const write = form.name === 'eventsim' ? writeNativeRecord : writeRecord;
  return {
    begin(newDay, dayNumber) {
      day = newDay;
      dayMs = dayNumber * DAY_MS;
    },
    add(event) {
      write(day as Day, event);
      flushIfFull();
    },
    addText(line) {
      const bytes = Buffer.from(`${line}\n`);
      if (bytes.length > LONGEST_RECORD) throw new RangeError('A line of the simulator is too long.');
      block.set(bytes, at);
      at += bytes.length;
      flushIfFull();
    },
    textOf(event) {
      const from = at;
      write(day as Day, event);
      const text = Buffer.from(block.buffer, from, at - 1 - from).toString('utf8');
      at = from;
      return text;
    },
    end(withNewline) {
      const length = withNewline ? at : at - 1;
      if (length > 0) sink(block.subarray(0, length));
      at = 0;
    },
  };
}

/** Whether records in such a state say whose they are. */
export function isKnown(auth: Auth): boolean {
  return auth === 'Logged In' || auth === 'Cancelled';
}

function threeDigits(): Uint8Array {
  const digits = new Uint8Array(3_000);
  for (let value = 0; value < 1_000; value += 1) {
    const text = String(value).padStart(3, '0');
    for (let digit = 0; digit < 3; digit += 1) digits[value * 3 + digit] = text.charCodeAt(digit);
  }
  return digits;
}
