import { readFile, writeFile } from 'node:fs/promises';
import { UsageError } from '../errors.ts';
import type { OutputFile } from '../sources/output-file.ts';
import { printable } from '../terminal/printable.ts';
import { type Command, type Context, type Flags, type Result, warehouseFlag } from './shared/command.ts';
import { outputFlags, outputOf, WRITTEN_TO_STDOUT, writeResult } from './shared/output.ts';
import { withPublished } from './shared/warehouse.ts';

const FORMATS = ['table', 'csv', 'json', 'parquet'] as const;

export const command: Command = {
  define(query) {
    query
      .argument('[sql]', 'one statement that only reads')
      .option('-f, --file <file>', 'read the statement from a file')
      .option('--format <format>', `${FORMATS.join(', ')} (default: table)`);
    outputFlags(query, 'write the result to a file (needed for parquet)');
    warehouseFlag(query);
    query.addHelpText(
      'after',
      '\nExample:\n  sparkify query "select level, count(*) as plays from songplays group by level"',
    );
  },
  async run(context, flags, args) {
    const sql = await statementOf(args[0], flags.file);
    const format = formatOf(flags.format, flags.json === true);
    const output = outputOf(flags, format === 'parquet');
    if (output !== null) {
      return writeResult(context, flags, output, (file) =>
        write(context, flags, { sql, format, output, file }),
      );
    }
    if (format === 'parquet') throw notForTerminals();
    return withPublished(context, flags, async (warehouse) => {
      const { formatAnswer } = await import('../terminal/answer.ts');
      const pieces = formatAnswer(await warehouse.answer(sql), format, context.isTerminal);
      for await (const piece of pieces) await context.write(piece);
      return { json: undefined, text: '' };
    });
  },
};

interface Written {
  readonly sql: string;
  readonly format: (typeof FORMATS)[number];
  /** As the user names it. */
  readonly output: string;
  readonly file: OutputFile;
}

function write(context: Context, flags: Flags, { sql, format, output, file }: Written): Promise<Result> {
  if (format === 'parquet' && file.isTerminal) throw notForTerminals();
  const writes = [file.aside];
  return withPublished(
    context,
    flags,
    async (warehouse) => {
      if (format === 'parquet') {
        const rows = await warehouse.writeParquet(sql, file.aside);
        if (file.isStdout) return WRITTEN_TO_STDOUT;
        return {
          json: { status: 'written', output, rows },
          text: `Wrote ${rows} rows to ${printable(output)}.`,
        };
      }
      const { formatAnswer } = await import('../terminal/answer.ts');
      await writeFile(file.aside, formatAnswer(await warehouse.answer(sql), format, file.isTerminal));
      if (file.isStdout) return WRITTEN_TO_STDOUT;
      return { json: { status: 'written', output }, text: `Wrote ${printable(output)}.` };
    },
    { writes },
  );
}

function notForTerminals(): UsageError {
  return new UsageError('Parquet is not for terminals: name a file.', {
    hint: '--format parquet --output plays.parquet',
  });
}

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
