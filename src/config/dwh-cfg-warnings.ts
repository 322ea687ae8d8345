import { type CfgEntry, type CfgFile, type Continuation, nameOf, shownKey, shownSection } from './dwh-cfg.ts';
import { nearestName } from './nearest.ts';
import { ignoredKeys, type Setting, settings } from './settings.ts';

const known = new Set<string>(Object.values(settings).flatMap((setting: Setting) => [...setting.file]));
const knownKeys = new Set([...known].map((name) => name.split('.')[1] as string));

/** What of a configuration file is odd, line by line; no value, and nothing that might be one. */
export function warningsOf({ entries, oddLines, continuations, oddQuotes }: CfgFile, path: string): string[] {
  const at = (line: number, message: string): string => `${path}:${line}: ${message}`;
  return [
    ...oddLines.map(({ line, text }) => at(line, oddLine(text))),
    ...continuations.map((continuation) => at(continuation.line, continued(continuation))),
    ...oddQuotes.map((entry) =>
      at(entry.line, `the value of ${shownKey(entry)} has a quote without its pair; the quote is ignored.`),
    ),
    ...repeated(entries).map(({ first, last }) =>
      at(
        last.line,
        `the key ${last.key} in [${last.section}] is also in line ${first.line}; this one counts.`,
      ),
    ),
    ...entries.filter(isUnknown).map((entry) => at(entry.line, unknownKey(entry))),
  ];
}

/** A line that is not a pair may hold anything, also a password: none of it is shown but the name of a setting. */
function oddLine(text: string): string {
  const [first = ''] = text.split(/\s/);
  const what = knownKeys.has(first.toUpperCase())
    ? `there is no "=" after ${first}`
    : `these ${text.length} characters are neither a [section] nor a key = value`;
  return `${what}; the line is ignored.`;
}

/** What continues a value may be the rest of a password: only its length is shown. */
function continued({ length, of }: Continuation): string {
  const key = known.has(nameOf(of)) ? of.key : shownKey(of);
  return `this line is indented, so its ${length} characters continue the value of ${key} in line ${of.line}; they are ignored. Write a value in one line, and every key at the same indent.`;
}

function isUnknown(entry: CfgEntry): boolean {
  const name = nameOf(entry);
  return !known.has(name) && !ignoredKeys.some((pattern) => pattern.test(name));
}

function unknownKey(entry: CfgEntry): string {
  const nearest = nearestName(entry.section.toUpperCase(), entry.key.toUpperCase(), known);
  const [section, key] = nearest?.split('.') ?? [];
  const suggestion = nearest === null ? '' : ` Did you mean [${section}] ${key}?`;
  return `the key ${shownKey(entry)} in ${shownSection(entry)} is unknown and ignored.${suggestion}`;
}

/** Settings that are more than once in their section with a value, each with its first and its last line. */
function repeated(entries: readonly CfgEntry[]): { first: CfgEntry; last: CfgEntry }[] {
  const firsts = new Map<string, { first: CfgEntry; last: CfgEntry }>();
  for (const entry of entries) {
    if (entry.value === '' || !known.has(nameOf(entry))) continue;
    const before = firsts.get(nameOf(entry));
    firsts.set(nameOf(entry), { first: before?.first ?? entry, last: entry });
  }
  return [...firsts.values()].filter(({ first, last }) => first !== last);
}
