import type { TestProject } from 'vitest/node';
import { addressOf, cheapSettings, startPostgres } from './postgres-server.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** The address of the PostgreSQL server that test files share. */
    postgres: string | undefined;
  }
}

/** Starts one PostgreSQL server for all test files of a run, for whichever project comes first. */
export default async function setup({ vitest }: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (process.env.SPARKIFY_TEST_POSTGRES !== undefined) return;
  if (vitest.getProvidedContext().postgres !== undefined) return;
  const server = await startPostgres(cheapSettings);
  vitest.provide('postgres', addressOf(server));
  return () => server.stop();
}
