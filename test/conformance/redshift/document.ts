import { copyDoubts } from '../../support/redshift/copy/copy-doubts.ts';
import { copyRules } from '../../support/redshift/copy/copy-rules.ts';
import { notEmulated, rules } from '../../support/redshift/rules.ts';
import { type Fact, UNDOCUMENTED } from './fact.ts';
import { facts } from './facts.ts';
import { cell } from './report.ts';

const GUIDE = 'https://docs.aws.amazon.com/redshift/latest/dg/';
/** Pages of the management guide. */
const MANAGEMENT: ReadonlySet<string> = new Set(['connecting-ssl-support']);

function pageOf(page: string): string {
  if (page === UNDOCUMENTED) return page;
  const guide = MANAGEMENT.has(page) ? GUIDE.replace('/dg/', '/mgmt/') : GUIDE;
  return `[${page}](${guide}${page}.html)`;
}

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [
    `| ${heads.join(' | ')} |`,
    `|${heads.map(() => '---|').join('')}`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');

const doubts: readonly Fact['doubt'][] = ['open', 'inferred', 'documented'];

function factsTable(): string {
  const rows = doubts.flatMap((doubt) =>
    facts
      .filter((fact) => fact.doubt === doubt)
      .map(({ id, claim, page, reliedOnBy }) => [
        `\`${id}\``,
        doubt,
        cell(claim),
        pageOf(page),
        cell(reliedOnBy),
      ]),
  );
  return table(['fact', 'known', 'claim', 'page', 'what relies on it'], rows);
}

const chapters: Readonly<Record<string, () => string>> = {
  facts: factsTable,
  rules: () =>
    table(
      ['rule', 'page'],
      rules.map(({ rule, page }) => [cell(rule), pageOf(page)]),
    ),
  'copy rules': () =>
    table(
      ['rule', 'page'],
      copyRules.map(({ rule, page }) => [cell(rule), pageOf(page)]),
    ),
  'copy doubts': () =>
    table(
      ['about', 'what the double does'],
      copyDoubts.map(({ about, decision }) => [cell(about), cell(decision)]),
    ),
  'not emulated': () => notEmulated.map((text) => `- ${text.replaceAll('<', '&lt;')}`).join('\n'),
};

/** The document with its tables as rules and facts have them now; its prose stays. */
export function renewed(document: string): string {
  let text = document;
  for (const [name, make] of Object.entries(chapters)) {
    const [begin, end] = [`<!-- ${name}: generated -->`, `<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`The document has no place for ${name}.`);
    text = `${text.slice(0, from)}${begin}\n\n${make()}\n\n${text.slice(to)}`;
  }
  return text;
}
