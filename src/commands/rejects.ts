import type { Command as Commander } from 'commander';
import { UsageError } from '../errors.ts';
import { drawTable, plural } from '../terminal/format.ts';
import { printable, printableJson } from '../terminal/printable.ts';
import type { SqlRow } from '../warehouses/statement.ts';
import {
  type Command,
  type Context,
  EXIT_CODES,
  type Flags,
  type Result,
  warehouseFlag,
} from './shared/command.ts';
import { outputFlags, outputOf, WRITTEN_TO_STDOUT, writeText } from './shared/output.ts';
import { readText } from './shared/sources.ts';
import { warehouseAddress, withPublished, withWriter } from './shared/warehouse.ts';

export const command: Command = {
  define(rejects) {
    const list = rejects.command('list').description('list refused records, the latest first');
    filters(list).option('--limit <number>', 'how many to list', '50');
    warehouseFlag(
      rejects.command('show').description('show one refused record completely').argument('<reject_id>'),
    );
    const toFile = rejects.command('export').description('write refused records as JSON lines, to be fixed');
    outputFlags(filters(toFile), 'a file, or an s3: address (default: stdout)');
    const again = rejects
      .command('replay')
      .description('try refused records again: all, or those of a fixed export');
    warehouseFlag(again.argument('[file]', 'an export whose "raw" was fixed; a file, or an s3: address'));
    again
      .option('--wait-seconds <seconds>', 'how long to wait for a running load (default: 60)')
      .addHelpText('after', `\n${EXIT_CODES}`);
  },
  run(context, flags, [verb, ...args]) {
    if (verb === 'list') return list(context, flags);
    if (verb === 'show') return show(context, flags, args[0] as string);
    if (verb === 'export') return exportRejects(context, flags);
    return replayRejects(context, flags, args[0]);
  },
};

function filters(command: Commander): Commander {
  warehouseFlag(command);
  return command
    .option('--rule <rule>', 'only those that broke this rule')
    .option('--file <part>', 'only those whose file name contains this');
}

async function read(
  context: Context,
  flags: Flags,
  { where, parameters }: Conditions,
  limit: number | null,
): Promise<SqlRow[]> {
  return withPublished(context, flags, (warehouse) =>
    warehouse.rows({
      name: 'rejects: those that were asked for',
      sql: `select reject_id, path, line, rule, field, value, reason, "raw", kind, rejected_at, run_id
       from (
         select rejects.reject_id, coalesce(names.path, rejects.path) as path, rejects.line, rejects.rule,
           rejects.field, rejects.value, rejects.reason, rejects."raw", rejects.kind, rejects.rejected_at, rejects.run_id
         from ops.rejects as rejects
         left join (select file_id, min(path) as path from ops.files group by file_id having count(distinct sha256) = 1) as names
           on names.file_id = rejects.file_id
       ) as named
       where ${where}
       order by rejected_at desc, path, line, reject_id ${limit === null ? '' : `limit ${limit}`}`,
      parameters,
    }),
  );
}

interface Conditions {
  readonly where: string;
  readonly parameters: readonly string[];
}

function conditions(flags: Flags): Conditions {
  const parameters: string[] = [];
  const parts = ['1 = 1'];
  if (typeof flags.rule === 'string') parts.push(`rule = $${parameters.push(flags.rule)}`);
  if (typeof flags.file === 'string') parts.push(`position($${parameters.push(flags.file)} in path) > 0`);
  return { where: parts.join(' and '), parameters };
}

async function list(context: Context, flags: Flags): Promise<Result> {
  const limit = Number.parseInt(String(flags.limit), 10);
  if (!Number.isInteger(limit) || limit < 1)
    throw new UsageError(`--limit takes a number from 1, not "${flags.limit}".`);
  const asked = conditions(flags);
  const rows = await read(context, flags, asked, limit + 1);
  const shown = rows.slice(0, limit);
  if (shown.length === 0) {
    return {
      json: [],
      text: asked.parameters.length > 0 ? 'No reject matches.' : 'Nothing was refused.',
    };
  }
  const drawn = drawTable(
    ['reject', 'rule', 'what', 'file', 'line'],
    shown.map((row) => [
      text(row.reject_id),
      text(row.rule),
      cut(text(row.reason), 60),
      cut(text(row.path), 60),
      text(row.line),
    ]),
    [false, false, false, false, true],
  );
  const more = rows.length > limit ? ` (there are more: --limit ${limit * 10})` : '';
  return {
    json: shown,
    text: `${drawn}\n\n${plural(shown.length, 'record')}${more}. One of them in full: ${context.program} rejects show ${text(shown[0]?.reject_id)}`,
  };
}

async function show(context: Context, flags: Flags, rejectId: string): Promise<Result> {
  const [row] = await read(context, flags, { where: 'reject_id = $1', parameters: [rejectId] }, 1);
  if (!row) throw new UsageError(`There is no reject ${rejectId}.`, { hint: 'See sparkify rejects list' });
  const { ruleMeanings } = await import('../reading/reject.ts');
  const meaning = ruleMeanings[row.rule as keyof typeof ruleMeanings] ?? '';
  const lines: [string, string][] = [
    ['reject', text(row.reject_id)],
    ['file', `${text(row.path)}:${text(row.line)}`],
    ['rule', `${text(row.rule)}: ${meaning}`],
    ['what', text(row.reason)],
    ['field', row.field === null ? 'the whole record' : text(row.field)],
    ['value', row.value === null ? '' : text(row.value)],
    ['run', text(row.run_id)],
    ['raw', text(row.raw)],
  ];
  const drawn = lines.filter(([, value]) => value !== '').map(([name, value]) => `${name.padEnd(8)}${value}`);
  return { json: row, text: drawn.join('\n') };
}

async function exportRejects(context: Context, flags: Flags): Promise<Result> {
  const rows = await read(context, flags, conditions(flags), null);
  const lines = rows.map((row) => `${printableJson(row)}\n`).join('');
  const output = outputOf(flags);
  if (output === null) return { json: rows, text: lines };
  if ((await writeText(context, flags, output, lines)).isStdout) return WRITTEN_TO_STDOUT;
  return {
    json: { status: 'written', output, records: rows.length },
    text: `Wrote ${plural(rows.length, 'record')} to ${printable(output)}. Fix "raw", then: ${context.program} rejects replay ${printable(output)}`,
  };
}

async function replayRejects(context: Context, flags: Flags, file: string | undefined): Promise<Result> {
  const fixed = file === undefined ? null : await readFixed(context, flags, file);
  const config = await context.config(flags);
  const { missingWarehouse } = await import('../warehouses/open.ts');
  const missing = missingWarehouse(warehouseAddress(config));
  if (missing !== null) throw new UsageError(`There is no warehouse ${missing}, so there are no rejects.`);
  const { ensureTables } = await import('../pipeline/setup/setup.ts');
  const { replay } = await import('../pipeline/replay.ts');
  const { withFailure } = await import('../pipeline/check/guards.ts');
  return withWriter(
    context,
    config,
    { command: 'rejects replay', defaultWaitSeconds: 60 },
    async (warehouse) => {
      const { observer } = context.console;
      const { upgraded, remade } = await ensureTables(warehouse, observer);
      const { report, failure } = await withFailure(replay(fixed, warehouse, context.nowMs, observer));
      const lines = [
        `${plural(report.accepted, 'record')} accepted, ${plural(report.stillRefused.length, 'record')} still refused.`,
        ...report.stillRefused
          .slice(0, 20)
          .map(({ rejectId, reason }) => `  ${rejectId}  ${printable(reason)}`),
        ...report.unknown
          .slice(0, 20)
          .map((rejectId) => `  ${printable(rejectId)}  is not a reject of this warehouse`),
      ];
      return { json: { ...report, upgraded, remade }, text: lines.join('\n'), failure };
    },
  );
}

async function readFixed(
  context: Context,
  flags: Flags,
  file: string,
): Promise<{ rejectId: string; raw: string }[]> {
  const content = await readText(context, flags, 'the export', file);
  return content.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const entry = parseEntry(line);
    if (entry) return [entry];
    throw new UsageError(`${file}:${index + 1} is not a line of a rejects export.`, {
      hint: 'Each line is a JSON object with "reject_id" and "raw", as sparkify rejects export writes it.',
    });
  });
}

function parseEntry(line: string): { rejectId: string; raw: string } | null {
  try {
    const { reject_id: rejectId, raw } = JSON.parse(line);
    return typeof rejectId === 'string' && typeof raw === 'string' ? { rejectId, raw } : null;
  } catch {
    return null;
  }
}

function text(value: unknown): string {
  return value instanceof Date ? value.toISOString() : printable(String(value));
}

function cut(value: string, length: number): string {
  return value.length <= length ? value : `…${value.slice(value.length - length + 1)}`;
}
