#!/usr/bin/env node
// Loads the program, and nothing before it: where too few files may be open for that, this is all that can say so.
try {
  await import('./program.ts');
} catch (error) {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'EMFILE' && code !== 'ENFILE') throw error;
  const message = `sparkify cannot start: it may not open enough files at once (${code}).`;
  const hint =
    code === 'EMFILE'
      ? 'Raise the limit, then run again: ulimit -n 1024'
      : 'Close other programs, or raise fs.file-max.';
  process.stderr.write(`error ${message}\n      ${hint}\n`);
  if (process.argv.includes('--json')) {
    const failed = {
      status: 'failed',
      exitCode: 1,
      error: { kind: 'SparkifyError', message, hint, exitCode: 1 },
    };
    process.stdout.write(`${JSON.stringify(failed, null, 2)}\n`);
  }
  process.exitCode = 1;
}
