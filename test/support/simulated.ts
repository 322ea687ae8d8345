import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type MadeDataSet, makeDataSet } from '../../src/simulator/data-set.ts';
import type { Part } from '../../src/simulator/part.ts';
import { defaultSettings, type Settings } from '../../src/simulator/settings.ts';
import type { EventRecord } from './records.ts';
import { freshFolder } from './warehouse.ts';

/** Settings of a small data set; the usual ones but for `change`. */
export function settingsWith(change: Partial<Settings> = {}): Settings {
  return {
    ...defaultSettings,
    version: 1,
    users: [60],
    days: 4,
    songs: 71,
    songFiles: 'single',
    gzip: false,
    rates: null,
    ...change,
  };
}

/** Makes a data set in this thread. */
export function simulate(folder: string, settings: Settings, part: Part | null = null): Promise<MadeDataSet> {
  return makeDataSet(settings, {
    address: { out: folder, s3: {} },
    threads: 1,
    part,
    onTask: () => {},
    onStart: () => {},
  });
}

/** Makes a data set in a fresh folder; returns the folder. */
export async function simulated(change: Partial<Settings> = {}): Promise<string> {
  const folder = join(freshFolder(), 'data');
  await simulate(folder, settingsWith(change));
  return folder;
}

/** Every file below a folder by path, as the SHA-256 of its bytes. */
export function hashesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  );
}

/** The log files of a data set as text, in the order of their names. */
export function logTexts(folder: string): string[] {
  const logs = join(folder, 'log_data');
  return readdirSync(logs, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => readFileSync(join(logs, name), 'utf8'));
}

/** The events of a clean data set, file by file. */
export function eventsIn(folder: string): EventRecord[] {
  return logTexts(folder).flatMap((text) => text.split('\n').map((line) => JSON.parse(line) as EventRecord));
}
