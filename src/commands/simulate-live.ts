import { InterruptedError, UsageError } from '../errors.ts';
import type { LiveSink, Pace } from '../simulator/live.ts';
import type { LiveFolder } from '../simulator/live-folder.ts';
import { defaultSettings, type Settings } from '../simulator/settings.ts';
import { isS3Address } from '../sources/s3-address.ts';
import { onStop, pause } from '../stopping.ts';
import { plural } from '../terminal/format.ts';
import { printable } from '../terminal/printable.ts';
import type { Context, Flags, Result } from './shared/command.ts';
import { numberOf, paceOf, positive, refuse, settingsOf } from './simulate-flags.ts';

/** A stream's users are made for so long; afterwards nobody joins any more. */
const LIVE_DAYS = 1_000;
const DEFAULT_ROLL_SECONDS = 60;

/** Writes events when they are due, into closed files of a folder or to stdout, until a signal or the limit. */
export async function live(context: Context, flags: Flags): Promise<Result> {
  const asked = await readFlags(context, flags);
  const { folder, settings, pace, limit } = asked;
  const { streamLive } = await import('../simulator/live.ts');
  const { signal } = context;
  // The file that is open is closed first; what goes to stdout ends after the events that are due.
  if (folder === null) onStop(signal, () => {});
  else context.stopsByItself();
  const target = folder === null ? null : await openFolder(context, folder, asked);
  if (!signal.aborted) {
    const way = target?.from ? 'Continuing' : 'Streaming';
    context.console.note(
      `${way} ${folder === null ? 'to stdout' : `into ${folder}`}; Ctrl-C ends it cleanly.`,
    );
  }
  try {
    const { events, next } = await streamLive(settings, target ?? stdoutSink(context), {
      pace,
      from: target?.from ?? null,
      beginMs: asked.beginMs,
      clock: { nowMs: context.nowMs, sleep: (ms) => pause(ms, signal).catch(() => {}) },
      isStopped: () => signal.aborted,
      limit,
    });
    const files = (await target?.close()) ?? 0;
    const exitCode = exitCodeOf(signal);
    if (folder === null) return { json: undefined, text: '', exitCode };
    return {
      json: { status: exitCode === 0 ? 'done' : 'stopped', folder, events, files, next },
      text: `Wrote ${plural(events, 'event')}; ${printable(folder)} holds ${plural(files, 'file')} of events. The same command continues from here.`,
      exitCode,
    };
  } catch (error) {
    // Nobody took what was written last.
    if (folder === null && signal.aborted) return { json: undefined, text: '', exitCode: exitCodeOf(signal) };
    await target?.abandon();
    throw error;
  }
}

/** What a stream is asked for. */
interface Asked {
  /** Null: stdout. */
  readonly folder: string | null;
  readonly settings: Settings;
  readonly pace: Pace;
  readonly rollMs: number;
  /** Events to end after. */
  readonly limit: number;
  /** When a new stream begins, in milliseconds since 1970. */
  readonly beginMs: number;
}

async function readFlags(context: Context, flags: Flags): Promise<Asked> {
  refuse(
    flags,
    ['dirty', 'part', 'days', 'events', 'size', 'dryRun', 'workers'],
    'cannot be used with --live',
  );
  const folder = flags.out === '-' ? null : String(flags.out);
  if (folder === null) refuse(flags, ['json', 'gzip', 'songFiles', 'roll'], 'cannot be used with --out -');
  if (folder !== null && isS3Address(folder)) {
    throw new UsageError('--live writes to a folder or to stdout, not to S3.', {
      hint: 'Stream into a folder, and copy its closed files.',
    });
  }
  const { firstDayOf } = await import('../simulator/live-folder.ts');
  const pace = paceOf(flags);
  const isRealTime = pace.kind === 'real time';
  const nowMs = context.nowMs();
  const defaultFrom = isRealTime ? new Date(nowMs).toISOString().slice(0, 10) : defaultSettings.from;
  const before = folder === null ? null : firstDayOf(folder);
  const from = flags.from === undefined ? (before ?? defaultFrom) : String(flags.from);
  const positiveOf = (flag: string, value: Flags[string], usual: number): number =>
    value === undefined ? usual : positive(flag, numberOf(flag, value));
  return {
    folder,
    settings: settingsOf({ ...flags, from, days: String(LIVE_DAYS) }),
    pace,
    rollMs: 1000 * positiveOf('--roll', flags.roll, DEFAULT_ROLL_SECONDS),
    limit: positiveOf('--limit', flags.limit, Number.POSITIVE_INFINITY),
    beginMs: isRealTime ? nowMs : Date.parse(`${from}T00:00:00Z`),
  };
}

async function openFolder(
  context: Context,
  folder: string,
  { settings, pace, rollMs }: Asked,
): Promise<LiveFolder> {
  const { openLiveFolder } = await import('../simulator/live-folder.ts');
  return openLiveFolder(folder, settings, {
    pace,
    rollMs,
    nowMs: context.nowMs,
    onClose(files, { day, index }) {
      if (context.signal.aborted) return;
      const date = new Date(day * 86_400_000).toISOString().slice(0, 10);
      context.console.note(`${plural(files, 'file')}, until event ${index} of ${date}`);
    },
  });
}

function exitCodeOf({ reason }: AbortSignal): number {
  return reason instanceof InterruptedError ? reason.exitCode : 0;
}

function stdoutSink(context: Context): LiveSink {
  return {
    write: (lines) => context.write(lines.toString('utf8')),
    rest: async () => {},
  };
}
