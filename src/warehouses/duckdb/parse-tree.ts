import type { DuckDBConnection } from '@duckdb/node-api';
import { lengthOfComment, lowerCase } from '../sql-tokens.ts';

/** A node of DuckDB's parse tree, or another object within it, as json_serialize_sql writes it. */
export interface Node {
  /** What kind of expression it is; absent where it is none. */
  readonly class?: string;
  /** What kind of query, table or modifier it is. */
  readonly type?: unknown;
  readonly cte_map?: { readonly map?: readonly { readonly key: string; readonly value: unknown }[] };
  readonly from_table?: Node;
  readonly [field: string]: unknown;
}

/** A node, with the names that WITH gives to queries there, in lower case. */
export interface Found {
  readonly node: Node;
  readonly withNames: ReadonlySet<string>;
}

const EXPRESSIONS: ReadonlySet<string> = new Set(
  `BETWEEN CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT DEFAULT FUNCTION LAMBDA LAMBDA_REF OPERATOR
  PARAMETER POSITIONAL_REFERENCE STAR SUBQUERY WINDOW`.split(/\s+/),
);
const OTHERS: ReadonlySet<string> = new Set(
  `SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE BASE_TABLE EMPTY EXPRESSION_LIST JOIN PIVOT SHOW_REF
  SUBQUERY TABLE_FUNCTION DISTINCT_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER ORDER_MODIFIER ASCENDING DESCENDING
  ORDER_DEFAULT`.split(/\s+/),
);

/** The tree of the one SELECT that a text is; null if it is anything else. */
export async function parseSelect(connection: DuckDBConnection, text: string): Promise<Node | null> {
  const reader = await connection.runAndReadAll(
    'select json_serialize_sql($1::varchar, skip_null := true, skip_empty := true, skip_default := true)',
    [text],
  );
  const { error, statements } = JSON.parse(String(reader.getRowsJS()[0]?.[0]));
  return error || statements?.length !== 1 ? null : statements[0].node;
}

/** Every object of a tree, whatever field it is in; each before those within it. */
export function* nodesOf(tree: Node): Generator<Found> {
  const pending: [unknown, ReadonlySet<string>][] = [[tree, new Set()]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [value, outer] = next;
    if (typeof value !== 'object' || value === null) continue;
    const node = value as Node;
    let withNames = outer;
    // A query of WITH sees those before it, and itself only where it is recursive.
    for (const { key, value: query } of node.cte_map?.map ?? []) {
      pending.push([query, withNames]);
      withNames = new Set([...withNames, lowerCase(key)]);
    }
    yield { node, withNames };
    for (const [field, child] of Object.entries(node))
      if (field !== 'cte_map') pending.push([child, seenIn(field, node, withNames)]);
  }
}

/** A recursive query's own name means what it has found so far only on its right side; elsewhere it means what it did. */
function seenIn(field: string, { cte_name: name }: Node, outer: ReadonlySet<string>): ReadonlySet<string> {
  if (typeof name !== 'string' || (field !== 'right' && field !== 'child')) return outer;
  return new Set([...outer, lowerCase(name)]);
}

/** Whether a node is of a kind that is known to hold nothing but expressions, queries, tables and values. */
export function isKnown(node: Node): boolean {
  if (node.class !== undefined) return EXPRESSIONS.has(node.class);
  return typeof node.type !== 'string' || OTHERS.has(node.type) || node.type.endsWith('_TYPE_INFO');
}

const SPACE = /\s+/y;
const WORD = /[a-z]+/iy;
const FORMAT = /\(\s*format\s+([a-z]+)\s*\)/iy;

/** EXPLAIN up to the statement that it explains, written again without comments, and that statement as it stands. */
export interface Explained {
  readonly head: string;
  readonly statement: string;
}

/** The parts of a text that begins with EXPLAIN; null where it begins otherwise. */
export function explainedBy(text: string): Explained | null {
  const word = matchAt(WORD, text, skipBlanks(text, 0));
  if (word === null || lowerCase(word.found) !== 'explain') return null;
  const at = skipBlanks(text, word.end);
  const format = matchAt(FORMAT, text, at);
  return {
    head: format === null ? 'explain ' : `explain (format ${format.part}) `,
    statement: text.slice(format?.end ?? at),
  };
}

function skipBlanks(text: string, start: number): number {
  let at = start;
  for (let length = blankAt(text, at); length > 0; length = blankAt(text, at)) at += length;
  return at;
}

function blankAt(text: string, at: number): number {
  return matchAt(SPACE, text, at)?.found.length ?? lengthOfComment(text, at);
}

function matchAt(
  pattern: RegExp,
  text: string,
  at: number,
): { found: string; part: string | undefined; end: number } | null {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  return match === null ? null : { found: match[0], part: match[1], end: at + match[0].length };
}
