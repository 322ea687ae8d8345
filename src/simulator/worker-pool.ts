import { Worker } from 'node:worker_threads';
import type { Made, Task } from './task.ts';
import type { WorkerStart } from './task-worker.ts';

/** Threads run what was built; from the sources, as tests do, everything runs in one. */
export const hasThreads = import.meta.url.endsWith('.js');

/** A thread that has not ended by then is in the middle of something long, or waits for a server. */
const PATIENCE_MS = 2_000;

type Said = { progress: number } | { made: Made } | { error: NodeJS.ErrnoException };

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
  const results: Made[] = [];
  const workers: Worker[] = [];
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
          else if ('error' in said) throw Object.assign(new Error(said.error.message), said.error);
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
      worker.on('error', reject);
      give(worker);
    }
  }).finally(() => Promise.all(workers.map(end)));
  return { done, stop: (error) => fail(error) };
}

/** Lets a thread give up its files before it ends. */
async function end(worker: Worker): Promise<void> {
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage('close');
  const patience = setTimeout(() => void worker.terminate(), PATIENCE_MS);
  await ended;
  clearTimeout(patience);
}
