import { existsSync, mkdirSync, readFileSync, statfsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ANSWER_KEY_FILE,
  ANSWER_KEY_FORMAT,
  type AnswerKey,
  type DayKey,
  type FileKey,
} from '../answer-key/answer-key.ts';
import { SparkifyError } from '../errors.ts';
import { dayOf } from './calendar.ts';
import { artistNumberOf, makeCatalogue } from './catalogue.ts';
import { openFile } from './file-writer.ts';
import { inspectFolder, removeUnfinished, type Standing } from './folder.ts';
import { type Delivery, type MadeDays, REDELIVERY } from './make-days.ts';
import { SONGS_A_FILE } from './make-songs.ts';
import { predict } from './prediction.ts';
import { recordForms } from './record-form.ts';
import type { Settings } from './settings.ts';
import { overlayUsers } from './tally.ts';
import { type Made, type Task, taskRunner } from './task.ts';
import { hasThreads, runTasks } from './worker-pool.ts';

/** Part k of N of a data set: its k-th share of the days and of the songs. */
export interface Part {
  readonly part: number;
  readonly of: number;
}

export interface MakeOptions {
  readonly folder: string;
  readonly threads: number;
  readonly part: Part | null;
  readonly onTask: (kind: Task['kind'], amount: number) => void;
  /** Hears how to stop the work with an error. */
  readonly onStart: (stop: (error: Error) => void) => void;
}

/** What was made. */
export interface MadeDataSet {
  readonly status: 'written' | 'extended' | 'unchanged' | 'part written';
  readonly settings: Settings;
  /** Null while other parts are missing. */
  readonly key: AnswerKey | null;
  readonly redelivered: number;
}

/** What a part keeps for the answer key of the whole. */
interface PartRecord {
  readonly format: 'sparkify part 1';
  readonly status: 'complete' | 'in progress';
  readonly settings: Settings;
  readonly part: number;
  readonly of: number;
  readonly songs: readonly FileKey[];
  readonly days: readonly { readonly first: PackedDelivery; readonly final: PackedDelivery | null }[];
}

type PackedDelivery = Omit<Delivery, 'users'> & { readonly users: string };

const SONGS_A_TASK = 5_000;

/** Makes a data set in a folder, with its answer key; what stands there of it stays as it is. */
export async function makeDataSet(wanted: Settings, options: MakeOptions): Promise<MadeDataSet> {
  const { folder, part } = options;
  const standing = inspectFolder(folder, wanted);
  const { settings } = standing;
  if (standing.state === 'complete') {
    const key = JSON.parse(readFileSync(join(folder, ANSWER_KEY_FILE), 'utf8')) as AnswerKey;
    return { status: 'unchanged', settings, key, redelivered: 0 };
  }
  if (standing.files.size === 0) assertRoom(folder, settings, part);
  removeUnfinished(folder);
  if (part === null) await writeKey(folder, emptyKey(settings));
  else await writePart(folder, { ...emptyPart, ...part, settings });
  const tasks = tasksOf(settings, part, options.threads);
  const results = await runAll(tasks, settings, standing, options);
  assertAsBefore(results, standing);
  if (part !== null) return finishPart(folder, settings, part, tasks, results);
  const songs = results.flatMap((result) => (result.kind === 'songs' ? result.made : []));
  const ranges = settings.users.map((last) =>
    results.flatMap((result, at) => {
      const task = tasks[at] as Task;
      return result.kind === 'days' && task.kind === 'days' && task.lastUser === last ? [result.made] : [];
    }),
  );
  const made = await finish(folder, settings, songs, ranges);
  return { ...made, status: standing.state === 'smaller' ? 'extended' : 'written', settings };
}

function tasksOf(settings: Settings, part: Part | null, threads: number): Task[] {
  const fromDay = dayOf(settings.from) as number;
  const [firstDay, afterDay] = shareOf(settings.days, part);
  const unit = settings.songFiles === 'packed' ? SONGS_A_FILE : 1;
  const [firstSong, afterSong] = shareOf(Math.ceil(settings.songs / unit), part).map((at) => at * unit) as [
    number,
    number,
  ];
  const tasks: Task[] = [];
  const step = Math.max(1, Math.ceil((afterDay - firstDay) / (threads <= 1 ? 1 : threads * 2)));
  settings.users.forEach((lastUser, range) => {
    const firstUser = range === 0 ? 1 : (settings.users[range - 1] as number) + 1;
    for (let at = firstDay; at < afterDay; at += step) {
      tasks.push({
        kind: 'days',
        firstUser,
        lastUser,
        firstDay: fromDay + at,
        days: Math.min(step, afterDay - at),
      });
    }
  });
  const songStep = settings.songFiles === 'packed' ? SONGS_A_FILE : SONGS_A_TASK;
  for (let at = firstSong; at < Math.min(afterSong, settings.songs); at += songStep) {
    tasks.push({ kind: 'songs', from: at, to: Math.min(at + songStep, afterSong, settings.songs) });
  }
  return tasks;
}

/** Part k's share of a range, as its first number and the one after its last. */
function shareOf(count: number, part: Part | null): [number, number] {
  if (part === null) return [0, count];
  return [Math.floor((count * (part.part - 1)) / part.of), Math.floor((count * part.part) / part.of)];
}

async function runAll(
  tasks: readonly Task[],
  settings: Settings,
  standing: Standing,
  options: MakeOptions,
): Promise<Made[]> {
  const { folder, threads } = options;
  const catalogue = makeCatalogue(settings.seed, settings.songs, recordForms[settings.format]);
  const { fragments, ...arrays } = catalogue;
  if (hasThreads) {
    const { bytes, ends, count } = fragments;
    const run = runTasks(
      tasks,
      threads,
      {
        settings,
        catalogue: arrays,
        fragments: { bytes, ends, count },
        folder,
        standing: new Set(standing.files.keys()),
      },
      (task, amount) => options.onTask(task.kind, amount),
    );
    options.onStart(run.stop);
    return run.done.finally(() => removeUnfinished(folder));
  }
  const run = taskRunner(settings, catalogue, (path) =>
    openFile(standing.files.has(path) ? null : join(folder, ...path.split('/')), settings.gzip),
  );
  const results: Made[] = [];
  for (const task of tasks) results.push(await run(task, (amount) => options.onTask(task.kind, amount)));
  return results;
}

/** Files that stood before must be what the same seed makes now; otherwise the versions differ. */
function assertAsBefore(results: readonly Made[], { files }: Standing): void {
  const assert = (path: string, { sha256 }: FileKey): void => {
    const before = files.get(path);
    if (before === undefined || before.sha256 === sha256) return;
    throw new SparkifyError(
      `${path} stands there as another version of sparkify made it; it was not touched.`,
      {
        hint: 'Make the whole data set anew in another folder.',
      },
    );
  };
  for (const result of results) {
    if (result.kind === 'songs') for (const file of result.made) assert(file.path, file);
    else {
      for (const file of result.made.first.files) assert(file.path, file);
      if (result.made.final !== result.made.first) {
        for (const file of result.made.final.files) assert(`${REDELIVERY}/${file.path}`, file);
      }
    }
  }
}

async function finish(
  folder: string,
  settings: Settings,
  songs: readonly FileKey[],
  ranges: readonly (readonly MadeDays[])[],
): Promise<Pick<MadeDataSet, 'key' | 'redelivered'>> {
  const key = keyOf(
    settings,
    songs,
    ranges.map((range) => range.map(({ first }) => first)),
  );
  const finals = ranges.map((range) => range.map(({ final }) => final));
  const again = finals
    .flat()
    .flatMap(({ faults }) => faults.filter(({ fault }) => fault === 'redelivered-file'));
  const second = join(folder, REDELIVERY);
  if (again.length > 0) {
    mkdirSync(second, { recursive: true });
    await writeKey(second, keyOf(settings, songs, finals));
  }
  await writeKey(folder, key);
  return { key, redelivered: again.length };
}

/** The answer key of everything that was delivered: by range of users, then by range of days. */
function keyOf(
  settings: Settings,
  songs: readonly FileKey[],
  ranges: readonly (readonly Delivery[])[],
): AnswerKey {
  const deliveries = ranges.flat();
  const users = { free: 0, paid: 0 };
  for (const range of ranges) {
    const levels = new Uint8Array(range[0]?.users.length ?? 0);
    for (const delivery of range) overlayUsers(levels, delivery.users);
    for (const level of levels) {
      if (level === 1) users.free += 1;
      else if (level === 2) users.paid += 1;
    }
  }
  const days = mergedDays(ranges);
  const files = [...deliveries.flatMap((delivery) => delivery.files), ...songs].sort((a, b) =>
    a.path < b.path ? -1 : 1,
  );
  const faults = deliveries.flatMap((delivery) => delivery.faults);
  const artists = new Set<number>();
  for (let song = 0; song < settings.songs; song += 1) artists.add(artistNumberOf(settings.seed, song));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    format: ANSWER_KEY_FORMAT,
    status: 'complete',
    settings: { ...settings },
    events: balanceOf(files, 'log'),
    songs: balanceOf(files, 'song'),
    tables: {
      songplays: sum(days.map((day) => day.plays)),
      users: users.free + users.paid,
      songs: settings.songs,
      artists: artists.size,
      time: sum(days.map((day) => day.startTimes)),
    },
    usersByLevel: users,
    days,
    files,
    faults,
  };
}

/** What comes in; a file's copy counts for nothing. */
function balanceOf(files: readonly FileKey[], kind: FileKey['kind']): AnswerKey['events'] {
  const sum = { lines: 0, staged: 0, rejected: 0 };
  for (const file of files) {
    if (file.kind !== kind || file.copyOf !== undefined) continue;
    sum.lines += file.lines;
    sum.staged += file.staged;
    sum.rejected += file.rejected;
  }
  return sum;
}

function mergedDays(ranges: readonly (readonly Delivery[])[]): DayKey[] {
  const merged = new Map<string, DayKey & { times: Set<number> | null }>();
  for (const { days, startTimes } of ranges.flat()) {
    days.forEach((day, at) => {
      const known = merged.get(day.date);
      const times = ranges.length > 1 ? new Set(startTimes[at]) : null;
      if (known === undefined) {
        merged.set(day.date, { ...day, times });
        return;
      }
      for (const name of ['plays', 'paid', 'matched', 'seconds', 'sessions'] as const)
        known[name] += day[name];
      for (const time of times ?? []) known.times?.add(time);
      known.startTimes = known.times?.size ?? 0;
    });
  }
  return [...merged.values()].map(({ times: _, ...day }) => day).sort((a, b) => (a.date < b.date ? -1 : 1));
}

function emptyKey(settings: Settings): AnswerKey {
  const nothing = { lines: 0, staged: 0, rejected: 0 };
  return {
    format: ANSWER_KEY_FORMAT,
    status: 'in progress',
    settings: { ...settings },
    events: nothing,
    songs: nothing,
    tables: { songplays: 0, users: 0, songs: 0, artists: 0, time: 0 },
    usersByLevel: { free: 0, paid: 0 },
    days: [],
    files: [],
    faults: [],
  };
}

async function writeKey(folder: string, key: AnswerKey): Promise<void> {
  await writeWhole(join(folder, ANSWER_KEY_FILE), keyText(key));
}

/** A file that is there whole or not at all. */
async function writeWhole(path: string, pieces: Iterable<string> | string): Promise<void> {
  const passing = `${path}.part`;
  try {
    await writeFile(passing, pieces);
    await rename(passing, path);
  } catch (error) {
    await rm(passing, { force: true });
    throw error;
  }
}

/** The answer key as JSON, one file, day or fault a line. */
function* keyText(key: AnswerKey): Generator<string> {
  const entries = Object.entries(key);
  for (const [at, [name, value]] of entries.entries()) {
    yield `${at === 0 ? '{' : ','}\n  ${JSON.stringify(name)}: `;
    if (!Array.isArray(value) || value.length === 0) {
      yield JSON.stringify(value);
      continue;
    }
    for (const [nth, item] of value.entries()) {
      yield `${nth === 0 ? '[' : ','}\n    ${JSON.stringify(item)}`;
    }
    yield '\n  ]';
  }
  yield '\n}\n';
}

const emptyPart = { format: 'sparkify part 1', status: 'in progress', songs: [], days: [] } as const;

async function writePart(folder: string, record: PartRecord): Promise<void> {
  await writeWhole(join(folder, partFile(record)), JSON.stringify(record));
}

/** Writes a part's record; the part that finds all others there writes the answer key of the whole. */
async function finishPart(
  folder: string,
  settings: Settings,
  part: Part,
  tasks: readonly Task[],
  results: readonly Made[],
): Promise<MadeDataSet> {
  await writePart(folder, {
    ...emptyPart,
    ...part,
    settings,
    status: 'complete',
    songs: results.flatMap((result) => (result.kind === 'songs' ? result.made : [])),
    days: results.flatMap((result, at) => {
      if (result.kind !== 'days' || tasks[at]?.kind !== 'days') return [];
      const { first, final } = result.made;
      return [{ first: pack(first), final: final === first ? null : pack(final) }];
    }),
  });
  const parts = readParts(folder, part.of);
  if (parts === null) return { status: 'part written', settings, key: null, redelivered: 0 };
  for (const other of parts) {
    if (JSON.stringify(other.settings) !== JSON.stringify(settings)) {
      throw new SparkifyError(
        `Part ${other.part} of ${other.of} in ${folder} was made with other settings.`,
        {
          hint: 'Make all parts with the same flags, or use another folder.',
        },
      );
    }
  }
  const songs = parts.flatMap((other) => other.songs);
  const range = parts.flatMap(({ days }) =>
    days.map(({ first, final }): MadeDays => {
      const one = unpack(first);
      return { first: one, final: final === null ? one : unpack(final) };
    }),
  );
  const made = await finish(folder, settings, songs, [range]);
  for (const other of parts) await rm(join(folder, partFile(other)), { force: true });
  return { ...made, status: 'written', settings };
}

/** All parts of a data set; null while one is missing, is being made, or has just been put together by another. */
function readParts(folder: string, of: number): PartRecord[] | null {
  try {
    const parts = Array.from({ length: of }, (_, at) => {
      return JSON.parse(readFileSync(join(folder, partFile({ part: at + 1, of })), 'utf8')) as PartRecord;
    });
    return parts.every(({ status }) => status === 'complete') ? parts : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function partFile({ part, of }: Part): string {
  return `manifest.part-${part}-of-${of}.json`;
}

function pack(delivery: Delivery): PackedDelivery {
  return { ...delivery, users: Buffer.from(delivery.users).toString('base64') };
}

function unpack(delivery: PackedDelivery): Delivery {
  return { ...delivery, users: new Uint8Array(Buffer.from(delivery.users, 'base64')) };
}

/** A file system that has no room for the data set is better known before. */
function assertRoom(folder: string, settings: Settings, part: Part | null): void {
  const { logBytes, songBytes } = predict(settings);
  const needed = (logBytes + songBytes) / (part?.of ?? 1);
  let place = folder;
  while (!existsSync(place) && join(place, '..') !== place) place = join(place, '..');
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  if (needed < free) return;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(3)} GB`;
  throw new SparkifyError(
    `${folder} needs about ${gigabytes(needed)}, and ${gigabytes(free)} are free; nothing was written.`,
    {
      hint: 'Make less, add --gzip, or name another folder with --out.',
    },
  );
}
