import { circles } from './circles.ts';
import {
  type FoundFunction,
  type FoundImport,
  type FoundInterface,
  type ParsedModule,
  parseModule,
} from './parsed-module.ts';

/** One file of the house; only TypeScript has a module. */
interface HouseFile {
  readonly lines: number;
  readonly module: ParsedModule | null;
}

/** The files by their paths below src. */
export type House = ReadonlyMap<string, HouseFile>;

/** Something that breaks a rule: where, and what is wrong there. */
export interface Finding {
  /** A path, a path and a name, or paths joined by arrows: what a list of exceptions calls it. */
  readonly at: string;
  readonly says: string;
}

/** What may break a rule, by the reason why it may. */
export type Exceptions = Readonly<Record<string, readonly string[]>>;

/** The house that texts make, by their paths below src. */
export function houseOf(texts: Iterable<readonly [path: string, text: string]>): House {
  return new Map(
    [...texts].map(([path, text]) => [
      path,
      {
        lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
        module: path.endsWith('.ts') ? parseModule(path, text) : null,
      },
    ]),
  );
}

/** What is found and not excepted, and what is excepted and no longer found. */
export function unexcused(findings: readonly Finding[], exceptions: Exceptions): string[] {
  const excepted = Object.values(exceptions).flat();
  return [
    ...findings.filter(({ at }) => !excepted.includes(at)).map(({ at, says }) => `${at}: ${says}`),
    ...excepted
      .filter((exception) => !findings.some(({ at }) => at === exception))
      .map((exception) => `${exception}: is no exception any more; take it off the list`),
  ];
}

interface Arrow extends FoundImport {
  readonly from: string;
}

function arrowsOf(house: House): Arrow[] {
  return [...house].flatMap(([from, { module }]) =>
    (module?.imports ?? []).map((imported) => ({ from, ...imported })),
  );
}

function finding({ from, to }: Arrow, says: string): Finding {
  return { at: `${from} -> ${to}`, says };
}

/** The first folder of a path, or the file at the root. */
function roomOf(path: string): string {
  return path.split('/')[0] ?? path;
}

/** Circles of files, a path of each: `a.ts -> b.ts -> a.ts`. */
export function circlesOfFiles(house: House): Finding[] {
  const graph = new Map([...house.keys()].sort().map((path) => [path, [] as string[]]));
  for (const { from, to } of arrowsOf(house)) {
    if (graph.has(to)) graph.get(from)?.push(to);
  }
  return circles(graph).map(({ path, members }) => ({
    at: path.join(' -> '),
    says: `a circle; ${members.length} files reach one another`,
  }));
}

/** Circles of a room's folders, each taken as one: `pipeline/plan -> pipeline/repair -> pipeline/plan`. Files beside them stand alone. */
export function circlesOfFolders(house: House): Finding[] {
  const graph = new Map([...house.keys()].sort().map((path) => [folderOf(path), [] as string[]]));
  for (const { from, to } of arrowsOf(house)) {
    const [folder, other] = [folderOf(from), folderOf(to)];
    if (folder !== other && graph.has(other)) graph.get(folder)?.push(other);
  }
  return circles(graph).map(({ path, members }) => ({
    at: path.join(' -> '),
    says: `a circle; ${members.length} folders reach one another`,
  }));
}

/** A file's folder below its room; the file itself where it lies in none. */
function folderOf(path: string): string {
  const parts = path.split('/');
  return parts.length > 2 ? parts.slice(0, 2).join('/') : path;
}

/** Imports from a room that the importing room may not look into; everyone may look into the rooms `forAll`. */
export function wrongArrows(
  house: House,
  rooms: Readonly<Record<string, readonly string[]>>,
  forAll: readonly string[],
): Finding[] {
  return arrowsOf(house)
    .filter(({ from, to, isFile }) => isFile && roomOf(from) !== roomOf(to))
    .filter(({ from, to }) => ![...forAll, ...(rooms[roomOf(from)] ?? [])].includes(roomOf(to)))
    .map((arrow) => finding(arrow, 'not one of the arrows'));
}

/** `import '…'`: loading a module of ours does nothing, so there is nothing to import it for. */
export function bareImports(house: House): Finding[] {
  return arrowsOf(house)
    .filter(({ isBare }) => isBare)
    .map((arrow) => finding(arrow, 'nothing is taken from it'));
}

/**
 * Imports of the files in a folder below warehouses/, by others than its own and warehouses/open.ts. `shared` are those
 * folders that are no engine, each with the engines that build on it.
 */
export function engineImports(house: House, shared: Readonly<Record<string, readonly string[]>>): Finding[] {
  return arrowsOf(house).flatMap((arrow) => {
    const [here, there] = [engineOf(arrow.from), engineOf(arrow.to)];
    if (there === null || there === here || arrow.from === 'warehouses/open.ts') return [];
    if (here !== null && shared[there]?.includes(here)) return [];
    return [finding(arrow, `a file of ${there}'s own; others ask warehouses/open.ts`)];
  });
}

/** The folder below warehouses/ that a file lies in; null where it lies in none. */
function engineOf(path: string): string | null {
  return /^warehouses\/([^/]+)\//.exec(path)?.[1] ?? null;
}

/**
 * Imports of a command's files by another command, or by what commands share. A large command's own files carry its
 * name before theirs.
 */
export function commandImports(house: House): Finding[] {
  const isOfCommand = (path: string): boolean => /^commands\/(?!shared\/)/.test(path);
  const names = [...house.keys()].filter(isOfCommand).map(nameInRoom).sort();
  const commandOf = (path: string): string =>
    names.find((name) => nameInRoom(path).startsWith(`${name}-`)) ?? nameInRoom(path);
  return arrowsOf(house)
    .filter(({ from, to }) => roomOf(from) === 'commands' && isOfCommand(to))
    .filter(({ from, to }) => commandOf(from) !== commandOf(to))
    .map((arrow) => finding(arrow, "another command's file"));
}

/** `etl` of commands/etl.ts, `shared` of commands/shared/flags.ts. */
function nameInRoom(path: string): string {
  return path.split('/')[1]?.replace(/\.ts$/, '') ?? path;
}

/** Files of more lines than `most`. */
export function longFiles(house: House, most: number): Finding[] {
  return [...house]
    .filter(([, { lines }]) => lines > most)
    .map(([path, { lines }]) => ({ at: path, says: `${lines} lines; ${most} at most` }));
}

/** Functions of more lines than `most`, the functions that they hold included. */
export function longFunctions(house: House, most: number): Finding[] {
  return functionsWhere(house, ({ lines }) => (lines > most ? `${lines} lines; ${most} at most` : null));
}

/** Functions of more parameters than `most`. */
export function wideFunctions(house: House, most: number): Finding[] {
  return functionsWhere(house, ({ parameters }) =>
    parameters > most ? `${parameters} parameters; ${most} at most` : null,
  );
}

function functionsWhere(house: House, wrong: (found: FoundFunction) => string | null): Finding[] {
  return [...house].flatMap(([path, { module }]) =>
    (module?.functions ?? []).flatMap((found) => {
      const says = wrong(found);
      return says === null ? [] : [{ at: `${path} ${found.name}`, says }];
    }),
  );
}

/** Interfaces of a name with more members than `most`, inherited ones included; throws where nobody declares it. */
export function wideInterfaces(house: House, name: string, most: number): Finding[] {
  const declared = [...house].flatMap(([path, { module }]) =>
    (module?.interfaces ?? []).map((one) => ({ path, ...one })),
  );
  const named = (wanted: string): typeof declared => {
    const found = declared.filter((one) => one.name === wanted);
    if (found.length === 0) throw new Error(`${wanted} is no interface of the house`);
    return found;
  };
  const membersOf = ({ members, bases }: FoundInterface): string[] => [
    ...members,
    ...bases.flatMap(named).flatMap(membersOf),
  ];
  // Several declarations in one file are one interface.
  const found = named(name);
  return [...new Set(found.map(({ path }) => path))].flatMap((path) => {
    const count = new Set(found.filter((one) => one.path === path).flatMap(membersOf)).size;
    return count > most ? [{ at: `${path} ${name}`, says: `${count} members; ${most} at most` }] : [];
  });
}
