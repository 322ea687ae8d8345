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

/** The statements as a script; all that is not SQL stands in comments. */
export function drawScript({ warehouse, files, objects, statements, names }: ScriptJson): string {
  const head = [
    `${printable(warehouse)}: ${plural(files.new, 'new file')}, ${formatCount(files.changed)} changed, ${formatCount(files.unchanged)} unchanged, ${formatCount(files.duplicate)} duplicate, ${formatCount(files.vanished)} vanished; nothing was changed.`,
  ];
  if (statements.length === 0) return comment([...head, 'A load would write nothing.']);
  const why = [
    'What a load would ask of the cluster, in this order. What it only learns on its way stands here as 0 or null: the',
    'counts in ops.files, ops.runs and ops.warehouse, and what the checks find, each of which must give 0. Statements that',
    'a load leaves out where there is nothing to do stand here. More come where records have undeclared keys, and where',
    'songs have accented names, whose other spellings are made of what stands in the warehouse by then.',
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
