import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { allTables, modelSql, starTables } from '../src/models/book.ts';
import { userLevels } from '../src/models/ops/user-levels.ts';
import { dataDictionary } from '../src/schema/dictionary.ts';
import { columnNames } from '../src/schema/table.ts';

describe('the documents', () => {
  test('have the data dictionary that the declarations give (npm run dictionary renews it)', () => {
    expect(readFileSync('docs/dictionary.md', 'utf8')).toBe(dataDictionary(allTables));
  });

  test('name every rule, every command and every setting', async () => {
    const { ruleMeanings } = await import('../src/reading/reject.ts');
    const { settings } = await import('../src/config/settings.ts');
    const load = readFileSync('docs/load.md', 'utf8');
    for (const rule of Object.keys(ruleMeanings)) expect(load).toContain(`\`${rule}\``);
    const configuration = readFileSync('docs/configuration.md', 'utf8');
    for (const setting of Object.values(settings)) {
      for (const variable of setting.env) expect(configuration).toContain(variable);
    }
  });
});

describe('the pages on the code', () => {
  test('name only files that are there', () => {
    for (const page of ['docs/architecture.md', 'docs/warehouse-spec.md', 'CONTRIBUTING.md']) {
      const named = readFileSync(page, 'utf8').match(/\b(src|test)\/[\w/.-]+\.(ts|sql)\b/g) ?? [];
      expect(named.length).toBeGreaterThan(3);
      expect(
        named.filter((path) => !existsSync(path)),
        page,
      ).toEqual([]);
    }
  });

  test('name every claim of the contract of warehouses, and no other', () => {
    const contract = readFileSync('test/warehouses/contract.test.ts', 'utf8');
    const claims = [...contract.matchAll(/^ {2}test\('([^']+)'/gm)].map(([, claim]) => claim as string);
    expect(claims.length).toBeGreaterThan(10);
    const spec = readFileSync('docs/warehouse-spec.md', 'utf8');
    const cells = [...spec.matchAll(/\| ([^|]+) \|$/gm)].map(([, cell]) => cell as string);
    for (const claim of claims) expect(cells).toContain(claim);
    const notInTheList = ['test', '-------', '----', 'each table’s name'];
    const others = cells.filter((cell) => !claims.includes(cell) && !notInTheList.includes(cell.trim()));
    for (const cell of others) expect(contract).toContain(cell);
  });
});

describe('the models', () => {
  test.each([...starTables, userLevels].map((table) => [table.name, table] as const))(
    '%s.sql ends in exactly the declared columns, in order',
    (_, table) => {
      const final = modelSql(table)
        .split(/^select$/m)
        .at(-1) as string;
      const columns = final
        .split(/^from\b/m)[0]
        ?.split(/,\n/)
        .map((column) => column.trim().match(/(\w+)$/)?.[1]);
      expect(columns).toEqual(columnNames(table));
    },
  );

  test('are plain SQL: no star, no number to group by', () => {
    for (const table of [...starTables, userLevels]) {
      const sql = modelSql(table).replaceAll(/--.*$/gm, '');
      expect(sql).not.toMatch(/select\s+\*|group by \d|[A-Z]{4,}/);
    }
  });
});
