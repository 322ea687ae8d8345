import type { Fact, Verdict } from './fact.ts';

/** What came of one fact. */
export interface Finding {
  readonly fact: Fact;
  readonly verdict: Verdict;
  readonly notes: readonly string[];
}

const kindOf = (verdict: Verdict): 'confirmed' | 'differs' | 'not run' =>
  verdict === 'confirmed' ? 'confirmed' : 'differs' in verdict ? 'differs' : 'not run';

/** Why a verdict is what it is; empty where it is confirmed. */
const whyOf = (verdict: Verdict): string =>
  verdict === 'confirmed' ? '' : 'differs' in verdict ? verdict.differs : verdict.notRun;

/** One line for people who watch. */
export function lineOf({ fact, verdict, notes }: Finding): string {
  const why = [whyOf(verdict), ...notes].filter(Boolean).join(' | ');
  return `${kindOf(verdict).padEnd(9)}  ${fact.id}${why === '' ? '' : `: ${why}`}`;
}

function summaryOf(findings: readonly Finding[]): string {
  const count = (kind: string): number => findings.filter(({ verdict }) => kindOf(verdict) === kind).length;
  return `${findings.length} facts: ${count('confirmed')} confirmed, ${count('differs')} differ, ${count('not run')} not run`;
}

/** A text in a cell of a Markdown table. */
export const cell = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').replaceAll('<', '&lt;');

/** The report to be kept, in Markdown: what differs first. */
export function reportOf(findings: readonly Finding[], on: string, day: string): string {
  const order = ['differs', 'not run', 'confirmed'];
  const rows = [...findings]
    .sort((a, b) => order.indexOf(kindOf(a.verdict)) - order.indexOf(kindOf(b.verdict)))
    .map(({ fact, verdict, notes }) => {
      const seen = [whyOf(verdict), ...notes].filter(Boolean).map(cell).join('<br>');
      return `| \`${fact.id}\` | ${kindOf(verdict)} | ${cell(fact.claim)} | ${seen} |`;
    });
  return `# Conformance of ${on}, ${day}

${summaryOf(findings)}.

| fact | verdict | claim | seen |
|---|---|---|---|
${rows.join('\n')}
`;
}
