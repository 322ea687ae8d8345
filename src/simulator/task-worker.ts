import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { Catalogue } from './catalogue.ts';
import { openFile } from './file-writer.ts';
import { sharedStore } from './fragments.ts';
import type { Settings } from './settings.ts';
import { type Task, taskRunner } from './task.ts';

/** What a worker thread is started with; the catalogue's arrays are shared memory. */
export interface WorkerStart {
  readonly settings: Settings;
  readonly catalogue: Omit<Catalogue, 'fragments'>;
  readonly fragments: { readonly bytes: Uint8Array; readonly ends: Uint32Array; readonly count: number };
  readonly folder: string;
  /** Paths that stand already and are only computed. */
  readonly standing: ReadonlySet<string>;
}

const { settings, catalogue, fragments, folder, standing } = workerData as WorkerStart;
const run = taskRunner(settings, { ...catalogue, fragments: sharedStore(fragments) }, (path) =>
  openFile(standing.has(path) ? null : join(folder, ...path.split('/')), settings.gzip),
);

parentPort?.on('message', (task: Task) => {
  run(task, (amount) => parentPort?.postMessage({ progress: amount })).then(
    (made) => parentPort?.postMessage({ made }),
    // Errors lose their code on the way between threads.
    ({ code, syscall, path, message, stack }: NodeJS.ErrnoException) =>
      parentPort?.postMessage({ error: { code, syscall, path, message, stack } }),
  );
});
