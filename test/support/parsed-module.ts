import { dirname, join } from 'node:path/posix';
import {
  type ArrowFunctionExpression,
  type Expression,
  type Function as FunctionNode,
  type Node,
  parseSync,
  type TSSignature,
  Visitor,
  type VisitorObject,
} from 'oxc-parser';

/** One import of a module, in whatever way it is written. */
export interface FoundImport {
  /** The path of the imported file below src, or the name of a package. */
  readonly to: string;
  /** Whether it is a file, not a package. */
  readonly isFile: boolean;
  /** `import '…'`: nothing is taken, so it can only be there for what loading the file does. */
  readonly isBare: boolean;
}

/** A function with a body: declared, an expression, an arrow or a method. */
export interface FoundFunction {
  /** With the names of the functions around it: `s3Source.list`. */
  readonly name: string;
  /** From its first line to its last; the functions that it holds are part of it. */
  readonly lines: number;
  /** A destructured object counts once. */
  readonly parameters: number;
}

/** One declaration of an interface, without what it inherits. */
export interface FoundInterface {
  readonly name: string;
  /** Their names; a signature without one as it is written. */
  readonly members: readonly string[];
  readonly bases: readonly string[];
}

/** What the house asks of one module. */
export interface ParsedModule {
  readonly imports: readonly FoundImport[];
  readonly functions: readonly FoundFunction[];
  readonly interfaces: readonly FoundInterface[];
}

/** Reads a module, whose path is below src; throws where it is not TypeScript. */
export function parseModule(path: string, text: string): ParsedModule {
  const { program, errors } = parseSync(path, text, { lang: path.endsWith('.d.ts') ? 'dts' : 'ts' });
  if (errors[0] !== undefined) throw new SyntaxError(`${path}: ${errors[0].message}`);
  const imports = importFinder(path);
  const functions = functionFinder(text);
  const interfaces = interfaceFinder(text);
  new Visitor({ ...imports.visitor, ...functions.visitor, ...interfaces.visitor }).visit(program);
  return { imports: imports.found, functions: functions.found, interfaces: interfaces.found };
}

interface Finder<T> {
  readonly found: T[];
  readonly visitor: VisitorObject;
}

/** Finds imports of values and of types, at the top and within code, and what is exported from elsewhere. */
function importFinder(path: string): Finder<FoundImport> {
  const found: FoundImport[] = [];
  const add = (source: Expression | null, isBare = false): void => {
    if (source === null) return;
    const name = textOf(source);
    if (name === null) throw new SyntaxError(`${path}: an import of what only the run can tell`);
    // TypeScript finds x.ts by the name of x.js too.
    const to = isFile(name) ? join(dirname(path), name).replace(/\.js$/, '.ts') : name;
    found.push({ to, isFile: isFile(name), isBare });
  };
  const visitor: VisitorObject = {
    ImportDeclaration: ({ source, specifiers, importKind }) =>
      add(source, specifiers.length === 0 && importKind !== 'type'),
    ExportNamedDeclaration: ({ source }) => add(source),
    ExportAllDeclaration: ({ source }) => add(source),
    ImportExpression: ({ source }) => add(source),
    TSImportType: ({ source }) => add(source),
    TSExternalModuleReference: ({ expression }) => add(expression),
    // A worker's module is named by its address: `new URL('./survey-worker.js', import.meta.url)`.
    NewExpression: ({ callee, arguments: [address, base] }) => {
      if (callee.type !== 'Identifier' || callee.name !== 'URL' || base?.type !== 'MemberExpression') return;
      if (address?.type === 'Literal' && /\.[jt]s$/.test(String(address.value))) add(address);
    },
  };
  return { found, visitor };
}

function isFile(name: string): boolean {
  return /^\.\.?\//.test(name);
}

function textOf(expression: Expression): string | null {
  if (expression.type === 'Literal' && typeof expression.value === 'string') return expression.value;
  if (expression.type !== 'TemplateLiteral' || expression.expressions.length > 0) return null;
  return expression.quasis[0]?.value.cooked ?? null;
}

function functionFinder(text: string): Finder<FoundFunction> {
  const found: FoundFunction[] = [];
  const around: string[] = [];
  // A function that has no name of its own is called after what it is given to.
  const names = new Map<Node, string>();
  const name = (target: Node, value: Node | null): void => {
    if (value !== null)
      names.set(withoutType(value), text.slice(target.start, target.end).split(/[:\n]/)[0] ?? '');
  };
  const enter = (node: FunctionNode | ArrowFunctionExpression): void => {
    around.push(node.id?.name ?? names.get(node) ?? '(unnamed)');
    if (node.body === null) return;
    const lines = text.slice(node.start, node.end).split('\n').length;
    const parameters = node.params.filter((one) => one.type !== 'Identifier' || one.name !== 'this').length;
    found.push({ name: around.join('.'), lines, parameters });
  };
  const leave = (): void => {
    around.pop();
  };
  const visitor: VisitorObject = {
    VariableDeclarator: ({ id, init }) => name(id, init),
    AssignmentExpression: ({ left, right }) => name(left, right),
    Property: ({ key, value }) => name(key, value),
    MethodDefinition: ({ key, value }) => name(key, value),
    PropertyDefinition: ({ key, value }) => name(key, value),
    FunctionDeclaration: enter,
    'FunctionDeclaration:exit': leave,
    FunctionExpression: enter,
    'FunctionExpression:exit': leave,
    ArrowFunctionExpression: enter,
    'ArrowFunctionExpression:exit': leave,
  };
  return { found, visitor };
}

function withoutType(node: Node): Node {
  const isWrapped =
    node.type === 'TSAsExpression' ||
    node.type === 'TSSatisfiesExpression' ||
    node.type === 'ParenthesizedExpression';
  return isWrapped ? withoutType(node.expression) : node;
}

function interfaceFinder(text: string): Finder<FoundInterface> {
  const found: FoundInterface[] = [];
  const visitor: VisitorObject = {
    TSInterfaceDeclaration: ({ id, body, extends: bases }) => {
      found.push({
        name: id.name,
        members: body.body.map((member) => text.slice(member.start, endOfName(member))),
        bases: bases.map(({ expression }) => text.slice(expression.start, expression.end)),
      });
    },
  };
  return { found, visitor };
}

function endOfName(member: TSSignature): number {
  return member.type === 'TSPropertySignature' || member.type === 'TSMethodSignature'
    ? member.key.end
    : member.end;
}
