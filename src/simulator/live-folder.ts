import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';
import { dateOf } from './calendar.ts';
import { flagOf } from './existing-data-set.ts';
import { openFile, passingName, type Writer } from './file-writer.ts';
import { lockFolder, namesIn } from './folder-location.ts';
import type { LiveSink, Pace, Position } from './live.ts';
import { makeSongs } from './make-songs.ts';
import { recordForms } from './record-form.ts';
import type { Settings } from './settings.ts';

const CHECKPOINT_FILE = 'live.json';
const NEWLINE = Buffer.from('\n');
/** What a stream's folder may hold. */
const ours = /^(log_data|song_data|live\.json|live\.json\.\d+\.part|writing\.lock)$/;

interface Checkpoint {
  readonly format: 'sparkify live 1';
  readonly settings: Settings;
  readonly pace: Pace['kind'];
  readonly hasSongs: boolean;
  readonly next: Position | null;
  /** Files closed so far; their number is in their names. */
  readonly files: number;
}

/** A folder that a stream fills with closed files; a file that still grows is never visible. */
export interface LiveFolder extends LiveSink {
  /** Where a stream that was stopped goes on; null at first. */
  readonly from: Position | null;
  /** Closes the open file; what was written counts from then on. Returns how many files there are. */
  close(): Promise<number>;
  /** Gives up the open file, and the folder. */
  abandon(): Promise<void>;
}

export interface LiveFolderOptions {
  readonly pace: Pace;
  readonly rollMs: number;
  readonly nowMs: () => number;
  readonly onClose: (files: number, next: Position) => void;
}

/** Opens a folder for a stream, new or stopped before; UsageError if it holds something else. */
export async function openLiveFolder(
  folder: string,
  settings: Settings,
  { pace, rollMs, nowMs, onClose }: LiveFolderOptions,
): Promise<LiveFolder> {
  const before = readCheckpoint(folder);
  if (before !== null) assertSame(folder, before, settings, pace);
  const form = recordForms[settings.format];
  let next = before?.next ?? null;
  let files = before?.files ?? 0;
  const lock = lockFolder(folder, settings, null);
  if (before?.hasSongs !== true) {
    await save(false);
    const request = { seed: settings.seed, form, from: 0, to: settings.songs, layout: settings.songFiles };
    await makeSongs({ ...request, isPacked: settings.gzip, filesAtOnce: 1, open }, () => {});
    await save(true);
  }
  let current: { day: number; writer: Writer; openedMs: number } | null = null;

  function open(path: string): Promise<Writer> {
    return openFile(join(folder, ...path.split('/')), settings.gzip);
  }

  async function save(hasSongs: boolean): Promise<void> {
    const file = join(folder, CHECKPOINT_FILE);
    const checkpoint: Checkpoint = {
      format: 'sparkify live 1',
      settings,
      pace: pace.kind,
      hasSongs,
      next,
      files,
    };
    await writeFile(passingName(file), `${JSON.stringify(checkpoint)}\n`);
    await rename(passingName(file), file);
  }

  async function closeFile(): Promise<void> {
    if (current === null) return;
    if (form.endsLastLine) current.writer.write(NEWLINE);
    await current.writer.end();
    current = null;
    files += 1;
    await save(true);
    onClose(files, next as Position);
  }

  return {
    from: next,
    async close() {
      await closeFile();
      lock.release();
      return files;
    },
    async abandon() {
      await current?.writer.abandon();
      lock.release();
    },
    async write(lines, after) {
      if (current !== null && current.day !== after.day) await closeFile();
      if (current === null) {
        const date = dateOf(after.day);
        const name = `${date}-events-${String(files + 1).padStart(6, '0')}.json${settings.gzip ? '.gz' : ''}`;
        const writer = await open(`log_data/${date.slice(0, 4)}/${date.slice(5, 7)}/${name}`);
        current = { day: after.day, writer, openedMs: nowMs() };
      } else current.writer.write(NEWLINE);
      current.writer.write(lines.subarray(0, -1));
      await current.writer.ready();
      next = after;
      if (nowMs() - current.openedMs >= rollMs) await closeFile();
    },
    async rest() {
      if (current !== null && nowMs() - current.openedMs >= rollMs) await closeFile();
    },
  };
}

/** The first day of the stream that a folder holds; null if it holds none. */
export function firstDayOf(folder: string): string | null {
  return readCheckpoint(folder)?.settings.from ?? null;
}

/** What a stream into this folder came to before; null in a new one. */
function readCheckpoint(folder: string): Checkpoint | null {
  const names = namesIn(folder);
  const foreign = names.find((name) => !ours.test(name));
  const file = join(folder, CHECKPOINT_FILE);
  if (foreign !== undefined || (names.includes('log_data') && !existsSync(file))) {
    throw new UsageError(
      `${folder} holds something else, for example "${foreign ?? 'log_data'}"; nothing was written.`,
      anotherFolder,
    );
  }
  if (!existsSync(file)) return null;
  try {
    const checkpoint = JSON.parse(readFileSync(file, 'utf8')) as Checkpoint | null;
    if (checkpoint?.format === 'sparkify live 1' && typeof checkpoint.settings === 'object')
      return checkpoint;
  } catch {
    // Said below.
  }
  throw new UsageError(`${file} does not belong to a stream; nothing was written.`, anotherFolder);
}

const anotherFolder = { hint: 'Name an empty or a new folder with --out.' };

function assertSame(folder: string, before: Checkpoint, settings: Settings, pace: Pace): void {
  const names = Object.keys(settings) as (keyof Settings)[];
  const different = names.find(
    (name) => JSON.stringify(settings[name]) !== JSON.stringify(before.settings[name]),
  );
  const isOtherPace = (before.pace === 'real time') !== (pace.kind === 'real time');
  if (different === undefined && !isOtherPace) return;
  const [was, is] =
    different === undefined
      ? [before.pace, pace.kind]
      : [flagOf(different, before.settings[different]), flagOf(different, settings[different])];
  throw new UsageError(`${folder} holds a stream made with ${was}, not ${is}; nothing was written.`, {
    hint: 'Continue with the same flags, or name another folder with --out.',
  });
}
