import { type DuckDBConnection, StatementType } from '@duckdb/node-api';
import { editDistance } from '../../edit-distance.ts';
import { SparkifyError, UsageError } from '../../errors.ts';
import { lowerCase } from '../sql-tokens.ts';
import { type Catalogue, readCatalogue } from './catalogue.ts';
import {
  functions,
  refusedFunctions,
  refusedSystemViews,
  refusedTableFunctions,
  tableFunctions,
} from './functions.ts';
import { explainedBy, type Found, isKnown, type Node, nodesOf, parseSelect } from './parse-tree.ts';

/** Characters; a longer statement can take DuckDB minutes to plan. */
const LONGEST_STATEMENT = 1_000_000;
/** What SHOW lists: names, never settings. */
const SHOWN: readonly unknown[] = ['"databases"', '"schemas"', '"tables"', '__show_tables_expanded'];
const NO_FILES =
  'query reads tables of the warehouse, never files; their names: sparkify query "show all tables"';

/** A statement that reads and no more. */
interface Judged {
  readonly kind: 'select' | 'describe' | 'explain';
  /** What to run: a SELECT that was judged as it stands here, behind nothing but our own EXPLAIN. */
  readonly text: string;
}

/**
 * Accepts one statement that reads tables of the warehouse and throws a UsageError for any other, before any of it is
 * bound or run. What is judged is DuckDB's own parse tree, so that no spelling of a statement can hide a part of it.
 */
export async function judge(connection: DuckDBConnection, sql: string): Promise<Judged> {
  assertText(sql);
  const explained = explainedBy(sql);
  const tree = await asUserError(() => parseSelect(connection, explained?.statement ?? sql));
  if (tree === null) throw await noSelect(connection, sql, explained?.statement ?? null);
  await judgeTrees(connection, tree);
  const text = explained === null ? sql : `${explained.head}${explained.statement}`;
  const statements = await asUserError(() => connection.extractStatements(text));
  const { statementType } = await asUserError(() => statements.prepare(0));
  const expected = explained === null ? StatementType.SELECT : StatementType.EXPLAIN;
  if (statements.count !== 1 || statementType !== expected) throw onlyReads(explained?.statement ?? null);
  if (explained !== null) return { kind: 'explain', text };
  return { kind: tree.from_table?.type === 'SHOW_REF' ? 'describe' : 'select', text };
}

function assertText(sql: string): void {
  if (sql.length > LONGEST_STATEMENT) {
    throw new UsageError(`The statement is longer than ${LONGEST_STATEMENT} characters.`);
  }
  // DuckDB would read the text up to it in one place and beyond it in another.
  if (sql.includes('\0')) throw new UsageError('The statement holds a NUL character.');
}

/** Says what is wrong with a text that is not one SELECT; nothing of it is run. */
async function noSelect(
  connection: DuckDBConnection,
  sql: string,
  explained: string | null,
): Promise<UsageError> {
  try {
    const { count } = await asUserError(() => connection.extractStatements(sql));
    if (count === 1) return onlyReads(explained);
    const hint = "A PIVOT must list its values: pivot songplays on level in ('free', 'paid') using count(*)";
    return new UsageError(`query takes one statement, not ${count}.`, /\bpivot\b/i.test(sql) ? { hint } : {});
  } catch (error) {
    // Any other error than one of syntax comes of a statement that DuckDB looks into at once, such as IMPORT DATABASE.
    if (error instanceof UsageError && /^(Parser Error|query needs)/.test(error.message)) return error;
    return onlyReads(explained);
  }
}

/** Judges a tree, and the SELECTs of all views, macros and computed columns that it reads. */
async function judgeTrees(connection: DuckDBConnection, statement: Node): Promise<void> {
  const catalogue = await readCatalogue(connection);
  const judged = new Set(['']);
  // DuckDB calls functions for some syntax, such as struct_extract for a.b: a macro may have the name of one.
  const pending = catalogue.macrosOver((name) => functions.has(name) || refusedFunctions.has(name));
  pending.push(...judgeTree(statement, catalogue));
  for (let select = pending.pop(); select !== undefined; select = pending.pop()) {
    if (judged.has(select)) continue;
    judged.add(select);
    const behind = await asUserError(() => parseSelect(connection, select));
    if (behind === null) throw new UsageError(`query cannot judge a view or macro: ${select}`);
    pending.push(...judgeTree(behind, catalogue));
  }
}

/** Throws a UsageError for any node that does more than read; gives the SELECTs of the views and macros that are named. */
function* judgeTree(tree: Node, catalogue: Catalogue): Generator<string> {
  /** Calls in FROM, which have a list of their own. */
  const inFrom = new Set<unknown>();
  for (const found of nodesOf(tree)) {
    const { node } = found;
    if (!isKnown(node)) throw new UsageError(`query does not take ${node.class ?? node.type}.`);
    if (node.type === 'TABLE_FUNCTION') inFrom.add(node.function);
    if (typeof node.function_name === 'string') {
      yield* judgeCall(node, inFrom.has(node), catalogue);
    }
    if (node.type === 'BASE_TABLE') yield selectBehind(found, catalogue);
    if (node.type === 'SHOW_REF' && node.table_name !== undefined && !SHOWN.includes(node.table_name)) {
      throw new UsageError(`query does not show ${node.table_name}.`, {
        hint: 'It shows "tables", "all tables", "schemas" and "databases".',
      });
    }
  }
}

function judgeCall(node: Node, isInFrom: boolean, catalogue: Catalogue): readonly string[] {
  const name = String(node.function_name);
  const key = lowerCase(name);
  // A macro of the warehouse comes before a function of DuckDB's that has its name.
  const macros = catalogue.macros(name);
  const [allowed, refused] = isInFrom
    ? [tableFunctions, refusedTableFunctions]
    : [functions, refusedFunctions];
  const given = Array.isArray(node.children) ? node.children.length : 0;
  // The catalogue does not say what a value is that is left to its default.
  const most = Math.max(0, ...macros.map(({ parameters }) => parameters));
  if (most > given) {
    throw new UsageError(`query calls the macro ${name} only with all its values.`, {
      hint: `It takes ${most}; none can be left to its default.`,
    });
  }
  if (macros.length > 0 || allowed.has(key)) return macros.map(({ select }) => select);
  if (refused.has(key)) {
    throw new UsageError(`query does not call ${name}().`, {
      hint: isInFrom
        ? NO_FILES
        : 'It calls functions that compute a value, and no function that has effects or shows settings.',
    });
  }
  throw new UsageError(`query does not know the function ${name}().`, {
    hint:
      didYouMean(name, [...allowed]) ??
      'The names of all functions: select function_name from duckdb_functions()',
  });
}

function selectBehind({ node, withNames }: Found, catalogue: Catalogue): string {
  const { catalog_name: database, schema_name: schema, table_name: name } = node;
  const parts = [database, schema, name].filter(
    (part) => typeof part === 'string' && part !== '',
  ) as string[];
  const [only = ''] = parts;
  if (parts.length === 1 && withNames.has(lowerCase(only))) return '';
  const select = catalogue.selectBehind(...parts);
  if (select !== null) return select;
  // What a recursive query has found so far, unless the warehouse has such a schema.
  if (schema === 'recurring' && withNames.has(lowerCase(String(name)))) return '';
  const written = parts.join('.');
  const isRefused = [...refusedSystemViews].some((view) => view === written || view.endsWith(`.${written}`));
  if (isRefused) throw new UsageError(`query does not read ${written}.`, { hint: NO_FILES });
  throw new UsageError(`There is no table "${written}" in the warehouse.`, {
    hint: didYouMean(written, catalogue.tableNames) ?? NO_FILES,
  });
}

function onlyReads(explained: string | null): UsageError {
  if (explained !== null && /^\(?analyze/i.test(explained)) {
    return new UsageError('query explains a statement without running it.', {
      hint: 'EXPLAIN takes no ANALYZE here.',
    });
  }
  return new UsageError('query only reads: SELECT, WITH, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN.', {
    hint: 'The star is built by sparkify etl; to change data, work on a copy of the file.',
  });
}

function didYouMean(name: string, known: readonly string[]): string | null {
  const [nearest] = known
    .map((candidate) => ({ candidate, edits: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ edits }) => edits <= Math.min(2, name.length / 3))
    .sort((a, b) => a.edits - b.edits);
  return nearest === undefined ? null : `Did you mean ${nearest.candidate}?`;
}

/** DuckDB's kinds of error that are of a statement; all others are of the machine or of DuckDB. */
const OF_STATEMENT =
  /^(Parser|Syntax|Binder|Catalog|Conversion|Invalid Input|Invalid type|Mismatch Type|Out of Range|Constraint|Decimal|Divide by Zero|Expression|Not implemented|Dependency|Sequence|Permission|Parameter Not Allowed|Parameter Not Resolved|Object Size|Missing Extension|Invalid Configuration|Settings) Error\b/i;

/** An error in SQL that a person wrote is theirs: its own text says best what is wrong. */
export async function asUserError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof SparkifyError) throw cause;
    const message = (cause as Error).message
      .replace(/^Failed to extract statements: /, '')
      // DuckDB puts one into the text of an error of its own.
      .replace(/Stack Trace:[\s\S]*$/, '')
      .trim();
    // The library says nothing more of a text without a statement.
    if (message === 'Error in native callback') {
      throw new UsageError('query needs a statement.', {
        cause,
        hint: 'sparkify query "select count(*) from songplays"',
      });
    }
    if (!OF_STATEMENT.test(message)) throw cause;
    throw new UsageError(message, { cause });
  }
}
