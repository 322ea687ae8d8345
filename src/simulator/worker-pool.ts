import { Worker } from 'node:worker_threads';
import { SparkifyError } from '../errors.ts';
import { isS3Address } from '../sources/s3-address.ts';
import type { Made, Task } from './task.ts';
import type { WorkerStart } from './task-worker.ts';

/** Threads run what was built; from the sources, as tests do, everything runs in one. */
export const hasThreads = import.meta.url.endsWith('.js');

/** A thread that has not ended by then is in the middle of something long, or waits for a server: in S3 it may have parts to remove. */
const PATIENCE_MS = { folder: 500, s3: 5_000 };

type Said =
  | { progress: number }
  | { made: Made }
  | { error: NodeJS.ErrnoException & { known: boolean; hint?: string } };

/**
 * Does tasks in threads; results in the order of the tasks. `onProgress` may throw, which ends all threads, as
 * `stop` does.
 */
export function runTasks(
  tasks: readonly Task[],
  threads: number,
  start: WorkerStart,
  onProgress: (task: Task, amount: number) => void,
): { readonly done: Promise<Made[]>; stop(error: Error): void } {
  const patienceMs = isS3Address(start.address.out) ? PATIENCE_MS.s3 : PATIENCE_MS.folder;
  const results: Made[] = [];
  const workers: Worker[] = [];
  const exits: Promise<unknown>[] = [];
  let fail: (error: unknown) => void = () => {};
  const done = new Promise<Made[]>((resolve, reject) => {
    fail = reject;
    let next = 0;
    let left = tasks.length;
    if (left === 0) resolve([]);

    function give(worker: Worker): void {
      const at = next;
      const task = tasks[at];
      if (task === undefined) return;
      next += 1;
      worker.removeAllListeners('message');
      worker.on('message', (said: Said) => {
        try {
          if ('progress' in said) onProgress(task, said.progress);
          else if ('error' in said) throw errorOf(said.error);
          else {
            results[at] = said.made;
            left -= 1;
            if (left === 0) resolve(results);
            else give(worker);
          }
        } catch (error) {
          reject(error);
        }
      });
      worker.postMessage(task);
    }

    for (let nth = 0; nth < Math.min(threads, tasks.length); nth += 1) {
      const worker = new Worker(new URL('./task-worker.js', import.meta.url), { workerData: start });
      workers.push(worker);
      exits.push(new Promise((resolve) => worker.once('exit', resolve)));
      worker.on('error', reject);
      give(worker);
    }
  }).finally(() => Promise.all(workers.map((worker, at) => end(worker, exits[at], patienceMs))));
  return { done, stop: (error) => fail(error) };
}

/** An error of a thread, which lost its class on the way. */
function errorOf({
  known,
  hint,
  message,
  ...rest
}: NodeJS.ErrnoException & { known: boolean; hint?: string }): Error {
  if (known) return new SparkifyError(message, hint === undefined ? {} : { hint });
  return Object.assign(new Error(message), rest);
}

/** Lets a thread give up its files before it ends. */
async function end(worker: Worker, exit: Promise<unknown> | undefined, patienceMs: number): Promise<void> {
  worker.postMessage('close');
  const patience = setTimeout(() => void worker.terminate(), patienceMs);
  await exit;
  clearTimeout(patience);
}
