import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  bareImports,
  circlesOfFiles,
  circlesOfFolders,
  commandImports,
  engineImports,
  type Finding,
  type House,
  longFiles,
  longFunctions,
  wideFunctions,
  wideInterfaces,
  wrongArrows,
} from './house.ts';

/** Which rooms each room may look into. */
export const arrows: Readonly<Record<string, readonly string[]>> = {
  schema: [],
  models: ['schema'],
  sources: [],
  reading: ['schema', 'models', 'sources'],
  warehouses: ['schema', 'sources'],
  telemetry: [],
  pipeline: ['schema', 'models', 'reading', 'sources', 'telemetry', 'warehouses'],
  exports: ['models', 'schema', 'sources', 'telemetry', 'warehouses'],
  lineage: ['models', 'reading', 'schema', 'sources', 'warehouses'],
  reports: ['schema', 'models'],
  'answer-key': ['reading', 'warehouses'],
  simulator: ['answer-key', 'sources'],
  config: ['warehouses'],
  terminal: [
    'answer-key',
    'lineage',
    'pipeline',
    'reports',
    'simulator',
    'sources',
    'telemetry',
    'warehouses',
  ],
  commands: [
    'answer-key',
    'config',
    'exports',
    'lineage',
    'models',
    'pipeline',
    'reading',
    'reports',
    'schema',
    'simulator',
    'sources',
    'telemetry',
    'terminal',
    'warehouses',
  ],
  'cli.ts': ['program.ts'],
  'program.ts': ['commands', 'config', 'terminal'],
  'edit-distance.ts': [],
  'errors.ts': [],
  'secrets.ts': [],
  'stopping.ts': [],
  'version.ts': [],
};

/** What everyone may import. */
const forAll = ['edit-distance.ts', 'errors.ts', 'secrets.ts', 'stopping.ts', 'version.ts'];

/** Folders below warehouses/ that are no engine, and the engines that build on them. */
const sharedByEngines = { 'pg-wire': ['postgres', 'redshift'] };

/** The rules of the house, each a claim and what finds where it does not hold. */
export const rules = {
  'imports between rooms follow the arrows': (house) => wrongArrows(house, arrows, forAll),
  'no circle of files, imports of types counted': circlesOfFiles,
  'no circle of folders inside a room': circlesOfFolders,
  'no import for what loading a file does': bareImports,
  "no import of an engine's files but by warehouses/open.ts": (house) =>
    engineImports(house, sharedByEngines),
  "no command imports another command's files": commandImports,
  'no file has more than 320 lines': (house) => longFiles(house, 320),
  'no function has more than 80 lines': (house) => longFunctions(house, 80),
  'no function has more than 4 parameters': (house) => wideFunctions(house, 4),
  'a Warehouse has at most 12 members': (house) => wideInterfaces(house, 'Warehouse', 12),
  'a Source has at most 9 members': (house) => wideInterfaces(house, 'Source', 9),
} satisfies Record<string, (house: House) => Finding[]>;

/** The name of a rule. */
export type Rule = keyof typeof rules;

/** Every file below src, by its path there. */
export function readSources(): ReadonlyMap<string, string> {
  const paths = readdirSync('src', { recursive: true, encoding: 'utf8' }).sort();
  return new Map(
    paths
      .filter((path) => statSync(join('src', path)).isFile())
      .map((path) => [path, readFileSync(join('src', path), 'utf8')]),
  );
}
