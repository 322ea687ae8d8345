import type { Built } from '../build/build.ts';
import type { Repeats } from '../build/repeats.ts';
import type { CheckResult } from '../check/check.ts';
import type { FileKind } from '../file-kinds.ts';

/** What came of a change, before it is committed. */
export interface Changed {
  readonly repeats: Readonly<Record<FileKind, Repeats>>;
  readonly built: Built;
  readonly checks: readonly CheckResult[];
}
