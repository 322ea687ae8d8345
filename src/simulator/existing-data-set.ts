import { ANSWER_KEY_FILE, type AnswerKey, type FileKey, parseAnswerKey } from '../answer-key/answer-key.ts';
import { UsageError } from '../errors.ts';
import { REDELIVERY } from './make-days.ts';
import { below, type OutputLocation } from './output-location.ts';
import type { Part } from './part.ts';
import { readPart } from './parts.ts';
import type { Settings } from './settings.ts';
import { isLockName, parseLock } from './writing-lock.ts';

/** What a data set's place may hold; anything else is not ours. */
const ours =
  /^(log_data|song_data|redelivery|manifest\.json|manifest\.part-\d+-of-\d+\.json|(manifest|live)\S*\.json\.\d+\.part|live\.json|writing\S*\.lock)$/;
const anotherFolder = { hint: 'Name an empty or a new folder with --out.' };

/** What is at a place already. */
export interface ExistingDataSet {
  readonly state: 'empty' | 'begun' | 'smaller' | 'complete';
  /** The settings asked for, with the ranges of users that the folder has. */
  readonly settings: Settings;
  /** The answer key of what is complete there. */
  readonly key: AnswerKey | null;
  /** Files of a complete data set; they stay byte for byte as they are. */
  readonly files: ReadonlyMap<string, FileKey>;
}

/** Looks at the place that a data set shall be written to; UsageError if it holds something else. */
export async function inspectLocation(
  place: OutputLocation,
  settings: Settings,
  part: Part | null,
): Promise<ExistingDataSet> {
  const names = await place.names();
  const foreign = names.find((name) => !ours.test(name));
  if (foreign !== undefined || names.includes('live.json')) {
    const what = foreign === undefined ? 'a stream' : `something else, for example "${foreign}"`;
    throw new UsageError(`${place.name} holds ${what}; nothing was written.`, anotherFolder);
  }
  await assertParts(place, names, settings, part);
  const empty: ExistingDataSet = { state: 'empty', settings, key: null, files: new Map() };
  if (names.includes(ANSWER_KEY_FILE)) return standingBy(place, settings, part);
  for (const name of names.filter(isLockName)) {
    const begun = parseLock(await place.read(name));
    if (begun === null) continue;
    assertSame(place, begun.settings, settings, []);
    return { ...empty, state: 'begun' };
  }
  if (names.some((name) => name.startsWith('manifest.part'))) return { ...empty, state: 'begun' };
  if (names.length === 0) return empty;
  throw new UsageError(
    `${place.name} holds ${names.join(', ')}, but no ${ANSWER_KEY_FILE}; nothing was written.`,
    anotherFolder,
  );
}

/** Parts that stand there must be of the same data set, cut into as many. */
async function assertParts(
  place: OutputLocation,
  names: readonly string[],
  settings: Settings,
  part: Part | null,
): Promise<void> {
  for (const name of names) {
    const record = name.startsWith('manifest.part') ? readPart(await place.read(name)) : null;
    if (record === null) continue;
    if (part === null || part.of !== record.of) {
      throw new UsageError(
        `${place.name} holds part ${record.part} of ${record.of} of a data set; nothing was written.`,
        {
          hint: `Make the other parts with --part k/${record.of}, or name another folder with --out.`,
        },
      );
    }
    assertSame(place, record.settings, settings, []);
  }
}

/** What an answer key that lies there says of it. */
async function standingBy(
  place: OutputLocation,
  settings: Settings,
  part: Part | null,
): Promise<ExistingDataSet> {
  const key = parseAnswerKey((await place.read(ANSWER_KEY_FILE)) ?? '');
  if (key === null) {
    throw new UsageError(
      `${below(place.name, ANSWER_KEY_FILE)} does not belong to a simulation; nothing was written.`,
      anotherFolder,
    );
  }
  const before = key.settings as unknown as Settings;
  const users = mergeUsers(before.users, settings.users.at(-1) as number);
  const merged: Settings = { ...settings, users };
  assertSame(place, before, merged, ['days', 'users']);
  const isLarger = merged.days > before.days || users.length > before.users.length;
  if (isLarger && (part !== null || key.delivery === 2)) {
    const why =
      part === null ? 'its second delivery replaced files of the first' : 'parts are for new data sets';
    throw new UsageError(`${place.name} cannot grow: ${why}; nothing was written.`, anotherFolder);
  }
  const files = new Map([...key.files, ...(await redelivered(place))].map((file) => [file.path, file]));
  return { state: isLarger ? 'smaller' : 'complete', settings: merged, key, files };
}

/** UsageError unless both data sets are the same, or the later one is larger in what may grow. */
function assertSame(
  place: OutputLocation,
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
      `${place.name} holds another data set, made with ${flagOf(name, was)}, not ${flagOf(name, is)}; nothing was written.`,
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

/** The files of the second delivery, under the paths that they have there. */
async function redelivered(place: OutputLocation): Promise<FileKey[]> {
  const text = await place.read(`${REDELIVERY}/${ANSWER_KEY_FILE}`);
  const key = text === null ? null : parseAnswerKey(text);
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
