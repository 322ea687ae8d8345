import { type InterruptedError, UsageError } from '../errors.ts';
import type { LiveSink } from '../simulator/live.ts';
import { usualSettings } from '../simulator/settings.ts';
import { isS3Address } from '../sources/s3-address.ts';
import { plural } from '../terminal/format.ts';
import { printable } from '../terminal/printable.ts';
import type { Context, Flags, Result } from './shared/command.ts';
import { numberOf, paceOf, positive, refuse, settingsOf } from './simulate-flags.ts';

/** A stream's users are made for so long; afterwards nobody joins any more. */
const LIVE_DAYS = 1_000;
const USUAL_ROLL_SECONDS = 60;

/** Writes events when they are due, into closed files of a folder or to stdout, until a signal or the limit. */
export async function live(context: Context, flags: Flags): Promise<Result> {
  refuse(flags, ['dirty', 'part', 'days', 'events', 'size', 'dryRun', 'workers'], 'does not go with --live');
  const folder = flags.out === '-' ? null : String(flags.out);
  if (folder === null) refuse(flags, ['json', 'gzip', 'songFiles', 'roll'], 'does not go with --out -');
  if (folder !== null && isS3Address(folder)) {
    throw new UsageError('--live writes to a folder or to stdout, not to S3.', {
      hint: 'Stream into a folder, and copy its closed files.',
    });
  }
  const { openLiveFolder, firstDayOf } = await import('../simulator/live-folder.ts');
  const { streamLive } = await import('../simulator/live.ts');
  const pace = paceOf(flags);
  const beginMs = context.nowMs();
  const usualFrom =
    pace.kind === 'real time' ? new Date(beginMs).toISOString().slice(0, 10) : usualSettings.from;
  const before = folder === null ? null : firstDayOf(folder);
  const from = flags.from === undefined ? (before ?? usualFrom) : String(flags.from);
  const settings = settingsOf({ ...flags, from, days: String(LIVE_DAYS) });
  const rollMs =
    1000 *
    (flags.roll === undefined ? USUAL_ROLL_SECONDS : positive('--roll', numberOf('--roll', flags.roll)));
  const limit =
    flags.limit === undefined
      ? Number.POSITIVE_INFINITY
      : positive('--limit', numberOf('--limit', flags.limit));
  let stopped: InterruptedError | null = null;
  context.onInterrupt((why) => {
    stopped = why;
  });
  const target =
    folder === null
      ? null
      : await openLiveFolder(folder, settings, {
          pace,
          rollMs,
          nowMs: context.nowMs,
          onClose(files, { day, index }) {
            if (stopped !== null) return;
            const date = new Date(day * 86_400_000).toISOString().slice(0, 10);
            context.voice.note(`${plural(files, 'file')}, until event ${index} of ${date}`);
          },
        });
  if (stopped === null) {
    const way = target?.from ? 'Going on' : 'Streaming';
    context.voice.note(`${way} ${folder === null ? 'to stdout' : `into ${folder}`}; Ctrl-C ends it cleanly.`);
  }
  try {
    const { events, next } = await streamLive(settings, target ?? stdoutSink(context), {
      pace,
      from: target?.from ?? null,
      beginMs: pace.kind === 'real time' ? beginMs : Date.parse(`${from}T00:00:00Z`),
      clock: { nowMs: context.nowMs, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
      isStopped: () => stopped !== null,
      limit,
    });
    const files = (await target?.close()) ?? 0;
    const exitCode = (stopped as InterruptedError | null)?.exitCode ?? 0;
    if (folder === null) return { json: undefined, text: '', exitCode };
    return {
      json: { status: exitCode === 0 ? 'done' : 'stopped', folder, events, files, next },
      text: `Wrote ${plural(events, 'event')}; ${printable(folder)} holds ${plural(files, 'file')} of events. The same command goes on from here.`,
      exitCode,
    };
  } catch (error) {
    await target?.abandon();
    throw error;
  }
}

function stdoutSink(context: Context): LiveSink {
  return {
    write: (lines) => context.write(lines.toString('utf8')),
    rest: async () => {},
  };
}
