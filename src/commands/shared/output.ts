import { writeFile } from 'node:fs/promises';
import type { Command as Commander } from 'commander';
import { UsageError } from '../../errors.ts';
import type { OutputFile, OutputRules } from '../../sources/output-file.ts';
import { isS3Address } from '../../sources/s3-address.ts';
import type { Context, Flags, Result } from './command.ts';
import { s3OptionsOf } from './sources.ts';
import { warehouseAddress } from './warehouse.ts';

/** The flags of commands that write a result to a file. */
export function outputFlags(command: Commander, what: string): void {
  command
    .option('-o, --output <file>', `${what}; - is stdout`)
    .option('--overwrite', 'replace the file if it is there (never a DuckDB database)');
}

/** A result that went to stdout, where nothing is added to it. */
export const WRITTEN_TO_STDOUT: Result = { json: undefined, text: '' };

/** The file of --output; null for stdout, which `-` means, unless what is written must be opened by a name. */
export function outputOf({ output }: Flags, byName = false): string | null {
  if (output === '-') return byName ? '/dev/stdout' : null;
  return typeof output === 'string' ? output : null;
}

/** What a result may replace: nothing of the warehouse that it comes from, and another file only if it is said. */
export async function outputRules(context: Context, flags: Flags): Promise<OutputRules> {
  const { warehouseFiles } = await import('../../warehouses/open.ts');
  const keeps = warehouseFiles(warehouseAddress(await context.config(flags)));
  return { isReplacing: flags.overwrite === true, keeps };
}

/** Writes a result to a file on this machine by `work`, completely or not at all. */
export async function writeResult<T>(
  context: Context,
  flags: Flags,
  path: string,
  work: (file: OutputFile) => Promise<T>,
): Promise<T> {
  if (isS3Address(path)) {
    throw new UsageError(`A result is written to a file on this machine, not to ${path}.`, {
      hint: 'To write tables to S3: sparkify export --parquet s3://bucket/prefix',
    });
  }
  const { writeOutput } = await import('../../sources/output-file.ts');
  return writeOutput(path, await outputRules(context, flags), work);
}

/** Writes a text to a file or an object in S3, completely or not at all; whether that is stdout. */
export async function writeText(
  context: Context,
  flags: Flags,
  path: string,
  text: string,
): Promise<{ isStdout: boolean }> {
  if (!isS3Address(path)) {
    return writeResult(context, flags, path, async ({ aside, isStdout }) => {
      await writeFile(aside, text);
      return { isStdout };
    });
  }
  const { writeS3Object } = await import('../../sources/s3-destination.ts');
  const s3 = s3OptionsOf(await context.config(flags));
  await writeS3Object(path, text, s3, flags.overwrite === true);
  return { isStdout: false };
}
