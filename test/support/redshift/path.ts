import { notEmulated, quoteName, quoteString } from './cursor.ts';
import { type Expression, expression, type Reading } from './reading.ts';

/** A column, or the way into a SUPER column: `alias.column."attribute"[0]`. */
export function readPath(reading: Reading): Expression {
  const { cursor } = reading;
  const names: { name: string; attribute: string }[] = [readStep(reading, false)];
  while (cursor.is('.')) {
    if (cursor.isAhead(1, '*')) return readStar(reading, names);
    cursor.next();
    names.push(readStep(reading, true));
    if (cursor.is('[')) break;
  }
  const length = columnLength(reading, names);
  const isValue = length === 1 && hasValue(reading, (names[0] as { name: string }).name);
  const column = names
    .slice(0, length)
    .map(({ name }) => quoteName(name))
    .join('.');
  const steps = names.slice(length).map(({ attribute }) => `->${quoteString(attribute)}`);
  let last = (names.at(-1) as { name: string }).name;
  while (cursor.isOne('[', '.')) {
    if (cursor.take('[')) {
      steps.push(`->${cursor.number()}`);
      cursor.expect(']');
    } else {
      cursor.next();
      const step = readStep(reading, true);
      steps.push(`->${quoteString(step.attribute)}`);
      last = step.name;
    }
  }
  if (steps.length === 0) return expression(column, last, isValue);
  return expression(`(${column}${steps.join('')})`, last, true);
}

/** A name, and what it is where it names an attribute: there quotes may keep its case. */
function readStep({ cursor }: Reading, afterDot: boolean): { name: string; attribute: string } {
  const token = cursor.peek();
  const isWord = afterDot && token?.kind === 'word';
  const name = isWord ? cursor.next().value : cursor.name();
  const { caseSensitiveIdentifiers, caseSensitiveAttributes } = cursor.settings;
  const keeps = token?.kind === 'quoted' && (caseSensitiveIdentifiers || caseSensitiveAttributes);
  return { name, attribute: keeps ? token.text.slice(1, -1).replaceAll('""', '"') : name };
}

function readStar(reading: Reading, names: readonly { name: string }[]): Expression {
  reading.cursor.expect('.', '*');
  if (names.length > 2) notEmulated('a star behind more than schema and table');
  return expression(`${names.map(({ name }) => quoteName(name)).join('.')}.*`, '*');
}

/** How many of the names are the column's: `column`, `table.column` or `schema.table.column`. */
function columnLength({ scopes }: Reading, names: readonly { name: string }[]): number {
  const [first, second] = names.map(({ name }) => name);
  const tables = (name: string | undefined) =>
    name === undefined ? undefined : scopes.findLast((scope) => scope.tables.has(name))?.tables.get(name);
  if (names.length >= 3 && first !== undefined && tables(second) === first) return 3;
  return names.length >= 2 && tables(first) !== undefined ? 2 : 1;
}

export function hasValue({ scopes }: Reading, name: string): boolean {
  return scopes.some(({ values }) => values.has(name));
}
