import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redshiftName } from '../../../src/warehouses/redshift/connection.ts';
import { usePostgres } from '../../support/postgres.ts';
import { freshCluster, useRedshift } from '../../support/redshift-world.ts';
import { useS3Server } from '../../support/s3-world.ts';
import { judge } from './fact.ts';
import { facts } from './facts.ts';
import { type Finding, lineOf, reportOf } from './report.ts';
import { type Asked, clusterOf, type Isolation, openRun, type Run } from './trial.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** What a run prints of a fact. */
    line?: string;
  }
}

const real = clusterOf(process.env);
if (real === null) {
  usePostgres();
  useS3Server();
  useRedshift();
}
/** A workgroup that slept, views that are filled late: a fact may take minutes. */
const PATIENCE_MS = real === null ? 60_000 : 900_000;

async function double(isolation: Isolation = 'snapshot'): Promise<Asked> {
  const { place, double: cluster } = await freshCluster({ isolation });
  return { isDouble: true, server: place.server, s3: place.s3, faults: cluster.faults, other: double };
}

let run: Run;
let name: string;
const findings: Finding[] = [];

beforeAll(async () => {
  const asked = real ?? (await double());
  name = real === null ? 'the test double' : redshiftName(asked.server);
  run = await openRun(asked);
}, PATIENCE_MS);

afterAll(async () => {
  await run?.close();
  const path = process.env.REDSHIFT_TEST_REPORT;
  if (path) writeFileSync(path, reportOf(findings, name, new Date().toISOString().slice(0, 10)));
}, PATIENCE_MS);

describe(`Amazon Redshift as we rely on it${real === null ? ', before its double' : ''}`, () => {
  test.for(facts)('$id', { timeout: PATIENCE_MS }, async (fact, { skip, task }) => {
    const notes: string[] = [];
    const { trial, end } = await run.trial(fact.id, notes);
    const verdict = await judge(fact, trial).finally(end);
    const finding: Finding = { fact, verdict, notes };
    findings.push(finding);
    task.meta.line = lineOf(finding);
    if (process.env.REDSHIFT_TEST_LINES) console.log(lineOf(finding));
    if (verdict === 'confirmed') return;
    if ('notRun' in verdict) skip(verdict.notRun);
    expect.fail(lineOf(finding));
  });
});

test('facts have names of their own', () => {
  expect(new Set(facts.map(({ id }) => id)).size).toBe(facts.length);
});
