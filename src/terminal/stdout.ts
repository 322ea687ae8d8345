import { SparkifyError } from '../errors.ts';

/** Writes text to stdout; rejects if it cannot be written, but not if its reader has seen enough. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (cause) => {
      if (!cause || isClosedPipe(cause)) resolve();
      else reject(new SparkifyError(`Cannot write to stdout: ${cause.message}`, { cause }));
    });
  });
}

/** Ends the process where nobody reads stdout any more, which is not an error. Neither is a closed stderr. */
export function endWithReaders(exitCode: () => number): void {
  process.stdout.on('error', (cause) => {
    if (isClosedPipe(cause)) process.exit(exitCode());
  });
  process.stderr.on('error', () => {});
}

function isClosedPipe(cause: Error): boolean {
  return (cause as NodeJS.ErrnoException).code === 'EPIPE';
}
