import { parentPort, workerData } from 'node:worker_threads';
import { SparkifyError } from '../errors.ts';
import type { Catalogue } from './catalogue.ts';
import { writerTo } from './file-writer.ts';
import { sharedStore } from './fragments.ts';
import { type LocationAddress, openLocation } from './open-location.ts';
import type { Settings } from './settings.ts';
import { type Task, taskRunner } from './task.ts';

/** What a worker thread is started with; the catalogue's arrays are shared memory. */
export interface WorkerStart {
  readonly settings: Settings;
  readonly catalogue: Omit<Catalogue, 'fragments'>;
  readonly fragments: { readonly bytes: Uint8Array; readonly ends: Uint32Array; readonly count: number };
  readonly address: LocationAddress;
  /** Paths that stand already and are only computed. */
  readonly existing: ReadonlySet<string>;
}

const { settings, catalogue, fragments, address, existing } = workerData as WorkerStart;
const place = await openLocation(address);
const run = taskRunner(
  settings,
  { ...catalogue, fragments: sharedStore(fragments) },
  {
    filesAtOnce: place.filesAtOnce,
    open: async (path) =>
      existing.has(path) ? writerTo(null, settings.gzip) : place.open(path, settings.gzip),
  },
);

parentPort?.on('message', (task: Task | 'close') => {
  if (task === 'close') {
    // Files on their way are given up first: no other process could remove what was sent of them.
    void place.close().finally(() => process.exit());
    return;
  }
  run(task, (amount) => parentPort?.postMessage({ progress: amount })).then(
    (made) => parentPort?.postMessage({ made }),
    // Errors lose their class and code on the way between threads.
    (error: NodeJS.ErrnoException) => {
      const { code, syscall, path, message, stack } = error;
      const known = error instanceof SparkifyError;
      const hint = known ? error.hint : undefined;
      parentPort?.postMessage({ error: { code, syscall, path, message, stack, known, hint } });
    },
  );
});
