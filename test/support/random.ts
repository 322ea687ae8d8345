import { beforeEach } from 'vitest';

/**
 * The seed of a file's random tests: SPARKIFY_SEED, or what is given, or another one in every run. Each test of the file
 * that fails prints the command that repeats it.
 */
export function useSeed(otherwise: number = Math.floor(Math.random() * 2 ** 31)): number {
  const seed = Number(process.env.SPARKIFY_SEED ?? otherwise);
  beforeEach(({ task, onTestFailed }) => {
    onTestFailed(() => {
      console.error(repeatCommand(seed, task));
    });
  });
  return seed;
}

/** `SPARKIFY_SEED=7 npx vitest run test/crash.test.ts -t '…'`, for a shell. */
export function repeatCommand(
  seed: number,
  { name, file }: { readonly name: string; readonly file: { readonly name: string } },
): string {
  const pattern = name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll("'", "'\\''");
  return `To repeat it: SPARKIFY_TESTS=all SPARKIFY_SEED=${seed} npx vitest run ${file.name} -t '${pattern}'`;
}

/** A small deterministic source of numbers in [0, 1), by seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The items in another order, the same for the same seed. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const random = randomNumbers(seed);
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
