import { describe, expect, test } from 'vitest';
import { houseOf, unexcused } from './support/house.ts';
import { type Rule, readSources, rules } from './support/house-rules.ts';

const texts = readSources();
const house = houseOf(texts);

type Files = Readonly<Record<string, string>>;

/** What a rule says of the real house with files put into it, and does not say without them. */
function newFindings(rule: Rule, files: Files): string[] {
  const known = rules[rule](house).map(({ at }) => at);
  const found = rules[rule](new Map([...house, ...houseOf(Object.entries(files))]));
  return found.filter(({ at }) => !known.includes(at)).map(({ at, says }) => `${at}: ${says}`);
}

/** Text of so many lines. */
function linesOf(lines: number): string {
  return '-- a line\n'.repeat(lines);
}

/** A function of so many lines, which begins and ends as it is told. */
function functionOf(lines: number, begin: string, end = '}'): string {
  return `${begin}\n${'work();\n'.repeat(lines - 2)}${end}\n`;
}

/** An interface with members of such numbers. */
function interfaceOf(head: string, from: number, to: number): string {
  const members = Array.from({ length: to - from + 1 }, (_, at) => `readonly member${from + at}: number;`);
  return `export interface ${head} { ${members.join(' ')} }\n`;
}

const circle = 'no circle of files, imports of types counted';

describe('a circle is found', () => {
  const ways = [
    "import { other } from './deep/other.ts';",
    "import type { Other } from './deep/other.ts';",
    "import { type Other } from './deep/other.ts';",
    "import * as other from './deep/other.js';",
    "import './deep/other.ts';",
    "export { other } from './deep/other.ts';",
    "export type { Other } from './deep/other.ts';",
    "export * from './deep/other.ts';",
    "export const other = () => import('./deep/other.ts');",
    'export const other = () => import(`./deep/other.ts`);',
    "export type Other = import('./deep/other.ts').Other;",
    "export type Other = typeof import('./deep/other.ts');",
    "export const other = () => new Worker(new URL('./deep/other.js', import.meta.url));",
  ];
  test.each(ways)('that is closed by %s', (way) => {
    const back = "export type { One } from '../one.ts';";
    expect(newFindings(circle, { 'pipeline/one.ts': way, 'pipeline/deep/other.ts': back })).toEqual([
      'pipeline/deep/other.ts -> pipeline/one.ts -> pipeline/deep/other.ts: a circle; 2 files reach one another',
    ]);
  });

  test('of folders, though no file is in one', () => {
    const found = newFindings('no circle of folders inside a room', {
      'pipeline/plan/one.ts': "import '../stage/stage.ts';",
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^pipeline\/plan -> pipeline\/stage -> pipeline\/plan: a circle; 2 folders/);
  });

  test('that one more import closes among the real files', () => {
    const arrows = [...house].flatMap(([from, { module }]) =>
      (module?.imports ?? []).filter(({ to }) => house.has(to)).map(({ to }) => ({ from, to })),
    );
    expect(arrows.length).toBeGreaterThan(house.size);
    for (const { from, to } of arrows.filter((_, at) => at % 40 === 0)) {
      const back = `import type { Planted } from '${'../'.repeat(to.split('/').length - 1) || './'}${from}';\n`;
      const found = newFindings(circle, { [to]: back + texts.get(to) });
      expect(found, `${to} imports ${from}`).toHaveLength(1);
    }
  });

  test('but not in text that only looks like an import', () => {
    const text = "// import './other.ts'\nexport const text = \"import './other.ts'\";";
    expect(
      newFindings(circle, { 'pipeline/one.ts': text, 'pipeline/other.ts': "import './one.ts';" }),
    ).toEqual([]);
  });

  test('and an import that only the run can tell is refused', () => {
    expect(() =>
      houseOf([['pipeline/one.ts', 'export const load = (name: string) => import(name);']]),
    ).toThrow('pipeline/one.ts: an import of what only the run can tell');
  });
});

describe('an import is found', () => {
  const bare = 'no import for what loading a file does';
  const arrow = 'imports between rooms follow the arrows';
  const engine = "no import of an engine's files but by warehouses/open.ts";
  const command = "no command imports another command's files";
  const faults: readonly [rule: Rule, from: string, text: string, to: string][] = [
    [bare, 'pipeline/planted.ts', "import '../errors.ts';", 'errors.ts'],
    [bare, 'pipeline/planted.ts', "import {} from '../errors.ts';", 'errors.ts'],
    [bare, 'pipeline/planted.ts', "import 'pg';", 'pg'],
    [arrow, 'schema/planted.ts', "import '../sources/source.ts';", 'sources/source.ts'],
    [arrow, 'schema/planted.ts', "export type { Source } from '../sources/source.ts';", 'sources/source.ts'],
    [arrow, 'schema/planted.ts', "import { a } from '../../test/a.ts';", '../test/a.ts'],
    [
      engine,
      'pipeline/planted.ts',
      "import { a } from '../warehouses/redshift/a.ts';",
      'warehouses/redshift/a.ts',
    ],
    [
      engine,
      'pipeline/stage/planted.ts',
      "import type { A } from '../../warehouses/duckdb/a.ts';",
      'warehouses/duckdb/a.ts',
    ],
    [
      engine,
      'pipeline/planted.ts',
      "import { a } from '../warehouses/snowflake/a.ts';",
      'warehouses/snowflake/a.ts',
    ],
    [
      engine,
      'commands/planted.ts',
      "const a = () => import('../warehouses/pg-wire/a.ts');",
      'warehouses/pg-wire/a.ts',
    ],
    [engine, 'warehouses/planted.ts', "import { a } from './snowflake/a.ts';", 'warehouses/snowflake/a.ts'],
    [
      engine,
      'warehouses/postgres/planted.ts',
      "import { a } from '../redshift/a.ts';",
      'warehouses/redshift/a.ts',
    ],
    [
      engine,
      'warehouses/duckdb/planted.ts',
      "import { a } from '../pg-wire/a.ts';",
      'warehouses/pg-wire/a.ts',
    ],
    [
      engine,
      'warehouses/pg-wire/planted.ts',
      "import { a } from '../postgres/a.ts';",
      'warehouses/postgres/a.ts',
    ],
    [command, 'commands/planted.ts', "import { a } from './etl.ts';", 'commands/etl.ts'],
    [command, 'commands/shared/planted.ts', "import { a } from '../etl.ts';", 'commands/etl.ts'],
  ];
  test.each(faults)('against "%s": %s has %s', (rule, from, text, to) => {
    expect(newFindings(rule, { [from]: text })).toEqual([expect.stringContaining(`${from} -> ${to}: `)]);
  });
});

describe('what is too large is found', () => {
  const lines = 'no function has more than 80 lines';
  const parameters = 'no function has more than 4 parameters';
  const warehouse = 'a Warehouse has at most 12 members';
  const source = 'a Source has at most 9 members';
  const path = 'pipeline/planted.ts';
  const faults: readonly [what: string, rule: Rule, text: string, says: string][] = [
    ['a function', lines, functionOf(81, 'export async function long() {'), 'long: 81 lines; 80 at most'],
    ['an arrow', lines, functionOf(81, 'const long = () => {'), 'long: 81 lines; 80 at most'],
    [
      'an arrow without a name',
      lines,
      functionOf(81, 'run(() => {', '});'),
      '(unnamed): 81 lines; 80 at most',
    ],
    [
      'a function expression',
      lines,
      functionOf(81, 'const long = (function () {', '}) satisfies Work;'),
      'long: 81 lines; 80 at most',
    ],
    [
      'a method of a class',
      lines,
      functionOf(81, 'class Long { work() {', '} }'),
      'work: 81 lines; 80 at most',
    ],
    ['a method', lines, functionOf(81, 'const a = { work<T>(): T {', '} };'), 'work: 81 lines; 80 at most'],
    [
      'a factory of short functions',
      lines,
      `function factory() {\nreturn {\n${functionOf(39, 'one() {', '},')}${functionOf(38, 'two() {')}};\n}\n`,
      'factory: 81 lines; 80 at most',
    ],
    [
      'many parameters',
      parameters,
      'const wide = (a: 1, b: 2, c: 3, d: 4, ...e: 5[]) => a;',
      'wide: 5 parameters; 4 at most',
    ],
    [
      'many parameters of an inner method',
      parameters,
      'function outer() { return { wide(a = 1, b = 2, c = 3, { d }: D, e?: E) {} }; }',
      'outer.wide: 5 parameters; 4 at most',
    ],
    ['a wide Warehouse', warehouse, interfaceOf('Warehouse', 1, 13), 'Warehouse: 13 members; 12 at most'],
    [
      'inherited members',
      warehouse,
      interfaceOf('Warehouse extends Half', 1, 7) + interfaceOf('Half', 7, 13),
      'Warehouse: 13 members; 12 at most',
    ],
    [
      'members in two declarations',
      warehouse,
      interfaceOf('Warehouse', 1, 7) + interfaceOf('Warehouse', 7, 13),
      'Warehouse: 13 members; 12 at most',
    ],
    ['a wide Source', source, interfaceOf('Source', 1, 10), 'Source: 10 members; 9 at most'],
  ];
  test.each(faults)('%s, as "%s"', (_, rule, text, says) => {
    expect(newFindings(rule, { [path]: text })).toEqual([`${path} ${says}`]);
  });

  test('a file, also of SQL', () => {
    const files = {
      'models/planted.sql': linesOf(321),
      'models/planted.ts': linesOf(321).replaceAll('--', '//'),
    };
    expect(newFindings('no file has more than 320 lines', files)).toEqual([
      'models/planted.sql: 321 lines; 320 at most',
      'models/planted.ts: 321 lines; 320 at most',
    ]);
  });

  test('and members cannot hide in a type that is no interface', () => {
    const files = { [path]: "export interface Warehouse extends Omit<Whole, 'a'> {}" };
    expect(() => newFindings(warehouse, files)).toThrow('Omit is no interface of the house');
  });
});

test('what keeps the rules is not found', () => {
  const files = {
    'models/planted.sql': linesOf(320),
    'commands/planted.ts':
      "import type { A } from './shared/command.ts'; import type { B } from './planted-flags.ts';",
    'commands/planted-flags.ts': 'export interface B {}',
    'commands/planted-live.ts': "import type { B } from './planted-flags.ts';",
    'warehouses/redshift/planted.ts': "import type { A } from '../pg-wire/client.ts';",
    'pipeline/planted.ts':
      functionOf(80, 'function long(this: void, { a, b, c }: A, d: 1, e: 2, f: 3) {') +
      interfaceOf('Warehouse', 1, 12) +
      interfaceOf('Source', 1, 9),
  };
  for (const rule of Object.keys(rules) as Rule[]) expect(newFindings(rule, files), rule).toEqual([]);
});

test('an exception that nothing needs any more is found', () => {
  const found = [{ at: 'a.ts', says: 'too long' }];
  expect(unexcused(found, { 'not split yet': ['a.ts'] })).toEqual([]);
  expect(unexcused(found, { 'not split yet': ['a.ts', 'b.ts'] })).toEqual([
    'b.ts: is no exception any more; take it off the list',
  ]);
});
