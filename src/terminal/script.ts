import type { LoadSummary } from '../pipeline/record/load-summary.ts';
import { formatCount, plural } from './format.ts';
import { printable } from './printable.ts';

/** What a load into an engine that reads S3 would ask of it. */
interface ScriptJson {
  readonly warehouse: string;
  readonly files: LoadSummary['files'];
  readonly objects: readonly { readonly address: string; readonly text: string }[];
  readonly statements: readonly string[];
  /** What each statement is for, in the same order. */
  readonly names: readonly string[];
}

/** The statements as a script; all that is not SQL is in comments. */
export function drawScript({ warehouse, files, objects, statements, names }: ScriptJson): string {
  const head = [
    `${printable(warehouse)}: ${plural(files.new, 'new file')}, ${formatCount(files.changed)} changed, ${formatCount(files.unchanged)} unchanged, ${formatCount(files.duplicate)} duplicate, ${formatCount(files.vanished)} vanished; nothing was changed.`,
  ];
  if (statements.length === 0) return comment([...head, 'A load would write nothing.']);
  const why = [
    'The statements that a load would send to the cluster, in this order. What it learns only during the load is 0 or null',
    'here: the counts in ops.files, ops.runs and ops.warehouse, and what the checks find, each of which must give 0.',
    'Statements that a load leaves out if there is nothing to do are listed here. There are more if records have undeclared',
    'keys, or if songs have accented names, whose other spellings are made of what is in the warehouse by then.',
  ];
  const put = objects.map(({ address, text }) =>
    comment([`${address}, put there before the COPY that names it:`, ...text.trimEnd().split('\n')]),
  );
  const asked = statements.map((sql, at) => `${comment([names[at] ?? ''])}\n${sql};`);
  return [comment([...head, ...why]), ...put, ...asked].join('\n\n');
}

function comment(lines: readonly string[]): string {
  return lines.map((line) => `-- ${printable(line)}`).join('\n');
}
