import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';

/** One line for each fact, and their numbers at the end; whatever else goes wrong is told whole. */
const lines: Reporter = {
  onTestCaseResult(test) {
    const { line } = test.meta();
    if (line !== undefined) console.log(line);
    else for (const { message } of test.result().errors ?? []) console.log(message);
  },
  onTestRunEnd(modules, unhandled) {
    const tests = modules.flatMap(({ children }) => [...children.allTests()]);
    const begins = (kind: string): number =>
      tests.filter((test) => test.meta().line?.startsWith(kind) === true).length;
    for (const { message } of [...unhandled, ...modules.flatMap((module) => module.errors())])
      console.log(message);
    console.log(
      `${begins('confirmed')} confirmed, ${begins('differs')} differ, ${begins('not run')} not run: checked against AWS-documented behaviour; ${
        process.env.REDSHIFT_TEST_URL
          ? 'this run asked the cluster of REDSHIFT_TEST_URL'
          : 'not run on Amazon Redshift'
      }`,
    );
  },
};

/** For `npm run conformance:redshift`; `npm test` runs the same facts among all tests. */
export default defineConfig({
  test: {
    include: ['test/conformance/redshift/conformance.test.ts'],
    reporters: [lines],
    hookTimeout: 60_000,
  },
});
