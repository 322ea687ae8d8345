import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ANSWER_KEY_FILE, type AnswerKey, type FileKey, parseAnswerKey } from '../answer-key/answer-key.ts';
import { UsageError } from '../errors.ts';
import { REDELIVERY } from './make-days.ts';
import type { Settings } from './settings.ts';

/** What a data set's folder may hold; anything else is somebody else's. */
const ours = /^(log_data|song_data|redelivery|manifest\.json|manifest\.part-\d+-of-\d+\.json|live\.json)$/;

/** What stands in the folder already. */
export interface Standing {
  readonly state: 'empty' | 'begun' | 'smaller' | 'complete';
  /** The settings asked for, with the ranges of users that the folder has. */
  readonly settings: Settings;
  /** Files of a complete data set; they stay byte for byte as they are. */
  readonly files: ReadonlyMap<string, FileKey>;
}

/** Looks at the folder that a data set shall be written to; UsageError if it holds something else. */
export function inspectFolder(folder: string, settings: Settings): Standing {
  const names = namesIn(folder);
  const foreign = names.find((name) => !ours.test(name));
  if (foreign !== undefined) {
    throw new UsageError(`${folder} holds something else, for example "${foreign}"; nothing was written.`, {
      hint: 'Name an empty or a new folder with --out.',
    });
  }
  const empty: Standing = { state: 'empty', settings, files: new Map() };
  if (!names.includes(ANSWER_KEY_FILE)) {
    if (names.length === 0 || names.some((name) => name.startsWith('manifest.part'))) return empty;
    throw new UsageError(
      `${folder} holds ${names.join(', ')}, but no ${ANSWER_KEY_FILE}; nothing was written.`,
      {
        hint: 'Name an empty or a new folder with --out.',
      },
    );
  }
  const key = parseAnswerKey(readFileSync(join(folder, ANSWER_KEY_FILE), 'utf8'));
  if (key === null) {
    throw new UsageError(`${join(folder, ANSWER_KEY_FILE)} is not of a simulation; nothing was written.`, {
      hint: 'Name an empty or a new folder with --out.',
    });
  }
  return standing(folder, key, settings);
}

function standing(folder: string, key: AnswerKey, settings: Settings): Standing {
  const before = key.settings as unknown as Settings;
  const users = mergeUsers(before.users, settings.users.at(-1) as number);
  const merged: Settings = { ...settings, users };
  const different = (Object.keys(merged) as (keyof Settings)[]).filter(
    (name) => JSON.stringify(merged[name]) !== JSON.stringify(before[name]),
  );
  const refused = different.find((name) => name !== 'days' && name !== 'users');
  const shrinks =
    (settings.users.at(-1) as number) < (before.users.at(-1) as number) || settings.days < before.days;
  if (refused !== undefined || shrinks) {
    const name = refused ?? (settings.days < before.days ? 'days' : 'users');
    throw new UsageError(
      `${folder} holds another data set: its ${name} is ${said(before[name])}, not ${said(settings[name])}; nothing was written.`,
      { hint: 'Days and users can be added to a data set; for all else name another folder with --out.' },
    );
  }
  if (key.status !== 'complete') return { state: 'begun', settings: merged, files: new Map() };
  const files = new Map(
    [...key.files, ...redelivered(folder)]
      .filter(({ path, bytes }) => sizeOf(join(folder, path)) === bytes)
      .map((file) => [file.path, file]),
  );
  const isWhole = files.size >= key.files.length;
  return { state: different.length === 0 && isWhole ? 'complete' : 'smaller', settings: merged, files };
}

/** The files of the second delivery, under the paths that they have in the folder. */
function redelivered(folder: string): FileKey[] {
  try {
    const key = parseAnswerKey(readFileSync(join(folder, REDELIVERY, ANSWER_KEY_FILE), 'utf8'));
    return (key?.files ?? []).map((file) => ({ ...file, path: `${REDELIVERY}/${file.path}` }));
  } catch {
    return [];
  }
}

/** More users are a range of their own, with files of their own. */
function mergeUsers(before: readonly number[], last: number): readonly number[] {
  return last > (before.at(-1) as number) ? [...before, last] : before;
}

function said(value: unknown): string {
  return Array.isArray(value) ? String(value.at(-1)) : JSON.stringify(value);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR') {
      throw new UsageError(`${folder} is a file, not a folder; nothing was written.`, {
        hint: 'Name an empty or a new folder with --out.',
      });
    }
    throw error;
  }
}

function sizeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

/** Removes files that were not finished. */
export function removeUnfinished(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.part')) rmSync(join(folder, name), { force: true });
  }
}
