import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Statements by theme, each once, in the order in which they came. */
export type Statements = ReadonlyMap<string, readonly string[]>;

/** What differs from run to run, or only in data, and what stands for it. */
const SAME: readonly (readonly [RegExp, string])[] = [
  [
    /sparkify-[0-9a-f]{16}\/\d{8}T\d{9}Z-[0-9a-f]{8}\//g,
    'sparkify-0123456789abcdef/20260101T000000000Z-01234567/',
  ],
  [/-\d+\.(manifest|json')/g, '-1.$1'],
  [/\b15\d{11}\b/g, '1541106106796'],
  [/\b(between) \d+ and \d+/g, '$1 1 and 2'],
  [/\b(file_id|query_id|process|next_file_id|where session_id) = \d+/g, '$1 = 1'],
  [/\b(file_id (?:>=|<)) \d+/g, '$1 1'],
  [/\b(file_id in) \([\d, ]+\)/g, '$1 (1, 2)'],
  [
    /\b(\((?:file_id = 1|file_id between 1 and 2))(?: or file_id = 1| or file_id between 1 and 2)+\)/g,
    '$1 or file_id = 1)',
  ],
  [/\b((?:staged|rejected) [+-]) \d+/g, '$1 1'],
  [/\b(pg_\w+_backend)\(\d+\)/g, '$1(1)'],
  [/\b(sha256 in) \('[^)]*\)/g, "$1 ('etag:0123', 'etag:4567')"],
  [/\b(reject_id in) \('[^)]*\)/g, "$1 ('1:1', '1:2')"],
  [/^select \d+, /gm, 'select 1, '],
  [/^(select '\d+:' .*?), \d+, /gm, '$1, 1, '],
  [/^select '\d+:'/gm, "select '1:'"],
  [/\b(path in) \(\$1, \$2, [^)]*\)/g, '$1 ($$1, $$2)'],
  [/'\d{4}-\d\d-\d\dT[\d:.]+Z-[0-9a-f]{6}'/g, "'2026-01-01T00:00:00.000Z-012345'"],
  [/\(process \d+ on [^)]*\), PID \d+/g, '(process 1 on host), PID 1'],
  // Of many rows of values, two.
  [/\b(values \([^)]*\), \([^)]*\)), \(.*/g, '$1'],
];

/** A statement as the golden files have it. */
function normalised(statement: string): string {
  let text = statement.trim();
  for (const [found, same] of SAME) text = text.replaceAll(found, same);
  return text.replaceAll(/[ \t]+$/gm, '').replaceAll(/\n{2,}/g, '\n');
}

/** Keeps statements under the theme in which each came first. */
export function statementBook(): {
  add(theme: string, some: readonly string[]): void;
  statements: Statements;
} {
  const known = new Set<string>();
  const statements = new Map<string, string[]>();
  return {
    statements,
    add(theme, some) {
      const of = statements.get(theme) ?? [];
      statements.set(theme, of);
      for (const statement of some.map(normalised)) {
        if (known.has(statement)) continue;
        known.add(statement);
        of.push(statement);
      }
    },
  };
}

const END = ';\n\n';

/** The statements of a folder's golden files. */
export function readGolden(folder: string): Statements {
  return new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.sql'))
      .map((name) => {
        const text = readFileSync(join(folder, name), 'utf8').replace(/^--.*\n\n/, '');
        return [
          name.replace(/\.sql$/, ''),
          `${text}\n`.split(END).filter((statement) => statement.trim() !== ''),
        ];
      }),
  );
}

/** Writes golden files in place of those that are there. */
export function writeGolden(folder: string, statements: Statements): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name.endsWith('.sql')) rmSync(join(folder, name));
  for (const [theme, some] of statements) {
    const head = `-- What is sent to Amazon Redshift, each statement once: ${theme.replaceAll('-', ' ')}.\n\n`;
    writeFileSync(join(folder, `${theme}.sql`), `${head}${some.join(END)};\n`);
  }
}
