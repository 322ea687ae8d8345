import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const src = resolve('src');
const modules = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);

/** Which rooms each room may look into; everyone may import those at the root but cli.ts and program.ts. */
const arrows: Readonly<Record<string, readonly string[]>> = {
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
  config: [],
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
  'version.ts': [],
};

function roomOf(path: string): string {
  return path.split('/')[0] as string;
}

function importsOf(module: string): string[] {
  const text = readFileSync(join(src, module), 'utf8');
  const found = text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g);
  return [...found].map(([, path]) => relative(src, resolve(src, dirname(module), path as string)));
}

describe('the house', () => {
  test('has the rooms that CONTRIBUTING names, and arrows for each', () => {
    const rooms = readdirSync(src);
    expect(rooms.sort()).toEqual(Object.keys(arrows).sort());
    const contributing = readFileSync('CONTRIBUTING.md', 'utf8');
    for (const room of rooms.filter((name) => name !== 'version.ts')) expect(contributing).toContain(room);
  });

  test('imports point one way', () => {
    const wrong = modules.flatMap((module) =>
      importsOf(module)
        .filter((imported) => {
          const [from, to] = [roomOf(module), roomOf(imported)];
          return (
            from !== to &&
            !['edit-distance.ts', 'errors.ts', 'secrets.ts', 'version.ts'].includes(to) &&
            !arrows[from]?.includes(to)
          );
        })
        .map((imported) => `${module} -> ${imported}`),
    );
    expect(wrong).toEqual([]);
  });

  test('no command imports another, and the pipeline knows no engine', () => {
    // A large command's own files carry its name.
    const isOwn = (module: string, imported: string): boolean =>
      imported.startsWith(`commands/${module.replace(/^commands\/|(-\w+)?\.ts$/g, '')}-`);
    const wrong = modules
      .flatMap((module) => importsOf(module).map((imported) => ({ module, imported })))
      .filter(
        ({ module, imported }) =>
          (roomOf(module) === 'commands' &&
            roomOf(imported) === 'commands' &&
            !module.startsWith('commands/shared/') &&
            !imported.startsWith('commands/shared/') &&
            !isOwn(module, imported)) ||
          (roomOf(module) === 'pipeline' && /^warehouses\/(duckdb|postgres)/.test(imported)),
      );
    expect(wrong).toEqual([]);
  });

  test('only the door reads the environment', () => {
    const readers = modules.filter((module) =>
      readFileSync(join(src, module), 'utf8').includes('process.env'),
    );
    expect(readers).toEqual(['program.ts']);
  });
});
