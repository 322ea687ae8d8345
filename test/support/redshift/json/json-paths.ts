import { ServerError } from '../copy/copy-session.ts';
import { codes, LoadError } from '../copy/load-error.ts';
import { decoded } from '../copy/utf8-faults.ts';
import { notEmulated } from '../grammar/statement-reader.ts';
import { JsonError, type JsonValue, readJson } from './json-values.ts';

/** Picks the values of a row's columns, in their order; undefined where a value has nothing for one. */
export type Mapping = (value: JsonValue) => readonly (JsonValue | undefined)[];
/** The steps of a JSONPath expression: names of members, indexes of elements. */
export type JsonPath = readonly (string | number)[];

const NOT_AN_OBJECT = 'Invalid JSONPath format: Member is not an object.';
const NOT_AN_ARRAY = 'Invalid JSONPath format: Not an array or index out of range.';
const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** `'auto'`: first-level keys that are the columns' names, letter by letter; or in any case, with `ignorecase`. */
export function autoMapping(columns: readonly string[], ignoresCase: boolean): Mapping {
  const places = new Map(columns.map((name, place) => [latin1(name), place]));
  return (value) => {
    if (value.kind !== 'object') throw new LoadError(codes.line, NOT_AN_OBJECT);
    const row: (JsonValue | undefined)[] = new Array(columns.length).fill(undefined);
    value.names.forEach((name, i) => {
      const key = ignoresCase ? name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : name;
      const place = places.get(key);
      if (place !== undefined) row[place] = value.values[i];
    });
    return row;
  };
}

/** `'noshred'`: the whole value is the one column. */
export const wholeMapping: Mapping = (value) => [value];

/** By the expressions of a JSONPaths file. */
export function pathMapping(paths: readonly JsonPath[]): Mapping {
  return (value) => paths.map((path) => follow(value, path));
}

function follow(root: JsonValue, path: JsonPath): JsonValue | undefined {
  let value = root;
  for (const step of path) {
    if (typeof step === 'number') {
      const item = value.kind === 'array' ? value.items[step] : undefined;
      if (item === undefined) throw new LoadError(codes.line, NOT_AN_ARRAY);
      value = item;
      continue;
    }
    if (value.kind === 'null') return undefined;
    if (value.kind !== 'object') throw new LoadError(codes.line, NOT_AN_OBJECT);
    const member = value.values[value.names.lastIndexOf(step)];
    if (member === undefined) return undefined;
    value = member;
  }
  return value;
}

/** The expressions of a JSONPaths file; null, if its one name is another, which silently means `'auto'`. */
export function readPathsFile(content: Buffer): readonly JsonPath[] | null {
  const file = readFile(content);
  if (file.kind !== 'object') throw malformed('The file must hold a single JSON object.');
  const { names, values } = file;
  if (names.length !== 1) throw malformed('The object must have a single name.');
  if (names[0] !== 'jsonpaths') return null;
  const [list] = values;
  if (list?.kind !== 'array') throw malformed('The value of jsonpaths must be an array.');
  const paths = list.items.map((item) => {
    if (item.kind !== 'string' || item.bytes === '')
      throw malformed('Each element must be a string that is not empty.');
    return item.bytes;
  });
  const notations = new Set(paths.map(notationOf).filter((notation) => notation !== 'either'));
  if (notations.size > 1) throw malformed('Bracket notation and dot notation cannot be mixed.');
  return paths.map(stepsOf);
}

function readFile(content: Buffer): JsonValue {
  try {
    return readJson(content.toString('latin1'));
  } catch (error) {
    if (error instanceof JsonError) throw malformed(`The JSON is malformed: ${error.message}.`);
    throw error;
  }
}

function notationOf(path: string): 'bracket' | 'dot' | 'either' {
  if (/^\$(?:\[\d+\])*$/.test(path)) return 'either';
  return /^\$(?:\[\d+\])*\[/.test(path) ? 'bracket' : 'dot';
}

function stepsOf(path: string): JsonPath {
  const isBracket = notationOf(path) === 'bracket';
  // A dot-notation name holds no quote, dot or bracket; the wild cards of JSONPath are in neither notation.
  const step = isBracket ? /\['([^'*]+)'\]|\[(\d+)\]/y : /\.([^'.[\]*?@()]+)|\[(\d+)\]/y;
  const steps: (string | number)[] = [];
  let at = 1;
  if (path[0] !== '$') throw malformed(`${decoded(path)} does not begin with $.`);
  // The guide has no expression for the whole of a value.
  if (path === '$') throw notEmulated('the JSONPath $');
  while (at < path.length) {
    step.lastIndex = at;
    const [found, name, index] = step.exec(path) ?? [];
    if (found === undefined) throw malformed(`${decoded(path)} is not an explicit path to a single element.`);
    steps.push(name ?? Number(index));
    at += found.length;
  }
  return steps;
}

function malformed(why: string): ServerError {
  return new ServerError('XX000', `Invalid JSONPath format: ${why}`);
}
