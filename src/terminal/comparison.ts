import pc from 'picocolors';
import type { AnswerKey } from '../answer-key/answer-key.ts';
import { type Comparison, faultCounts } from '../answer-key/compare.ts';
import { drawTable, formatCount, plural } from './format.ts';
import { printable } from './printable.ts';

const SHOWN = 20;

/** What of the warehouse agrees with the answer key, and every difference by name. */
export function drawComparison({ compared, differences }: Comparison, key: AnswerKey, file: string): string {
  const ofKind = (kind: string): number =>
    differences.filter((difference) => difference.kind === kind).length;
  const rows = Object.entries(compared).map(([kind, count]) => [
    meanings[kind] ?? kind,
    formatCount(count),
    ofKind(kind) === 0 ? pc.green('agree') : pc.red(`${plural(ofKind(kind), 'difference')}`),
  ]);
  const lines = differences.slice(0, SHOWN).map(({ kind, where, expected, found }) => {
    return `${pc.red('differs')}  ${kind} ${printable(where)}\n         expected ${printable(expected)}\n         found    ${printable(found)}`;
  });
  const left = differences.length - lines.length;
  const planted = [...faultCounts(key.faults).values()].reduce((sum, count) => sum + count, 0);
  const sum =
    differences.length === 0
      ? pc.green(
          `The warehouse agrees with ${printable(file)}: every good event once, ${plural(planted, 'planted fault')} accounted for.`,
        )
      : pc.red(`${plural(differences.length, 'difference')} from ${printable(file)}.`);
  if (compared.file === ofKind('file') - foreignFiles(differences)) {
    return pc.red(
      `The warehouse holds none of the files of ${printable(file)}: it was loaded with other data.`,
    );
  }
  return [
    drawTable(['compared', 'in the key', ''], rows, [false, true, false]),
    '',
    ...lines,
    ...(left > 0 ? [`and ${formatCount(left)} more; all of them with --json`] : []),
    ...(lines.length > 0 ? [''] : []),
    sum,
  ].join('\n');
}

/** Files of the warehouse that the answer key does not know. */
function foreignFiles(differences: Comparison['differences']): number {
  return differences.filter(({ kind, expected }) => kind === 'file' && expected === 'nothing').length;
}

const meanings: Readonly<Record<string, string>> = {
  file: 'files: content, lines, balance',
  reject: 'rejects: line, rule, field',
  repeat: 'repeats: duplicates and conflicts',
  drift: 'drift: file, change, key',
  table: 'rows of tables',
  day: 'days of songplays: counts and sums',
};
