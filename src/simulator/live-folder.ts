import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';
import { dateOf } from './calendar.ts';
import { openFile, type Writer } from './file-writer.ts';
import { removeUnfinished } from './folder.ts';
import type { LiveSink, Position } from './live.ts';
import { makeSongs } from './make-songs.ts';
import { recordForms } from './record-form.ts';
import type { Settings } from './settings.ts';

const CHECKPOINT_FILE = 'live.json';

interface Checkpoint {
  readonly format: 'sparkify live 1';
  readonly settings: Settings;
  readonly next: Position | null;
  /** Files closed so far; their number is in their names. */
  readonly files: number;
}

/** A folder that a stream fills with closed files; nobody ever sees a file that still grows. */
export interface LiveFolder extends LiveSink {
  /** Where a stream that was stopped goes on; null at first. */
  readonly from: Position | null;
  /** Closes the open file; what was written counts from then on. */
  close(): Promise<number>;
}

/** Opens a folder for a stream, new or stopped before; UsageError if it holds something else. */
export async function openLiveFolder(
  folder: string,
  settings: Settings,
  { rollMs, nowMs }: { rollMs: number; nowMs: () => number },
): Promise<LiveFolder> {
  const before = readCheckpoint(folder, settings);
  const form = recordForms[settings.format];
  let next = before?.next ?? null;
  let files = before?.files ?? 0;
  removeUnfinished(folder);
  if (before === null) {
    await save();
    const request = { seed: settings.seed, form, from: 0, to: settings.songs, layout: settings.songFiles };
    await makeSongs({ ...request, isPacked: settings.gzip, open }, () => {});
  }
  let current: { day: number; writer: Writer; openedMs: number } | null = null;

  function open(path: string): Promise<Writer> {
    return openFile(join(folder, ...path.split('/')), settings.gzip);
  }

  async function save(): Promise<void> {
    const checkpoint: Checkpoint = { format: 'sparkify live 1', settings, next, files };
    mkdirSync(folder, { recursive: true });
    const passing = join(folder, `${CHECKPOINT_FILE}.part`);
    await writeFile(passing, `${JSON.stringify(checkpoint)}\n`);
    await rename(passing, join(folder, CHECKPOINT_FILE));
  }

  async function close(): Promise<number> {
    if (current === null) return files;
    if (form.endsLastLine) current.writer.write(NEWLINE);
    await current.writer.end();
    current = null;
    files += 1;
    await save();
    return files;
  }

  return {
    from: next,
    close,
    async write(lines, after) {
      if (current !== null && current.day !== after.day) await close();
      if (current === null) {
        const date = dateOf(after.day);
        const name = `${date}-events-${String(files + 1).padStart(6, '0')}.json${settings.gzip ? '.gz' : ''}`;
        const writer = await open(`log_data/${date.slice(0, 4)}/${date.slice(5, 7)}/${name}`);
        current = { day: after.day, writer, openedMs: nowMs() };
      } else current.writer.write(NEWLINE);
      current.writer.write(lines.subarray(0, -1));
      await current.writer.ready();
      next = after;
      if (nowMs() - current.openedMs >= rollMs) await close();
    },
    async rest() {
      if (current !== null && nowMs() - current.openedMs >= rollMs) await close();
    },
  };
}

const NEWLINE = Buffer.from('\n');

/** The first day of the stream that a folder holds; null if it holds none. */
export function firstDayOf(folder: string): string | null {
  const file = join(folder, CHECKPOINT_FILE);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Checkpoint).settings.from : null;
}

/** What a stream into this folder came to before; null in a new one. */
function readCheckpoint(folder: string, settings: Settings): Checkpoint | null {
  const file = join(folder, CHECKPOINT_FILE);
  if (!existsSync(file)) {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    if (names.length === 0) return null;
    throw new UsageError(`${folder} holds something else, for example "${names[0]}"; nothing was written.`, {
      hint: 'Name an empty or a new folder with --out.',
    });
  }
  const before = JSON.parse(readFileSync(file, 'utf8')) as Checkpoint;
  const names = Object.keys(settings) as (keyof Settings)[];
  const different = names.find(
    (name) => JSON.stringify(settings[name]) !== JSON.stringify(before.settings[name]),
  );
  if (different === undefined) return before;
  throw new UsageError(
    `${folder} holds a stream whose ${different} is ${JSON.stringify(before.settings[different])}, not ${JSON.stringify(settings[different])}; nothing was written.`,
    { hint: 'Go on with the same flags, or name another folder with --out.' },
  );
}
