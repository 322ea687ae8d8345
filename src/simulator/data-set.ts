import { ANSWER_KEY_FILE, type AnswerKey, type FileKey } from '../answer-key/answer-key.ts';
import { SparkifyError, UsageError } from '../errors.ts';
import { onStop } from '../stopping.ts';
import { keyOf, keyText } from './build-answer-key.ts';
import { dayOf } from './calendar.ts';
import { type ExistingDataSet, inspectLocation } from './existing-data-set.ts';
import { writerTo } from './file-writer.ts';
import { type MadeDays, REDELIVERY } from './make-days.ts';
import { SONGS_A_FILE } from './make-songs.ts';
import { type LocationAddress, openLocation } from './open-location.ts';
import { type OutputLocation, writeText } from './output-location.ts';
import { type Part, partFile, partFiles } from './part.ts';
import { partText, readParts } from './parts.ts';
import { predict } from './prediction.ts';
import type { Settings } from './settings.ts';
import { type Made, type Task, taskRunner } from './task.ts';
import { hasThreads, runTasks } from './worker-pool.ts';
import { catalogueOf } from './world.ts';

export interface MakeOptions {
  readonly address: LocationAddress;
  readonly threads: number;
  readonly part: Part | null;
  readonly onTask: (kind: Task['kind'], amount: number) => void;
  /** Called before the work begins, if there is any. */
  readonly onStart: () => void;
  /** Ends the work by its reason. */
  readonly signal?: AbortSignal;
}

/** What was made. */
export interface MadeDataSet {
  readonly status: 'written' | 'extended' | 'unchanged' | 'part written';
  readonly settings: Settings;
  /** Null while other parts are missing. */
  readonly key: AnswerKey | null;
  /** Files that wait for their second delivery. */
  readonly redelivered: number;
}

const SONGS_A_TASK = 5_000;

/** Makes a data set at a place, with its answer key; what stands there of it stays as it is. */
export async function makeDataSet(wanted: Settings, options: MakeOptions): Promise<MadeDataSet> {
  const { address, signal } = options;
  // Threads hear of the signal from this one: it cannot be handed to them.
  const place = await openLocation({
    ...address,
    s3: { ...address.s3, ...(signal === undefined ? {} : { signal }) },
  });
  try {
    return await makeAt(place, wanted, options);
  } finally {
    await place.close();
  }
}

async function makeAt(place: OutputLocation, wanted: Settings, options: MakeOptions): Promise<MadeDataSet> {
  const { part } = options;
  const existing = await inspectLocation(place, wanted, part);
  const { settings, key } = existing;
  const missing = new Set(await place.missing(existing.files));
  if (existing.state === 'complete' && key !== null && missing.size === 0) {
    const redelivered = [...existing.files.keys()].filter((path) => path.startsWith(`${REDELIVERY}/`)).length;
    return { status: 'unchanged', settings, key, redelivered: key.delivery === 2 ? 0 : redelivered };
  }
  if (key?.delivery === 2) {
    throw new UsageError(
      `Files of ${place.name} are gone, and its second delivery replaced files of the first.`,
      {
        hint: 'Make the data set again in another folder.',
      },
    );
  }
  if (key === null) assertRoom(place, settings, part);
  const lock = await place.lock(settings, part);
  const tasks = tasksOf(settings, part, options.threads);
  const results = await runAll(tasks, { settings, existing: pathsOf(existing, missing) }, place, options);
  const made = await finish(results, existing, place, part);
  await lock.release();
  return made;
}

function tasksOf(settings: Settings, part: Part | null, threads: number): Task[] {
  const fromDay = dayOf(settings.from) as number;
  const [firstDay, afterDay] = shareOf(settings.days, part);
  const unit = settings.songFiles === 'packed' ? SONGS_A_FILE : 1;
  const [firstUnit, afterUnit] = shareOf(Math.ceil(settings.songs / unit), part);
  const tasks: Task[] = [];
  const step = Math.max(1, Math.ceil((afterDay - firstDay) / (threads <= 1 ? 1 : threads * 2)));
  settings.users.forEach((lastUser, range) => {
    const firstUser = range === 0 ? 1 : (settings.users[range - 1] as number) + 1;
    for (let at = firstDay; at < afterDay; at += step) {
      const days = Math.min(step, afterDay - at);
      tasks.push({ kind: 'days', firstUser, lastUser, firstDay: fromDay + at, days });
    }
  });
  const songStep = settings.songFiles === 'packed' ? SONGS_A_FILE : SONGS_A_TASK;
  const afterSong = Math.min(afterUnit * unit, settings.songs);
  for (let at = firstUnit * unit; at < afterSong; at += songStep) {
    tasks.push({ kind: 'songs', from: at, to: Math.min(at + songStep, afterSong) });
  }
  return tasks;
}

/** Part k's share of a range, as its first number and the one after its last. */
function shareOf(count: number, part: Part | null): [number, number] {
  if (part === null) return [0, count];
  return [Math.floor((count * (part.part - 1)) / part.of), Math.floor((count * part.part) / part.of)];
}

/** The files that need not be written. */
function pathsOf({ files }: ExistingDataSet, missing: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...files.keys()].filter((path) => !missing.has(path)));
}

async function runAll(
  tasks: readonly Task[],
  { settings, existing }: { readonly settings: Settings; readonly existing: ReadonlySet<string> },
  place: OutputLocation,
  { address, threads, onTask, onStart, signal }: MakeOptions,
): Promise<Made[]> {
  const catalogue = catalogueOf(settings);
  if (hasThreads) {
    const { fragments, ...arrays } = catalogue;
    const { bytes, ends, count } = fragments;
    const start = { settings, catalogue: arrays, fragments: { bytes, ends, count }, address, existing };
    const run = runTasks(tasks, threads, start, (task, amount) => onTask(task.kind, amount));
    const forget = onStop(signal, () => run.stop(signal?.reason));
    onStart();
    return run.done.finally(() => place.tidy()).finally(forget);
  }
  const run = taskRunner(settings, catalogue, {
    filesAtOnce: place.filesAtOnce,
    open: async (path) =>
      existing.has(path) ? writerTo(null, settings.gzip) : place.open(path, settings.gzip),
  });
  const results: Made[] = [];
  for (const task of tasks) results.push(await run(task, (amount) => onTask(task.kind, amount)));
  return results;
}

/** Writes the answer key, or a part's record; the part that finds all others there writes the answer key. */
async function finish(
  results: readonly Made[],
  existing: ExistingDataSet,
  place: OutputLocation,
  part: Part | null,
): Promise<MadeDataSet> {
  const { settings } = existing;
  assertAsBefore(results, existing);
  if (part === null) {
    const songs = results.flatMap((result) => (result.kind === 'songs' ? result.made : []));
    const ranges = settings.users.map((last) =>
      results.flatMap((result) => (result.kind === 'days' && result.lastUser === last ? [result.made] : [])),
    );
    const made = await writeKeys(place, settings, songs, ranges);
    return { ...made, status: existing.state === 'smaller' ? 'extended' : 'written', settings };
  }
  await writeText(place, partFile(part), [partText(settings, part, results)]);
  const parts = await readParts(place, part.of);
  if (parts === null) return { status: 'part written', settings, key: null, redelivered: 0 };
  const made = await writeKeys(place, settings, parts.songs, [parts.days]);
  for (const file of partFiles(part.of)) await place.remove(file);
  return { ...made, status: 'written', settings };
}

/** Files that stood before must be what the same seed makes now; otherwise the versions differ. */
function assertAsBefore(results: readonly Made[], { files }: ExistingDataSet): void {
  const assert = (path: string, { sha256 }: FileKey): void => {
    const before = files.get(path);
    if (before === undefined || before.sha256 === sha256) return;
    throw new SparkifyError(`${path} was made by another version of sparkify; it was not touched.`, {
      hint: 'Make the whole data set again in another folder.',
    });
  };
  for (const result of results) {
    if (result.kind === 'songs') for (const file of result.made) assert(file.path, file);
    else {
      for (const file of result.made.first.files) assert(file.path, file);
      for (const file of result.made.final.files) assert(`${REDELIVERY}/${file.path}`, file);
    }
  }
}

async function writeKeys(
  place: OutputLocation,
  settings: Settings,
  songs: readonly FileKey[],
  ranges: readonly (readonly MadeDays[])[],
): Promise<Pick<MadeDataSet, 'key' | 'redelivered'>> {
  const firsts = ranges.map((range) => range.map(({ first }) => first));
  const finals = ranges.map((range) => range.map(({ final }) => final));
  const again = finals
    .flat()
    .flatMap(({ faults }) => faults.filter(({ fault }) => fault === 'redelivered-file'));
  if (again.length > 0) {
    const text = keyText(keyOf(settings, songs, finals, 2));
    await writeText(place, `${REDELIVERY}/${ANSWER_KEY_FILE}`, text);
  }
  const key = keyOf(settings, songs, firsts, 1);
  await writeText(place, ANSWER_KEY_FILE, keyText(key));
  return { key, redelivered: again.length };
}

/** A file system that has no room for the data set is better known before. */
function assertRoom(place: OutputLocation, settings: Settings, part: Part | null): void {
  const { logBytes, songBytes } = predict(settings);
  const needed = (logBytes + songBytes) / (part?.of ?? 1);
  const free = place.freeBytes();
  if (free === null) return;
  if (needed < free) return;
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en-US')} MB`;
  throw new SparkifyError(
    `${place.name} needs about ${megabytes(needed)}, and ${megabytes(free)} are free; nothing was written.`,
    { hint: 'Make less, add --gzip, or name another folder with --out.' },
  );
}
