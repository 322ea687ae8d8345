import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ANSWER_KEY_FILE, type AnswerKey, type FileKey, parseAnswerKey } from '../answer-key/answer-key.ts';
import { SparkifyError, UsageError } from '../errors.ts';
import { REDELIVERY } from './make-days.ts';
import { type Part, partFile, readPart } from './parts.ts';
import type { Settings } from './settings.ts';

/** What a data set's folder may hold; anything else is somebody else's. */
const ours =
  /^(log_data|song_data|redelivery|manifest\.json|manifest\.part-\d+-of-\d+\.json|(manifest|live)\S*\.json\.\d+\.part|live\.json|writing\S*\.lock)$/;
const anotherFolder = { hint: 'Name an empty or a new folder with --out.' };

/** What stands in the folder already. */
export interface Standing {
  readonly state: 'empty' | 'begun' | 'smaller' | 'complete';
  /** The settings asked for, with the ranges of users that the folder has. */
  readonly settings: Settings;
  /** The answer key of what is complete there. */
  readonly key: AnswerKey | null;
  /** Files of a complete data set; they stay byte for byte as they are. */
  readonly files: ReadonlyMap<string, FileKey>;
}

/** Looks at the folder that a data set shall be written to; UsageError if it holds something else. */
export function inspectFolder(folder: string, settings: Settings, part: Part | null): Standing {
  const names = namesIn(folder);
  const foreign = names.find((name) => !ours.test(name));
  if (foreign !== undefined || names.includes('live.json')) {
    const what = foreign === undefined ? 'a stream' : `something else, for example "${foreign}"`;
    throw new UsageError(`${folder} holds ${what}; nothing was written.`, anotherFolder);
  }
  assertParts(folder, names, settings, part);
  const empty: Standing = { state: 'empty', settings, key: null, files: new Map() };
  if (names.includes(ANSWER_KEY_FILE)) return standingBy(folder, settings, part);
  const begun = names.map((name) => readLock(join(folder, name))).find((lock) => lock !== null);
  if (begun) {
    assertSame(folder, begun.settings, settings, []);
    return { ...empty, state: 'begun' };
  }
  if (names.some((name) => name.startsWith('manifest.part'))) return { ...empty, state: 'begun' };
  if (names.length === 0) return empty;
  throw new UsageError(
    `${folder} holds ${names.join(', ')}, but no ${ANSWER_KEY_FILE}; nothing was written.`,
    anotherFolder,
  );
}

/** Parts that stand there must be of the same data set, cut into as many. */
function assertParts(folder: string, names: readonly string[], settings: Settings, part: Part | null): void {
  for (const name of names) {
    const record = name.startsWith('manifest.part') ? readPart(join(folder, name)) : null;
    if (record === null) continue;
    if (part === null || part.of !== record.of) {
      throw new UsageError(
        `${folder} holds part ${record.part} of ${record.of} of a data set; nothing was written.`,
        {
          hint: `Make the other parts with --part k/${record.of}, or name another folder with --out.`,
        },
      );
    }
    assertSame(folder, record.settings, settings, []);
  }
}

/** What an answer key in the folder says of it. */
function standingBy(folder: string, settings: Settings, part: Part | null): Standing {
  const key = parseAnswerKey(readFileSync(join(folder, ANSWER_KEY_FILE), 'utf8'));
  if (key === null) {
    throw new UsageError(
      `${join(folder, ANSWER_KEY_FILE)} is not of a simulation; nothing was written.`,
      anotherFolder,
    );
  }
  const before = key.settings as unknown as Settings;
  const users = mergeUsers(before.users, settings.users.at(-1) as number);
  const merged: Settings = { ...settings, users };
  assertSame(folder, before, merged, ['days', 'users']);
  const isLarger = merged.days > before.days || users.length > before.users.length;
  if (isLarger && (part !== null || key.delivery === 2)) {
    const why = part === null ? 'its second delivery lies over the first' : 'parts are for new data sets';
    throw new UsageError(`${folder} cannot grow: ${why}; nothing was written.`, anotherFolder);
  }
  const files = new Map([...key.files, ...redelivered(folder)].map((file) => [file.path, file]));
  return { state: isLarger ? 'smaller' : 'complete', settings: merged, key, files };
}

/** UsageError unless both data sets are the same, or the later one is larger in what may grow. */
function assertSame(
  folder: string,
  before: Settings,
  wanted: Settings,
  mayGrow: readonly (keyof Settings)[],
): void {
  for (const name of Object.keys(wanted) as (keyof Settings)[]) {
    const [was, is] = [before[name], wanted[name]];
    const grows =
      mayGrow.includes(name) && Number(lastOf(is) ?? Number.NaN) >= Number(lastOf(was) ?? Number.NaN);
    if (grows || JSON.stringify(was) === JSON.stringify(is)) continue;
    throw new UsageError(
      `${folder} holds another data set, made with ${flagOf(name, was)}, not ${flagOf(name, is)}; nothing was written.`,
      {
        hint: 'Days and users can be added to a finished data set; for all else name another folder with --out.',
      },
    );
  }
}

/** A setting as the flag that makes it. */
export function flagOf(name: keyof Settings, value: unknown): string {
  if (name === 'rates') {
    if (value === null) return 'no --dirty';
    const rates = Object.entries(value as object).map(([fault, rate]) => `${fault}=${rate}`);
    return `--dirty ${rates.join(',')}`;
  }
  const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  if (typeof value === 'boolean') return value ? flag : `no ${flag}`;
  return `${flag} ${lastOf(value)}`;
}

function lastOf(value: unknown): unknown {
  return Array.isArray(value) ? value.at(-1) : value;
}

/** The files of the second delivery, under the paths that they have in the folder. */
function redelivered(folder: string): FileKey[] {
  const file = join(folder, REDELIVERY, ANSWER_KEY_FILE);
  if (!existsSync(file)) return [];
  const key = parseAnswerKey(readFileSync(file, 'utf8'));
  const again = new Set(
    key?.faults.filter(({ fault }) => fault === 'redelivered-file').map(({ path }) => path),
  );
  return (key?.files ?? [])
    .filter(({ path }) => again.has(path))
    .map((made) => ({ ...made, path: `${REDELIVERY}/${made.path}` }));
}

/** More users are a range of their own, with files of their own. */
function mergeUsers(before: readonly number[], last: number): readonly number[] {
  const known = before.at(-1) as number;
  return last > known ? [...before, last] : last === known ? before : [last];
}

/** Files that are gone, to be made again; SparkifyError if one is not what was made. */
export async function missingFiles(folder: string, files: ReadonlyMap<string, FileKey>): Promise<string[]> {
  const missing: string[] = [];
  for (const [path, { bytes, sha256 }] of files) {
    const place = join(folder, ...path.split('/'));
    const size = statSync(place, { throwIfNoEntry: false })?.size;
    if (size === undefined) missing.push(path);
    else if (size !== bytes || (await hashOf(place)) !== sha256) {
      throw new SparkifyError(`${place} is not as it was made; nothing was written.`, {
        hint: `Remove it to have it made again, or ${anotherFolder.hint.toLowerCase().replace('.', '')}.`,
      });
    }
  }
  return missing;
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1_048_576 }), hash);
  return hash.digest('hex');
}

function namesIn(folder: string): string[] {
  if (folder === '') throw new UsageError('--out is empty; it must name a folder.');
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR')
      throw new UsageError(`${folder} is a file, not a folder; nothing was written.`, anotherFolder);
    throw error;
  }
}

/** Who writes into a folder, or wrote until it was stopped. */
interface Lock {
  readonly format: 'sparkify writing 1';
  readonly pid: number;
  readonly settings: Settings;
}

function readLock(file: string): Lock | null {
  if (!/writing\S*\.lock$/.test(file)) return null;
  try {
    const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock | null;
    return lock?.format === 'sparkify writing 1' ? lock : null;
  } catch {
    return null;
  }
}

/**
 * Takes a folder for one writer, or for one writer of each part; what other writers left unfinished is removed. The
 * lock stays if the work ends early, and says then what was begun.
 */
export function lockFolder(folder: string, settings: Settings, part: Part | null): { release(): void } {
  mkdirSync(folder, { recursive: true });
  const name = part === null ? 'writing.lock' : `writing.part-${part.part}-of-${part.of}.lock`;
  for (const other of readdirSync(folder).filter((file) => file.endsWith('.lock'))) {
    const lock = readLock(join(folder, other));
    const isRival = other === name || part === null || other === 'writing.lock';
    if (lock === null || !isRival || !isAlive(lock.pid)) continue;
    throw new SparkifyError(`Process ${lock.pid} is writing into ${folder}; nothing was written.`, {
      hint: 'Wait until it has ended.',
    });
  }
  const file = join(folder, name);
  rmSync(file, { force: true });
  const lock: Lock = { format: 'sparkify writing 1', pid: process.pid, settings };
  const handle = openSync(file, 'wx');
  writeFileSync(handle, JSON.stringify(lock));
  closeSync(handle);
  removeUnfinished(folder);
  return { release: () => rmSync(file, { force: true }) };
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes files that no living process will finish. */
export function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const [, pid] = /\.json(?:\.gz)?\.(\d+)\.part$/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

/** The parts that stand in a folder, by their names. */
export function partsIn(folder: string, of: number): string[] {
  return Array.from({ length: of }, (_, at) => join(folder, partFile({ part: at + 1, of })));
}
