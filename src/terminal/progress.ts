import { SingleBar } from 'cli-progress';
import pc from 'picocolors';
import type { Observer } from '../telemetry/observer.ts';
import { formatBytes, formatCount, plural } from './format.ts';
import { printable } from './printable.ts';

/** How a command talks to people: on stderr only, so that stdout stays for results. */
export interface Voice extends Observer {
  readonly isVerbose: boolean;
  warn(message: string): void;
  /** Ends a progress bar that is still drawn. */
  done(): void;
}

export interface VoiceOptions {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly stream: NodeJS.WriteStream;
}

/** Progress bars on a terminal, plain lines elsewhere, only warnings when quiet. */
export function makeVoice({ quiet, verbose, stream }: VoiceOptions): Voice {
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

  return {
    isVerbose: verbose,
    step(name, total, unit, files) {
      done();
      if (total === 0) return;
      filesDone = 0;
      if (drawsBars && total === null) bar = startCount(stream, name, unit);
      else if (drawsBars && total !== null)
        bar = startBar(stream, { name, total, unit }, () => countFiles(files));
      else if (!quiet && total !== null) {
        const amount = unit === 'bytes' ? formatBytes(total) : `${formatCount(total)} ${unit}`;
        say(`${name}: ${amount}${files === undefined ? '' : ` in ${plural(files, 'file')}`}`);
      }
    },
    advance: (amount) => bar?.increment(amount),
    fileDone() {
      filesDone += 1;
    },
    committing: done,
    note(message) {
      done();
      if (!quiet) say(message);
    },
    warn(message) {
      done();
      stream.write(`${pc.yellow('warning')} ${printable(message)}\n`);
    },
    done,
  };
}

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
