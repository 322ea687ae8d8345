import { SingleBar } from 'cli-progress';
import pc from 'picocolors';
import type { Observer } from '../pipeline/observer.ts';
import { formatBytes, formatCount } from './format.ts';
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
  const say = (message: string): void => void stream.write(`${printable(message)}\n`);

  function done(): void {
    bar?.stop();
    bar = null;
  }

  return {
    isVerbose: verbose,
    step(name, total, unit) {
      done();
      if (total === null || total === 0) return;
      if (drawsBars) bar = startBar(stream, name, total, unit);
      else if (!quiet)
        say(`${name}: ${unit === 'bytes' ? formatBytes(total) : `${formatCount(total)} ${unit}`}`);
    },
    advance: (amount) => bar?.increment(amount),
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

function startBar(stream: NodeJS.WriteStream, name: string, total: number, unit: string): SingleBar {
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
      return `${name.padEnd(8)} ${drawn} ${amount(value)} of ${amount(total)}${speed}${remaining}`;
    },
  });
  bar.start(total, 0);
  return bar;
}
