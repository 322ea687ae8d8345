import { readFile } from 'node:fs/promises';
import { SparkifyError, UsageError } from '../errors.ts';
import { type Command, warehouseFlag } from './command.ts';
import { withPublished } from './warehouse-of.ts';

const FORMATS = ['table', 'csv', 'json', 'parquet'] as const;

export const command: Command = {
  define(query) {
    query
      .argument('[sql]', 'one statement that only reads')
      .option('-f, --file <file>', 'read the statement from a file')
      .option('--format <format>', `${FORMATS.join(', ')} (default: table)`)
      .option('-o, --output <file>', 'write the result to a file (needed for parquet)');
    warehouseFlag(query);
    query.addHelpText(
      'after',
      '\nExample:\n  sparkify query "select level, count(*) as plays from songplays group by level"',
    );
  },
  async run(context, flags, args) {
    const sql = await statementOf(args[0], flags.file);
    const format = formatOf(flags.format, flags.json === true);
    const output = typeof flags.output === 'string' ? flags.output : null;
    if (format === 'parquet' && output === null) {
      throw new UsageError('Parquet is not for terminals: name a file.', {
        hint: '--format parquet --output plays.parquet',
      });
    }
    context.onInterrupt(() => process.exit(130));
    return withPublished(context, flags, async (warehouse) => {
      if (format === 'parquet' && output !== null) {
        const rows = await warehouse.writeParquet(sql, output);
        return { json: { status: 'written', output, rows }, text: `Wrote ${rows} rows to ${output}.` };
      }
      const answer = await warehouse.answer(sql);
      const { formatAnswer } = await import('../terminal/answer.ts');
      const pieces = formatAnswer(answer, format === 'parquet' ? 'table' : format);
      if (output === null) {
        for await (const piece of pieces) await context.write(piece);
        return { json: undefined, text: '' };
      }
      const { rename, rm, stat, writeFile } = await import('node:fs/promises');
      // What is no plain file, such as /dev/stdout or a pipe, is written as it is.
      const isPlain = (await stat(output).catch(() => null))?.isFile() ?? true;
      const passing = isPlain ? `${output}.${process.pid}.part` : output;
      await writeFile(passing, pieces)
        .then(() => (isPlain ? rename(passing, output) : undefined))
        .catch(async (cause) => {
          if (isPlain) await rm(passing, { force: true });
          if (cause instanceof SparkifyError) throw cause;
          throw new UsageError(`Cannot write ${output}: ${(cause as Error).message}`, { cause });
        });
      return { json: { status: 'written', output }, text: `Wrote ${output}.` };
    });
  },
};

async function statementOf(
  argument: string | undefined,
  file: string | boolean | undefined,
): Promise<string> {
  if (argument !== undefined && file !== undefined)
    throw new UsageError('Give the SQL as an argument or in a file, not both.');
  if (argument !== undefined) return argument;
  if (typeof file !== 'string') {
    throw new UsageError('query needs a statement.', {
      hint: 'sparkify query "select count(*) from songplays"',
    });
  }
  return readFile(file, 'utf8').catch((cause) => {
    throw new UsageError(`Cannot read the statement from ${file}: ${(cause as Error).message}`, { cause });
  });
}

function formatOf(value: string | boolean | undefined, isJson: boolean): (typeof FORMATS)[number] {
  if (value === undefined) return isJson ? 'json' : 'table';
  const format = FORMATS.find((known) => known === value);
  if (format) return format;
  throw new UsageError(`There is no format "${value}".`, { hint: `One of ${FORMATS.join(', ')}.` });
}
