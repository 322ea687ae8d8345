import type { DuckDBConnection } from '@duckdb/node-api';

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

/** Every object of a tree, whatever field it stands in; each before those within it. */
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
      withNames = new Set([...withNames, key.toLowerCase()]);
    }
    if (typeof node.cte_name === 'string') withNames = new Set([...withNames, node.cte_name.toLowerCase()]);
    yield { node, withNames };
    for (const [field, child] of Object.entries(node))
      if (field !== 'cte_map') pending.push([child, withNames]);
  }
}

/** Whether a node is of a kind that is known to hold nothing but expressions, queries, tables and values. */
export function isKnown(node: Node): boolean {
  if (node.class !== undefined) return EXPRESSIONS.has(node.class);
  return typeof node.type !== 'string' || OTHERS.has(node.type) || node.type.endsWith('_TYPE_INFO');
}

/** White space or one comment. */
const BLANK = /\s+|--[^\n]*|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\//y;
const WORD = /[a-z]+/iy;
const FORMAT = /\(\s*format\s+[a-z]+\s*\)/iy;

/** What follows EXPLAIN at the start of a text; null where the text starts otherwise. */
export function afterExplain(text: string): string | null {
  const word = matchAt(WORD, text, skipBlanks(text, 0));
  if (word?.found.toLowerCase() !== 'explain') return null;
  const at = skipBlanks(text, word.end);
  return text.slice(matchAt(FORMAT, text, at)?.end ?? at);
}

function skipBlanks(text: string, start: number): number {
  let at = start;
  for (let blank = matchAt(BLANK, text, at); blank !== null; blank = matchAt(BLANK, text, at)) at = blank.end;
  return at;
}

function matchAt(pattern: RegExp, text: string, at: number): { found: string; end: number } | null {
  pattern.lastIndex = at;
  const found = pattern.exec(text)?.[0];
  return found === undefined ? null : { found, end: at + found.length };
}
