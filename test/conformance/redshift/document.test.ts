import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renewed } from './document.ts';

const path = 'docs/redshift-verification.md';

test('docs/redshift-verification.md has the rules and facts of today (npm run verification renews it)', async () => {
  const document = readFileSync(path, 'utf8');
  expect(document).toContain('checked against AWS-documented behaviour; not run on Amazon Redshift');
  await expect(renewed(document)).toMatchFileSnapshot(`${process.cwd()}/${path}`);
});
