import { ServerError } from '../copy/copy-session.ts';
import { notEmulated, quoteName, quoteString } from '../session/cursor.ts';
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
function columnLength(reading: Reading, names: readonly { name: string }[]): number {
  const [first, second] = names.map(({ name }) => name);
  const { scopes } = reading;
  const find = (name: string | undefined) =>
    name === undefined ? -1 : scopes.findLastIndex((scope) => scope.tables.has(name));
  const qualified = names.length >= 3 ? find(second) : -1;
  if (first !== undefined && scopes[qualified]?.tables.get(second ?? '') === first) {
    checkCorrelation(reading, qualified);
    return 3;
  }
  const table = names.length >= 2 ? find(first) : -1;
  if (table < 0) return 1;
  checkCorrelation(reading, table);
  return 2;
}

/** Correlations that skip a query block, or leave the ON of an outer join, are not supported. */
function checkCorrelation({ scopes, outerJoinDepth }: Reading, found: number): void {
  const innermost = scopes.length - 1;
  if (found === innermost) return;
  if (found < innermost - 1) refuseCorrelation();
  if (outerJoinDepth !== null && innermost >= outerJoinDepth) refuseCorrelation();
  const scope = scopes[innermost];
  if (scope !== undefined) scope.correlated = true;
}

/** The refusal of a correlated subquery, in Redshift’s words. */
export function refuseCorrelation(): never {
  throw new ServerError(
    '0A000',
    'This type of correlated subquery pattern is not supported due to internal error',
  );
}

function hasValue({ scopes }: Reading, name: string): boolean {
  return scopes.some(({ values }) => values.has(name));
}
