import { SingleBar } from 'cli-progress';
import pc from 'picocolors';
import type { LoadEvent } from '../telemetry/events.ts';
import type { Listener } from '../telemetry/observer.ts';
import { eventLine } from './event-line.ts';
import { formatBytes, formatCount, plural } from './format.ts';
import { printable } from './printable.ts';

export interface ProgressOptions {
  readonly quiet: boolean;
  /** Each event of weight gets a line with the seconds since the start. */
  readonly verbose: boolean;
  readonly stream: NodeJS.WriteStream;
  /** Since the start. */
  readonly seconds: () => number;
}

/** Draws events: progress bars on a terminal, plain lines elsewhere, only warnings when quiet. */
export function drawProgress({ quiet, verbose, stream, seconds }: ProgressOptions): {
  readonly hear: Listener;
  done(): void;
} {
  const drawsBars = stream.isTTY === true && !quiet;
  let bar: SingleBar | null = null;
  let filesDone = 0;
  const say = (message: string): void => void stream.write(`${printable(message)}\n`);

  function countFiles(files: number | undefined): string {
    return files === undefined || files === 1
      ? ''
      : `  ${formatCount(filesDone)} of ${plural(files, 'file')}`;
  }

  function done(): void {
    bar?.stop();
    bar = null;
  }

  function startStep({ step, total, unit, files }: StepStarted): void {
    done();
    if (total === 0) return;
    filesDone = 0;
    if (drawsBars && total === null) bar = startCount(stream, step, unit);
    else if (drawsBars && total !== null)
      bar = startBar(stream, { name: step, total, unit }, () => countFiles(files));
    else if (!quiet && total !== null) {
      const amount = unit === 'bytes' ? formatBytes(total) : `${formatCount(total)} ${unit}`;
      say(`${step}: ${amount}${files === undefined ? '' : ` in ${plural(files, 'file')}`}`);
    }
  }

  function tell(event: LoadEvent): void {
    const line = verbose ? eventLine(event) : null;
    if (line === null) return;
    if (bar !== null) {
      // The bar is drawn again below the line.
      stream.cursorTo(0);
      stream.clearLine(0);
    }
    say(`${seconds().toFixed(2).padStart(8)} s  ${line}`);
  }

  return {
    done,
    hear(event) {
      switch (event.type) {
        case 'progressed':
          bar?.increment(event.amount);
          return;
        case 'fileRead':
          filesDone += 1;
          return;
        case 'stepStarted':
          startStep(event);
          return;
        case 'note':
          done();
          if (!quiet) say(event.message);
          return;
        case 'warning':
          done();
          stream.write(`${pc.yellow('warning')} ${printable(event.message)}\n`);
          return;
        case 'committing':
          done();
      }
      tell(event);
    },
  };
}

type StepStarted = Extract<LoadEvent, { type: 'stepStarted' }>;

/** A count whose end nobody knows. */
function startCount(stream: NodeJS.WriteStream, name: string, unit: string): SingleBar {
  const bar = new SingleBar({
    stream,
    clearOnComplete: true,
    hideCursor: true,
    format: (_, { value }) => `${name.padEnd(8)} ${formatCount(value)} ${unit}`,
  });
  bar.start(Number.MAX_SAFE_INTEGER, 0);
  return bar;
}

/** A bar to a known end; `also` is said behind it. */
function startBar(
  stream: NodeJS.WriteStream,
  { name, total, unit }: { readonly name: string; readonly total: number; readonly unit: string },
  also: () => string,
): SingleBar {
  const amount = unit === 'bytes' ? formatBytes : formatCount;
  const bar = new SingleBar({
    stream,
    clearOnComplete: true,
    hideCursor: true,
    etaBuffer: 20,
    format: (options, { progress, value, total, startTime }) => {
      const width = 28;
      const full = Math.min(width, Math.round(progress * width));
      const seconds = Math.max(0.001, (Date.now() - startTime) / 1000);
      const left = progress > 0 ? Math.ceil((seconds / progress) * (1 - progress)) : null;
      const drawn = `${pc.cyan('━'.repeat(full))}${pc.dim('─'.repeat(width - full))}`;
      const speed = unit === 'bytes' ? `  ${amount(value / seconds)}/s` : '';
      const remaining = left === null || options.noTTYOutput ? '' : `  ${left} s left`;
      return `${name.padEnd(8)} ${drawn} ${amount(value)} of ${amount(total)}${also()}${speed}${remaining}`;
    },
  });
  bar.start(total, 0);
  return bar;
}
