import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { circles } from './support/circles.ts';
import { type Exceptions, houseOf, unexcused } from './support/house.ts';
import { arrows, type Rule, readSources, rules } from './support/house-rules.ts';

/** What may break a rule, by the reason why it may. The lists only shrink: what needs no exception any more fails. */
const exceptions: Partial<Record<Rule, Exceptions>> = {
  'no file has more than 320 lines': {
    'one idea, and measured': ['reading/parse.ts', 'simulator/make-days.ts'],
  },
  'no function has more than 80 lines': {
    'a hot loop of the simulator: what it holds shares its variables': [
      'simulator/day.ts simulateDay',
      'simulator/format-day.ts makeFormatter',
      'simulator/make-days.ts dayWriter',
    ],
    'a hot loop of the reader: one idea, and measured': [
      'reading/parse.ts recordParser',
      'reading/records.ts recordSplitter',
    ],
    'not split yet': [],
  },
  'no function has more than 4 parameters': {
    'called for every event or field; an object for each call is slower': [
      'reading/parse.ts readField',
      'simulator/day.ts simulateDay.openSession',
      'simulator/day.ts simulateDay.simulateSession',
      'simulator/day.ts simulateDay.simulateSession.emit',
      'simulator/preferences.ts makePreferences.next',
      'simulator/preferences.ts makePreferences.wanted',
    ],
    'the simulator, not narrowed yet': [
      'simulator/format-day.ts makeFormatter',
      'simulator/make-days.ts dayWriter.versionLines',
      'simulator/make-days.ts dayWriter.writeFiles',
      'simulator/make-days.ts dayWriter.writeVersion',
    ],
    'not narrowed yet': [],
  },
};

const texts = readSources();
const house = houseOf(texts);

describe('the house', () => {
  test('has the rooms that CONTRIBUTING names, and arrows for each', () => {
    const rooms = readdirSync('src');
    expect(rooms.sort()).toEqual(Object.keys(arrows).sort());
    const contributing = readFileSync('CONTRIBUTING.md', 'utf8');
    for (const room of rooms.filter((name) => name !== 'version.ts')) expect(contributing).toContain(room);
  });

  test('has arrows that point one way', () => {
    expect(circles(new Map(Object.entries(arrows)))).toEqual([]);
  });

  test.each(Object.keys(rules) as Rule[])('keeps its rule: %s', (rule) => {
    expect(unexcused(rules[rule](house), exceptions[rule] ?? {})).toEqual([]);
  });

  test('has a config that takes from warehouses what its options are, and nothing that runs', () => {
    const taken = [...texts]
      .filter(([path]) => path.startsWith('config/'))
      .flatMap(([, text]) => text.match(/^import [^;]*'\.\.\/warehouses\/[^;]*;/gm) ?? []);
    expect(taken.length).toBeGreaterThan(0);
    expect(taken.filter((statement) => !statement.startsWith('import type '))).toEqual([]);
  });

  test('has one reader of the environment, the door', () => {
    const readers = [...texts].filter(([, text]) => text.includes('process.env'));
    expect(readers.map(([path]) => path)).toEqual(['program.ts']);
  });
});
